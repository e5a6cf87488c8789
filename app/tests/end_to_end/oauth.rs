//! Signing in with an app: OAuth 2 with PKCE, as Mastodon's clients do it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::harness::caller::{Reply, text};
use crate::harness::html;
use crate::harness::person::{App, OUT_OF_BAND, PASSWORD, SCOPES, sign_up};
use crate::harness::web::form_in;
use crate::harness::{Person, Server, WebSession};

pub(crate) const CUSTOM_SCHEME: &str = "photoapp://signed-in";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-it-is";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// The address an app opens in the browser.
pub(crate) fn authorize_path(app: &App, changes: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let mut query = vec![
        ("response_type", "code"),
        ("client_id", app.client_id.as_str()),
        ("redirect_uri", app.redirect_uri.as_str()),
        ("scope", "read write"),
        ("state", "a state & more"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        query.retain(|(known, _)| known != name);
        if !value.is_empty() {
            query.push((name, value));
        }
    }
    let request = app
        .anyone
        .request(reqwest::Method::GET, "/oauth/authorize")
        .query(&query);
    let url = request.build().unwrap().url().clone();
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// Says yes on the consent page; returns what came of it.
pub(crate) async fn consent(web: &WebSession, path: &str) -> Reply {
    let page = web.open(path).await;
    assert_eq!(page.status, 200, "{}", page.describe());
    let form = form_in(&page, "/oauth/authorize").press("allow");
    web.submit(&form).await
}

pub(crate) fn query_of(reply: &Reply, name: &str) -> Option<String> {
    let location = reqwest::Url::parse(reply.header("location")).ok()?;
    let found = location.query_pairs().find(|(known, _)| known == name);
    found.map(|(_, value)| value.into_owned())
}

pub(crate) async fn exchange(app: &App, code: &str, changes: &[(&str, &str)]) -> Reply {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", &app.client_id),
        ("client_secret", &app.client_secret),
        ("redirect_uri", &app.redirect_uri),
        ("code", code),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    app.anyone.form("/oauth/token", &fields).await
}

/// A signed-in browser and an app with a custom scheme.
pub(crate) async fn web_and_app(server: &Server) -> (WebSession, App) {
    let web = server.web();
    web.sign_up("ada").await;
    (web, App::register(server, SCOPES, CUSTOM_SCHEME).await)
}

pub(crate) async fn fresh_code(web: &WebSession, app: &App) -> String {
    let reply = consent(web, &authorize_path(app, &[])).await;
    query_of(&reply, "code").unwrap_or_else(|| panic!("no code: {}", reply.describe()))
}

#[tokio::test]
async fn an_app_signs_in_with_a_code_and_pkce_through_a_custom_scheme() {
    let server = Server::start().await;
    let (web, app) = web_and_app(&server).await;
    let reply = consent(&web, &authorize_path(&app, &[])).await;
    assert!((300..400).contains(&reply.status), "{}", reply.describe());
    assert!(
        reply.header("location").starts_with(CUSTOM_SCHEME),
        "{}",
        reply.header("location")
    );
    assert_eq!(query_of(&reply, "state").as_deref(), Some("a state & more"));

    let code = query_of(&reply, "code").unwrap();
    let token = exchange(&app, &code, &[]).await.expect(200);
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["scope"], "read write");
    assert!(
        token["created_at"].as_i64().unwrap() > 1_700_000_000,
        "{token}"
    );
    let ada = Person::bearing(server.anyone().bearing(&text(&token, "/access_token"))).await;
    assert_eq!(ada.username, "ada");
    ada.say("from an app").await;
}

#[tokio::test]
async fn the_code_is_shown_when_the_app_cannot_be_redirected_to() {
    let server = Server::start().await;
    let web = server.web();
    web.sign_up("ada").await;
    let app = App::register(&server, SCOPES, OUT_OF_BAND).await;
    let reply = consent(&web, &authorize_path(&app, &[])).await;
    let page = web.follow(reply).await;
    assert_eq!(page.status, 200, "{}", page.describe());
    let code =
        html::attribute_where(&page.text(), "id", "code", "value").expect("a field with the code");
    exchange(&app, &code, &[]).await.expect(200);
}

#[tokio::test]
async fn who_is_not_signed_in_signs_in_first_and_comes_back_to_the_question() {
    let server = Server::start().await;
    let (_, app) = web_and_app(&server).await;
    let stranger = server.web();
    let page = stranger.open(&authorize_path(&app, &[])).await;
    let form = form_in(&page, "/login")
        .fill("username", "ada")
        .fill("password", PASSWORD);
    let reply = stranger.submit(&form).await;
    let page = stranger.follow(reply).await;
    assert_eq!(page.status, 200, "{}", page.describe());
    form_in(&page, "/oauth/authorize").press("allow");
}

#[tokio::test]
async fn saying_no_goes_back_without_a_code() {
    let server = Server::start().await;
    let (web, app) = web_and_app(&server).await;
    let page = web.open(&authorize_path(&app, &[])).await;
    let reply = web
        .submit(&form_in(&page, "/oauth/authorize").press("deny"))
        .await;
    assert_eq!(
        query_of(&reply, "error").as_deref(),
        Some("access_denied"),
        "{}",
        reply.describe()
    );
    assert_eq!(query_of(&reply, "code"), None);
}

#[tokio::test]
async fn a_revoked_token_opens_nothing() {
    let server = Server::start().await;
    let app = App::register(&server, SCOPES, OUT_OF_BAND).await;
    let as_app = app.token(SCOPES).await;
    let token = text(&sign_up(&as_app, "ada").await.expect(200), "/access_token");
    let ada = Person::bearing(server.anyone().bearing(&token)).await;
    let thief = App::register(&server, SCOPES, OUT_OF_BAND).await;
    let revoke = |by: &App| {
        let fields = vec![
            ("client_id".to_owned(), by.client_id.clone()),
            ("client_secret".to_owned(), by.client_secret.clone()),
            ("token".to_owned(), token.clone()),
        ];
        server
            .anyone()
            .request(reqwest::Method::POST, "/oauth/revoke")
            .form(&fields)
    };
    // Another app cannot take it away.
    server.anyone().send(revoke(&thief)).await;
    ada.get("/api/v1/accounts/verify_credentials")
        .await
        .expect(200);
    server.anyone().send(revoke(&app)).await.expect(200);
    ada.get("/api/v1/accounts/verify_credentials")
        .await
        .refused(401);
    ada.get("/api/v1/timelines/home").await.refused(401);
}

#[tokio::test]
async fn an_apps_own_token_is_nobody() {
    let server = Server::start().await;
    let app = App::register(&server, SCOPES, OUT_OF_BAND).await;
    let as_app = app.token(SCOPES).await;
    let about = as_app
        .get("/api/v1/apps/verify_credentials")
        .await
        .expect(200);
    assert_eq!(about["name"], "Test client");
    as_app.get("/api/v1/timelines/home").await.refused(401);
    let refusal = as_app
        .post("/api/v1/statuses", &json!({"status": "x"}))
        .await;
    assert!(
        [401, 403, 422].contains(&refusal.status),
        "{}",
        refusal.describe()
    );
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_and_no_more() {
    let server = Server::start().await;
    let bob = server.person("bob").await;
    let reader = server
        .person_with_scopes("reader", "read write:accounts")
        .await;
    reader.get("/api/v1/timelines/home").await.expect(200);
    reader
        .patch("/api/v1/accounts/update_credentials", &json!({"note": "x"}))
        .await
        .expect(200);
    for refused in [
        reader
            .post("/api/v1/statuses", &json!({"status": "x"}))
            .await,
        reader
            .post(&format!("/api/v1/accounts/{}/follow", bob.id), &json!({}))
            .await,
        reader
            .put("/api/v1/media/1", &json!({"description": "x"}))
            .await,
    ] {
        assert!(
            refused.refused(403).contains("scope"),
            "{}",
            refused.describe()
        );
    }
    let narrow = App::register(&server, "profile write:media", OUT_OF_BAND).await;
    let narrow = narrow.token("profile write:media").await;
    let narrow_person = sign_up(&narrow, "narrow").await;
    // Signing up itself needs `write:accounts`.
    narrow_person.refused(403);
}

#[tokio::test]
async fn the_server_says_what_it_can_do() {
    let server = Server::start().await;
    let about = server
        .anyone()
        .get("/.well-known/oauth-authorization-server")
        .await
        .expect(200);
    assert_eq!(text(&about, "/issuer").trim_end_matches('/'), server.base());
    assert_eq!(
        about["authorization_endpoint"],
        format!("{}/oauth/authorize", server.base())
    );
    assert_eq!(
        about["token_endpoint"],
        format!("{}/oauth/token", server.base())
    );
    assert_eq!(about["code_challenge_methods_supported"], json!(["S256"]));
    assert!(
        about["scopes_supported"]
            .as_array()
            .unwrap()
            .contains(&json!("write:media"))
    );
}
