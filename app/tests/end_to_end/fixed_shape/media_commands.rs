//! What the operator does about photos, alongside a running server and without one.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use testing_kit::{charts, jpeg, png};

use crate::fixed_shape::commands::{fail, json_output, run, said, succeed};
use crate::harness::caller::{Upload, text};
use crate::harness::{Caller, Server, eventually};
use crate::media::small;

/// A server that sweeps often.
async fn server() -> Server {
    Server::with(&[("HELIOGRAPH_MEDIA__SWEEP_INTERVAL_S", "1")]).await
}

/// Where the bytes of an address are on disk.
pub(crate) fn file_of(folder: &Path, address: &str) -> PathBuf {
    let (name, _) = address.rsplit_once(".jpg").unwrap();
    let name = &name[name.len() - 64..];
    folder
        .join("media")
        .join(&name[..2])
        .join(&name[2..4])
        .join(name)
}

fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Checks, and returns the exit code, the kinds of the findings, and the sums.
fn check(folder: &Path, arguments: &[&str]) -> (i32, Vec<String>, Value) {
    let arguments = [&["media", "check", "--json"], arguments].concat();
    let output = run(folder, &arguments);
    let mut lines: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sums = lines.pop().unwrap_or_else(|| panic!("{}", said(&output)));
    let kinds = lines.iter().map(|line| text(line, "/kind")).collect();
    (output.status.code().unwrap(), kinds, sums)
}

async fn advertised(anyone: &Caller) -> [Value; 2] {
    let first = anyone.get("/api/v1/instance").await.expect(200);
    let second = anyone.get("/api/v2/instance").await.expect(200);
    [first, second]
        .map(|about| about["configuration"]["media_attachments"]["supported_mime_types"].clone())
}

fn lists(advertised: &[Value; 2], content_type: &str) -> [bool; 2] {
    advertised
        .each_ref()
        .map(|types| types.as_array().unwrap().contains(&json!(content_type)))
}

#[tokio::test]
async fn a_format_is_switched_off_and_on_while_the_server_runs() {
    let server = Server::start().await;
    let (ada, anyone) = (server.person("ada").await, server.anyone());
    let drawing = || Upload::new(png::encode(&charts::corners(64, 48)), "a.png", "image/png");
    assert_eq!(lists(&advertised(&anyone).await, "image/png"), [true, true]);
    let page = anyone.get("/api/v2/instance").await;
    assert_eq!(page.status, 200);

    let told = succeed(server.folder(), &["media", "formats", "off", "png"]);
    assert!(
        told.contains("image/png    not taken  Switched off"),
        "{told}"
    );
    eventually("PNG is advertised no longer", async || {
        (lists(&advertised(&anyone).await, "image/png") == [false, false]).then_some(())
    })
    .await;
    let sentence = ada.upload(drawing()).await.refused(422);
    assert!(
        sentence.contains("PNG pictures are switched off on this server"),
        "{sentence}"
    );
    ada.photo(small()).await;

    let told = json_output(
        server.folder(),
        &["media", "formats", "on", "image/png", "--json"],
    );
    let png = told
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["content_type"] == "image/png");
    assert_eq!(png.unwrap()["taken"], true, "{told}");
    eventually("PNG is advertised again", async || {
        (lists(&advertised(&anyone).await, "image/png") == [true, true]).then_some(())
    })
    .await;
    ada.photo(drawing()).await;
    assert_eq!(
        json_output(server.folder(), &["media", "formats", "--json"]),
        told
    );
    // The command reads what the server reads, codecs in worker processes included.
    let taken = advertised(&anyone).await;
    for row in told.as_array().unwrap() {
        let expected = row["taken"].as_bool().unwrap();
        let content_type = row["content_type"].as_str().unwrap();
        assert_eq!(lists(&taken, content_type), [expected; 2], "{content_type}");
    }
    fail(
        server.folder(),
        &["media", "formats", "off", "tiff"],
        "no picture format",
    );
}

