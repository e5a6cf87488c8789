//! Backups of a small installation: what is copied, kept, removed, found damaged and restored.

// A test's helper that cannot continue has failed the test.
#![allow(clippy::unwrap_used)]

mod damage;
mod hostile;
mod installation;
mod stores;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use infra_backup::Identity;
use infra_kernel::Clock as _;

use installation::{Home, files_in};

/// Another key of age.
const OTHER: &str = "AGE-SECRET-KEY-1XM7U9AUTCPHH76UGMD8E3P838RZ5WJGREUU7AQDTMSV9WVVM0NAQLCN065";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_restored_is_what_was_there() {
    let home = Home::with(&["one", "two", ""]).await;
    let made = home.back_up(7).unwrap();
    assert_eq!((made.copied_files, made.manifest.photos.files), (3, 3));
    let restored = home.restore("restored").unwrap();
    assert_eq!(restored.photos_files, 3);
    let name = |file: &str| {
        (
            home.path("data").join(file),
            home.path("restored").join(file),
        )
    };
    for photo in ["one", "two", ""] {
        assert_eq!(
            fs::read_to_string(home.photo("restored", photo)).unwrap(),
            photo
        );
    }
    let (before, after) = name("things.db");
    assert_eq!(
        fs::metadata(before).unwrap().len(),
        fs::metadata(after).unwrap().len()
    );
    assert_eq!(
        fs::read(home.path("restored/secret.key")).unwrap(),
        b"a secret"
    );
    assert!(!home.path("restored/unfinished").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_next_backup_copies_what_is_new_and_removes_what_nothing_needs() {
    let mut home = Home::with(&["one", "two"]).await;
    home.back_up(2).unwrap();
    home.add("three");
    home.forget("one");
    let second = home.back_up(2).unwrap();
    assert_eq!((second.copied_files, second.pruned.files), (1, 0));
    assert_eq!(home.stored().len(), 3);
    // The first snapshot was the last to need it.
    let third = home.back_up(2).unwrap();
    assert_eq!((third.copied_files, third.pruned.files), (0, 1));
    assert_eq!((third.pruned.snapshots.len(), home.stored().len()), (1, 2));
    assert_eq!(home.damaged(), 0);
    // The one before the last is whole, too.
    home.restore_with("restored", Some(&second.snapshot), false)
        .unwrap();
    assert!(home.photo("restored", "three").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_a_backup_left_that_was_cut_off_is_used_or_removed() {
    let home = Home::with(&["one", "two"]).await;
    let first = home.back_up(7).unwrap();
    let snapshots = home.target().join("snapshots");
    fs::rename(
        snapshots.join(&first.snapshot),
        snapshots.join("2026-11-30T00-00-00.000Z.unfinished"),
    )
    .unwrap();
    fs::write(home.target().join("incoming/7"), "half").unwrap();
    // A file that got its name, and then lost its content to the disk.
    fs::write(&home.stored()[0], "on").unwrap();
    let second = home.back_up(7).unwrap();
    assert_eq!(second.copied_files, 1);
    assert_eq!(fs::read_dir(&snapshots).unwrap().count(), 1);
    assert_eq!(
        fs::read_dir(home.target().join("incoming"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(home.damaged(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn files_that_are_lost_or_damaged_are_reported_and_the_rest_is_backed_up() {
    let home = Home::with(&["one", "two", "three"]).await;
    fs::remove_file(home.photo("data", "one")).unwrap();
    fs::write(home.photo("data", "two"), "tw0").unwrap();
    let made = home.back_up(7).unwrap();
    assert_eq!((made.missing.count, made.damaged.count), (1, 1));
    assert_eq!(
        (made.manifest.photos.files, made.manifest.photos.lost),
        (1, 2)
    );
    assert_eq!(home.restore("restored").unwrap().photos_files, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_deleted_during_a_backup_is_not_missed() {
    let home = Home::with(&["one", "two"]).await;
    home.vanishing.set(Some(infra_blob::BlobKey::of(b"one")));
    let made = home.back_up(7).unwrap();
    assert_eq!((made.missing.count, made.manifest.photos.files), (0, 1));
    assert_eq!(home.restore("restored").unwrap().photos_files, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn encrypted_files_show_nothing_and_come_back_with_the_key_alone() {
    let mut home = Home::encrypted(&["a photo of the sea", "two"]).await;
    let identity = home.identities.pop().unwrap();
    home.back_up(7).unwrap();
    assert!(!home.path("data/scratch").exists());
    for path in files_in(&home.target()) {
        let content = fs::read(&path).unwrap();
        let shows = |text: &[u8]| content.windows(text.len()).any(|bytes| bytes == text);
        assert!(
            !shows(b"photo of") && !shows(b"a secret") && !shows(b"SQLite"),
            "{path:?}"
        );
        let key = infra_blob::BlobKey::of(b"two").to_string();
        assert!(
            !shows(key.as_bytes()) && !path.to_string_lossy().contains(&key),
            "{path:?}"
        );
    }
    // The next one finds them again without the key.
    home.add("three");
    assert_eq!(home.back_up(7).unwrap().copied_files, 1);
    assert_eq!(home.damaged(), 0);
    let refused = home.restore("restored").unwrap_err().to_string();
    assert!(refused.contains("--identity"), "{refused}");
    home.identities = vec![OTHER.parse().unwrap()];
    let refused = home.restore("restored").unwrap_err().to_string();
    assert!(refused.contains("is encrypted to age1"), "{refused}");
    home.identities.push(identity);
    home.restore("restored").unwrap();
    for photo in ["a photo of the sea", "two", "three"] {
        assert_eq!(
            fs::read_to_string(home.photo("restored", photo)).unwrap(),
            photo
        );
    }
    home.recipients.clear();
    let refused = home.back_up(7).unwrap_err().to_string();
    assert!(refused.contains("encrypted to age1"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_restore_that_was_cut_off_continues_and_another_one_is_refused() {
    let mut home = Home::with(&["one", "two"]).await;
    let first = home.back_up(7).unwrap();
    home.add("three");
    let second = home.back_up(7).unwrap();
    let damaged = home
        .stored()
        .into_iter()
        .find(|path| fs::read_to_string(path).is_ok_and(|content| content == "three"));
    fs::write(damaged.unwrap(), "thr33").unwrap();
    let error = home.restore("restored").unwrap_err().to_string();
    assert!(error.contains("--skip-damaged"), "{error}");
    assert!(home.path("restored/unfinished").exists());
    assert!(!home.path("restored/things.db").exists());
    let other = home.restore_with("restored", Some(&first.snapshot), false);
    let other = other.unwrap_err().to_string();
    assert!(
        other.contains("another snapshot") && other.contains(&second.snapshot),
        "{other}"
    );
    // One that cannot be read is not none.
    let mark = home.path("restored/unfinished/restore.json");
    let known = fs::read(&mark).unwrap();
    fs::remove_file(&mark).unwrap();
    fs::create_dir(&mark).unwrap();
    let unknown = home.restore_with("restored", Some(&first.snapshot), false);
    let unknown = unknown.unwrap_err().to_string();
    assert!(unknown.contains("restore.json cannot be read"), "{unknown}");
    fs::remove_dir(&mark).unwrap();
    fs::write(&mark, known).unwrap();
    // What is there already is read and not trusted.
    let place = home.photo("restored", "one");
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, "0ne").unwrap();
    let restored = home
        .restore_with("restored", Some(&second.snapshot), true)
        .unwrap();
    assert_eq!((restored.photos_files, restored.skipped.count), (2, 1));
    assert_eq!(
        fs::read_to_string(home.photo("restored", "one")).unwrap(),
        "one"
    );
    assert!(home.path("restored/things.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn recipients_are_the_same_in_any_order() {
    let mut home = Home::encrypted(&["one"]).await;
    let other: Identity = OTHER.parse().unwrap();
    home.recipients.push(other.recipient());
    home.back_up(7).unwrap();
    home.recipients.reverse();
    assert_eq!(home.back_up(7).unwrap().copied_files, 0);
    home.recipients.pop();
    let refused = home.back_up(7).unwrap_err().to_string();
    assert!(refused.contains("encrypted to age1"), "{refused}");
    home.recipients = vec![other.recipient(); 256];
    let refused = home.back_up(7).unwrap_err().to_string();
    assert!(refused.contains("256 recipients"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_killed_backup_of_root_leaves_nothing_that_keeps_the_owner_from_the_next() {
    const SOMEBODY: u32 = 65_534;
    let mut home = Home::encrypted(&["one"]).await;
    if std::os::unix::fs::chown(home.path("data"), Some(SOMEBODY), Some(SOMEBODY)).is_err() {
        return; // only root gives files away
    }
    home.on_copied = Box::new(|home, _| {
        let scratch = fs::metadata(home.path("data/scratch")).unwrap();
        assert_eq!(scratch.uid(), SOMEBODY);
    });
    home.back_up(7).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_snapshot_after_one_of_the_future_says_that_it_is_named_ahead() {
    let home = Home::with(&["one"]).await;
    let now = home.clock.now();
    home.clock.set(now.plus(Duration::from_secs(86_400)));
    assert!(!home.back_up(7).unwrap().is_named_ahead);
    home.clock.set(now);
    assert!(home.back_up(7).unwrap().is_named_ahead);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_clock_that_is_behind_is_refused() {
    let home = Home::with(&["one"]).await;
    home.back_up(7).unwrap();
    home.clock
        .set(infra_kernel::Timestamp::from_milliseconds(1));
    let error = home.restore("restored").unwrap_err().to_string();
    assert!(error.contains("clock"), "{error}");
}
