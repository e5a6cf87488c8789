//! Uploads that come in parts.

use std::time::Duration;

use business_media::Settings;
use business_media_gateway::{
    AppendChunk, AppendHeader, BeginUploadRequest, CancelUploadRequest, GetUploadRequest,
    MediaItem, UploadHeader, UploadSession, topics,
};
use bytes::Bytes;
use infra_blob::{BlobKey, BlobStore as _};
use infra_kernel::{Error, ErrorCode, Result};
use sha2::Digest as _;
use tokio::sync::mpsc;

use crate::scene::{OWNER, Scene, code, context, noise, photo};

const DAY: Duration = Duration::from_secs(86_400);
const TWO_HOURS: Duration = Duration::from_secs(7_200);

impl Scene {
    async fn begin_as(&self, owner_id: u64, bytes: u64) -> Result<UploadSession> {
        let header = UploadHeader {
            owner_id,
            description: "Ein Strand".to_owned(),
            focus_x: Some(0.5),
            focus_y: Some(-0.25),
            ..UploadHeader::default()
        };
        let request = BeginUploadRequest {
            header: Some(header),
            bytes,
            metadata: "filename d29ybGQ=".to_owned(),
        };
        self.media.begin_upload(&context(), request).await
    }

    async fn begin(&self, bytes: &[u8]) -> u64 {
        let session = self.begin_as(OWNER, bytes.len() as u64).await.unwrap();
        assert_eq!((session.offset, session.item), (0, None));
        session.upload_id
    }

    async fn send(&self, header: AppendHeader, data: &[u8], end: bool) -> Result<UploadSession> {
        let mut chunks = vec![Ok(AppendChunk::header(header))];
        chunks.extend(
            data.chunks(40_000)
                .map(|chunk| Ok(AppendChunk::data(chunk.to_vec()))),
        );
        if end {
            chunks.push(Ok(AppendChunk::end()));
        }
        let chunks = Box::pin(futures::stream::iter(chunks));
        self.media.append_upload(&context(), chunks).await
    }

    async fn append(&self, upload_id: u64, offset: usize, data: &[u8]) -> Result<UploadSession> {
        self.send(part(upload_id, offset), data, true).await
    }

    async fn look(&self, upload_id: u64) -> Result<UploadSession> {
        let request = GetUploadRequest {
            owner_id: OWNER,
            upload_id,
        };
        self.media.get_upload(&context(), request).await
    }

    async fn cancel(&self, owner_id: u64, upload_id: u64) {
        let request = CancelUploadRequest {
            owner_id,
            upload_id,
        };
        self.media.cancel_upload(&context(), request).await.unwrap();
    }

    async fn parts(&self) -> i64 {
        self.count("SELECT COUNT(*) FROM upload_parts").await
    }
}

fn part(upload_id: u64, offset: usize) -> AppendHeader {
    AppendHeader {
        owner_id: OWNER,
        upload_id,
        offset: offset as u64,
        ..AppendHeader::default()
    }
}

fn sha256(upload_id: u64, offset: usize, data: &[u8]) -> AppendHeader {
    AppendHeader {
        checksum_algorithm: "sha256".to_owned(),
        checksum: Bytes::copy_from_slice(&sha2::Sha256::digest(data)),
        ..part(upload_id, offset)
    }
}

/// Some MB that are a picture, so that an upload has several parts.
fn large_photo() -> Vec<u8> {
    testing_kit::jpeg::encode(&noise(1_600, 1_200), 92)
}

#[tokio::test]
async fn a_file_in_parts_becomes_the_same_item_as_in_one_piece() {
    let scene = Scene::new().await;
    let bytes = large_photo();
    assert!(bytes.len() > 2_500_000, "{}", bytes.len());
    let id = scene.begin(&bytes).await;
    let (first, rest) = bytes.split_at(1_300_000);
    let session = scene.append(id, 0, first).await.unwrap();
    assert_eq!(session.offset, 1_300_000);
    assert_eq!(session.metadata, "filename d29ybGQ=");
    let session = scene.append(id, 1_300_000, rest).await.unwrap();
    let item: MediaItem = session.item.unwrap();
    assert_eq!(item.description, "Ein Strand");
    assert_eq!((item.focus_x, item.focus_y), (0.5, -0.25));
    // The parts are gone, what is left is the file, to the bit.
    assert_eq!(scene.files().len(), 1);
    let kept = scene.store.read_all(BlobKey::of(&bytes), 1 << 30).await;
    assert!(kept.unwrap() == bytes);
    assert_eq!(scene.events(topics::UPLOADED).await.len(), 1);
    // Whoever lost the answer asks again, and gets the same item; so does who sends the end again.
    assert_eq!(scene.look(id).await.unwrap().item.unwrap().id, item.id);
    let again = scene.append(id, bytes.len(), b"").await.unwrap();
    assert_eq!(again.item.unwrap().id, item.id);
    assert_eq!(scene.count("SELECT COUNT(*) FROM media").await, 1);
    scene.process(item.media()).await.unwrap();
    assert!(scene.get(item.id).await.unwrap().is_ready());
}

