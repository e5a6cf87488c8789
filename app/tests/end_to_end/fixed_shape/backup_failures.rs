//! Backups and restores that are cut off, damaged, or asked for what would do harm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use testing_kit::{charts, jpeg};

use crate::fixed_shape::backup::{
    IDENTITY, back_up, is_done, restore, stopped_with_a_photo, verify,
};
use crate::fixed_shape::commands::{fail, run, said};
use crate::fixed_shape::full_disk::SmallDisk;
use crate::fixed_shape::lost_databases::refused;
use crate::harness::Server;
use crate::harness::caller::Upload;
use crate::harness::leftovers::photo_files;
use crate::harness::server::heliograph;

/// How many photos there are to be cut off in.
const PHOTOS: u32 = 12;

/// A folder with some photos, of a server that has stopped.
async fn with_photos() -> Server {
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    for number in 0..PHOTOS {
        let bytes = jpeg::encode(&charts::corners(200 + number, 150), 80);
        ada.photo(Upload::jpeg(bytes)).await;
    }
    server.ask_to_stop();
    server.ended().await;
    server
}

/// Runs a command and kills it after this long, unless it has ended; returns whether it was killed.
fn kill_after(command: &mut Command, milliseconds: u64) -> bool {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(milliseconds));
    let ended = child.try_wait().unwrap();
    // It may end in this moment.
    let _ = child.kill();
    child.wait().unwrap();
    ended.is_none()
}

fn command(name: &str, backups: &Path, folder: &Path) -> Command {
    let mut command = heliograph();
    command.arg(name).arg(backups).arg("--data-dir").arg(folder);
    command
}

/// The photos' files by their names, with what is in them.
fn photos(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let media = folder.join("media");
    let files = photo_files(&media).into_keys();
    let inside = |path: PathBuf| {
        let content = fs::read(&path).unwrap();
        (path.strip_prefix(&media).unwrap().to_owned(), content)
    };
    files.map(inside).collect()
}

#[tokio::test]
async fn a_backup_that_is_killed_leaves_the_earlier_ones_whole_and_the_next_one_goes_on() {
    let server = with_photos().await;
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("photos");
    let mut killed = 0;
    for attempt in 0..10 {
        let mut command = command("backup", &target, server.folder());
        // So slow that most of it is still to be done.
        command.args(["--megabytes-per-second", "1"]);
        killed += usize::from(kill_after(&mut command, 40 + attempt * 67));
        if target.join("heliograph-backup.json").exists() {
            let output = verify(&target);
            assert!(said(&output).contains(" 0 damaged"), "{}", said(&output));
        }
    }
    assert!(killed > 0, "none was killed");
    let made = back_up(server.folder(), &target, &[]);
    assert_eq!(made["missing"]["count"], 0, "{made}");
    is_done(&verify(&target));
    let unfinished = fs::read_dir(target.join("snapshots")).unwrap().flatten();
    let unfinished =
        unfinished.filter(|entry| entry.path().extension() == Some("unfinished".as_ref()));
    assert_eq!(unfinished.count(), 0);
}

#[tokio::test]
async fn a_restore_that_is_killed_cannot_be_started_and_is_continued() {
    let mut server = with_photos().await;
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("photos");
    back_up(server.folder(), &target, &[]);
    let restored = TempDir::new().unwrap();
    let mut half = 0;
    for attempt in 0..12 {
        kill_after(
            &mut command("restore", &target, restored.path()),
            10 + attempt * 9,
        );
        if restored.path().join("restore.unfinished").exists() {
            half += 1;
            fail(restored.path(), &["doctor"], "the restore has not ended");
            fail(
                restored.path(),
                &["account", "list"],
                "the restore has not ended",
            );
            assert!(refused(restored.path()).contains("the restore has not ended"));
        } else if restored.path().join("posts.db").exists() {
            break;
        }
    }
    assert!(half > 0, "none was cut off in the middle");
    // It may also have been cut off when all was in its place.
    let is_there = |name: &str| restored.path().join(name).exists();
    if is_there("restore.unfinished") || !is_there("posts.db") {
        is_done(&restore(&target, restored.path(), &[]));
    }
    assert!(photos(restored.path()) == photos(server.folder()));
    server.move_to(restored);
    server.start_again().await;
    is_done(&run(server.folder(), &["media", "check"]));
}

