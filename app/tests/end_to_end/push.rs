//! Pushes: to whom they are to go, encrypted and signed, and to nobody else.

mod device;
mod service;

use serde_json::{Value, json};

use self::device::{Device, claims, unbase64};
use self::service::{NEVER, PushService};
use crate::harness::caller::text;
use crate::harness::person::{App, OUT_OF_BAND, SCOPES, sign_up};
use crate::harness::{Caller, Person, Server, eventually};

const PATH: &str = "/api/v1/push/subscription";
/// The push services of these tests are on this machine.
const AT_HOME: (&str, &str) = ("HELIOGRAPH_OUTBOUND__ALLOW_PRIVATE_ADDRESSES", "true");

async fn subscribe(
    caller: &Caller,
    device: &Device,
    endpoint: &str,
    standard: bool,
    alerts: &[&str],
) -> Value {
    let subscription = device.subscription(endpoint, standard, alerts);
    caller.post(PATH, &subscription).await.expect(200)
}

#[tokio::test]
async fn what_one_is_told_reaches_ones_device_and_only_it_can_read_it() {
    let server = Server::with(&[
        AT_HOME,
        ("HELIOGRAPH_INSTANCE__CONTACT_EMAIL", "ops@photos.example"),
    ])
    .await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let instance = server.anyone().get("/api/v2/instance").await.expect(200);
    let server_key = text(&instance, "/configuration/vapid/public_key");
    let (device, service) = (Device::new(), PushService::start(201).await);
    for (standard, path) in [(true, "standard"), (false, "draft")] {
        let subscribed = subscribe(&ada, &device, &service.url(path), standard, &["mention"]).await;
        assert_eq!(subscribed["server_key"], *server_key);
        let before = service.all().len();
        let post = json!({"status": "@ada look at the lake", "spoiler_text": path});
        bob.publish(&post).await;
        let push = service.got(before + 1).await.remove(before);
        assert_eq!(push.path, format!("/{path}"));
        let notification = ada
            .get("/api/v1/notifications?limit=1")
            .await
            .list()
            .remove(0);
        let said = device.read(&push);
        assert_eq!(
            said["notification_id"].to_string(),
            text(&notification, "/id")
        );
        assert_eq!(said["icon"], notification["account"]["avatar"]);
        assert_eq!(
            (
                &said["notification_type"],
                &said["title"],
                &said["body"],
                &said["access_token"]
            ),
            (
                &json!("mention"),
                &json!("bob mentioned you"),
                &json!(path),
                &json!("")
            )
        );
        assert_eq!(
            (push.header("ttl"), push.header("urgency")),
            ("86400", "normal")
        );
        let (token, key) = token_of(&push);
        assert_eq!(unbase64(&key), unbase64(&server_key));
        let claims = claims(&token, &server_key);
        assert_eq!(claims["aud"], service.url("").trim_end_matches('/'));
        assert_eq!(claims["sub"], "mailto:ops@photos.example");
        let until = claims["exp"].as_i64().unwrap() - jiff::Timestamp::now().as_second();
        assert!((1..=24 * 60 * 60).contains(&until), "{until}");
    }
}

/// The server's signed word and its key, in the headers that go with the encoding.
fn token_of(push: &service::Received) -> (String, String) {
    let authorization = push.header("authorization");
    if let Some(parts) = authorization.strip_prefix("vapid t=") {
        let (token, key) = parts.split_once(", k=").unwrap();
        return (token.to_owned(), key.to_owned());
    }
    let token = authorization.strip_prefix("WebPush ").unwrap();
    let (_, key) = push.header("crypto-key").split_once("p256ecdsa=").unwrap();
    (token.to_owned(), key.to_owned())
}

