//! Every route of the server's own document, against whom it is not open to and against nonsense.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::caller::text;

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
            &[200, 204, 400, 401, 403, 404, 422]
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
