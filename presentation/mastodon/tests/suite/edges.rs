//! What holds for every route: who is let in, the response where there is nothing, and the headers.

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_token_is_asked_for_and_its_scope_checked() {
    let client = World::new().client();
    let response = client.get("", "/api/v1/timelines/home").await;
    assert!(response.error(401).contains("access token"));
    assert_eq!(response.header(header::WWW_AUTHENTICATE), "Bearer");
    client
        .get("stolen", "/api/v1/timelines/home")
        .await
        .error(401);
    client
        .get("stolen", "/api/v1/timelines/public")
        .await
        .error(401);
    client.get("app", "/api/v1/timelines/home").await.error(401);
    let response = client
        .post_form("ada-reads", "/api/v1/statuses", "status=hi")
        .await;
    assert!(response.error(403).contains("write:statuses"));
    client
        .get("ada-reads", "/api/v1/timelines/home")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_token_shows_posts_only_when_it_may_read_them() {
    let client = World::new().client();
    for path in [
        "/api/v1/statuses/7",
        "/api/v1/statuses?id[]=7",
        "/api/v1/statuses/7/context",
        "/api/v1/accounts/7/statuses",
        "/api/v1/timelines/public",
    ] {
        let response = client.get("ada-uploads", path).await;
        assert!(response.error(403).contains("read:statuses"), "{path}");
    }
    let profile = client.get("ada-uploads", "/api/v2/instance").await;
    profile.expect(200);
}

#[tokio::test]
async fn where_there_is_nothing_the_response_is_json() {
    let client = World::new().client();
    for path in ["/api/v2/x", "/api/v9/x/y", "/api/v1/accounts/7/x"] {
        client.get("ada", path).await.error(404);
    }
    for path in [
        "/api/v1/statuses/x",
        "/api/v1/accounts/0",
        "/api/v1/media/-1",
    ] {
        client.get("ada", path).await.error(404);
    }
    let response = client.delete("ada", "/api/v1/timelines/home").await;
    response.error(405);
    assert!(response.header(header::ALLOW).contains("GET"));
}

#[tokio::test]
async fn scripts_of_other_sites_may_call() {
    let client = World::new().client();
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri("/api/v1/statuses")
        .header(header::ORIGIN, "https://app.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .body(Body::empty());
    let response = client.send(preflight.unwrap()).await;
    assert_eq!(response.status, 204);
    assert_eq!(response.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
    assert!(
        response
            .header(header::ACCESS_CONTROL_ALLOW_HEADERS)
            .contains("Authorization")
    );
    for path in ["/api/v1/timelines/public", "/api/v1/nothing"] {
        let response = client.get("", path).await;
        assert_eq!(
            response.header(header::ACCESS_CONTROL_ALLOW_ORIGIN),
            "*",
            "{path}"
        );
        assert!(
            response
                .header(header::ACCESS_CONTROL_EXPOSE_HEADERS)
                .contains("Link")
        );
        for exposed in [
            "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset",
            "X-Request-Id",
        ] {
            let headers = response.header(header::ACCESS_CONTROL_EXPOSE_HEADERS);
            assert!(headers.contains(exposed), "{headers}");
        }
        assert_eq!(response.header(header::CACHE_CONTROL), "private, no-store");
    }
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let client = World::new().client();
    let form = format!("status={}", "a".repeat(1_100_000));
    client
        .post_form("ada", "/api/v1/statuses", &form)
        .await
        .error(413);
    let refused = client.post_form("", "/oauth/token", &form).await;
    assert_eq!(refused.expect(413)["error"], "invalid_request");
    assert_eq!(refused.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
}

#[tokio::test]
async fn what_clients_ask_when_they_start() {
    let client = World::new().client();
    for path in [
        "/api/v1/custom_emojis",
        "/api/v1/announcements",
        "/api/v1/filters",
        "/api/v2/filters",
        "/api/v1/lists",
        "/api/v1/instance/rules",
        "/api/v1/instance/peers",
    ] {
        assert_eq!(
            client.get("ada", path).await.expect(200),
            json!([]),
            "{path}"
        );
    }
    let v1 = client.get("", "/api/v1/instance").await.expect(200);
    assert_eq!(v1["stats"]["status_count"], 3);
    assert_eq!(v1["email"], "");
    assert!(v1["urls"]["streaming_api"].is_string());
    let v2 = client.get("", "/api/v2/instance").await.expect(200);
    assert_eq!(v2["contact"]["email"], "");
    assert_eq!(
        v2["configuration"]["media_attachments"]["supported_mime_types"],
        json!(["image/jpeg", "image/png"])
    );
    let links = client.get("", "/.well-known/nodeinfo").await.expect(200);
    assert_eq!(links["links"][0]["href"], "http://p.example/nodeinfo/2.0");
    let info = client.get("", "/nodeinfo/2.0").await.expect(200);
    assert_eq!(
        info["usage"],
        json!({"users": {"total": 2}, "localPosts": 3})
    );
    assert_eq!(info["openRegistrations"], true);
    assert_eq!(info["metadata"]["upstream"]["name"], "mastodon");
}
