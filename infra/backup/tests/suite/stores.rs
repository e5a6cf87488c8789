//! Photos that are read from a store, several at a time, and restored into another one.

use std::fs;
use std::path::Path;

use infra_blob::{BlobKey, DirectoryStore};

use crate::installation::{Home, files_in};

/// More than are looked for at once.
const PHOTOS: usize = 70;

fn many() -> Vec<String> {
    (0..PHOTOS)
        .map(|number| format!("photo {number}"))
        .collect()
}

/// Of this folder of a store: the content of the photo's file.
fn content(folder: &Path, photo: &str) -> String {
    let file = DirectoryStore::file_in(folder, BlobKey::of(photo.as_bytes()));
    fs::read_to_string(file).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn many_photos_that_are_read_concurrently_come_back_in_another_store() {
    let photos = many();
    let photos: Vec<&str> = photos.iter().map(String::as_str).collect();
    for home in [Home::with(&photos).await, Home::encrypted(&photos).await] {
        let source = home.store("data/media");
        let made = home.back_up_from(&source, 8, 7).unwrap();
        let files = PHOTOS as u64;
        assert_eq!(
            (made.copied_files, made.manifest.photos.files),
            (files, files)
        );
        assert_eq!(home.damaged(), 0);
        let next = home.back_up_from(&source, 8, 7).unwrap();
        assert_eq!(next.copied_files, 0);
        let elsewhere = home.path("elsewhere");
        let restored = home.restore_to_store("restored", &home.store("elsewhere"), false);
        assert_eq!(restored.unwrap().photos_files, files);
        for photo in &photos {
            assert_eq!(content(&elsewhere, photo), *photo);
        }
        assert!(!home.path("restored/media").exists());
        assert!(!home.path("restored/unfinished").exists());
        assert_eq!(files_in(&elsewhere).len(), PHOTOS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_the_other_store_has_is_read_and_what_the_backup_has_not_whole_is_left_out() {
    for home in [
        Home::with(&["one", "two", "three"]).await,
        Home::encrypted(&["one", "two", "three"]).await,
    ] {
        home.back_up(7).unwrap();
        let elsewhere = home.path("elsewhere");
        let store = home.store("elsewhere");
        home.restore_to_store("first", &store, false).unwrap();
        // One that is there and damaged, one that is lost.
        let file = |photo: &str| DirectoryStore::file_in(&elsewhere, BlobKey::of(photo.as_bytes()));
        fs::write(file("one"), "0ne").unwrap();
        fs::remove_file(file("two")).unwrap();
        home.restore_to_store("second", &store, false).unwrap();
        for photo in ["one", "two", "three"] {
            assert_eq!(content(&elsewhere, photo), photo);
        }
        // A backup with a file that is not what it was, and one that the store has not.
        for path in home.stored() {
            let mut changed = fs::read(&path).unwrap();
            *changed.last_mut().unwrap() ^= 1;
            fs::write(&path, changed).unwrap();
        }
        fs::remove_file(file("two")).unwrap();
        let refused = home.restore_to_store("third", &store, false).unwrap_err();
        assert!(refused.to_string().contains("--skip-damaged"), "{refused}");
        let restored = home.restore_to_store("third", &store, true).unwrap();
        assert!(restored.skipped.count > 0, "{restored:?}");
        assert!(!file("two").exists(), "what is damaged was put there");
    }
}
