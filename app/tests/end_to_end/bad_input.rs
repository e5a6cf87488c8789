//! Bad input gets a clear 4xx: never a 5xx, never a hang.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Caller, Reply, Server};

/// One wrong request and what must come of it.
struct Case {
    method: &'static str,
    path: String,
    body: Body,
    status: &'static [u16],
    /// A word of the sentence that says what is wrong.
    word: &'static str,
}

enum Body {
    None,
    Json(Value),
    Raw(&'static str, Vec<u8>),
}

fn case(
    method: &'static str,
    path: impl Into<String>,
    body: Body,
    status: &'static [u16],
    word: &'static str,
) -> Case {
    Case {
        method,
        path: path.into(),
        body,
        status,
        word,
    }
}

async fn ask(caller: &Caller, case: &Case) -> Reply {
    let method: Method = case.method.parse().unwrap();
    let request = caller.request(method, &case.path);
    let request = match &case.body {
        Body::None => request,
        Body::Json(value) => request.json(value),
        Body::Raw(kind, bytes) => request.header("content-type", *kind).body(bytes.clone()),
    };
    caller.send(request).await
}

async fn check(caller: &Caller, cases: Vec<Case>) {
    for case in cases {
        let reply = ask(caller, &case).await;
        assert!(
            case.status.contains(&reply.status),
            "wanted {:?}: {}",
            case.status,
            reply.describe()
        );
        let said = reply.refusal().to_lowercase();
        assert!(
            said.contains(case.word),
            "`{}` is not in: {}",
            case.word,
            reply.describe()
        );
    }
}

#[tokio::test]
async fn wrong_values_are_named() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let before = server.rows();
    check(&ada, broken_bodies()).await;
    check(&ada, wrong_posts()).await;
    check(&ada, wrong_queries()).await;
    check(&ada, wrong_profiles_and_apps()).await;
    let mut after = server.rows();
    after.retain(|table, count| before.get(table) != Some(count));
    assert!(after.is_empty(), "something was left behind: {after:?}");
}

fn broken_bodies() -> Vec<Case> {
    let post = |kind, bytes: &[u8]| {
        let body = Body::Raw(kind, bytes.to_vec());
        case("POST", "/api/v1/statuses", body, &[400, 415, 422], "")
    };
    vec![
        post("application/json", b"{\"status\": "),
        post("application/json", b"\xff\xfe"),
        post("application/json", b"[]"),
        post("application/json", b"\"words\""),
        post("application/json", &deep_json()),
        post("text/plain", b"status=hello"),
    ]
}

fn wrong_posts() -> Vec<Case> {
    let post = |body, word| {
        case(
            "POST",
            "/api/v1/statuses",
            Body::Json(body),
            &[400, 404, 422],
            word,
        )
    };
    vec![
        post(json!({"status": {"text": "x"}}), "status"),
        post(json!({"status": null}), ""),
        post(json!({"status": "x", "visibility": "loud"}), "visibility"),
        post(json!({"status": "x", "media_ids": "no list"}), ""),
        post(json!({"status": "x", "media_ids": [{}]}), "media_ids"),
        post(json!({"status": "x", "sensitive": "perhaps"}), "sensitive"),
        post(json!({"status": "x", "in_reply_to_id": "9"}), ""),
        post(json!({"status": "x".repeat(50_000)}), "character"),
    ]
}

fn wrong_queries() -> Vec<Case> {
    let missing = |method, path| case(method, path, Body::None, &[404, 405], "");
    vec![
        missing("GET", "/api/v1/no/such/thing"),
        missing("GET", "/api/v9/instance"),
        missing("PUT", "/api/v1/timelines/home"),
        case(
            "GET",
            "/api/v1/streaming/no/such",
            Body::None,
            &[400],
            "unknown stream",
        ),
        case(
            "GET",
            "/api/v1/streaming/hashtag",
            Body::None,
            &[400],
            "tag",
        ),
        case(
            "GET",
            "/api/v1/timelines/public?only_media=perhaps",
            Body::None,
            &[422],
            "only_media",
        ),
        case(
            "GET",
            "/api/v1/timelines/home?limit[a]=1",
            Body::None,
            &[422],
            "limit",
        ),
    ]
}

