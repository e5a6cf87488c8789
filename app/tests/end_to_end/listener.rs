//! The listener among clients that are slow, silent, many or odd.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::wire::{RawResponse, Wire};
use crate::harness::{Server, eventually};

/// A request whose body begins and does not continue.
fn silent(path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: 5000\r\n\r\na")
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const ASK: &str = "GET /api/v1/instance HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

pub(crate) fn json_of(response: &RawResponse) -> Value {
    serde_json::from_str(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

fn assert_refused_at_once(response: &RawResponse) {
    assert_eq!(response.status, 503, "{response:?}");
    assert!(response.head.contains("retry-after: "), "{response:?}");
    assert!(response.head.contains("access-control-allow-origin: *"));
    assert!(response.head.contains("connection: close"), "{response:?}");
    assert!(json_of(response)["error"].is_string(), "{response:?}");
}

#[tokio::test]
async fn a_body_that_falls_silent_is_given_up_with_a_word() {
    let server = Server::with(&[("HELIOGRAPH_BODY_SILENCE_S_MAX", "1")]).await;
    let ada = server.person("ada").await;
    let token = format!("Authorization: Bearer {}\r\n", ada.token());
    let page = "Accept: text/html\r\n";
    let multipart = "Content-Type: multipart/form-data; boundary=b\r\n";
    let chunked = format!(
        "POST /api/v1/apps HTTP/1.1\r\nHost: a\r\n{FORM}Transfer-Encoding: chunked\r\n\r\n5\r\nclien"
    );
    let requests = [
        (silent("/login", &format!("{page}{FORM}")), "<h1>"),
        (silent("/login", FORM), "\"error\""),
        (silent("/api/v1/apps", FORM), "\"error\""),
        (silent("/api/v1/apps", multipart), "\"error\""),
        (
            silent("/api/v1/statuses", &format!("{token}{FORM}")),
            "\"error\"",
        ),
        (
            silent("/api/v2/media", &format!("{token}{multipart}")),
            "\"error\"",
        ),
        (silent("/oauth/token", FORM), "\"error_description\""),
        (chunked, "\"error\""),
    ];
    let mut wires = Vec::new();
    for (request, shape) in requests {
        wires.push((Wire::sending(server.base(), &request).await, request, shape));
    }
    for (wire, request, shape) in &mut wires {
        let response = wire.last_response().await;
        assert_eq!(response.status, 408, "{request}: {response:?}");
        assert!(response.head.contains("connection: close"), "{response:?}");
        assert!(response.body.contains(*shape), "{request}: {response:?}");
        let is_page = response.head.contains("content-type: text/html");
        assert_ne!(
            is_page,
            response.head.contains("access-control-allow-origin")
        );
    }
}

#[tokio::test]
async fn one_clients_silent_bodies_leave_the_others_their_places() {
    let server = Server::with(&[
        ("HELIOGRAPH_CONNECTIONS_MAX", "12"),
        ("HELIOGRAPH_CONNECTIONS_PER_ADDRESS_MAX", "8"),
    ])
    .await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(Wire::sending(server.base(), &silent("/login", FORM)).await);
    }
    let begun = Instant::now();
    let refused = Wire::sending(server.base(), ASK)
        .await
        .last_response()
        .await;
    assert_refused_at_once(&refused);
    let mut other = Wire::from("127.0.0.2", server.base()).await;
    other.send(ASK).await;
    assert_eq!(other.last_response().await.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(server.said().contains("connections_per_address_max"));
    drop(held);
    eventually("a place for the same client", async || {
        let response = Wire::sending(server.base(), ASK)
            .await
            .last_response()
            .await;
        (response.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn behind_a_proxy_each_client_has_its_share_of_requests() {
    let server = Server::with(&[
        ("HELIOGRAPH_TRUSTED_PROXIES", "127.0.0.0/8"),
        ("HELIOGRAPH_CONNECTIONS_PER_ADDRESS_MAX", "2"),
    ])
    .await;
    let from = |client: &str| silent("/login", &format!("{FORM}X-Forwarded-For: {client}\r\n"));
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(Wire::sending(server.base(), &from("203.0.113.1:5000")).await);
    }
    eventually("the client has its share", async || {
        let mut refused = Wire::sending(server.base(), &from("203.0.113.1:6000")).await;
        let response = tokio::time::timeout(Duration::from_secs(2), refused.last_response()).await;
        let Ok(response) = response else {
            held.push(refused);
            return None;
        };
        assert_refused_at_once(&response);
        Some(())
    })
    .await;
    // A request without a body counts too; another client's does not count as its.
    let ask = ASK.replace("Host: a", "Host: a\r\nX-Forwarded-For: 203.0.113.1");
    let response = Wire::sending(server.base(), &ask)
        .await
        .last_response()
        .await;
    assert_refused_at_once(&response);
    for _ in 0..10 {
        let ask = ASK.replace("Host: a", "Host: a\r\nX-Forwarded-For: 203.0.113.3");
        let response = Wire::sending(server.base(), &ask)
            .await
            .last_response()
            .await;
        assert_eq!(response.status, 200, "{response:?}");
    }
    let anyone = server.anyone();
    let app = json!({"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"});
    let request = anyone
        .request(Method::POST, "/api/v1/apps")
        .header("x-forwarded-for", "203.0.113.2")
        .json(&app);
    anyone.send(request).await.expect(200);
}

#[tokio::test]
async fn idle_connections_make_room_for_newcomers() {
    let server = Server::with(&[("HELIOGRAPH_CONNECTIONS_MAX", "4")]).await;
    let mut idle = Vec::new();
    for bytes in ["", "GET /api/v1/inst", "", ""] {
        idle.push(Wire::sending(server.base(), bytes).await);
    }
    // A new one is left alone for a moment: its request may be on its way.
    eventually("an idle connection makes room", async || {
        let response = Wire::sending(server.base(), ASK)
            .await
            .last_response()
            .await;
        (response.status == 200).then_some(())
    })
    .await;
    // The one that had been open for longest had to go.
    assert_eq!(idle[0].rest().await, "");
}

#[tokio::test]
async fn when_every_connection_is_in_use_the_next_is_refused_at_once() {
    let server = Server::with(&[
        ("HELIOGRAPH_CONNECTIONS_MAX", "4"),
        ("HELIOGRAPH_CONNECTIONS_PER_ADDRESS_MAX", "0"),
    ])
    .await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(Wire::sending(server.base(), &silent("/login", FORM)).await);
    }
    let refused = eventually("every connection is in use", async || {
        let response = Wire::sending(server.base(), ASK)
            .await
            .last_response()
            .await;
        (response.status != 200).then_some(response)
    })
    .await;
    assert_refused_at_once(&refused);
    drop(held);
}

#[tokio::test]
async fn beyond_what_can_be_worked_on_requests_are_asked_to_retry() {
    let server = Server::with(&[
        ("HELIOGRAPH_REQUESTS_IN_FLIGHT_MAX", "1"),
        ("HELIOGRAPH_REQUESTS_WAITING_MAX", "0"),
        ("HELIOGRAPH_ACCOUNTS__PASSWORD_ITERATIONS", "40000"),
    ])
    .await;
    let anyone = server.anyone();
    let app = json!({"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read write"});
    let app = anyone.post("/api/v1/apps", &app).await.ok();
    let token = json!({
        "grant_type": "client_credentials", "scope": "read write",
        "client_id": app["client_id"], "client_secret": app["client_secret"],
    });
    let token = anyone.post("/oauth/token", &token).await.ok();
    let app = anyone.bearing(token["access_token"].as_str().unwrap());
    let registration = tokio::spawn(async move {
        let form = json!({
            "username": "ada", "email": "ada@example.org", "password": "correct horse battery",
            "agreement": true, "locale": "en",
        });
        loop {
            // One of those that ask below may have the only place.
            let reply = app.post("/api/v1/accounts", &form).await;
            if reply.status != 503 {
                break reply;
            }
        }
    });
    let refused = eventually("a request is refused", async || {
        let reply = anyone.get("/api/v1/timelines/public").await;
        (reply.status != 200).then_some(reply)
    })
    .await;
    assert_eq!(refused.status, 503, "{}", refused.describe());
    assert!(!refused.header("retry-after").is_empty());
    assert!(!refused.header("x-request-id").is_empty());
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    assert!(refused.json()["error"].is_string());
    // Photos do not wait for slower requests.
    anyone.get("/media/0000").await.refused(404);
    registration.await.unwrap().expect(200);
    anyone.get("/api/v1/timelines/public").await.expect(200);
    assert!(server.said().contains("more to do than can be done"));
}

#[tokio::test]
async fn a_request_whose_body_is_awaited_takes_nobodys_turn() {
    let server = Server::with(&[("HELIOGRAPH_REQUESTS_IN_FLIGHT_MAX", "1")]).await;
    let body = "client_name=x&redirect_uris=urn:ietf:wg:oauth:2.0:oob";
    let (first, rest) = body.split_at(10);
    let head = format!(
        "POST /api/v1/apps HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{FORM}Content-Length: {}\r\n\r\n{first}",
        body.len()
    );
    let mut held = Wire::sending(server.base(), &head).await;
    let anyone = server.anyone();
    eventually("it waits for its body", async || {
        (anyone.get("/api/v1/instance").await.status == 200).then_some(())
    })
    .await;
    for _ in 0..5 {
        anyone.get("/api/v1/instance").await.expect(200);
    }
    held.send(rest).await;
    let response = held.last_response().await;
    assert_eq!(response.status, 200, "{response:?}");
}

#[tokio::test]
async fn odd_clients_are_answered() {
    let server = Server::start().await;
    let ask = |request: &'static str| async { Wire::sending(server.base(), request).await };
    let old = ask("GET /api/v1/instance HTTP/1.0\r\n\r\n")
        .await
        .last_response()
        .await;
    assert_eq!(old.status, 200, "{old:?}");
    let two = "GET /about HTTP/1.1\r\nHost: a\r\n\r\nGET /api/v1/instance HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let pipelined = ask(two).await.rest().await;
    assert_eq!(pipelined.matches("HTTP/1.1 200").count(), 2, "{pipelined}");
    // A client that says that nothing more will come is taken for gone, and holds nothing.
    for request in [
        "GET /api/v1/instance HTTP/1.1\r\nHost: a\r\n",
        "POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\na",
        "",
    ] {
        let mut half = ask(request).await;
        half.half_close().await;
        let said = half.rest().await;
        assert!(!said.starts_with("HTTP/1.1 200"), "{said}");
    }
    let no_http = ask("\u{16}\u{3}\u{1} this is TLS").await.rest().await;
    assert!(
        no_http.is_empty() || no_http.starts_with("HTTP/1.1 400"),
        "{no_http}"
    );
}
