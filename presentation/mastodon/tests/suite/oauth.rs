use axum::body::Body;
use http::{Method, Request, header};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_application_is_registered_however_it_writes_its_addresses() {
    let client = World::new().client();
    let expected = json!(["urn:ietf:wg:oauth:2.0:oob", "app://x"]);
    let list = json!({"client_name": "Toot", "redirect_uris": expected, "scopes": "read write"});
    let registered = client
        .json(Method::POST, "", "/api/v1/apps", &list)
        .await
        .expect(200);
    assert_eq!(registered["redirect_uris"], expected);
    assert_eq!(registered["client_id"], "client");
    assert_eq!(registered["client_secret"], "secret");
    let form = "client_name=Toot&redirect_uris=urn:ietf:wg:oauth:2.0:oob%0Aapp://x";
    let registered = client.post_form("", "/api/v1/apps", form).await.expect(200);
    assert_eq!(registered["redirect_uris"], expected);
    assert_eq!(registered["scopes"], json!(["read"]));
    let known = client.get("app", "/api/v1/apps/verify_credentials").await;
    assert_eq!(known.expect(200)["name"], "Toot");
}

#[tokio::test]
async fn a_code_becomes_a_token() {
    let client = World::new().client();
    let form = "grant_type=authorization_code&client_id=client&client_secret=secret&code=good\
                &redirect_uri=app://x";
    let response = client.post_form("", "/oauth/token", form).await;
    assert_eq!(
        response.expect(200),
        json!({"access_token": "fresh", "token_type": "Bearer", "scope": "read write", "created_at": 1_772_357_400})
    );
    assert!(response.header(header::CACHE_CONTROL).contains("no-store"));
    let basic = Request::builder()
        .method(Method::POST)
        .uri("/oauth/token")
        .header(header::AUTHORIZATION, "Basic Y2xpZW50OnNlY3JldA==")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("grant_type=client_credentials"));
    let token = client.send(basic.unwrap()).await.expect(200);
    assert_eq!(token["scope"], "read");
}

#[tokio::test]
async fn errors_have_the_shape_of_the_standard() {
    let client = World::new().client();
    let known = "client_id=client&client_secret=secret";
    for (form, status, code) in [
        (
            format!("grant_type=authorization_code&code=bad&{known}"),
            400,
            "invalid_grant",
        ),
        (
            "grant_type=client_credentials&client_id=x".into(),
            401,
            "invalid_client",
        ),
        (
            format!("grant_type=password&{known}"),
            400,
            "unsupported_grant_type",
        ),
        (known.into(), 400, "unsupported_grant_type"),
        ("grant_type[x]=1".into(), 400, "unsupported_grant_type"),
        ("grant_type=code&a[b]=1&a=2".into(), 400, "invalid_request"),
    ] {
        let response = client.post_form("", "/oauth/token", &form).await;
        let body = response.expect(status);
        assert_eq!(body["error"], code, "{form}");
        assert!(body["error_description"].is_string());
        assert_eq!(body.as_object().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_token_is_revoked() {
    let world = World::new();
    let client = world.client();
    let form = "client_id=client&client_secret=secret&token=old";
    let response = client.post_form("", "/oauth/revoke", form).await;
    assert_eq!(response.expect(200), json!({}));
    assert_eq!(world.notes(), ["revoked old by client"]);
    let form = "client_id=client&client_secret=secret&token=of+another";
    let response = client.post_form("", "/oauth/revoke", form).await;
    assert_eq!(response.expect(403)["error"], "unauthorized_client");
}

#[tokio::test]
async fn the_parts_of_oauth_are_found() {
    let client = World::new().client();
    let path = "/.well-known/oauth-authorization-server";
    let metadata = client.get("", path).await.expect(200);
    assert_eq!(metadata["token_endpoint"], "http://p.example/oauth/token");
    let userinfo = metadata["userinfo_endpoint"].as_str().unwrap();
    let userinfo = userinfo.strip_prefix("http://p.example").unwrap();
    for token in ["ada", "ada-reads", "ada-uploads"] {
        let known = client.get(token, userinfo).await.expect(200);
        assert_eq!(known["preferred_username"], "ada");
        assert_eq!(known["iss"], "http://p.example/");
        assert!(
            known["sub"]
                .as_str()
                .unwrap()
                .starts_with("http://p.example/")
        );
        assert_eq!(
            client.post_form(token, userinfo, "").await.expect(200),
            known
        );
    }
    client.get("ada-writes", userinfo).await.error(403);
    client.get("app", userinfo).await.error(401);
    client.get("", userinfo).await.error(401);
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
    let scopes = metadata["scopes_supported"].as_array().unwrap();
    assert!(scopes.contains(&json!("write:media")));
}