fn wrong_profiles_and_apps() -> Vec<Case> {
    let profile = |body| {
        let path = "/api/v1/accounts/update_credentials";
        case("PATCH", path, Body::Json(body), &[413, 422], "")
    };
    let app = |body, word| case("POST", "/api/v1/apps", Body::Json(body), &[422], word);
    vec![
        profile(json!({"display_name": "x".repeat(5_000)})),
        profile(json!({"note": "x".repeat(500_000)})),
        app(json!({}), ""),
        app(
            json!({"client_name": "x", "redirect_uris": "no uri"}),
            "redirect",
        ),
        app(
            json!({"client_name": "x", "redirect_uris": "javascript:alert(1)"}),
            "redirect",
        ),
        app(
            json!({"client_name": "x", "redirect_uris": vec!["a".repeat(1_000) + "://b"; 4]}),
            "redirect_uris",
        ),
        app(
            json!({"client_name": "x", "redirect_uris": "a://b", "scopes": "everything"}),
            "scope",
        ),
    ]
}

fn deep_json() -> Vec<u8> {
    let mut deep = b"{\"status\":".to_vec();
    deep.extend(std::iter::repeat_n(b'[', 100_000));
    deep
}

#[tokio::test]
async fn ids_that_are_none_and_ids_of_nothing() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    for id in [
        "1",
        "0",
        "-1",
        "x",
        "9223372036854775807",
        "99999999999999999999",
        "%00",
        "%ff",
        "1%2F2",
        "🙂",
    ] {
        for (method, path) in [
            ("GET", format!("/api/v1/statuses/{id}")),
            ("GET", format!("/api/v1/statuses/{id}/context")),
            ("DELETE", format!("/api/v1/statuses/{id}")),
            ("GET", format!("/api/v1/accounts/{id}")),
            ("GET", format!("/api/v1/accounts/{id}/statuses")),
            ("GET", format!("/api/v1/accounts/{id}/followers")),
            ("POST", format!("/api/v1/accounts/{id}/follow")),
            ("GET", format!("/api/v1/media/{id}")),
            ("GET", format!("/@nobody/{id}")),
        ] {
            let reply = ask(&ada, &case(method, path, Body::None, &[], "")).await;
            assert!(
                [400, 404, 422].contains(&reply.status),
                "{}",
                reply.describe()
            );
        }
    }
    let many = (1..2_000)
        .map(|id| format!("id[]={id}"))
        .collect::<Vec<_>>()
        .join("&");
    let reply = ada
        .get(&format!("/api/v1/accounts/relationships?{many}"))
        .await;
    assert!(reply.status < 500, "{}", reply.describe());
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    for path in [
        "/api/v1/instance/",
        "/api/v1/timelines/home/?limit=3",
        "/@ada/",
        "/about/",
    ] {
        let reply = ada.get(path).await;
        assert_eq!(reply.status, 200, "{}", reply.describe());
    }
    ada.get("/api/v1/nothing/").await.refused(404);
}

#[tokio::test]
async fn huge_bodies_are_refused_without_being_read() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let huge = json!({"status": "x".repeat(8_000_000)});
    for (path, status) in [("/api/v1/statuses", 413), ("/api/v1/apps", 413)] {
        let request = ada.request(Method::POST, path).json(&huge);
        // The line may be cut before the whole body is sent; a reply, if there is one, says why.
        if let Some(reply) = ada.try_send(request).await {
            reply.refused(status);
        }
    }
    let long = format!("/api/v1/accounts/lookup?acct={}", "x".repeat(200_000));
    if let Some(reply) = ada.try_send(ada.request(Method::GET, &long)).await {
        assert!((400..500).contains(&reply.status), "{}", reply.describe());
    }
    ada.say("still here").await;
}

#[tokio::test]
async fn tokens_that_are_none() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let anyone = server.anyone();
    let get = |value: Vec<u8>| {
        let value = reqwest::header::HeaderValue::from_bytes(&value).unwrap();
        anyone
            .request(Method::GET, "/api/v1/timelines/home")
            .header("authorization", value)
    };
    let good = ada.token();
    let long = "x".repeat(6_000);
    for value in [
        b"Bearer ".to_vec(),
        b"Bearer wrong".to_vec(),
        format!("Bearer {good}x").into_bytes(),
        format!("Bearer {}", &good[..good.len() - 1]).into_bytes(),
        format!("Basic {good}").into_bytes(),
        good.as_bytes().to_vec(),
        b"Bearer \xff\xfe".to_vec(),
        format!("Bearer {long}").into_bytes(),
    ] {
        anyone.send(get(value)).await.refused(401);
    }
    // A token in the address would be written to logs on the way: it is not looked at.
    anyone
        .get(&format!("/api/v1/timelines/home?access_token={good}"))
        .await
        .refused(401);
    anyone.get("/api/v1/timelines/home").await.refused(401);
}
