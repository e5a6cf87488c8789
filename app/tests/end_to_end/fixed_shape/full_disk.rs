//! A disk that is full: what is there can be read and deleted, people can sign in, and the rest is
//! refused with a word. On a small disk of its own, which root can make, and anybody in a namespace
//! where they are root.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testing_kit::{charts, jpeg, require};

use crate::fixed_shape::commands::{fail, said};
use crate::fixed_shape::lost_databases::refused;
use crate::harness::caller::{Upload, ids, text};
use crate::harness::person::PASSWORD;
use crate::harness::server::heliograph;
use crate::harness::{Person, Server, eventually};

/// The disk, in MiB: with room for a server, its ballast and the reserve of the test.
const DISK_MIB: u32 = 160;

/// A file system in memory, taken down when this is dropped.
pub(crate) struct SmallDisk(TempDir);

/// Says in a test's environment that it runs in a namespace of its own.
const IN_NAMESPACE: &str = "HELIOGRAPH_TEST_IN_NAMESPACE";

impl SmallDisk {
    /// None when the test has run elsewhere: again, in a namespace where it may mount. Only where
    /// neither is allowed is it skipped; in CI that is a failure.
    pub(crate) fn mount(test: &str) -> Option<Self> {
        let mount = require::tool("mount", "apt-get install mount")?;
        let disk = Self(TempDir::new().unwrap());
        let made = Command::new(mount)
            .args(["-t", "tmpfs", "-o", &format!("size={DISK_MIB}m"), "tmpfs"])
            .arg(disk.0.path())
            .status()
            .unwrap();
        if made.success() {
            return Some(disk);
        }
        assert!(!is_in_namespace(), "no mount here either");
        run_in_namespace(test);
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the room that is left.
    pub(crate) fn fill(&self) -> PathBuf {
        let path = self.0.path().join(format!("filler-{}", rand_name()));
        let mut file = File::create(&path).unwrap();
        let mut bytes = 1024 * 1024;
        while bytes > 0 {
            match file.write(&vec![1; bytes]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => bytes /= 2,
                Err(error) => panic!("{error}"),
            }
        }
        path
    }
}

/// Whether this process is a test that runs again.
pub(crate) fn is_in_namespace() -> bool {
    std::env::var_os(IN_NAMESPACE).is_some()
}

/// Runs the test of this name again as root of a user namespace, where it may mount.
pub(crate) fn run_in_namespace(test: &str) {
    let Some(unshare) = require::tool("unshare", "apt-get install util-linux") else {
        return;
    };
    let in_namespace = || {
        let mut command = Command::new(&unshare);
        command.args(["--map-root-user", "--mount", "--"]);
        command
    };
    let is_allowed = in_namespace().arg("true").status().unwrap().success();
    let how = "run the tests as root, or allow user namespaces";
    if !require::found(is_allowed, "leave to mount something", how) {
        return;
    }
    let ended = in_namespace()
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(IN_NAMESPACE, "1")
        .output()
        .unwrap();
    let said = said(&ended);
    assert!(ended.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn rand_name() -> u128 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos()
}

fn photo() -> Upload {
    Upload::jpeg(jpeg::encode(&charts::corners(320, 240), 90))
}

async fn has_ballast(folder: &Path) {
    let ballast = folder.join("ballast");
    eventually("room is kept", async || {
        std::fs::metadata(&ballast)
            .is_ok_and(|file| file.len() > 0)
            .then_some(())
    })
    .await;
}

/// A server on the small disk, with two people and something to see.
struct Scene {
    server: Server,
    ada: Person,
    bob: Person,
    photo: Value,
    kept: Value,
    other: Value,
}

impl Scene {
    async fn on(disk: &SmallDisk) -> Self {
        let folder = TempDir::new_in(disk.0.path()).unwrap();
        let reserve = ("HELIOGRAPH_DISK_RESERVE_BYTES", "16000000");
        let server = Server::in_folder(folder, &[reserve]).await;
        let (ada, bob) = (server.person("ada").await, server.person("bob").await);
        bob.follow(&ada).await;
        let photo = ada.photo(photo()).await;
        let (kept, other) = (ada.say("kept").await, ada.say("to be deleted").await);
        has_ballast(server.folder()).await;
        Self {
            server,
            ada,
            bob,
            photo,
            kept,
            other,
        }
    }

    async fn stop(&mut self) {
        self.server.ask_to_stop();
        self.server.ended().await;
    }

    /// What goes on, and what does not.
    async fn holds(&self) {
        let ada = &self.ada;
        let post = format!("/api/v1/statuses/{}", text(&self.kept, "/id"));
        assert_eq!(ada.get(&post).await.ok()["id"], self.kept["id"]);
        ada.home().await;
        let url = text(&self.photo, "/url");
        let path = url.split_once("/media/").unwrap().1;
        assert_eq!(ada.get(&format!("/media/{path}")).await.status, 200);
        for (method, path) in [
            (Method::POST, "/api/v1/statuses"),
            (Method::PATCH, "/api/v1/accounts/update_credentials"),
            (Method::POST, "/api/v1/apps"),
        ] {
            let request = ada.request(method, path);
            let request = request.json(&json!({"status": "more", "note": "more"}));
            let sentence = text(&ada.send(request).await.expect(507), "/error");
            assert!(sentence.contains("disk is full"), "{sentence}");
        }
        ada.upload(photo()).await.expect(507);
        let other = text(&self.other, "/id");
        ada.delete(&format!("/api/v1/statuses/{other}")).await.ok();
        let page = self.server.web();
        page.sign_in("ada", PASSWORD).await;
        assert!(page.is_signed_in().await);
    }
}

#[tokio::test]
async fn reading_deleting_and_signing_in_go_on_and_the_rest_is_refused_with_a_word() {
    let test = "fixed_shape::full_disk::reading_deleting_and_signing_in_go_on_and_the_rest_is_refused_with_a_word";
    let Some(disk) = SmallDisk::mount(test) else {
        return;
    };
    let mut scene = Scene::on(&disk).await;
    let folder = scene.server.folder().to_owned();
    // It fills while nothing runs: the start has the ballast's room.
    scene.stop().await;
    let filler = disk.fill();
    fail(&folder, &["doctor"], "disk_reserve_bytes");
    scene.server.start_again().await;
    scene.holds().await;
    fail(&folder, &["doctor"], "was full");

    // Not even the ballast's room is left. Bob has not been home yet, and nothing can be kept ready
    // for him.
    let more = disk.fill();
    let kept = text(&scene.kept, "/id");
    assert_eq!(ids(&scene.bob.home().await), [kept]);

    // No start has the room it needs: a sentence and no signal.
    scene.stop().await;
    let sentence = refused(&folder);
    assert!(
        sentence.contains("is full") && sentence.contains("make room"),
        "{sentence}"
    );

    for filler in [filler, more] {
        std::fs::remove_file(filler).unwrap();
    }
    scene.server.start_again().await;
    let again = scene.ada.say("room again").await;
    // What could not be kept while there was no room is kept now.
    scene.bob.finds_at_home(&text(&again, "/id")).await;
    scene.ada.photo(photo()).await;
    has_ballast(&folder).await;
}

#[tokio::test]
async fn uploads_are_refused_below_the_reserve_and_posts_are_not() {
    let folder = TempDir::new().unwrap();
    let reserve = ("HELIOGRAPH_DISK_RESERVE_BYTES", "9000000000000000000");
    let server = Server::in_folder(folder, &[reserve]).await;
    let ada = server.person("ada").await;
    let sentence = text(&ada.upload(photo()).await.expect(507), "/error");
    assert!(sentence.contains("disk is full"), "{sentence}");
    ada.say("Words are small").await;
    let doctor = heliograph()
        .args(["doctor", "--data-dir"])
        .arg(server.folder())
        .env(reserve.0, reserve.1)
        .output()
        .unwrap();
    assert!(!doctor.status.success());
    let findings = said(&doctor);
    assert!(findings.contains("disk_reserve_bytes"), "{findings}");
}
