//! Photos in a bucket: they are put there and served from there, by every way in; it is looked at
//! by the commands; and what happens to it loses none.

mod backups;
mod faults;
mod refusals;
mod virtual_hosts;

use std::path::Path;
use std::process::Output;
use std::sync::LazyLock;

use tempfile::TempDir;
use testing_engines::S3;
use testing_kit::{charts, jpeg};

use crate::fixed_shape::commands::said;
use crate::harness::caller::{Upload, text};
use crate::harness::server::heliograph;
use crate::harness::{Server, eventually, shape, tus};

pub(crate) const URL: &str = "HELIOGRAPH_MEDIA_URL";
pub(crate) const ENDPOINT: &str = "HELIOGRAPH_S3__ENDPOINT";
pub(crate) const SECRET: &str = "HELIOGRAPH_S3__SECRET_ACCESS_KEY";

/// What a program is told of the photos' place.
pub(crate) type Settings = Vec<(&'static str, String)>;

/// A server for tests that let it live, each with prefixes of its own.
pub(crate) fn shared() -> Option<&'static S3> {
    static SERVER: LazyLock<Option<S3>> = LazyLock::new(S3::start);
    SERVER.as_ref()
}

pub(crate) fn bucket(server: &S3, prefix: &str) -> Settings {
    shape::bucket(server, prefix).into()
}

/// The same with one setting more, or another value of it.
pub(crate) fn with(settings: &Settings, name: &'static str, value: &str) -> Settings {
    let mut settings = settings.clone();
    settings.retain(|(known, _)| *known != name);
    settings.push((name, value.to_owned()));
    settings
}

/// A server with these settings, which sweeps often.
pub(crate) async fn serve(settings: &Settings) -> Server {
    let mut all = vec![("HELIOGRAPH_MEDIA__SWEEP_INTERVAL_S", "1")];
    all.extend(settings.iter().map(|(name, value)| (*name, value.as_str())));
    Server::with(&all).await
}

/// A command on this folder with these settings. No key is in what it says.
pub(crate) fn run(folder: &Path, arguments: &[&str], settings: &Settings) -> Output {
    let mut command = heliograph();
    command.args(arguments).arg("--data-dir").arg(folder);
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    let output = command.output().unwrap();
    let secret = settings.iter().find(|(name, _)| *name == SECRET);
    let secret = secret.map_or("", |(_, secret)| secret);
    let is_shown = !secret.is_empty() && said(&output).contains(secret);
    assert!(!is_shown, "{arguments:?}: {}", said(&output));
    output
}

pub(crate) fn succeed(folder: &Path, arguments: &[&str], settings: &Settings) -> String {
    let output = run(folder, arguments, settings);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    said(&output)
}

pub(crate) fn fail(folder: &Path, arguments: &[&str], settings: &Settings) -> String {
    let output = run(folder, arguments, settings);
    assert!(!output.status.success(), "{arguments:?}: {}", said(&output));
    said(&output)
}

pub(crate) async fn stop(server: &mut Server) {
    server.ask_to_stop();
    assert!(server.ended().await.success());
}

/// How many files of photos the folder holds.
pub(crate) fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder.join("media"))
        .into_iter()
        .flatten();
    let folders = entries
        .flatten()
        .filter(|entry| entry.file_name().len() == 2);
    let seconds = folders.flat_map(|first| std::fs::read_dir(first.path()).unwrap().flatten());
    seconds
        .map(|second| std::fs::read_dir(second.path()).unwrap().count())
        .sum()
}

/// A photo like no other.
pub(crate) fn photo(number: u32) -> Vec<u8> {
    jpeg::encode(&charts::corners(160 + number, 120), 85)
}

/// Where an address's bytes are in the bucket.
fn object(address: &str) -> String {
    let (name, _) = address.rsplit_once(".jpg").unwrap();
    let name = &name[name.len() - 64..];
    format!("{}/{}/{name}", &name[..2], &name[2..4])
}

