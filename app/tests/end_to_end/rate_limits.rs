//! Limits by address and by account.

use serde_json::json;

use crate::harness::caller::Caller;
use crate::harness::person::{App, OUT_OF_BAND, PASSWORD, SCOPES, sign_up};
use crate::harness::{Reply, Server, WebSession, eventually};

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
    // Even the right password: anyone who guesses must not learn that it was.
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
async fn a_proxy_that_is_not_listed_is_published_once() {
    let server = Server::start().await;
    let anyone = server.anyone();
    anyone.get("/api/v1/instance").await.expect(200);
    assert!(!server.said().contains("trusted_proxies"));
    for _ in 0..3 {
        let request = anyone
            .request(reqwest::Method::GET, "/api/v1/instance")
            .header("x-forwarded-for", "203.0.113.77");
        anyone.send(request).await.expect(200);
    }
    let told = eventually("a warning", async || {
        let said = server.said();
        said.contains("trusted_proxies").then_some(said)
    })
    .await;
    assert!(told.contains("peer=127.0.0.1"), "{told}");
    assert_eq!(told.matches("not in trusted_proxies").count(), 1, "{told}");
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
async fn a_proxy_that_is_trusted_reports_the_address() {
    let settings = [
        ("HELIOGRAPH_TRUSTED_PROXIES", "127.0.0.0/8, fd00::/8"),
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
    // However the proxy writes it.
    assert_eq!(from("203.0.113.1:40001").await, 429);
    assert_eq!(from("203.0.113.3:40001").await, 200);
    assert_eq!(from("203.0.113.3:40002").await, 429);
    assert_eq!(from("[2001:db8::1]:40001").await, 200);
    assert_eq!(from("2001:db8::1").await, 429);
}

/// What a response says is left: the limit, how many, and until when.
fn rate_headers(reply: &Reply) -> (u32, u32, jiff::Timestamp) {
    let header = |name| reply.header(name).to_owned();
    let number = |name| {
        let text = header(name);
        let number = text.parse::<u32>();
        number.unwrap_or_else(|_| panic!("{name} is `{text}`: {}", reply.describe()))
    };
    let reset = header("x-ratelimit-reset");
    (
        number("x-ratelimit-limit"),
        number("x-ratelimit-remaining"),
        reset
            .parse()
            .unwrap_or_else(|_| panic!("`{reset}`: {}", reply.describe())),
    )
}

#[tokio::test]
async fn every_response_of_the_api_says_what_is_left() {
    let defaults = [
        ("HELIOGRAPH_LIMITS__WRITES_PER_ACCOUNT_MAX", "300"),
        ("HELIOGRAPH_LIMITS__READS_PER_ACCOUNT_MAX", "3000"),
        ("HELIOGRAPH_LIMITS__REQUESTS_PER_ADDRESS_MAX", "1500"),
    ];
    let server = Server::with(&defaults).await;
    let ada = server.person("ada").await;
    let (anyone, nobody) = (server.anyone(), server.anyone().bearing("made-up"));
    let (home, statuses) = ("/api/v1/timelines/home", "/api/v1/statuses");
    let broken = json!({"media_ids": {"a": 1}});
    let replies = [
        (200, 3_000, ada.get(home).await),
        (404, 3_000, ada.get("/api/v1/statuses/1").await),
        (200, 300, ada.post(statuses, &json!({"status": "x"})).await),
        (422, 300, ada.post(statuses, &broken).await),
        (404, 300, ada.delete("/api/v1/statuses/1").await),
        (200, 1_500, anyone.get("/api/v2/instance").await),
        (200, 1_500, anyone.get("/api/openapi.json").await),
        (200, 1_500, anyone.get("/nodeinfo/2.0").await),
        (401, 1_500, anyone.get(home).await),
        (401, 1_500, nobody.get(home).await),
        (404, 1_500, anyone.get("/api/v1/nothing").await),
        (405, 1_500, anyone.delete("/api/v2/instance").await),
        (
            401,
            1_500,
            anyone
                .post(
                    "/oauth/token",
                    &json!({"grant_type": "client_credentials", "client_id": "1"}),
                )
                .await,
        ),
    ];
    for (status, limit, reply) in replies {
        assert_eq!(reply.status, status, "{}", reply.describe());
        let (reported_limit, remaining, _) = rate_headers(&reply);
        assert_eq!(reported_limit, limit, "{}", reply.describe());
        assert!(remaining < limit, "{}", reply.describe());
    }
    // A photo's address and a page are no call.
    for path in ["/", "/media/nothing.jpg"] {
        assert_eq!(anyone.get(path).await.header("x-ratelimit-limit"), "");
    }
}

#[tokio::test]
async fn an_account_has_one_limit_on_changes_in_apps_and_on_the_page() {
    let settings = [
        ("HELIOGRAPH_LIMITS__WRITES_PER_ACCOUNT_MAX", "4"),
        ("HELIOGRAPH_LIMITS__WRITES_WINDOW_S", "4000"),
    ];
    let server = Server::with(&settings).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let web = server.web();
    web.sign_in("ada", PASSWORD).await;
    let (follow, leave) = (
        web.form("/@bob", "/@bob/follow").await,
        web.form("/", "/logout").await,
    );
    for left in [3, 2, 1] {
        let reply = ada.post("/api/v1/statuses", &json!({"status": "x"})).await;
        reply.expect(200);
        assert_eq!((rate_headers(&reply).0, rate_headers(&reply).1), (4, left));
    }
    let reply = web.submit(&follow).await;
    assert!((300..400).contains(&reply.status), "{}", reply.describe());

    let reply = ada.post("/api/v1/statuses", &json!({"status": "y"})).await;
    assert!(is_limited(&reply), "{}", reply.describe());
    assert!(
        reply.refusal().contains("4 things in"),
        "{}",
        reply.describe()
    );
    assert_eq!(rate_headers(&reply).1, 0);
    let page = web.submit(&follow).await;
    assert!(is_limited(&page), "{}", page.describe());
    assert!(page.text().contains("A little slower, please"));
    // Neither reading nor others nor leaving is held back, and what was refused was not done.
    let own = format!("/api/v1/accounts/{}/statuses", ada.id);
    assert_eq!(ada.get(&own).await.list().len(), 3);
    bob.say("z").await;
    let reply = web.submit(&leave).await;
    assert_eq!(reply.status, 303, "{}", reply.describe());
    assert!(!web.is_signed_in().await);
}

#[tokio::test]
async fn an_upload_in_parts_is_one_change_however_many_parts() {
    let settings = [
        ("HELIOGRAPH_LIMITS__WRITES_PER_ACCOUNT_MAX", "1"),
        ("HELIOGRAPH_LIMITS__READS_PER_ACCOUNT_MAX", "3000"),
        ("HELIOGRAPH_LIMITS__WRITES_WINDOW_S", "4000"),
    ];
    let server = Server::with(&settings).await;
    let ada = server.person("ada").await;
    let picture = testing_kit::charts::corners(120, 90);
    let bytes = testing_kit::jpeg::encode(&picture, 80);
    let begin = ada
        .request(reqwest::Method::POST, "/api/v1/media/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", bytes.len());
    let begun = ada.send(begin).await;
    assert_eq!(begun.status, 201, "{}", begun.describe());
    let address = begun.header("location").to_owned();
    for (index, part) in bytes.chunks(bytes.len().div_ceil(5)).enumerate() {
        let offset = index * bytes.len().div_ceil(5);
        let request = ada
            .request(reqwest::Method::PATCH, &address)
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .body(part.to_vec());
        let reply = ada.send(request).await;
        assert_eq!(reply.status, 204, "{}", reply.describe());
        assert_eq!(rate_headers(&reply).0, 3_000);
    }
    let reply = ada.post("/api/v1/statuses", &json!({"status": "x"})).await;
    assert!(is_limited(&reply), "{}", reply.describe());
}

#[tokio::test]
async fn without_an_account_a_network_has_a_limit() {
    let settings = [
        ("HELIOGRAPH_TRUSTED_PROXIES", "127.0.0.1"),
        ("HELIOGRAPH_LIMITS__REQUESTS_PER_ADDRESS_MAX", "4"),
        ("HELIOGRAPH_LIMITS__READS_WINDOW_S", "4000"),
    ];
    let server = Server::with(&settings).await;
    let anyone = server.anyone();
    let from = async |caller: &Caller, address: &str| {
        let request = caller
            .request(reqwest::Method::GET, "/api/v1/instance")
            .header("x-forwarded-for", address);
        caller.send(request).await
    };
    let mut taken = 0;
    for number in 0..10 {
        // A wrong token is no way round it.
        let caller = match number % 2 {
            0 => anyone.clone(),
            _ => anyone.bearing(&format!("made-up-{number}")),
        };
        let reply = from(&caller, &format!("2001:db8:7:7::{number:x}")).await;
        taken += usize::from(!is_limited(&reply));
    }
    assert_eq!(taken, 4);
    assert_eq!(from(&anyone, "2001:db8:7:8::1").await.status, 200);
    assert_eq!(from(&anyone, "203.0.113.9").await.status, 200);
}
