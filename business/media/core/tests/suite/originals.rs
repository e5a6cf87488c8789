//! The bytes of an upload: to its owner, and what others get of it.

use business_media_gateway::{MediaItem, ReadOriginalRequest, RenditionHeader, renditions};
use infra_blob::{BlobKey, BlobStore as _};
use infra_kernel::{ErrorCode, Result};
use testing_kit::{Picture, jpeg, png, webp};

use crate::scene::{OWNER, Scene, code, context, noise, photo};

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
                infra_db::query("UPDATE media SET content_type = 'image/heic'")
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

#[tokio::test]
async fn a_file_that_cannot_be_stripped_is_read_for_it_once() {
    let scene = Scene::new().await;
    let whole = photo(1);
    // A segment that no picture needs and every decoder skips.
    let file = [&whole[..2], &[0xff, 0xf0, 0, 4, 1, 2], &whole[2..]].concat();
    let item = scene.ready(OWNER, &file).await;
    let first = read_original(&scene, &item, false, (0, 0)).await.unwrap();
    let full = item.rendition(renditions::FULL).unwrap();
    assert_eq!(full.key, format!("{}.jpg", first.0.hash));
    // It is known of what is uploaded again, too.
    let again = scene.upload(&file).await.unwrap();
    assert!(again.is_ready());
    // From here on the file cannot be read.
    let key = BlobKey::of(&file);
    assert!(scene.store.delete(key).await.unwrap());
    for item in [&item, &again] {
        let shared = read_original(&scene, item, false, (0, 0)).await.unwrap();
        assert_eq!(shared, first);
    }
    let own = read_original(&scene, &item, true, (0, 0)).await;
    assert!(own.is_err(), "the test took the bytes away");
}
