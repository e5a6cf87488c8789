//! Who may listen, how many may, and when a stream ends.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpSocket;

use crate::harness::caller::text;
use crate::harness::person::{App, OUT_OF_BAND, sign_up};
use crate::harness::stream::{Events, Socket};
use crate::harness::{Server, eventually};

/// The status and the sentence of a refusal.
async fn refusal(caller: &crate::harness::Caller, stream: &str) -> (u16, String) {
    let Err((status, body)) = Events::open(caller, stream).await else {
        panic!("{stream} is listened to");
    };
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    (status, text(&body, "/error"))
}

#[tokio::test]
async fn who_may_not_listen_is_told_so_as_mastodon_tells() {
    let server = Server::start().await;
    let anyone = server.anyone();
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let narrow = server
        .person_with_scopes("cleo", "read:accounts read:notifications write:accounts")
        .await;
    let as_app = App::register(&server, "read", OUT_OF_BAND)
        .await
        .token("read")
        .await;
    let list = ada
        .post("/api/v1/lists", &json!({"title": "near"}))
        .await
        .ok();
    let adas_list = format!("list?list={}", text(&list, "/id"));
    let scopes = "Access token does not have the required scopes";
    for (caller, stream, status, sentence) in [
        (&anyone, "user", 401, "Missing access token"),
        (&anyone, "public", 401, "Missing access token"),
        (
            &anyone.bearing("nonsense"),
            "user",
            401,
            "Invalid access token",
        ),
        (&as_app, "public", 401, "Invalid access token"),
        (&narrow, "user", 401, scopes),
        (&narrow, "public/local", 401, scopes),
        (&ada, "nothing", 400, "Unknown stream type"),
        (&ada, "hashtag", 400, "Missing tag name parameter"),
        (&ada, "list?list=x", 400, "Missing list name parameter"),
        (&bob, &adas_list, 401, "Not authorized to stream this list"),
    ] {
        let expected = (status, sentence.to_owned());
        assert_eq!(refusal(caller, stream).await, expected, "{stream}");
    }
    assert!(Events::open(&narrow, "user/notification").await.is_ok());
    assert!(Events::open(&ada, &adas_list).await.is_ok());
    let by_query = format!("public?access_token={}", ada.token());
    assert!(Events::open(&anyone, &by_query).await.is_ok());
    let health = anyone.get("/api/v1/streaming/health").await;
    assert_eq!((health.status, health.text().as_str()), (200, "OK"));
    ada.get("/api/v1/streaming?stream=user").await.refused(400);
    ada.post("/api/v1/streaming/user", &json!({}))
        .await
        .refused(405);
}

