//! Signals, and standard streams that are not there any more.

use std::process::Stdio;

use crate::harness::server::serving;
use crate::harness::{Caller, Server, eventually};

#[tokio::test]
async fn signals_of_log_rotation_and_of_closing_terminals_change_nothing() {
    let mut server = Server::start().await;
    for name in ["HUP", "USR1", "USR2"] {
        server.signal(name);
        let line = format!("SIG{name}");
        eventually("the signal is noted", async || {
            server.said().contains(&line).then_some(())
        })
        .await;
        assert!(server.is_running(), "{name} ended the server");
    }
    server.anyone().get("/api/v2/instance").await.expect(200);
}

#[tokio::test]
async fn quit_stops_in_order() {
    let mut server = Server::start().await;
    server.signal("QUIT");
    let status = server.ended().await;
    assert!(status.success(), "{status}");
    assert!(server.said().contains("stopped"), "{}", server.said());
}

#[tokio::test]
async fn serving_goes_on_when_nobody_reads_what_it_says() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = free.local_addr().unwrap().to_string();
    drop(free);
    let folder = tempfile::tempdir().unwrap();
    let mut child = serving()
        .args(["--listen", &listen, "--data-dir"])
        .arg(folder.path())
        .env("HELIOGRAPH_LOG__FILTER", "debug")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    eventually("the server to listen", async || {
        tokio::net::TcpStream::connect(&listen).await.ok()
    })
    .await;
    let anyone = Caller::new(&format!("http://{listen}"));
    for _ in 0..3 {
        anyone.get("/api/v2/instance").await.expect(200);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