#[tokio::test]
async fn a_subscription_is_made_shown_changed_and_ended() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    ada.get(PATH).await.refused(404);
    ada.put(PATH, &json!({"data": {"policy": "none"}}))
        .await
        .refused(404);
    let device = Device::new();
    let asked = device.subscription("https://push.example/ada", false, &[]);
    let fields = [
        ("subscription[endpoint]", "https://push.example/ada"),
        (
            "subscription[keys][p256dh]",
            asked["subscription"]["keys"]["p256dh"].as_str().unwrap(),
        ),
        (
            "subscription[keys][auth]",
            asked["subscription"]["keys"]["auth"].as_str().unwrap(),
        ),
        ("data[alerts][mention]", "true"),
        ("data[alerts][admin.report]", "1"),
        ("data[alerts][follow]", "false"),
        ("data[policy]", "followed"),
    ];
    let made = ada.form(PATH, &fields).await.expect(200);
    let alerts = |on: &[&str]| {
        let names = "mention status reblog follow follow_request favourite poll update admin.sign_up admin.report";
        let names = names
            .split(' ')
            .map(|name| (name.to_owned(), json!(on.contains(&name))));
        Value::Object(names.collect())
    };
    assert_eq!(made["alerts"], alerts(&["mention", "admin.report"]));
    assert_eq!(made["policy"], "followed");
    assert_eq!(
        (&made["standard"], &made["endpoint"]),
        (&json!(false), &json!("https://push.example/ada"))
    );
    assert_eq!(ada.get(PATH).await.expect(200), made);
    let change = json!({"data": {"alerts": {"favourite": true}, "policy": "all"}});
    let changed = ada.put(PATH, &change).await.expect(200);
    assert_eq!(
        (&changed["id"], &changed["policy"]),
        (&made["id"], &json!("all"))
    );
    assert_eq!(changed["alerts"], alerts(&["favourite"]));
    // Another takes its place.
    let other = subscribe(&ada, &device, "https://push.example/other", true, &[]).await;
    assert_ne!(other["id"], made["id"]);
    assert_eq!(ada.get(PATH).await.expect(200), other);
    assert_eq!(ada.delete(PATH).await.expect(200), json!({}));
    ada.get(PATH).await.refused(404);
    ada.delete(PATH).await.expect(200);
    let without = server.person_with_scopes("bob", "read write follow").await;
    without.get(PATH).await.refused(403);
    without.post(PATH, &asked).await.refused(403);
}

#[tokio::test]
async fn private_addresses_and_broken_keys_are_refused() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let device = Device::new();
    for endpoint in [
        "",
        "push.example",
        "http://push.example/",
        "https://127.0.0.1/",
        "https://localhost:8080/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://0x7f000001/",
        "https://ada:secret@push.example/",
    ] {
        let reply = ada
            .post(PATH, &device.subscription(endpoint, true, &["mention"]))
            .await;
        let refusal = reply.refused(422);
        assert!(
            refusal.starts_with("Validation failed: Endpoint "),
            "{endpoint}: {refusal}"
        );
    }
    let broken = |field: &str, value: Value| {
        let mut asked = device.subscription("https://push.example/", true, &[]);
        asked["subscription"]["keys"][field] = value;
        asked
    };
    for (field, value, name) in [
        ("p256dh", json!("AAAA"), "Key p256dh is invalid"),
        ("p256dh", json!("B".repeat(87)), "Key p256dh is invalid"),
        ("p256dh", Value::Null, "Key p256dh can't be blank"),
        ("auth", json!("AAAA"), "Key auth is invalid"),
        ("auth", json!(""), "Key auth can't be blank"),
    ] {
        let refusal = ada.post(PATH, &broken(field, value)).await.refused(422);
        assert!(
            refusal.starts_with(&format!("Validation failed: {name}")),
            "{refusal}"
        );
    }
    let mut asked = device.subscription("https://push.example/", true, &[]);
    asked["data"]["policy"] = json!("some");
    ada.post(PATH, &asked).await.refused(422);
    ada.post(PATH, &json!({})).await.refused(422);
    ada.get(PATH).await.refused(404);
}