#[tokio::test]
async fn a_socket_takes_its_token_in_three_ways_and_none_without_one() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let (base, token) = (server.base(), ada.token().to_owned());
    let instance = ada.get("/api/v2/instance").await.ok();
    let expected = base.replace("http://", "ws://");
    assert_eq!(text(&instance, "/configuration/urls/streaming"), expected);
    let bearer = ("authorization", format!("Bearer {token}"));
    let protocol = ("sec-websocket-protocol", token.clone());
    let sockets = [
        Socket::with(base, "stream=user", &[bearer]).await,
        Socket::with(base, "stream=user", &[protocol]).await,
        Socket::with(base, &format!("stream=user&access_token={token}"), &[]).await,
    ];
    let post = text(&ada.say("hello").await, "/id");
    for socket in sockets {
        assert_eq!(socket.ok().unwrap().next().await.id(), post);
    }
    for query in ["stream=user", "stream=user&access_token=nonsense"] {
        let refused = Socket::with(base, query, &[]).await;
        assert_eq!(refused.err(), Some(401), "{query}");
    }
    // What is too long to be a request ends it; what is none is skipped.
    let mut socket = Socket::open(&ada, "").await;
    socket.send(&json!("hello")).await;
    socket.send(&json!({"type": "sing"})).await;
    socket
        .send(&json!({"type": "subscribe", "stream": "list", "list": 7}))
        .await;
    assert_eq!(socket.receive().await.unwrap()["status"], 401);
    socket.send(&json!({"type": "a".repeat(20_000)})).await;
    assert!(socket.receive().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_when_its_token_is_revoked_and_no_other_does() {
    let server = Server::start().await;
    let app = App::register(&server, "read write", OUT_OF_BAND).await;
    let as_app = app.token("read write").await;
    let token = sign_up(&as_app, "ada").await.expect(200);
    let ada = as_app.bearing(&text(&token, "/access_token"));
    let bob = server.person("bob").await;
    let mut events = Events::open(&ada, "user").await.unwrap();
    let mut socket = Socket::open(&ada, "stream=user").await;
    let mut bobs = Socket::open(&bob, "stream=user").await;
    let fields = [
        ("client_id", app.client_id.as_str()),
        ("client_secret", &app.client_secret),
        ("token", ada.token()),
    ];
    app.anyone.form("/oauth/revoke", &fields).await.ok();
    assert_eq!(events.next().await, None);
    let word = socket.receive().await.unwrap_err().expect("a last word");
    assert_eq!(u16::from(word.code), 1008);
    let post = text(&bob.say("still here").await, "/id");
    assert_eq!(bobs.next().await.id(), post);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_with_the_server_which_does_not_wait_for_them() {
    let mut server = Server::with(&[("HELIOGRAPH_SHUTDOWN_GRACE_S", "300")]).await;
    let ada = server.person("ada").await;
    let mut events = Events::open(&ada, "user").await.unwrap();
    let mut socket = Socket::open(&ada, "stream=user").await;
    let idle = Socket::open(&ada, "").await;
    let started = Instant::now();
    server.ask_to_stop();
    assert_eq!(events.next().await, None);
    let word = socket.receive().await.unwrap_err().expect("a last word");
    assert_eq!(u16::from(word.code), 1001);
    // One that does not close its end holds nobody up for long either.
    let status = server.ended().await;
    assert!(status.success(), "{status}");
    assert!(started.elapsed() < Duration::from_secs(60));
    drop(idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_keep_up_is_let_go() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let small = TcpSocket::new_v4().unwrap();
    small.set_recv_buffer_size(4 * 1024).unwrap();
    let query = format!("stream=user&access_token={}", ada.token());
    let slow = Socket::over(small, server.base(), &query, &[]).await;
    let mut slow = slow.ok().unwrap();
    let mut quick = Socket::open(&ada, "stream=user").await;
    // Each hashtag takes some hundred bytes in what is told.
    let tags: Vec<String> = (0..120).map(|n| format!("#{n}a")).collect();
    let words = tags.join(" ").chars().take(490).collect::<String>();
    for number in 0..300 {
        let post = text(&ada.say(&format!("{number} {words}")).await, "/id");
        assert_eq!(quick.next().await.id(), post);
    }
    let mut heard = 0;
    while slow.receive().await.is_ok() {
        heard += 1;
    }
    assert!(heard < 300, "it was waited for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_may_listen_and_no_more() {
    let server = Server::with(&[
        ("HELIOGRAPH_STREAMING__LISTENERS_MAX", "3"),
        ("HELIOGRAPH_STREAMING__LISTENERS_PER_ACCOUNT_MAX", "2"),
    ])
    .await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let mut first = Socket::open(&ada, "stream=user").await;
    let _second = Events::open(&ada, "user").await.unwrap();
    // One more, and her oldest goes.
    let latest = Socket::open(&ada, "stream=user").await;
    assert!(first.receive().await.is_err());
    let third = Events::open(&bob, "user").await.unwrap();
    assert_eq!(refusal(&bob, "user").await.0, 503);
    drop(latest);
    eventually("a place for Ada", async || {
        Events::open(&ada, "user").await.ok().map(drop)
    })
    .await;
    drop(third);
    eventually("a place for Bob", async || {
        Events::open(&bob, "user").await.ok().map(drop)
    })
    .await;
}