#[tokio::test]
async fn what_arrived_of_a_part_is_kept_unless_it_came_with_a_checksum() {
    let scene = Scene::new().await;
    let bytes = photo(1);
    let id = scene.begin(&bytes).await;
    let cut = scene.send(part(id, 0), &bytes[..5_000], false).await;
    assert_eq!(code(cut), ErrorCode::Invalid);
    assert_eq!(scene.look(id).await.unwrap().offset, 5_000);
    let header = sha256(id, 5_000, &bytes[5_000..]);
    let cut = scene
        .send(header.clone(), &bytes[5_000..7_000], false)
        .await;
    assert_eq!(code(cut), ErrorCode::Invalid);
    assert_eq!(scene.look(id).await.unwrap().offset, 5_000);
    let mut flipped = bytes[5_000..].to_vec();
    flipped[10] ^= 1;
    let refused = scene
        .send(header.clone(), &flipped, true)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Conflict);
    assert_eq!(refused.field(), Some("checksum"));
    assert_eq!(scene.look(id).await.unwrap().offset, 5_000);
    let session = scene.send(header, &bytes[5_000..], true).await.unwrap();
    assert_eq!(session.item.unwrap().owner_id, OWNER);
}

#[tokio::test]
async fn a_byte_at_a_time_makes_few_parts() {
    let scene = Scene::new().await;
    let bytes = photo(2);
    let id = scene.begin(&bytes).await;
    for at in 0..300 {
        let session = scene.append(id, at, &bytes[at..=at]).await.unwrap();
        assert_eq!(session.offset, at as u64 + 1);
        assert_eq!(scene.parts().await, 1);
    }
    assert_eq!(scene.files().len(), 1, "parts that were taken in are gone");
    let session = scene.append(id, 300, &bytes[300..]).await.unwrap();
    assert!(session.item.is_some());
    assert!(scene.store.exists(BlobKey::of(&bytes)).await.unwrap());
}

