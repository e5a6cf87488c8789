//! Uploads that come in parts.

mod refusals;

use std::time::Duration;

use business_media::{MediaCore, Settings};
use business_media_gateway::{
    AppendChunk, AppendHeader, BeginUploadRequest, CancelUploadRequest, GetUploadRequest,
    MediaItem, UploadHeader, UploadSession, topics,
};
use bytes::Bytes;
use infra_blob::{BlobKey, BlobStore as _};
use infra_domain::Domain as _;
use infra_kernel::{Error, ErrorCode, Result};
use sha2::Digest as _;
use tokio::sync::mpsc;

use crate::scene::{OWNER, Scene, code, context, noise, photo};

const DAY: Duration = Duration::from_secs(86_400);
const TWO_HOURS: Duration = Duration::from_secs(7_200);

impl Scene {
    async fn begin_as(&self, owner_id: u64, bytes: u64) -> Result<UploadSession> {
        self.begin_with(owner_id, bytes, "filename d29ybGQ=").await
    }

    async fn begin_with(&self, owner_id: u64, bytes: u64, metadata: &str) -> Result<UploadSession> {
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
            metadata: metadata.to_owned(),
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

    /// Returns whether there was one.
    async fn cancel(&self, owner_id: u64, upload_id: u64) -> bool {
        let request = CancelUploadRequest {
            owner_id,
            upload_id,
        };
        let reply = self.media.cancel_upload(&context(), request).await;
        reply.unwrap().found
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
    // A client that lost the response asks again, and gets the same item; so does who sends the end
    // again.
    assert_eq!(scene.look(id).await.unwrap().item.unwrap().id, item.id);
    let more = scene.append(id, bytes.len(), b"abc").await;
    assert_eq!(code(more), ErrorCode::TooLarge, "it is whole");
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
    // There is room for it once the first bytes were taken: from then on the part is on its way.
    let nothing = AppendChunk::data(Vec::new());
    sender.send(Ok(nothing)).await.unwrap();
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
    assert!(!scene.cancel(OWNER + 1, cancelled).await, "another's");
    assert!(scene.cancel(OWNER, cancelled).await);
    assert!(!scene.cancel(OWNER, cancelled).await, "a second time");
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
    assert!(scene.cancel(OWNER, one).await);
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
    let whole = scene.look(id).await.unwrap();
    assert_eq!((whole.offset, whole.item), (bytes.len() as u64, None));
    let why = scene.append(id, bytes.len(), b"").await;
    assert_eq!(code(why), ErrorCode::RateLimited);
    scene.attach(OWNER, &[other.id], "post:1").await.unwrap();
    let item = scene.look(id).await.unwrap().item.unwrap();
    assert_eq!(scene.look(id).await.unwrap().item.unwrap().id, item.id);
    assert_eq!(scene.count("SELECT COUNT(*) FROM media").await, 2);
}

#[tokio::test]
async fn a_whole_file_that_could_not_be_taken_can_be_given_up() {
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
    scene.attach(OWNER, &[other.id], "post:1").await.unwrap();
    assert!(scene.cancel(OWNER, id).await);
    assert_eq!(code(scene.look(id).await), ErrorCode::NotFound);
    assert_eq!(scene.count("SELECT COUNT(*) FROM media").await, 1);
    assert_eq!(scene.parts().await, 0);
}

#[tokio::test]
async fn an_upload_under_way_needs_the_store() {
    let scene = Scene::new().await;
    let bytes = large_photo();
    let id = scene.begin(&bytes).await;
    assert!(!MediaCore::has_blobs(&scene.database).await.unwrap());
    scene.append(id, 0, &bytes[..1_000]).await.unwrap();
    assert!(MediaCore::has_blobs(&scene.database).await.unwrap());
}