/// Mentions somebody and waits until their device was told of it: what was due before has been
/// looked at.
async fn flush(by: &Person, of: &Person, service: &PushService, device: &Device) {
    let words = format!("still there, {}?", service.all().len());
    by.say(&format!("@{} {words}", of.username)).await;
    eventually("what was due to be looked at", async || {
        let all = service.all();
        let said = |push| text(&device.read(push), "/body");
        all.iter()
            .any(|push| said(push).ends_with(&words))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_not_wanted_or_not_to_be_seen_is_not_sent() {
    let server = Server::with(&[AT_HOME]).await;
    let ada = server.person("ada").await;
    let (bob, eve) = (server.person("bob").await, server.person("eve").await);
    let (device, service) = (Device::new(), PushService::start(201).await);
    let alerts = ["mention", "favourite"];
    subscribe(&ada, &device, &service.url("ada"), true, &alerts).await;
    // Not wanted.
    bob.follow(&ada).await;
    // Not to be seen: by somebody who is muted, and of a post that is gone.
    ada.post(&format!("/api/v1/accounts/{}/mute", eve.id), &json!({}))
        .await
        .expect(200);
    eve.say("@ada psst").await;
    flush(&bob, &ada, &service, &device).await;
    // Nobody whom she does not follow.
    ada.put(PATH, &json!({"data": {"policy": "followed"}}))
        .await
        .expect(200);
    let zoe = server.person("zoe").await;
    zoe.say("@ada hello").await;
    ada.follow(&bob).await;
    flush(&bob, &ada, &service, &device).await;
    flush(&bob, &ada, &service, &device).await;
    let titles: Vec<_> = service
        .all()
        .iter()
        .map(|push| text(&device.read(push), "/title"))
        .collect();
    assert_eq!(titles, ["bob mentioned you"; 3]);
}

#[tokio::test]
async fn a_push_service_that_knows_it_no_more_ends_a_subscription() {
    let server = Server::with(&[AT_HOME]).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let service = PushService::start(410).await;
    subscribe(
        &ada,
        &Device::new(),
        &service.url("ada"),
        true,
        &["mention"],
    )
    .await;
    bob.say("@ada hello").await;
    eventually("the subscription to end", async || {
        (ada.get(PATH).await.status == 404).then_some(())
    })
    .await;
    assert_eq!(service.all().len(), 1);
}

#[tokio::test]
async fn a_slow_push_service_holds_nobody_else() {
    let server = Server::with(&[AT_HOME]).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let (slow, quick) = (
        PushService::start(NEVER).await,
        PushService::start(201).await,
    );
    let device = Device::new();
    subscribe(&ada, &device, &slow.url("ada"), true, &["mention"]).await;
    // Another host, of the same machine.
    let elsewhere = format!("http://localhost:{}/bob", quick.port);
    subscribe(&bob, &device, &elsewhere, true, &["mention"]).await;
    for number in 0..20 {
        bob.say(&format!("@ada {number}")).await;
    }
    slow.got(8).await;
    ada.say("@bob hello").await;
    let push = quick.got(1).await.remove(0);
    assert_eq!(device.read(&push)["title"], "ada mentioned you");
}

#[tokio::test]
async fn what_was_acknowledged_is_sent_after_a_kill() {
    let mut server = Server::with(&[AT_HOME]).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let (device, service) = (Device::new(), PushService::start(503).await);
    subscribe(&ada, &device, &service.url("ada"), true, &["mention"]).await;
    bob.say("@ada hello").await;
    server.kill();
    service.reply_with(201);
    let before = service.all().len();
    server.start_again().await;
    let push = service.got(before + 1).await.remove(before);
    assert_eq!(device.read(&push)["body"], "@ada hello");
}

#[tokio::test]
async fn a_revoked_token_gets_nothing() {
    let server = Server::with(&[AT_HOME]).await;
    let (bob, eve) = (server.person("bob").await, server.person("eve").await);
    let app = App::register(&server, SCOPES, OUT_OF_BAND).await;
    let as_app = app.token(SCOPES).await;
    let token = sign_up(&as_app, "ada").await.expect(200);
    let token = text(&token, "/access_token");
    let ada = Person::bearing(as_app.bearing(&token)).await;
    let (device, service) = (Device::new(), PushService::start(201).await);
    subscribe(&ada, &device, &service.url("ada"), true, &["mention"]).await;
    subscribe(&bob, &device, &service.url("bob"), true, &["mention"]).await;
    eve.say("@ada hello").await;
    service.got(1).await;
    let revoke = [
        ("client_id", &*app.client_id),
        ("client_secret", &*app.client_secret),
        ("token", &*token),
    ];
    server
        .anyone()
        .form("/oauth/revoke", &revoke)
        .await
        .expect(200);
    eve.say("@ada are you there?").await;
    for _ in 0..2 {
        flush(&eve, &bob, &service, &device).await;
    }
    let paths: Vec<_> = service.all().into_iter().map(|push| push.path).collect();
    assert_eq!(paths, ["/ada", "/bob", "/bob"]);
}