#[tokio::test]
async fn what_is_no_picture_ends_the_upload_with_its_first_bytes() {
    let scene = Scene::new().await;
    let text = vec![b'x'; 1_000_000];
    let in_one_piece = scene.upload(&text).await.unwrap_err();
    let id = scene.begin(&text).await;
    let refused = scene.append(id, 0, &text[..256]).await.unwrap_err();
    assert_eq!(refused.public(), in_one_piece.public());
    assert_eq!(code(scene.look(id).await), ErrorCode::NotFound);
    scene.assert_empty("what is no picture").await;
    // Byte by byte, and so short that only the end tells.
    let id = scene.begin(&text).await;
    scene.append(id, 0, &text[..200]).await.unwrap();
    let refused = scene.append(id, 200, &text[200..300]).await;
    assert_eq!(code(refused), ErrorCode::Unsupported);
    let id = scene.begin(&text[..20]).await;
    let refused = scene.append(id, 0, &text[..20]).await;
    assert_eq!(code(refused), ErrorCode::Unsupported);
    // It begins as a picture and is none.
    let mut broken = photo(3)[..400].to_vec();
    broken.resize(4_000, 0);
    let id = scene.begin(&broken).await;
    assert_eq!(code(scene.append(id, 0, &broken).await), ErrorCode::Invalid);
    assert_eq!(code(scene.look(id).await), ErrorCode::NotFound);
    scene.assert_empty("refused uploads").await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_where_it_is_begun() {
    let scene = Scene::with(Settings {
        upload_sessions_max: 2,
        upload_sessions_bytes_max: 3_000_000,
        upload_bytes_max: 2_000_000,
        ..Settings::default()
    })
    .await;
    assert_eq!(code(scene.begin_as(OWNER, 0).await), ErrorCode::Invalid);
    for bytes in [2_000_001, i64::MAX as u64, u64::MAX] {
        assert_eq!(
            code(scene.begin_as(OWNER, bytes).await),
            ErrorCode::TooLarge
        );
    }
    assert_eq!(code(scene.begin_as(0, 10).await), ErrorCode::Invalid);
    let first = scene.begin_as(OWNER, 2_000_000).await.unwrap();
    let refused = scene.begin_as(OWNER, 1_000_001).await;
    assert_eq!(code(refused), ErrorCode::RateLimited);
    scene.begin_as(OWNER, 1_000_000).await.unwrap();
    let refused: Error = scene.begin_as(OWNER, 1).await.unwrap_err();
    assert!(refused.public().contains("2 uploads"), "{refused:?}");
    scene.begin_as(OWNER + 1, 1).await.unwrap();
    scene.cancel(OWNER, first.upload_id).await;
    scene.begin_as(OWNER, 1).await.unwrap();
}

#[tokio::test]
async fn offsets_lengths_and_owners_have_to_be_right() {
    let scene = Scene::new().await;
    let bytes = photo(4);
    let id = scene.begin(&bytes).await;
    scene.append(id, 0, &bytes[..1_000]).await.unwrap();
    for offset in [0, 999, 1_001, usize::MAX] {
        let refused = scene.append(id, offset, b"x").await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Conflict);
        assert_eq!(refused.field(), Some("offset"));
    }
    let mut longer = bytes[1_000..].to_vec();
    longer.push(0);
    let refused = scene.append(id, 1_000, &longer).await;
    assert_eq!(code(refused), ErrorCode::TooLarge);
    let header = AppendHeader {
        owner_id: OWNER + 1,
        ..part(id, 1_000)
    };
    let refused = scene.send(header, &bytes[1_000..], true).await;
    assert_eq!(code(refused), ErrorCode::NotFound);
    let request = GetUploadRequest {
        owner_id: OWNER + 1,
        upload_id: id,
    };
    let refused = scene.media.get_upload(&context(), request).await;
    assert_eq!(code(refused), ErrorCode::NotFound);
    scene.cancel(OWNER + 1, id).await;
    assert_eq!(scene.look(id).await.unwrap().offset, 1_000);
    let header = AppendHeader {
        checksum_algorithm: "crc32".to_owned(),
        ..part(id, 1_000)
    };
    let refused = scene.send(header, b"x", true).await;
    assert_eq!(code(refused), ErrorCode::Invalid);
    assert_eq!(scene.parts().await, 1);
}

#[tokio::test]
async fn one_append_at_a_time_and_who_asks_how_far_it_is_ends_it() {
    let scene = Scene::new().await;
    let bytes = photo(5);
    let id = scene.begin(&bytes).await;
    let (sender, receiver) = mpsc::channel(1);
    let chunks = Box::pin(futures::stream::unfold(
        receiver,
        |mut receiver: mpsc::Receiver<_>| async move {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        },
    ));
    let media = scene.media.clone();
    let hanging = tokio::spawn(async move { media.append_upload(&context(), chunks).await });
    let send = async |chunk| sender.send(Ok(chunk)).await.unwrap();
    send(AppendChunk::header(part(id, 0))).await;
    send(AppendChunk::data(bytes[..2_000].to_vec())).await;
    // Taken only when the one before it was.
    send(AppendChunk::data(bytes[2_000..3_000].to_vec())).await;
    send(AppendChunk::data(Vec::new())).await;
    let refused = scene.append(id, 0, &bytes[..10]).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Conflict);
    assert_eq!(refused.field(), Some("upload"));
    // Its client lost the connection, though nobody here has heard, and comes back.
    assert_eq!(scene.look(id).await.unwrap().offset, 3_000);
    assert_eq!(code(hanging.await.unwrap()), ErrorCode::Conflict);
    let session = scene.append(id, 3_000, &bytes[3_000..]).await.unwrap();
    assert!(session.item.is_some());
}

#[tokio::test]
async fn what_is_still_on_its_way_is_taken_before_a_request_ends() {
    let scene = Scene::new().await;
    let bytes = photo(10);
    let id = scene.begin(&bytes).await;
    let (sender, receiver) = mpsc::channel(1);
    let chunks = Box::pin(futures::stream::unfold(
        receiver,
        |mut receiver: mpsc::Receiver<_>| async move {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        },
    ));
    let media = scene.media.clone();
    let cut = tokio::spawn(async move { media.append_upload(&context(), chunks).await });
    let header = AppendChunk::header(part(id, 0));
    sender.send(Ok(header)).await.unwrap();
    let first = AppendChunk::data(bytes[..1_000].to_vec());
    sender.send(Ok(first)).await.unwrap();
    let rest = async {
        for chunk in bytes[1_000..6_000].chunks(1_000) {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let chunk = AppendChunk::data(chunk.to_vec());
            sender.send(Ok(chunk)).await.unwrap();
        }
        drop(sender);
    };
    let (session, ()) = tokio::join!(scene.look(id), rest);
    assert_eq!(session.unwrap().offset, 6_000);
    assert_eq!(code(cut.await.unwrap()), ErrorCode::Invalid);
}

