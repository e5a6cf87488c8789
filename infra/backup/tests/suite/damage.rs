//! Files of backups that were damaged, and what is made whole again.

use std::fs;
use std::path::Path;

use infra_blob::BlobKey;

use crate::installation::{Home, files_in};

/// Changes a byte in the middle of the content.
fn flip(path: &Path) {
    let mut content = fs::read(path).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(path, content).unwrap();
}

fn cut_short(path: &Path) {
    let content = fs::read(path).unwrap();
    fs::write(path, &content[..content.len() - 1]).unwrap();
}

/// Puts something in the file's place that the system cannot read, as it cannot read a sector that
/// is lost: its own memory at the address 0.
fn lose_sector(path: &Path) {
    fs::remove_file(path).unwrap();
    std::os::unix::fs::symlink("/proc/self/mem", path).unwrap();
    let error = fs::read(path).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(5), "{error}");
}

/// Makes it look as if the backup that made this snapshot had been cut off.
fn unfinish(home: &Home, snapshot: &str) {
    let folder = home.in_snapshot(snapshot, "");
    let unfinished = home.in_snapshot(&format!("{snapshot}.unfinished"), "");
    fs::rename(folder, unfinished).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_file_that_was_cut_short_is_copied_again() {
    for home in [
        Home::with(&["one", "two"]).await,
        Home::encrypted(&["one", "two"]).await,
    ] {
        home.back_up(7).unwrap();
        cut_short(&home.stored()[0]);
        assert_eq!(home.damaged(), 1);
        assert_eq!(home.back_up(7).unwrap().copied_files, 1);
        assert_eq!(home.damaged(), 0);
        assert_eq!(home.restore("restored").unwrap().photos_files, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_a_list_nothing_is_taken_for_whole_unread() {
    for home in [
        Home::with(&["one", "two"]).await,
        Home::encrypted(&["one", "two"]).await,
    ] {
        let first = home.back_up(7).unwrap();
        let second = home.back_up(7).unwrap();
        flip(&home.stored()[0]);
        fs::remove_file(home.in_snapshot(&second.snapshot, "photos.list")).unwrap();
        // What is whole is found by the list before it.
        assert_eq!(home.back_up(7).unwrap().copied_files, 1);
        assert_eq!(home.restore("restored").unwrap().photos_files, 2);
        flip(&home.stored()[0]);
        for entry in fs::read_dir(home.target().join("snapshots")).unwrap() {
            fs::write(entry.unwrap().path().join("manifest.json"), "{").unwrap();
        }
        assert_eq!(
            home.back_up(7).unwrap().copied_files,
            if home.recipients.is_empty() { 1 } else { 2 }
        );
        assert_eq!(home.restore("again").unwrap().photos_files, 2);
        assert!(home.in_snapshot(&first.snapshot, "").exists());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_an_encrypted_backup_copied_that_was_cut_off_is_used_if_it_is_whole() {
    let home = Home::encrypted(&["one", "two", "three"]).await;
    let first = home.back_up(7).unwrap();
    unfinish(&home, &first.snapshot);
    flip(&home.stored()[0]);
    let second = home.back_up(7).unwrap();
    assert_eq!(second.copied_files, 1);
    assert_eq!(home.damaged(), 0);
    // Cut off in the middle of a line.
    unfinish(&home, &second.snapshot);
    cut_short(&home.in_snapshot(&format!("{}.unfinished", second.snapshot), "photos.list"));
    assert_eq!(home.back_up(7).unwrap().copied_files, 1);
    assert_eq!(home.damaged(), 0);
    assert_eq!(home.restore("restored").unwrap().photos_files, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_encrypted_file_that_was_made_again_serves_all_snapshots() {
    let home = Home::encrypted(&["one", "two"]).await;
    let first = home.back_up(7).unwrap();
    let repaired = home.stored()[0].clone();
    flip(&repaired);
    assert_eq!(home.damaged(), 1);
    // A length that nobody looks behind.
    assert_eq!(home.back_up(7).unwrap().copied_files, 0);
    assert_eq!(home.damaged(), 1);
    fs::remove_file(&repaired).unwrap();
    // Cut off, so that the lists disagree.
    let cut_off = home.back_up(7).unwrap();
    assert_eq!(cut_off.copied_files, 1);
    unfinish(&home, &cut_off.snapshot);
    let last = home.back_up(7).unwrap();
    assert_eq!((last.copied_files, home.damaged()), (0, 0));
    for (folder, made) in [("first", &first), ("last", &last)] {
        let restored = home.restore_with(folder, Some(&made.snapshot), false);
        let restored = restored.unwrap();
        assert_eq!((restored.photos_files, restored.skipped.count), (2, 0));
        assert_eq!(
            fs::read_to_string(home.photo(folder, "one")).unwrap(),
            "one"
        );
    }
    flip(&repaired);
    assert_eq!(home.damaged(), 1);
    let restored = home.restore_with("damaged", Some(&first.snapshot), true);
    assert_eq!(restored.unwrap().skipped.count, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_byte_of_an_encrypted_photo_that_is_changed_is_noticed_when_it_is_restored() {
    let home = Home::encrypted(&["one"]).await;
    home.back_up(7).unwrap();
    let path = home.stored()[0].clone();
    let whole = fs::read(&path).unwrap();
    for place in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&path, &changed).unwrap();
        let restored = home.restore_with("restored", None, true).unwrap();
        assert_eq!(
            (restored.photos_files, restored.skipped.count),
            (0, 1),
            "byte {place}"
        );
        fs::remove_dir_all(home.path("restored")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_round_has_copied_the_next_one_does_not_read() {
    for mut home in [
        Home::with(&["one", "two"]).await,
        Home::encrypted(&["one", "two"]).await,
    ] {
        home.vanishing.set(Some(BlobKey::of(b"one")));
        home.on_copied = Box::new(|home, times| {
            if times == 2 {
                home.stored().iter().for_each(|path| flip(path));
            }
        });
        let made = home.back_up(7).unwrap();
        assert_eq!((made.copied_files, made.manifest.photos.files), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_the_disk_cannot_read_ends_nothing_that_can_go_on_without_it() {
    // Nothing is in the one that is lost: its length is no hint.
    let home = Home::with(&["", "one", "two"]).await;
    let first = home.back_up(7).unwrap();
    let lost = home.stored().into_iter();
    let lost = lost.filter(|path| fs::metadata(path).unwrap().len() == 0);
    lost.for_each(|path| lose_sector(&path));
    assert_eq!(home.damaged(), 1);
    let restored = home.restore_with("restored", None, true).unwrap();
    assert_eq!((restored.photos_files, restored.skipped.count), (2, 1));

    // The next backup is made, though nobody can say what the first one needs.
    lose_sector(&home.in_snapshot(&first.snapshot, "manifest.json"));
    let second = home.back_up(7).unwrap();
    let failed = second.pruned.failed.unwrap().sentence();
    assert!(failed.contains(&first.snapshot), "{failed}");
    assert_eq!((second.copied_files, second.manifest.photos.files), (1, 3));
    assert_eq!(home.damaged(), 1, "the manifest");
    assert_eq!(home.restore("again").unwrap().photos_files, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_last_good_copy_of_a_photo_that_is_lost_is_kept() {
    for mut home in [
        Home::with(&["one", "two", "three"]).await,
        Home::encrypted(&["one", "two", "three"]).await,
    ] {
        home.back_up(1).unwrap();
        fs::remove_file(home.photo("data", "one")).unwrap();
        fs::write(home.photo("data", "two"), "tw0").unwrap();
        for photo in ["one", "two"] {
            home.note_lost(photo);
        }
        for _ in 0..3 {
            let made = home.back_up(1).unwrap();
            assert_eq!((made.missing.count, made.damaged.count), (0, 0));
            assert_eq!((made.pruned.files, made.manifest.photos.files), (0, 3));
        }
        home.restore("restored").unwrap();
        for photo in ["one", "two"] {
            let restored = fs::read_to_string(home.photo("restored", photo));
            assert_eq!(restored.unwrap(), photo);
        }
        // What the backup has not is not missed.
        for path in home.stored() {
            fs::remove_file(path).unwrap();
        }
        let made = home.back_up(1).unwrap();
        assert_eq!((made.missing.count, made.damaged.count), (0, 0));
        assert_eq!(made.manifest.photos.files, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_is_encrypted_while_the_databases_are_held() {
    let mut home = Home::encrypted(&["one"]).await;
    home.on_copied = Box::new(|home, _| {
        let made = files_in(&home.target().join("snapshots"));
        assert!(made.is_empty(), "{made:?}");
    });
    home.back_up(7).unwrap();
}
