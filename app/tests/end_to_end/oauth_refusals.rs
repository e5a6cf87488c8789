//! What OAuth refuses: codes that are not whole, not fresh or not one's own, wrong questions,
//! forged responses.

use crate::harness::Server;
use crate::harness::person::{App, OUT_OF_BAND, SCOPES};
use crate::harness::web::form_in;
use crate::oauth::{CUSTOM_SCHEME, authorize_path, exchange, fresh_code, query_of, web_and_app};

#[tokio::test]
async fn a_code_works_once_and_only_for_whom_it_was_made() {
    let server = Server::start().await;
    let (web, app) = web_and_app(&server).await;
    let other = App::register(&server, SCOPES, CUSTOM_SCHEME).await;
    let wrong: [(&str, &[(&str, &str)]); 6] = [
        (
            "another verifier",
            &[(
                "code_verifier",
                "another-verifier-of-at-least-forty-three-characters",
            )],
        ),
        ("no verifier", &[("code_verifier", "")]),
        (
            "another redirect",
            &[("redirect_uri", "photoapp://elsewhere")],
        ),
        ("no secret", &[("client_secret", "")]),
        ("a wrong secret", &[("client_secret", "wrong")]),
        (
            "another app",
            &[
                ("client_id", &other.client_id),
                ("client_secret", &other.client_secret),
            ],
        ),
    ];
    for (what, changes) in wrong {
        let code = fresh_code(&web, &app).await;
        let reply = exchange(&app, &code, changes).await;
        assert!(
            [400, 401].contains(&reply.status),
            "{what}: {}",
            reply.describe()
        );
        reply.refusal();
    }
    let code = fresh_code(&web, &app).await;
    let token = exchange(&app, &code, &[]).await.expect(200);
    let again = exchange(&app, &code, &[]).await;
    assert!([400, 401].contains(&again.status), "{}", again.describe());
    drop(token);
    let made_up = exchange(&app, "made-up", &[]).await;
    assert_eq!(made_up.status, 400, "{}", made_up.describe());
    assert_eq!(made_up.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn wrong_questions_are_answered_on_a_page_and_never_redirected() {
    let server = Server::start().await;
    let (web, app) = web_and_app(&server).await;
    for changes in [
        [("client_id", "nobody")],
        [("redirect_uri", "https://evil.example/")],
        [("redirect_uri", "photoapp://signed-in.evil")],
        [("redirect_uri", "javascript:alert(1)")],
    ] {
        let reply = web.fetch(&authorize_path(&app, &changes)).await;
        assert!(
            (400..500).contains(&reply.status),
            "{changes:?}: {}",
            reply.describe()
        );
        assert_eq!(reply.header("location"), "", "{changes:?}");
    }
    for changes in [
        [("response_type", "token")],
        [("code_challenge_method", "plain")],
        [("scope", "read admin:write:everything")],
    ] {
        let reply = web.fetch(&authorize_path(&app, &changes)).await;
        let told = query_of(&reply, "error").is_some() || (400..500).contains(&reply.status);
        assert!(told, "{changes:?}: {}", reply.describe());
        assert_eq!(query_of(&reply, "code"), None);
    }
}

#[tokio::test]
async fn an_app_asks_for_no_more_than_it_was_registered_for() {
    let server = Server::start().await;
    let web = server.web();
    web.sign_up("ada").await;
    let app = App::register(&server, "read", CUSTOM_SCHEME).await;
    let reply = web
        .fetch(&authorize_path(&app, &[("scope", "read write")]))
        .await;
    let told = query_of(&reply, "error").is_some() || (400..500).contains(&reply.status);
    assert!(told, "{}", reply.describe());
}

#[tokio::test]
async fn consent_cannot_be_forged() {
    let server = Server::start().await;
    let (web, app) = web_and_app(&server).await;
    let page = web.open(&authorize_path(&app, &[])).await;
    let form = form_in(&page, "/oauth/authorize")
        .fill("csrf", "forged")
        .press("allow");
    let reply = web.submit(&form).await;
    assert!((400..500).contains(&reply.status), "{}", reply.describe());
    assert_eq!(reply.header("location"), "");
}

#[tokio::test]
async fn wrong_clients_are_refused_in_oauths_own_words() {
    let server = Server::start().await;
    let app = App::register(&server, "read", OUT_OF_BAND).await;
    let (id, secret) = (app.client_id.as_str(), app.client_secret.as_str());
    // Grant, client, secret, scope, and the error that RFC 6749 has for it.
    let cases = [
        ("client_credentials", id, "no", "read", "invalid_client"),
        ("client_credentials", "no", secret, "read", "invalid_client"),
        ("password", id, secret, "read", "unsupported_grant_type"),
        ("client_credentials", id, secret, "write", "invalid_scope"),
    ];
    for (grant, client, secret, scope, error) in cases {
        let fields = [
            ("grant_type", grant),
            ("client_id", client),
            ("client_secret", secret),
            ("scope", scope),
        ];
        let reply = server.anyone().form("/oauth/token", &fields).await;
        let status_fits = [400, 401].contains(&reply.status);
        assert!(status_fits, "{error}: {}", reply.describe());
        assert_eq!(reply.json()["error"], *error, "{}", reply.describe());
    }
    let reply = server.anyone().form("/oauth/token", &[]).await;
    assert!((400..500).contains(&reply.status), "{}", reply.describe());
}

#[tokio::test]
async fn a_cookie_is_no_token_and_a_token_no_cookie() {
    let server = Server::start().await;
    let web = server.web();
    web.sign_up("ada").await;
    for secret in web.cookies().values() {
        let reply = server
            .anyone()
            .bearing(secret)
            .get("/api/v1/accounts/verify_credentials")
            .await;
        assert_eq!(reply.status, 401, "{}", reply.describe());
    }
}

#[tokio::test]
async fn scopes_of_what_is_not_here_are_registered_and_not_granted() {
    let server = Server::start().await;
    let wanted = "read write admin:read admin:write crypto";
    let app = App::register(&server, wanted, CUSTOM_SCHEME).await;
    let as_app = app.token(wanted).await;
    let own = as_app.get("/api/v1/apps/verify_credentials").await.ok();
    assert!(own["scopes"].to_string().contains("admin:write"), "{own}");
    let web = server.web();
    web.sign_up("ada").await;
    let page = web
        .open(&authorize_path(&app, &[("scope", "read admin:write")]))
        .await;
    assert_eq!(page.status, 200, "{}", page.describe());
    let reply = web
        .fetch(&authorize_path(&app, &[("scope", "admin:write:accounts")]))
        .await;
    assert!((400..500).contains(&reply.status), "{}", reply.describe());
}