#[tokio::test]
async fn a_flipped_byte_is_found_and_named_and_ends_a_restore() {
    let (server, _) = stopped_with_a_photo().await;
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("photos");
    let made = back_up(server.folder(), &target, &[]);
    let name = made["snapshot"].as_str().unwrap();
    let database = target.join("snapshots").join(name).join("posts.db");
    let photo = photo_files(&target.join("files"))
        .into_keys()
        .next()
        .unwrap();
    for path in [database, photo] {
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        changed[whole.len() / 2] ^= 1;
        fs::write(&path, &changed).unwrap();
        let output = verify(&target);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(
            said(&output).contains(path.to_str().unwrap()),
            "{}",
            said(&output)
        );
        let restored = TempDir::new().unwrap();
        let output = restore(&target, restored.path(), &[]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(
            said(&output).contains(path.to_str().unwrap()),
            "{}",
            said(&output)
        );
        assert!(!restored.path().join("posts.db").exists());
        if path.ends_with("posts.db") {
            fs::write(&path, &whole).unwrap();
        } else {
            let output = restore(&target, restored.path(), &["--skip-damaged"]);
            assert_eq!(output.status.code(), Some(1), "{}", said(&output));
            assert!(restored.path().join("posts.db").exists());
        }
    }
}

#[tokio::test]
async fn what_a_backup_could_not_have_is_said_wherever_it_is_looked_at() {
    let (server, _) = stopped_with_a_photo().await;
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("photos");
    let arguments = ["backup", target.to_str().unwrap()];
    is_done(&run(server.folder(), &arguments));
    let photo = photo_files(&server.folder().join("media"))
        .into_keys()
        .next()
        .unwrap();
    fs::remove_file(photo).unwrap();
    fs::remove_dir_all(target.join("files")).unwrap();
    let output = run(server.folder(), &arguments);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let list = [&arguments[..], &["--list"]].concat();
    let restored = TempDir::new().unwrap();
    for output in [
        run(server.folder(), &list),
        run(server.folder(), &["doctor"]),
        restore(&target, restored.path(), &[]),
    ] {
        assert!(
            said(&output).contains("lost already when it was made: 1"),
            "{}",
            said(&output)
        );
    }
}

#[tokio::test]
async fn what_would_do_harm_is_refused_and_changes_nothing() {
    let (server, _) = stopped_with_a_photo().await;
    let (folder, backups) = (server.folder(), tempfile::tempdir().unwrap());
    let target = backups.path().join("photos");
    back_up(folder, &target, &[]);
    // Into a folder with something in it.
    let used = TempDir::new().unwrap();
    fs::write(used.path().join("letter.txt"), "dear").unwrap();
    let output = restore(&target, used.path(), &[]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("letter.txt"), "{}", said(&output));
    assert_eq!(fs::read_dir(used.path()).unwrap().count(), 1);
    let output = restore(&target, folder, &[]);
    assert!(said(&output).contains("is not empty"), "{}", said(&output));
    // Backups that would be lost with what they are of, or lie among other things.
    let inside = folder.join("media/backups");
    fail(
        folder,
        &["backup", inside.to_str().unwrap()],
        "in the data folder",
    );
    assert!(!inside.exists());
    fail(
        folder,
        &["backup", used.path().to_str().unwrap()],
        "letter.txt",
    );
    // From what is none.
    let none = TempDir::new().unwrap();
    let output = restore(used.path(), none.path(), &[]);
    assert!(
        said(&output).contains("holds no backups"),
        "{}",
        said(&output)
    );
    fail(
        folder,
        &[
            "backup",
            target.to_str().unwrap(),
            "--recipient",
            "age1nobody",
        ],
        "not a recipient",
    );
    fail(
        folder,
        &["backup", target.to_str().unwrap(), "--keep", "0"],
        "--keep",
    );
    // More lists than a process may have files open.
    fail(
        folder,
        &["backup", target.to_str().unwrap(), "--keep", "501"],
        "--keep",
    );
    // Photos on a disk that is not mounted.
    fs::rename(folder.join("media"), folder.join("media.away")).unwrap();
    fail(folder, &["backup", target.to_str().unwrap()], "mount it");
}

#[test]
fn a_secret_key_in_place_of_a_public_one_or_of_its_file_is_not_repeated() {
    let none = TempDir::new().unwrap();
    for (command, option) in [("backup", "--recipient"), ("restore", "--identity")] {
        let output = run(none.path(), &[command, "/nowhere", option, IDENTITY]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(option), "{}", said(&output));
        let shown = &IDENTITY[..20];
        assert!(!said(&output).contains(shown), "{}", said(&output));
    }
}

#[tokio::test]
async fn a_folder_without_a_snapshot_is_a_finding() {
    let (server, _) = stopped_with_a_photo().await;
    let backups = tempfile::tempdir().unwrap();
    let target = backups.path().join("photos");
    back_up(server.folder(), &target, &[]);
    fs::remove_dir_all(target.join("snapshots")).unwrap();
    let output = verify(&target);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("no snapshot"), "{}", said(&output));
}

#[tokio::test]
async fn databases_on_a_server_are_refused_with_what_to_run_instead() {
    let (server, _) = stopped_with_a_photo().await;
    let output = heliograph()
        .args(["backup", "/nowhere/at/all", "--data-dir"])
        .arg(server.folder())
        .env(
            "HELIOGRAPH_DATABASE_URL",
            "postgres://heliograph@127.0.0.1:1/photos",
        )
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("pg_dump"), "{}", said(&output));
}

#[tokio::test]
async fn a_full_disk_is_named_and_earlier_backups_stay() {
    let test = "backup_failures::a_full_disk_is_named_and_earlier_backups_stay";
    let Some(disk) = SmallDisk::mount(test) else {
        return;
    };
    let server = with_photos().await;
    let target = disk.path().join("photos");
    back_up(server.folder(), &target, &[]);
    let filler = disk.fill();
    let output = run(server.folder(), &["backup", target.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(
        said(&output).contains("the disk is full: make room"),
        "{}",
        said(&output)
    );
    is_done(&verify(&target));
    fs::remove_file(filler).unwrap();
    back_up(server.folder(), &target, &[]);
    is_done(&verify(&target));
}
