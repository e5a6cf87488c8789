//! Who is sent what: open and closed items, and other forms of a picture.

use business_media_gateway::{MediaItem, ReadRenditionRequest, RenditionHeader, renditions};
use bytes::Bytes;
use infra_blob::{BlobKey, BlobStore as _, Stored};
use infra_kernel::{ErrorCode, Result};

use crate::scene::{OWNER, Scene, code, photo};

/// A read without a signature.
async fn read_openly(
    scene: &Scene,
    item: &MediaItem,
    preferred: &[&str],
) -> Result<(RenditionHeader, Vec<u8>)> {
    let request = ReadRenditionRequest {
        key: item.rendition(renditions::FEED).unwrap().key.clone(),
        preferred_types: preferred.iter().map(ToString::to_string).collect(),
        ..ReadRenditionRequest::default()
    };
    scene.read_as(request).await
}

async fn is_open(scene: &Scene, item: &MediaItem) -> bool {
    let told = scene.get(item.id).await.unwrap().open;
    let read = read_openly(scene, item, &[]).await;
    let (signed, _) = scene
        .read(&item.rendition(renditions::FEED).unwrap().key, 0, 0)
        .await
        .unwrap();
    match &read {
        Ok((header, _)) => assert!(header.open && signed.open),
        Err(error) => {
            assert_eq!(error.code(), ErrorCode::NotFound);
            assert!(!signed.open, "a signature does not open it for everyone");
        }
    }
    assert_eq!(told, read.is_ok());
    told
}

#[tokio::test]
async fn an_item_is_open_while_something_open_shows_it() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    assert!(!is_open(&scene, &item).await, "before it is posted");
    let ids = [item.id];
    scene.hold(OWNER, &ids, "post:1", false).await.unwrap();
    assert!(!is_open(&scene, &item).await, "in a private post");
    scene
        .hold(OWNER, &ids, "account:7:avatar", true)
        .await
        .unwrap();
    assert!(is_open(&scene, &item).await, "as an avatar too");
    let revision = scene.get(item.id).await.unwrap().revision;
    assert_eq!(scene.release("account:7:avatar").await, 0);
    assert!(!is_open(&scene, &item).await, "in the private post alone");
    assert!(scene.get(item.id).await.unwrap().revision > revision);
    // Said again, the last word holds.
    scene.hold(OWNER, &ids, "post:1", true).await.unwrap();
    assert!(is_open(&scene, &item).await);
    let revision = scene.get(item.id).await.unwrap().revision;
    scene.hold(OWNER, &ids, "post:1", true).await.unwrap();
    assert_eq!(scene.get(item.id).await.unwrap().revision, revision);
    scene.hold(OWNER, &ids, "post:1", false).await.unwrap();
    assert!(!is_open(&scene, &item).await);
}

#[tokio::test]
async fn a_rendition_is_open_when_any_item_that_has_it_is() {
    let scene = Scene::new().await;
    let secret = scene.ready(OWNER, &photo(1)).await;
    scene
        .hold(OWNER, &[secret.id], "post:1", false)
        .await
        .unwrap();
    assert_eq!(
        code(read_openly(&scene, &secret, &[]).await),
        ErrorCode::NotFound
    );
    // Another's with the same content, in use before it is ready.
    let public = scene.upload_as(OWNER + 1, &photo(1)).await.unwrap();
    scene
        .hold(OWNER + 1, &[public.id], "post:2", true)
        .await
        .unwrap();
    if !public.is_ready() {
        scene.process(public.media()).await.unwrap();
    }
    let (header, _) = read_openly(&scene, &secret, &[]).await.unwrap();
    assert!(header.open);
    assert!(!scene.get(secret.id).await.unwrap().open);
    assert_eq!(scene.release("post:2").await, 1);
    assert_eq!(
        code(read_openly(&scene, &secret, &[]).await),
        ErrorCode::NotFound
    );
    let key = &secret.rendition(renditions::FEED).unwrap().key;
    assert!(scene.read(key, 0, 0).await.is_ok());
}

/// Puts bytes into the store and a row into a table, as a worker does.
async fn add_row(scene: &Scene, sql: &'static str, item: &MediaItem, bytes: &'static [u8]) {
    let stored = scene.store.put(Bytes::from_static(bytes)).await.unwrap();
    let (id, Stored { key, bytes }) = (item.media().to_sql(), stored);
    let written: Result<()> = scene
        .database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query(sql)
                    .bind(id)
                    .bind(key.to_string())
                    .bind(bytes.cast_signed())
                    .execute(connection)
                    .await
                    .map_err(infra_kernel::Error::internal)?;
                Ok(())
            })
        })
        .await;
    written.unwrap();
}