#[tokio::test]
async fn bit_rot_is_found_and_repaired_alongside_a_running_server() {
    let server = server().await;
    let (ada, folder) = (server.person("ada").await, server.folder());
    let upload = Upload::jpeg(jpeg::encode(&charts::corners(1_500, 1_000), 85));
    let photo = ada.photo(upload).await;
    let (url, preview) = (text(&photo, "/url"), text(&photo, "/preview_url"));
    ada.publish(&json!({"status": "kept", "media_ids": [text(&photo, "/id")]}))
        .await;
    let (code, kinds, sums) = check(folder, &[]);
    assert_eq!((code, kinds.len()), (0, 0), "{sums}");
    assert_eq!(sums["photos"], 1);
    assert!(sums["bytes_read"].as_u64().unwrap() > 10_000, "{sums}");

    let whole = ada.get(&url).await.body;
    flip_a_bit(&file_of(folder, &url));
    fs::remove_file(file_of(folder, &preview)).unwrap();
    assert_eq!(check(folder, &["--quick"]).1, ["missing_rendition"]);
    let (code, mut kinds, _) = check(folder, &[]);
    kinds.sort_unstable();
    assert_eq!(code, 1);
    assert_eq!(kinds, ["damaged_rendition", "missing_rendition"]);
    let shown = run(folder, &["media", "check"]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(
        said(&shown).contains("heliograph media check --repair"),
        "{}",
        said(&shown)
    );

    let repaired = succeed(folder, &["media", "check", "--repair"]);
    assert!(
        repaired.contains("2 findings, 2 of them repaired"),
        "{repaired}"
    );
    assert_eq!(check(folder, &[]).0, 0);
    let again = eventually("the photo as it was", async || {
        let reply = ada.get(&url).await;
        (reply.body == whole).then_some(reply)
    })
    .await;
    assert_eq!(again.status, 200);
    assert_eq!(ada.get(&preview).await.status, 200);
}

#[tokio::test]
async fn what_no_photo_uses_is_deleted_by_the_server_or_without_one() {
    let mut server = server().await;
    let folder = server.folder().to_owned();
    server.person("ada").await.photo(small()).await;
    let leave = |digit: &str| {
        let path = file_of(&folder, &format!("{}.jpg", digit.repeat(64)));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"left by nobody").unwrap();
        path
    };
    let orphan = leave("a");
    assert_eq!(check(&folder, &["--quick"]).1, ["orphan_blob"]);
    assert!(orphan.exists(), "without --repair nothing is changed");
    assert_eq!(check(&folder, &["--repair"]).0, 0);
    eventually("the server deletes it", async || {
        (!orphan.exists()).then_some(())
    })
    .await;
    server.ask_to_stop();
    server.ended().await;
    let orphan = leave("b");
    succeed(&folder, &["media", "check", "--repair"]);
    assert!(!orphan.exists(), "no server runs that would do it later");
    assert_eq!(check(&folder, &[]).0, 0);
}

