//! What an empty parameter means, and one that nobody reads.

use http::Method;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn what_is_empty_never_makes_a_post_more_public_than_was_said() {
    let world = World::new();
    let client = world.client();
    let direct = "/api/v1/statuses?visibility=direct";
    for body in [
        json!({"status": "b", "visibility": null}),
        json!({"status": "b", "visibility": ""}),
    ] {
        let post = client.json(Method::POST, "ada", direct, &body).await;
        assert_eq!(post.expect(200)["visibility"], "direct", "{body}");
    }
    for (path, form) in [
        (direct, "status=b&visibility="),
        (direct, "status=b&visibility=&visibility="),
        ("/api/v1/statuses", "status=b&visibility=direct&visibility="),
        ("/api/v1/statuses?visibility=direct&visibility=", "status=b"),
    ] {
        let post = client.post_form("ada", path, form).await;
        assert_eq!(post.expect(200)["visibility"], "direct", "{path} {form}");
    }
    let post = client
        .post_form("ada", direct, "status=b&visibility=public")
        .await;
    assert_eq!(post.expect(200)["visibility"], "public");
    let post = client
        .post_form("ada", "/api/v1/statuses", "status=b&visibility=")
        .await;
    assert_eq!(post.expect(200)["visibility"], "public");
}

#[tokio::test]
async fn an_empty_visibility_is_the_accounts_default_whatever_else_is_said() {
    let world = World::new();
    world.accounts.lock().unwrap()[0].default_visibility = "private".into();
    let client = world.client();
    let others = "sensitive=false&language=en&originals_shared=false&camera_shown=false";
    for form in [
        format!("status=b&{others}"),
        format!("status=b&visibility=&{others}"),
    ] {
        let post = client.post_form("ada", "/api/v1/statuses", &form).await;
        assert_eq!(post.expect(200)["visibility"], "private", "{form}");
    }
}

#[tokio::test]
async fn null_says_nothing_and_an_empty_text_is_one() {
    let client = World::new().client();
    let path = "/api/v1/accounts/update_credentials";
    let named = format!("{path}?display_name=Ada");
    for (path, body, name) in [
        (&*named, json!({"display_name": null}), "Ada"),
        (path, json!({"display_name": ""}), ""),
    ] {
        let profile = client.json(Method::PATCH, "ada", path, &body).await;
        assert_eq!(profile.expect(200)["display_name"], name, "{path} {body}");
    }
}

#[tokio::test]
async fn an_empty_poll_is_none() {
    let client = World::new().client();
    let path = "/api/v1/statuses";
    for poll in [
        json!(null),
        json!({}),
        json!([]),
        json!(""),
        json!({"options": []}),
    ] {
        let status = json!({"status": "a", "poll": poll});
        let response = client.json(Method::POST, "ada", path, &status).await;
        response.expect(200);
    }
    client
        .post_form("ada", path, "status=a&poll=")
        .await
        .expect(200);
    let status = json!({"status": "a", "poll": {"options": ["x", "y"], "expires_in": 60}});
    let response = client.json(Method::POST, "ada", path, &status).await;
    assert_eq!(response.expect(422)["field"], "poll");
}

#[tokio::test]
async fn parameters_that_nobody_reads_do_not_matter_and_those_at_fault_are_named() {
    let client = World::new().client();
    for listing in [
        "/api/v1/timelines/public",
        "/api/v1/accounts/8/statuses",
        "/api/v1/accounts/8/followers",
    ] {
        let unknown = format!("{listing}?foo=%FF&limit=2&bar[x][y]=1");
        client.get("", &unknown).await.expect(200);
        let response = client.get("", &format!("{listing}?limit[]=2")).await;
        assert_eq!(response.expect(422)["field"], "limit", "{listing}");
        let text = response.error(422);
        assert!(text.starts_with("`limit`"), "{text}");
    }
    for path in [
        "/users/%FF",
        "/users/%FF/statuses/1",
        "/api/v1/statuses/%FF",
    ] {
        client.get("", path).await.error(404);
    }
}
