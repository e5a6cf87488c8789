//! Who is sent what: open and closed items, other forms of a picture, and originals.

use business_media_gateway::{
    MediaItem, ReadOriginalRequest, ReadRenditionRequest, RenditionHeader, renditions,
};
use bytes::Bytes;
use infra_blob::{BlobKey, BlobStore as _, Stored};
use infra_kernel::{ErrorCode, Result};
use testing_kit::{Picture, jpeg, png, webp};

use crate::scene::{OWNER, Scene, code, context, noise, photo};

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
                sqlx::query(sql)
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

pub(crate) async fn read_original(
    scene: &Scene,
    item: &MediaItem,
    as_owner: bool,
    range: (u64, u64),
) -> Result<(RenditionHeader, Vec<u8>)> {
    let request = ReadOriginalRequest {
        id: item.id,
        as_owner,
        offset: range.0,
        length: range.1,
        head_only: false,
    };
    let chunks = scene.media.read_original(&context(), request).await?;
    Scene::taken(chunks).await
}

#[tokio::test]
async fn the_owner_gets_the_file_as_it_arrived() {
    let scene = Scene::new().await;
    let file = jpeg::write(&noise(1_400, 1_000), 90, &jpeg::Extras::everything(1));
    let item = scene.upload(&file).await.unwrap();
    for _ in 0..2 {
        let (header, bytes) = read_original(&scene, &item, true, (0, 0)).await.unwrap();
        assert_eq!(header.content_type, "image/jpeg");
        assert_eq!(header.hash, BlobKey::of(&file).to_string());
        assert!(bytes == file, "not to the bit");
        let (header, part) = read_original(&scene, &item, true, (200_000, 70_000))
            .await
            .unwrap();
        assert_eq!((header.bytes, header.length), (file.len() as u64, 70_000));
        assert!(part == file[200_000..270_000]);
        if !scene.get(item.id).await.unwrap().is_ready() {
            // Nothing is made for others of what has not been looked at.
            let others = read_original(&scene, &item, false, (0, 0)).await;
            assert_eq!(code(others), ErrorCode::NotFound);
            scene.process(item.media()).await.unwrap();
        }
    }
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    scene.release("post:1").await;
    for as_owner in [true, false] {
        let gone = read_original(&scene, &item, as_owner, (0, 0)).await;
        assert_eq!(code(gone), ErrorCode::NotFound);
    }
}

/// What exiftool finds in a file, by group and name.
fn found_by_exiftool(file: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, file).unwrap();
    let output = std::process::Command::new("exiftool")
        .args(["-a", "-u", "-ee", "-G1", "-s2"])
        .arg(&path)
        .output()
        .expect("exiftool is there: Debian's package `libimage-exiftool-perl`");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(str::to_owned).collect()
}

/// Groups that say what any picture file says of itself, and what colours and pixels need.
fn is_needed(line: &str) -> bool {
    let groups = [
        "[ExifTool]",
        "[System]",
        "[File]",
        "[Composite]",
        "[JFIF]",
        "[PNG",
        "[RIFF]",
    ];
    let of_group = groups.iter().any(|group| line.starts_with(group));
    let tags = ["Orientation:", "ExifByteOrder:"];
    let of_tag = tags.iter().any(|tag| line.contains(tag));
    (of_group || of_tag || line.starts_with("[ICC")) && !line.contains("Comment")
}

#[tokio::test]
async fn others_get_the_same_pixels_and_nothing_else() {
    let install = "Debian's package `libimage-exiftool-perl`";
    if testing_kit::require::tool("exiftool", install).is_none() {
        return;
    }
    let scene = Scene::new().await;
    let picture = noise(300, 200);
    let files = [
        jpeg::write(&picture, 90, &jpeg::Extras::everything(6)),
        png::write(&picture, &jpeg::Extras::everything(6)),
        webp::write(&picture, &jpeg::Extras::everything(6)),
    ];
    for file in files {
        let item = scene.ready(OWNER, &file).await;
        let whole = (0, 0);
        // Two at once make one.
        let both = tokio::join!(
            read_original(&scene, &item, false, whole),
            read_original(&scene, &item, false, whole)
        );
        let (header, stripped) = both.0.unwrap();
        assert_eq!(both.1.unwrap().1, stripped);
        assert_eq!(header.content_type, item.content_type);
        assert_eq!(header.hash, BlobKey::of(&stripped).to_string());
        assert_eq!((header.open, header.varies), (false, false));
        assert_eq!(
            Picture::decode(&stripped).unwrap(),
            Picture::decode(&file).unwrap()
        );
        let before = found_by_exiftool(&file);
        assert!(before.iter().any(|line| line.contains("GPS")), "{before:?}");
        let left: Vec<String> = found_by_exiftool(&stripped)
            .into_iter()
            .filter(|line| !is_needed(line))
            .collect();
        assert_eq!(left, Vec::<String>::new());
        // The frame round the one tag that says how the picture is turned.
        let frame = testing_kit::scan::Finding::Mark("Exif\0".to_owned());
        let mut marks = testing_kit::scan::mark_findings(&stripped);
        marks.retain(|mark| *mark != frame);
        assert_eq!(marks, []);
        let (_, part) = read_original(&scene, &item, false, (10, 5)).await.unwrap();
        assert_eq!(part, stripped[10..15]);
        // To its owner it still is what it was.
        let (_, own) = read_original(&scene, &item, true, whole).await.unwrap();
        assert!(own == file);
        let holder = format!("post:{}", item.id);
        scene.attach(OWNER, &[item.id], &holder).await.unwrap();
        assert_eq!(scene.release(&holder).await, 1);
        assert!(scene.files().is_empty(), "bytes are left behind");
    }
}

#[tokio::test]
async fn what_cannot_be_stripped_is_given_as_a_picture() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    let written: Result<()> = scene
        .database
        .write(|connection| {
            Box::pin(async move {
                sqlx::query("UPDATE media SET content_type = 'image/heic'")
                    .execute(connection)
                    .await
                    .map_err(infra_kernel::Error::internal)?;
                Ok(())
            })
        })
        .await;
    written.unwrap();
    let (header, bytes) = read_original(&scene, &item, false, (0, 0)).await.unwrap();
    assert_eq!(header.content_type, "image/jpeg");
    let full = item.rendition(renditions::FULL).unwrap();
    assert_eq!(full.key, format!("{}.jpg", BlobKey::of(&bytes)));
    assert_eq!(header.hash, BlobKey::of(&bytes).to_string());
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_of_what_others_would_get() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    let files = scene.files();
    scene.store.fail_to_keep(true);
    assert!(read_original(&scene, &item, false, (0, 0)).await.is_err());
    scene.store.fail_to_keep(false);
    assert_eq!(scene.files(), files);
    let left = "SELECT (SELECT COUNT(*) FROM blob_writes) + (SELECT COUNT(*) FROM blob_deletions)
        + (SELECT COUNT(*) FROM alternates)";
    assert_eq!(scene.count(left).await, 0);
    read_original(&scene, &item, false, (0, 0)).await.unwrap();
}
