//! Bad input gets a clear 4xx: never a 5xx, never a hang.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::caller::text;
use crate::harness::{Caller, Reply, Server, leftovers};

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
    let before = leftovers::rows(server.folder()).await;
    let statuses = "/api/v1/statuses";
    check(
        &ada,
        vec![
            case(
                "POST",
                statuses,
                Body::Raw("application/json", b"{\"status\": ".to_vec()),
                &[400, 422],
                "",
            ),
            case(
                "POST",
                statuses,
                Body::Raw("application/json", b"\xff\xfe".to_vec()),
                &[400, 422],
                "",
            ),
            case(
                "POST",
                statuses,
                Body::Raw("application/json", b"[]".to_vec()),
                &[400, 422],
                "",
            ),
            case(
                "POST",
                statuses,
                Body::Raw("application/json", b"\"words\"".to_vec()),
                &[400, 422],
                "",
            ),
            case(
                "POST",
                statuses,
                Body::Raw("text/plain", b"status=hello".to_vec()),
                &[400, 415, 422],
                "",
            ),
            case(
                "POST",
                statuses,
                Body::Raw("application/json", deep_json()),
                &[400, 422],
                "",
            ),
            case(
                "POST",
                statuses,
                Body::Json(json!({"status": {"text": "x"}})),
                &[400, 422],
                "status",
            ),
            case(
                "POST",
                statuses,
                Body::Json(json!({"status": null})),
                &[422],
                "",
            ),
            case(
                "POST",
                statuses,
                Body::Json(json!({"status": "x", "visibility": "loud"})),
                &[422],
                "visibility",
            ),
            case(
                "POST",
                statuses,
                Body::Json(json!({"status": "x", "media_ids": "no list"})),
                &[400, 404, 422],
                "",
            ),
            case(
                "POST",
                statuses,
                Body::Json(json!({"status": "x", "in_reply_to_id": "9"})),
                &[404, 422],
                "",
            ),
            case(
                "POST",
                statuses,
                Body::Json(json!({"status": "x".repeat(50_000)})),
                &[422],
                "character",
            ),
            case(
                "GET",
                "/api/v1/timelines/home?limit=many",
                Body::None,
                &[400, 422],
                "limit",
            ),
            case(
                "GET",
                "/api/v1/timelines/home?limit=-1",
                Body::None,
                &[400, 422],
                "limit",
            ),
            case(
                "GET",
                "/api/v1/timelines/home?max_id=x",
                Body::None,
                &[400, 422],
                "max_id",
            ),
            case(
                "GET",
                "/api/v1/timelines/public?min_id=99999999999999999999999",
                Body::None,
                &[400, 422],
                "min_id",
            ),
            case(
                "PATCH",
                "/api/v1/accounts/update_credentials",
                Body::Json(json!({"display_name": "x".repeat(5_000)})),
                &[422],
                "",
            ),
            case(
                "PATCH",
                "/api/v1/accounts/update_credentials",
                Body::Json(json!({"note": "x".repeat(500_000)})),
                &[413, 422],
                "",
            ),
            case("POST", "/api/v1/apps", Body::Json(json!({})), &[422], ""),
            case(
                "POST",
                "/api/v1/apps",
                Body::Json(json!({"client_name": "x", "redirect_uris": "no uri"})),
                &[422],
                "redirect",
            ),
            case(
                "POST",
                "/api/v1/apps",
                Body::Json(json!({"client_name": "x", "redirect_uris": "javascript:alert(1)"})),
                &[422],
                "redirect",
            ),
            case(
                "POST",
                "/api/v1/apps",
                Body::Json(
                    json!({"client_name": "x", "redirect_uris": "a://b", "scopes": "everything"}),
                ),
                &[422],
                "scope",
            ),
            case("GET", "/api/v1/no/such/thing", Body::None, &[404], ""),
            case("GET", "/api/v9/instance", Body::None, &[404], ""),
            case("PUT", "/api/v1/timelines/home", Body::None, &[404, 405], ""),
        ],
    )
    .await;
    let mut after = leftovers::rows(server.folder()).await;
    after.retain(|table, count| before.get(table) != Some(count));
    assert!(after.is_empty(), "something was left behind: {after:?}");
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

/// Every route of the server's own document, with its path's parameters filled in.
async fn routes(server: &Server, parameter: &str) -> Vec<(Method, String, Value)> {
    let document = server.anyone().get("/api/openapi.json").await.expect(200);
    assert_eq!(text(&document, "/openapi"), "3.1.0");
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let filled: Vec<String> = path
            .split('/')
            .map(|part| {
                if part.starts_with('{') {
                    parameter.to_owned()
                } else {
                    part.to_owned()
                }
            })
            .collect();
        for (method, operation) in methods.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            routes.push((method, filled.join("/"), operation.clone()));
        }
    }
    assert!(
        routes.len() >= 30,
        "only {} routes are described",
        routes.len()
    );
    routes
}

fn is_open(operation: &Value) -> bool {
    operation["security"]
        .as_array()
        .is_none_or(|ways| ways.is_empty() || ways.contains(&json!({})))
}

#[tokio::test]
async fn every_route_is_closed_to_whom_it_is_not_open() {
    let server = Server::start().await;
    let anyone = server.anyone();
    let as_nobody = anyone.bearing("made-up");
    for (method, path, operation) in routes(&server, "1").await {
        let reply = anyone.send(anyone.request(method.clone(), &path)).await;
        let allowed: &[u16] = if is_open(&operation) {
            &[200, 400, 401, 403, 404, 422]
        } else {
            &[401]
        };
        assert!(
            allowed.contains(&reply.status),
            "without a token: {}",
            reply.describe()
        );
        if path.starts_with("/oauth")
            || path == "/api/openapi.json"
            || path.starts_with("/.well-known")
        {
            continue;
        }
        let reply = as_nobody.send(as_nobody.request(method, &path)).await;
        assert!(
            [401, 404].contains(&reply.status) || is_open(&operation),
            "made-up token: {}",
            reply.describe()
        );
        assert!(reply.status < 500, "{}", reply.describe());
    }
}

#[tokio::test]
async fn no_route_breaks_on_nonsense() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let bodies: [(&str, Vec<u8>); 6] = [
        ("application/json", b"{".to_vec()),
        (
            "application/json",
            b"{\"id\":[{\"a\":null}],\"status\":{},\"limit\":\"x\",\"media_ids\":{}}".to_vec(),
        ),
        (
            "application/x-www-form-urlencoded",
            b"status=%ff&media_ids[]=&focus=,&=&a[b][c]=1".to_vec(),
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nnonsense".to_vec(),
        ),
        ("multipart/form-data", b"no boundary".to_vec()),
        ("nonsense", vec![0; 64]),
    ];
    for parameter in ["1", "x", "%ff"] {
        for (method, path, _) in routes(&server, parameter).await {
            let queries = [
                "",
                "?limit=x&max_id=%ff&only_media=perhaps&id[]=x&id[]=&acct=%00",
            ];
            for query in queries {
                for (kind, body) in &bodies {
                    let path = format!("{path}{query}");
                    // Signing oneself out in the middle would make the rest easy.
                    if path.contains("/oauth/revoke") {
                        continue;
                    }
                    let request = ada
                        .request(method.clone(), &path)
                        .header("content-type", *kind)
                        .body(body.clone());
                    let reply = ada.send(request).await;
                    assert!(reply.status < 500, "{kind}: {}", reply.describe());
                    if method == Method::GET {
                        break;
                    }
                }
            }
        }
    }
    ada.say("still here").await;
}
