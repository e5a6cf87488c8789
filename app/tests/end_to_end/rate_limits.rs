//! Limits by address and by account.

use serde_json::json;

use crate::harness::person::{App, OUT_OF_BAND, PASSWORD, SCOPES, sign_up};
use crate::harness::{Reply, Server, WebSession};

fn is_limited(reply: &Reply) -> bool {
    if reply.status == 429 {
        let wait: u32 = reply.header("retry-after").parse().unwrap_or_default();
        assert!(
            wait > 0,
            "how long to wait is not said: {:?}",
            reply.headers
        );
    }
    reply.status == 429
}

#[tokio::test]
async fn guessing_a_password_is_slowed_down_without_locking_others_out() {
    let limits = [
        ("HELIOGRAPH_ACCOUNTS__SIGN_IN_FAILURES_PER_ACCOUNT", "5"),
        ("HELIOGRAPH_ACCOUNTS__SIGN_INS_PER_ADDRESS", "1000"),
    ];
    let server = Server::with(&limits).await;
    server.person("ada").await;
    server.person("bob").await;
    let web = server.web();
    let mut limited = 0;
    for number in 0..12 {
        let reply = web.sign_in("ada", &format!("guess {number}")).await;
        assert!(
            [200, 401, 403, 422, 429].contains(&reply.status),
            "{}",
            reply.describe()
        );
        limited += usize::from(reply.status == 429);
        assert!(!web.is_signed_in().await);
    }
    assert!(limited >= 6, "{limited} of 12 guesses were held back");
    web.sign_in("bob", PASSWORD).await;
    assert!(web.is_signed_in().await, "guesses about Ada lock Bob out");
}

#[tokio::test]
async fn a_browser_that_was_logged_in_before_is_not_held_up_by_strangers() {
    let limits = [("HELIOGRAPH_ACCOUNTS__SIGN_IN_FAILURES_PER_ACCOUNT", "3")];
    let server = Server::with(&limits).await;
    let known = server.web();
    known.sign_up("ada").await;
    let log_out = known.form("/", "/logout").await;
    known.submit(&log_out).await;
    assert!(!known.is_signed_in().await);
    let stranger = server.web();
    for number in 0..3 {
        stranger.sign_in("ada", &format!("guess {number}")).await;
    }
    // Even the right password: whoever guesses must not learn that it was.
    assert!(is_limited(&stranger.sign_in("ada", PASSWORD).await));
    known.sign_in("ada", PASSWORD).await;
    assert!(known.is_signed_in().await, "strangers lock Ada out");
}

#[tokio::test]
async fn signing_in_is_limited_by_address_and_the_address_cannot_be_made_up() {
    let server = Server::with(&[("HELIOGRAPH_ACCOUNTS__SIGN_INS_PER_ADDRESS", "5")]).await;
    let mut limited = 0;
    for number in 0..15 {
        let web: WebSession = server.web();
        let reply = web
            .sign_in(&format!("somebody{number}"), "some password")
            .await;
        limited += usize::from(reply.status == 429);
    }
    assert!(limited >= 9, "{limited} of 15 were held back");
    // A header that anyone can write does not make a new address.
    let app = server.anyone();
    let form = server.web().form("/login", "/login").await;
    let request = app
        .request(reqwest::Method::POST, "/login")
        .header("x-forwarded-for", "203.0.113.77")
        .form(&form.fill("username", "x").fill("password", "y").fields);
    let reply = app.send(request).await;
    assert!([403, 429].contains(&reply.status), "{}", reply.describe());
}

#[tokio::test]
async fn signing_up_is_limited_by_address() {
    let server = Server::with(&[("HELIOGRAPH_ACCOUNTS__REGISTRATIONS_PER_ADDRESS", "3")]).await;
    let as_app = App::register(&server, SCOPES, OUT_OF_BAND)
        .await
        .token(SCOPES)
        .await;
    let mut made = 0;
    for number in 0..8 {
        let reply = sign_up(&as_app, &format!("person{number}")).await;
        if !is_limited(&reply) {
            reply.expect(200);
            made += 1;
        }
    }
    assert_eq!(made, 3);
}

#[tokio::test]
async fn registering_apps_is_limited_by_address() {
    let server = Server::with(&[("HELIOGRAPH_ACCOUNTS__APPLICATIONS_PER_ADDRESS", "3")]).await;
    let body = json!({"client_name": "x", "redirect_uris": OUT_OF_BAND});
    let mut made = 0;
    for _ in 0..8 {
        let reply = server.anyone().post("/api/v1/apps", &body).await;
        made += usize::from(!is_limited(&reply));
    }
    assert_eq!(made, 3);
}

#[tokio::test]
async fn a_proxy_that_is_trusted_tells_the_address() {
    let settings = [
        ("HELIOGRAPH_TRUSTED_PROXIES", "127.0.0.1"),
        ("HELIOGRAPH_ACCOUNTS__APPLICATIONS_PER_ADDRESS", "1"),
    ];
    let server = Server::with(&settings).await;
    let anyone = server.anyone();
    let body = json!({"client_name": "x", "redirect_uris": OUT_OF_BAND});
    let from = async |address: &str| {
        let request = anyone
            .request(reqwest::Method::POST, "/api/v1/apps")
            .header("x-forwarded-for", address);
        anyone.send(request.json(&body)).await.status
    };
    assert_eq!(from("203.0.113.1").await, 200);
    assert_eq!(from("203.0.113.2").await, 200);
    assert_eq!(from("203.0.113.1").await, 429);
    // What stands before the proxy's own entry was written by the client.
    assert_eq!(from("198.51.100.9, 203.0.113.1").await, 429);
}