#[tokio::test]
async fn a_check_that_cannot_be_done_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let output = run(&nowhere, &["media", "check"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(
        said(&output).contains("there is no data folder"),
        "{}",
        said(&output)
    );
    for (arguments, words) in [
        (["media", "check", "--help"], "bit rot"),
        (
            ["media", "formats", "--help"],
            "heliograph media formats off heic",
        ),
        (
            ["media", "failed", "--help"],
            "heliograph media failed retry --all",
        ),
    ] {
        let help = succeed(folder.path(), &arguments);
        assert!(help.contains(words), "{help}");
    }
}

const LIST: [&str; 4] = ["media", "failed", "list", "--json"];

/// Uploads pictures that have a header and no end, so many; returns their ids, newest first.
async fn broken(server: &Server, count: usize) -> Vec<String> {
    let ada = server.person("ada").await;
    let whole = png::encode(&charts::corners(640, 480));
    for number in 1..=count {
        let cut = whole[..whole.len() / (number + 1)].to_vec();
        // A refusal when the failure is quick, an item that fails later when it is not.
        ada.upload(Upload::new(cut, "a.png", "image/png")).await;
        failed(server.folder(), number).await;
    }
    let listed = failed(server.folder(), count).await;
    listed.iter().map(|row| text(row, "/id")).collect()
}

/// What has failed, once it is so many.
async fn failed(folder: &Path, count: usize) -> Vec<Value> {
    eventually("they have failed", async || {
        let listed = json_output(folder, &LIST).as_array().unwrap().clone();
        (listed.len() == count).then_some(listed)
    })
    .await
}

#[tokio::test]
async fn what_failed_is_listed_and_shown() {
    let server = server().await;
    let folder = server.folder();
    assert!(succeed(folder, &LIST[..3]).contains("No photos have failed"));
    let ids = broken(&server, 2).await;
    let listed = failed(folder, 2).await;
    assert_eq!(listed[0]["code"], "broken");
    assert_eq!(listed[0]["has_original"], true);
    let failed_at = text(&listed[0], "/failed_at");
    assert!(failed_at.ends_with('Z'), "{failed_at}");
    let page = [&LIST[..], &["--before", &ids[0], "--limit", "1"]].concat();
    assert_eq!(json_output(folder, &page)[0]["id"], json!(ids[1]));
    assert_eq!(succeed(folder, &LIST[..3]).lines().count(), 3);
    let shown = succeed(folder, &["media", "failed", "show", &ids[0]]);
    assert!(shown.contains("image/png, 640 x 480 pixels"), "{shown}");
    assert!(shown.contains("broken"), "{shown}");
    fail(
        folder,
        &["media", "failed", "show", "4711"],
        "there is no failed photo",
    );
    let advice = said(&run(folder, &["doctor"]));
    assert!(
        advice.contains("2 photos could not be processed"),
        "{advice}"
    );
    assert!(advice.contains("heliograph media failed list"), "{advice}");
}

#[tokio::test]
async fn what_failed_is_tried_again_and_dropped() {
    let server = server().await;
    let folder = server.folder();
    let ids = broken(&server, 2).await;
    let told = succeed(folder, &["media", "failed", "retry", "--all"]);
    assert!(told.contains("2 photos will be processed again"), "{told}");
    failed(folder, 2).await;
    succeed(folder, &["media", "failed", "retry", &ids[1]]);
    failed(folder, 2).await;
    succeed(folder, &["media", "failed", "drop", &ids[0]]);
    fail(
        folder,
        &["media", "failed", "drop", &ids[0]],
        "there is no failed photo",
    );
    fail(
        folder,
        &["media", "failed", "retry", &ids[0]],
        "no such photo",
    );
    let told = succeed(folder, &["media", "failed", "drop", "--all"]);
    assert!(told.contains("1 photos are deleted"), "{told}");
    eventually("their files are gone", async || {
        let (code, _, sums) = check(folder, &["--quick"]);
        (code == 0 && sums["files"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_photo_whose_file_is_missing_does_not_keep_others_from_being_tried_again() {
    let server = server().await;
    let folder = server.folder();
    let ids = broken(&server, 2).await;
    let originals = stored(&folder.join("media"));
    assert_eq!(originals.len(), ids.len(), "{originals:?}");
    fs::remove_file(&originals[0]).unwrap();
    let told = succeed(folder, &["media", "failed", "retry", "--all"]);
    assert!(told.contains("1 photos will be processed again"), "{told}");
    assert!(told.contains("1 cannot be"), "{told}");
}

/// Every file whose name is a hash.
fn stored(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(stored(&path));
        } else if path.file_name().unwrap().len() == 64 {
            found.push(path);
        }
    }
    found
}