const WEBP: &str = "INSERT INTO alternates (media_id, name, content_type, key, bytes) VALUES ($1, 'feed', 'image/webp', $2, $3)";
const AVIF: &str = "INSERT INTO alternates (media_id, name, content_type, key, bytes) VALUES ($1, 'feed', 'image/avif', $2, $3)";
const ANIMATION: &str =
    "INSERT INTO renditions (media_id, name, position, key, content_type, width, height, bytes)
     VALUES ($1, 'animation', 9, $2, 'image/gif', 10, 10, $3)";

#[tokio::test]
async fn the_best_form_that_is_there_is_sent() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    add_row(&scene, WEBP, &item, b"webp").await;
    add_row(&scene, AVIF, &item, b"avif").await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    let own = item.rendition(renditions::FEED).unwrap();
    for (preferred, content_type) in [
        (&[][..], "image/jpeg"),
        (&["image/webp"], "image/webp"),
        (&["image/webp", "image/avif"], "image/webp"),
        (&["image/jxl", "image/avif"], "image/avif"),
        (&["image/jxl"], "image/jpeg"),
    ] {
        let (header, bytes) = read_openly(&scene, &item, preferred).await.unwrap();
        assert_eq!(header.content_type, content_type);
        assert_eq!(header.hash, BlobKey::of(&bytes).to_string());
        assert_eq!(header.bytes, bytes.len() as u64);
        assert!(header.varies);
        assert_eq!(
            content_type == "image/jpeg",
            bytes.len() as u64 == own.bytes
        );
    }
    // A form has no address of its own.
    let form = format!("{}.webp", BlobKey::of(b"webp"));
    assert_eq!(code(scene.read(&form, 0, 0).await), ErrorCode::NotFound);
    let full = &item.rendition(renditions::GRID).unwrap().key;
    let (header, _) = scene.read(full, 0, 0).await.unwrap();
    assert!(!header.varies, "there is no other form of this one");
}

#[tokio::test]
async fn the_picture_itself_is_sent_where_its_form_is_lost() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    add_row(&scene, WEBP, &item, b"webp").await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    scene.remove(&BlobKey::of(b"webp").to_string());
    let (header, bytes) = read_openly(&scene, &item, &["image/webp"]).await.unwrap();
    let own = item.rendition(renditions::FEED).unwrap();
    assert_eq!(header.content_type, "image/jpeg");
    assert_eq!(bytes.len() as u64, own.bytes);
}

#[tokio::test]
async fn whether_other_forms_are_yet_to_come_is_said() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    let (header, _) = read_openly(&scene, &item, &["image/webp"]).await.unwrap();
    assert!(!header.forms_to_come, "nothing here makes any");

    let other = scene.ready(OWNER, &photo(2)).await;
    scene.attach(OWNER, &[other.id], "post:2").await.unwrap();
    let waits = "INSERT INTO alternate_jobs (media_id, attempts, next_attempt_at, lease_holder) VALUES ($1, 0, 0, 0)";
    scene
        .change(waits, (other.media().to_sql(), String::new(), 0))
        .await;
    let (header, _) = read_openly(&scene, &other, &["image/webp"]).await.unwrap();
    assert!(header.forms_to_come);
}

#[tokio::test]
async fn deletion_takes_other_forms_and_animations_with_it() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    let other = scene.ready(OWNER, &photo(2)).await;
    add_row(&scene, WEBP, &item, b"webp").await;
    add_row(&scene, WEBP, &other, b"webp").await;
    add_row(&scene, AVIF, &item, b"avif").await;
    add_row(&scene, ANIMATION, &item, b"gif").await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    scene.attach(OWNER, &[other.id], "post:2").await.unwrap();
    let told = scene.get(item.id).await.unwrap();
    let animation = told.animation.unwrap();
    assert_eq!(animation.key, format!("{}.gif", BlobKey::of(b"gif")));
    assert!(
        told.renditions
            .iter()
            .all(|still| still.name != "animation")
    );
    let (header, bytes) = scene.read(&animation.key, 0, 0).await.unwrap();
    assert_eq!(
        (header.content_type.as_str(), &bytes[..]),
        ("image/gif", &b"gif"[..])
    );
    let wrong_end = animation.key.replace(".gif", ".jpg");
    assert_eq!(
        code(scene.read(&wrong_end, 0, 0).await),
        ErrorCode::NotFound
    );
    read_openly(&scene, &item, &["image/avif"]).await.unwrap();

    assert_eq!(scene.release("post:1").await, 1);
    for (bytes, kept) in [(&b"webp"[..], true), (b"avif", false), (b"gif", false)] {
        let key = BlobKey::of(bytes);
        assert_eq!(scene.store.exists(key).await.unwrap(), kept);
    }
    assert_eq!(
        code(scene.read(&animation.key, 0, 0).await),
        ErrorCode::NotFound
    );
    let (header, _) = read_openly(&scene, &other, &["image/webp"]).await.unwrap();
    assert_eq!(header.content_type, "image/webp");
    assert_eq!(scene.release("post:2").await, 1);
    assert!(scene.files().is_empty());
}
