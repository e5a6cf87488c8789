//! Folders of backups that were damaged, or that somebody has written by hand.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use crate::installation::{Home, files_in};

/// Changes a manifest and gives it the checksum that belongs to it.
fn forge(manifest: &Path, change: impl FnOnce(&mut Value)) {
    let mut envelope: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
    change(&mut envelope["manifest"]);
    // In the order of the fields.
    let parsed: Result<infra_backup::Manifest, _> =
        serde_json::from_value(envelope["manifest"].clone());
    if let Ok(parsed) = parsed {
        let json = serde_json::to_vec(&parsed).unwrap();
        envelope["blake3"] = json!(blake3::hash(&json).to_hex().to_string());
    }
    fs::write(manifest, serde_json::to_vec(&envelope).unwrap()).unwrap();
}

fn refused(home: &Home) -> String {
    let error = home.restore("restored").unwrap_err().to_string();
    let left = files_in(&home.path("restored"));
    assert!(
        left.iter()
            .all(|path| path.starts_with(home.path("restored/unfinished"))),
        "{left:?}"
    );
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn any_byte_that_is_changed_is_found() {
    let home = Home::with(&["one", "two"]).await;
    home.back_up(7).unwrap();
    for path in files_in(&home.target()) {
        let whole = fs::read(&path).unwrap();
        if path.ends_with("lock") || path.ends_with("heliograph-backup.json") {
            continue;
        }
        let step = (whole.len() / 40).max(1);
        for place in (0..whole.len()).step_by(step) {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            fs::write(&path, &changed).unwrap();
            // A blank of the manifest's layout is the one thing that says nothing.
            let is_layout = path.ends_with("manifest.json") && whole[place].is_ascii_whitespace();
            assert!(home.damaged() > 0 || is_layout, "{path:?}, byte {place}");
        }
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        if !path.ends_with("manifest.json") {
            assert!(home.damaged() > 0, "{path:?} cut short");
        }
        fs::remove_file(&path).unwrap();
        assert!(home.damaged() > 0, "{path:?} removed");
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(home.damaged(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn names_that_lead_elsewhere_are_refused() {
    let home = Home::with(&["one"]).await;
    let made = home.back_up(7).unwrap();
    let manifest = home
        .target()
        .join("snapshots")
        .join(&made.snapshot)
        .join("manifest.json");
    let whole = fs::read(&manifest).unwrap();
    fs::write(home.target().join("snapshots/evil"), "evil").unwrap();
    for name in [
        "../evil",
        "/etc/passwd",
        "..",
        "",
        "a/b",
        "things.db\u{0}",
        "Things.DB",
    ] {
        forge(&manifest, |manifest| {
            manifest["files"][0]["name"] = json!(name);
        });
        let error = refused(&home);
        assert!(error.contains("no name of a file"), "{name:?}: {error}");
        fs::write(&manifest, &whole).unwrap();
    }
    // A plain name that no data folder has.
    forge(&manifest, |manifest| {
        manifest["files"][0]["name"] = json!("startup.sh");
    });
    assert!(refused(&home).contains("does not know"));
    fs::write(&manifest, &whole).unwrap();
    let error = home
        .restore_with("restored", Some("../../etc"), false)
        .unwrap_err();
    assert!(error.to_string().contains("has no snapshot"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn lists_that_lead_elsewhere_are_refused() {
    let home = Home::with(&["one"]).await;
    let made = home.back_up(7).unwrap();
    let folder = home.target().join("snapshots").join(&made.snapshot);
    let list = folder.join("photos.list");
    let line = fs::read_to_string(&list).unwrap();
    let twice = format!("{line}{line}");
    for text in [
        "../../../etc/passwd 3\n",
        "short\n",
        &line.to_uppercase(),
        &twice,
        &line[..66],
    ] {
        fs::write(&list, text).unwrap();
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        forge(&folder.join("manifest.json"), |manifest| {
            for file in manifest["files"].as_array_mut().unwrap() {
                if file["name"] == "photos.list" {
                    file["bytes"] = json!(text.len());
                    file["blake3"] = json!(digest);
                }
            }
        });
        let error = refused(&home);
        assert!(error.contains("photos.list"), "{text:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_newer_format_is_named_with_its_version() {
    let home = Home::with(&["one"]).await;
    let made = home.back_up(7).unwrap();
    let manifest = home
        .target()
        .join("snapshots")
        .join(&made.snapshot)
        .join("manifest.json");
    forge(&manifest, |manifest| {
        *manifest = json!({"format": 2, "heliograph": "9.9.9", "chapters": []});
    });
    let error = refused(&home);
    assert!(
        error.contains("format 2") && error.contains("9.9.9"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_folder_with_other_things_or_of_another_installation_is_refused() {
    let home = Home::with(&["one"]).await;
    fs::create_dir_all(home.target()).unwrap();
    fs::write(home.target().join("taxes.txt"), "2025").unwrap();
    let error = home.back_up(7).unwrap_err().to_string();
    assert!(error.contains("taxes.txt"), "{error}");
    fs::remove_file(home.target().join("taxes.txt")).unwrap();
    home.back_up(7).unwrap();
    let mark = home.target().join("heliograph-backup.json");
    let text = fs::read_to_string(&mark).unwrap();
    let mut other: Value = serde_json::from_str(&text).unwrap();
    other["installation"] = json!("0123456789abcdef");
    fs::write(&mark, other.to_string()).unwrap();
    let error = home.back_up(7).unwrap_err().to_string();
    assert!(error.contains("another installation"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_is_removed_by_the_word_of_a_damaged_list() {
    let mut home = Home::with(&["one", "two"]).await;
    let first = home.back_up(7).unwrap();
    home.forget("one");
    fs::write(
        home.target()
            .join("snapshots")
            .join(&first.snapshot)
            .join("photos.list"),
        "",
    )
    .unwrap();
    let second = home.back_up(7).unwrap();
    assert!(second.pruned.failed.is_some());
    assert_eq!(home.stored().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_no_file_is_not_read() {
    let home = Home::with(&["one", "two"]).await;
    home.back_up(7).unwrap();
    let stored = home.stored();
    for path in &stored {
        fs::remove_file(path).unwrap();
    }
    // Both would be read for ever.
    let made = std::process::Command::new("mkfifo")
        .arg(&stored[0])
        .status();
    assert!(made.unwrap().success());
    symlink("/dev/zero", &stored[1]).unwrap();
    assert_eq!(home.damaged(), 2);
    let restored = home.restore_with("restored", None, true).unwrap();
    assert_eq!((restored.photos_files, restored.skipped.count), (0, 2));
    assert_eq!(home.back_up(7).unwrap().copied_files, 2);
    assert_eq!(home.damaged(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nothing_is_written_where_a_link_leads() {
    let home = Home::with(&["one"]).await;
    let victim = home.path("victim");
    fs::write(&victim, "precious").unwrap();
    fs::create_dir_all(home.target()).unwrap();
    symlink(&victim, home.target().join("heliograph-backup.json.new")).unwrap();
    home.back_up(7).unwrap();
    fs::remove_file(home.target().join("lock")).unwrap();
    symlink(&victim, home.target().join("lock")).unwrap();
    let error = home.back_up(7).unwrap_err().sentence();
    assert!(error.contains("lock cannot be written"), "{error}");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}