#[tokio::test]
async fn cancelled_and_expired_uploads_leave_nothing() {
    let scene = Scene::new().await;
    let bytes = large_photo();
    let cancelled = scene.begin(&bytes).await;
    scene
        .append(cancelled, 0, &bytes[..1_500_000])
        .await
        .unwrap();
    assert_eq!(scene.parts().await, 2);
    scene.cancel(OWNER, cancelled).await;
    scene.cancel(OWNER, cancelled).await;
    assert_eq!(code(scene.look(cancelled).await), ErrorCode::NotFound);
    scene.assert_empty("a cancelled upload").await;
    let expired = scene.begin(&bytes).await;
    scene.append(expired, 0, &bytes[..1_500_000]).await.unwrap();
    scene.pass(DAY);
    assert_eq!(code(scene.look(expired).await), ErrorCode::Gone);
    let late = scene.append(expired, 1_500_000, &bytes[1_500_000..]).await;
    assert_eq!(code(late), ErrorCode::Gone);
    scene.core.sweep().await.unwrap();
    assert_eq!(code(scene.look(expired).await), ErrorCode::NotFound);
    scene.assert_empty("an expired upload").await;
}

#[tokio::test]
async fn a_part_that_another_upload_shares_stays() {
    let scene = Scene::new().await;
    let bytes = photo(6);
    let (one, other) = (scene.begin(&bytes).await, scene.begin(&bytes).await);
    scene.append(one, 0, &bytes[..4_000]).await.unwrap();
    scene.append(other, 0, &bytes[..4_000]).await.unwrap();
    assert_eq!(scene.files().len(), 1);
    scene.cancel(OWNER, one).await;
    scene.core.sweep().await.unwrap();
    let session = scene.append(other, 4_000, &bytes[4_000..]).await.unwrap();
    assert!(session.item.is_some());
}

#[tokio::test]
async fn a_full_disk_loses_no_part_and_a_crash_leaves_no_orphan() {
    let scene = Scene::new().await;
    let bytes = photo(7);
    let id = scene.begin(&bytes).await;
    scene.append(id, 0, &bytes[..4_000]).await.unwrap();
    scene.store.fail_to_keep(true);
    scene.append(id, 4_000, &bytes[4_000..]).await.unwrap_err();
    assert_eq!(scene.look(id).await.unwrap().offset, 4_000);
    scene.store.fail_to_keep(false);
    scene.append(id, 4_000, &bytes[4_000..6_000]).await.unwrap();
    assert_eq!(scene.files().len(), 1);
    // The process dies in the middle of a part, and another one starts on the same folder.
    let Scene {
        folder,
        clock,
        database,
        ..
    } = scene;
    database.close().await;
    let scene = Scene::on(folder, clock, Settings::default()).await;
    let session = scene.look(id).await.unwrap();
    assert_eq!(session.offset, 6_000);
    let session = scene.append(id, 6_000, &bytes[6_000..]).await.unwrap();
    assert!(session.item.is_some());
    scene.pass(TWO_HOURS);
    scene.core.sweep().await.unwrap();
    assert_eq!(scene.files().len(), 1);
}

#[tokio::test]
async fn a_whole_file_that_could_not_be_taken_is_taken_when_asked_for_again() {
    let scene = Scene::with(Settings {
        unattached_items_max: 1,
        ..Settings::default()
    })
    .await;
    let bytes = photo(8);
    let id = scene.begin(&bytes).await;
    scene.append(id, 0, &bytes[..4_000]).await.unwrap();
    let other = scene.upload(&photo(9)).await.unwrap();
    let refused = scene.append(id, 4_000, &bytes[4_000..]).await;
    assert_eq!(code(refused), ErrorCode::RateLimited);
    assert_eq!(code(scene.look(id).await), ErrorCode::RateLimited);
    scene.attach(OWNER, &[other.id], "post:1").await.unwrap();
    let item = scene.look(id).await.unwrap().item.unwrap();
    assert_eq!(scene.look(id).await.unwrap().item.unwrap().id, item.id);
    assert_eq!(scene.count("SELECT COUNT(*) FROM media").await, 2);
}