#[tokio::test]
async fn photos_come_by_every_way_and_are_served_checked_and_deleted() {
    let Some(s3) = shared() else { return };
    let (settings, objects) = (bucket(s3, "ways"), s3.objects("ways"));
    let mut server = serve(&settings).await;
    let ada = server.person("ada").await;
    let by_form = ada.photo(Upload::jpeg(photo(1))).await;
    // By tus, in parts.
    let whole = photo(2);
    let upload = tus::begin(&ada, whole.len()).await;
    let first = tus::patch(&ada, &upload, "0", &[], &whole[..1_000]).await;
    assert_eq!(first.status, 204, "{}", first.describe());
    let last = tus::patch(&ada, &upload, "1000", &[], &whole[1_000..]).await;
    assert!(last.status < 300, "{}", last.describe());
    let by_tus = ada.ready(last.header("heliograph-media-id")).await;
    for media in [&by_form, &by_tus] {
        let address = text(media, "/url");
        let served = ada.get(&address).await;
        assert_eq!(served.status, 200, "{}", served.describe());
        assert_eq!(objects.read(&object(&address)), served.body);
    }
    assert_eq!(files(server.folder()), 0, "a file stayed in the folder");

    let folder = server.folder().to_owned();
    succeed(&folder, &["media", "check"], &settings);
    let damaged = object(&text(&by_form, "/preview_url"));
    objects.write(&damaged, b"rotten");
    objects.remove(&object(&text(&by_tus, "/preview_url")));
    let found = run(&folder, &["media", "check"], &settings);
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
    succeed(&folder, &["media", "check", "--repair"], &settings);
    assert_ne!(objects.read(&damaged), b"rotten");

    // Killed, it continues; what is deleted goes.
    server.kill();
    server.start_again().await;
    for media in [&by_form, &by_tus] {
        let served = ada.get(&text(media, "/url")).await;
        assert_eq!(served.status, 200, "{}", served.describe());
        let path = format!("/api/v1/media/{}", text(media, "/id"));
        let deleted = ada.delete(&path).await;
        assert_eq!(deleted.status, 200, "{}", deleted.describe());
    }
    eventually("everything is deleted", async || {
        (objects.names() == ["heliograph.id"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_doctor_and_the_check_of_settings_look_at_the_bucket() {
    let Some(mut s3) = S3::start() else { return };
    let settings = bucket(&s3, "one");
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let checked = succeed(folder, &["config", "check"], &settings);
    assert!(checked.contains("is nobody's yet"), "{checked}");
    succeed(folder, &["migrate"], &settings);
    for command in [&["doctor"][..], &["config", "check"]] {
        let words = succeed(folder, command, &settings);
        for expected in [
            "s3://photos/one at http://127.0.0.1:",
            "is the place of this folder's photos",
            "can be written to, read and listed",
            "keeps no versions",
        ] {
            assert!(words.contains(expected), "{expected}: {words}");
        }
        let words = fail(folder, command, &with(&settings, SECRET, "tulip"));
        assert!(words.contains("look at s3.secret_access_key"), "{words}");
        let missing = settings
            .iter()
            .map(|(name, value)| (*name, value.replace("photos", "none")));
        let words = fail(folder, command, &missing.collect());
        assert!(words.contains("no such bucket"), "{words}");
        let words = fail(folder, command, &bucket(&s3, "two"));
        assert!(words.contains("heliograph.id is not there"), "{words}");
        let words = fail(folder, command, &Settings::new());
        assert!(words.contains("move photos --to folder"), "{words}");
    }
    let names = s3.objects("one").names();
    assert_eq!(names, ["heliograph.id"], "what it was tried with is gone");
    s3.kill();
    let words = fail(folder, &["doctor"], &settings);
    assert!(words.contains("leads to no photos"), "{words}");
    // What needs no photos goes on without.
    succeed(folder, &["account", "create", "ada", "--json"], &settings);
}
