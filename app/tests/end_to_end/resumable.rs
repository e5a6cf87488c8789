//! Resumable uploads by other people's tus clients over connections that break.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;
use testing_kit::{require, scan};

use crate::harness::caller::text;
use crate::harness::proxy::{ConnectionFault, Proxy};
use crate::harness::tus::UPLOADS;
use crate::harness::{Person, Server, eventually};

/// A photo of 4 MB as a phone made it, with place and maker notes.
const PHOTO: &str = "photos/good/gps__Samsung_SM-G935L_Galaxy_S7_Edge_.jpg";
/// What the requests' heads take beside the bytes of the file.
const HEADS_BYTES_MAX: u64 = 100_000;

struct Tools {
    program: PathBuf,
    arguments: Vec<String>,
}

/// tus-js-client, or nothing where it is missing.
fn tus_js() -> Option<Tools> {
    let modules = require::variable(
        "HELIOGRAPH_TEST_NODE_MODULES",
        "the `node_modules` folder that `npm install tus-js-client` makes",
    )?;
    let program = require::tool("node", "Debian's package `nodejs`")?;
    Some(Tools {
        program,
        arguments: vec![script("tus.mjs"), modules],
    })
}

/// tuspy, or nothing where it is missing.
fn tuspy() -> Option<Tools> {
    let python = require::variable(
        "HELIOGRAPH_TEST_PYTHON",
        "the python of a virtual environment with `pip install tuspy`",
    )?;
    Some(Tools {
        program: python.into(),
        arguments: vec![script("tus_py.py")],
    })
}

fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    folder.join(name).to_string_lossy().into_owned()
}

impl Tools {
    /// Starts an upload through a proxy; returns what it says when it is done.
    fn upload(
        &self,
        proxy: &Proxy,
        owner: &Person,
        photo: &Path,
    ) -> tokio::task::JoinHandle<Output> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .arg(format!("{}{UPLOADS}", proxy.base()))
            .arg(owner.token())
            .arg(photo);
        tokio::task::spawn_blocking(move || command.output().expect("the client runs"))
    }
}

/// The number behind a word that a client has said.
fn said(output: &Output, word: &str) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    assert!(
        output.status.success() && found.is_some(),
        "{}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    found.unwrap().to_owned()
}

/// The photo is ready, can be posted, is shown without what it must not show, and is kept to the
/// bit; nothing else is.
async fn check(server: &Server, owner: &Person, media: &str, bytes: &[u8]) {
    let ready = owner.ready(media).await;
    assert_eq!(ready["description"], "Möwe über dem Meer");
    let post = owner
        .publish(&json!({"status": "Sent in pieces", "media_ids": [media]}))
        .await;
    assert_eq!(post["media_attachments"][0]["id"], media);
    let shown = owner.get(&text(&ready, "/url")).await;
    assert_eq!(shown.status, 200, "{}", shown.describe());
    assert_eq!(scan::findings(&shown.body), []);
    assert!(server.keeps(bytes), "no file is the photo as it was sent");
    let rows = server.rows();
    assert_eq!(rows["media.upload_parts"], 0);
    assert_eq!(rows["media.media"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_js_client_goes_on_where_its_connection_broke() {
    let (Some(client), Some(photo)) = (tus_js(), require::shared(PHOTO)) else {
        return;
    };
    let bytes = std::fs::read(&photo).unwrap();
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let cuts = [700_000, 300_000, 900_000, 65_000, 800_000];
    let proxy = Proxy::before(server.base(), &cuts.map(ConnectionFault::CutAfter)).await;
    let output = client.upload(&proxy, &ada, &photo).await.unwrap();
    let resumed: usize = said(&output, "resumed").parse().unwrap();
    assert!(resumed >= cuts.len(), "resumed {resumed} times");
    assert!(proxy.is_done(), "a connection was not cut");
    // Every cut comes when the bytes before it are with the server, so nothing is sent twice.
    let again = proxy.sent() - bytes.len() as u64;
    assert!(again < HEADS_BYTES_MAX, "{again} bytes were sent in vain");
    println!(
        "{} bytes, {resumed} times resumed, {again} bytes more",
        bytes.len()
    );
    check(&server, &ada, &said(&output, "media"), &bytes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tus_js_client_goes_on_after_the_server_was_killed() {
    let (Some(client), Some(photo)) = (tus_js(), require::shared(PHOTO)) else {
        return;
    };
    let bytes = std::fs::read(&photo).unwrap();
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    let proxy = Proxy::before(server.base(), &[ConnectionFault::HoldAfter(2_500_000)]).await;
    let uploading = client.upload(&proxy, &ada, &photo);
    eventually("the middle of the upload", async || {
        let rows = server.rows();
        (proxy.holds() && rows["media.upload_parts"] >= 2).then_some(())
    })
    .await;
    server.kill();
    server.start_again().await;
    proxy.release();
    let output = uploading.await.unwrap();
    // A process that dies takes with it what it has not kept yet: less than a piece of 1 MiB.
    let again = proxy.sent() - bytes.len() as u64;
    assert!(
        again < 1_048_576 + HEADS_BYTES_MAX,
        "{again} bytes were lost"
    );
    println!("{} bytes, {again} bytes more", bytes.len());
    check(&server, &ada, &said(&output, "media"), &bytes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tuspy_sends_checksums_and_goes_on_where_its_connection_broke() {
    let (Some(client), Some(photo)) = (tuspy(), require::shared(PHOTO)) else {
        return;
    };
    let bytes = std::fs::read(&photo).unwrap();
    let server = Server::start().await;
    let ada = server.person("ada").await;
    // It takes a connection for each request: the first begins the upload.
    let cuts = [
        100_000_000,
        100_000_000,
        350_000,
        100_000_000,
        100_000_000,
        20_000,
    ];
    let proxy = Proxy::before(server.base(), &cuts.map(ConnectionFault::CutAfter)).await;
    let output = client.upload(&proxy, &ada, &photo).await.unwrap();
    assert!(proxy.is_done(), "a connection was not cut");
    let again = proxy.sent() - bytes.len() as u64;
    // A part that came with a checksum is kept whole or not at all.
    assert!(
        (350_000..2 * 600_000 + HEADS_BYTES_MAX).contains(&again),
        "{again} bytes were sent twice"
    );
    check(&server, &ada, &said(&output, "media"), &bytes).await;
}
