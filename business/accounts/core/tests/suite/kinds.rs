//! What is granted to whom: scopes that nobody gets, applications without a secret, and secrets of
//! one kind used as another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{
    AuthorizationCode, AuthorizeRequest, ClientCredentials, CreateApplicationReply,
    CreateApplicationRequest, NewAccount, SecretKind,
};
use infra_kernel::ErrorCode;
use sha2::{Digest as _, Sha256};

use crate::scene::{BACK, Scene, application_id, client_id};
use crate::support::assert_refused;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// What applications for Mastodon register.
const EVERYTHING: &str = "read write follow push profile admin:read admin:read:accounts admin:read:reports \
    admin:write admin:write:accounts admin:write:ip_blocks crypto";

fn challenged(request: AuthorizeRequest) -> AuthorizeRequest {
    AuthorizeRequest {
        code_challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)),
        code_challenge_method: "S256".to_owned(),
        ..request
    }
}

#[tokio::test]
async fn scopes_of_what_is_not_here_are_registered_and_granted_to_nobody() {
    let scene = Scene::new().await;
    let client = scene.domain.application(EVERYTHING, BACK).await;
    let registered = client.application.clone().unwrap().scopes;
    for scope in EVERYTHING.split_whitespace() {
        let named = registered.split_whitespace().any(|known| known == scope);
        assert!(named, "{scope} is not in `{registered}`");
    }
    let asking = |scopes: &str| AuthorizeRequest {
        client_id: client_id(&client),
        scopes: scopes.to_owned(),
        ..scene.asking()
    };
    for (asked, granted) in [
        (
            EVERYTHING,
            "read write follow push profile admin:read admin:read:reports admin:write",
        ),
        // Of moderators, but no good without the role.
        ("read admin:write:reports", "read admin:write:reports"),
        ("read admin:write:accounts", "read"),
        ("crypto write:media", "write:media"),
    ] {
        let code = scene.authorize(asking(asked)).await.unwrap();
        let proof = Proof::AuthorizationCode(Scene::proof(&code));
        let token = scene.issue(&client, proof).await.unwrap();
        assert_eq!(token.scopes, granted, "{asked}");
        let grant = scene
            .domain
            .authenticate(&token.access_token)
            .await
            .unwrap();
        assert_eq!(grant.scopes, granted, "{asked}");
        let scopes = asked.to_owned();
        let own = Proof::ClientCredentials(ClientCredentials { scopes });
        let own = scene.issue(&client, own).await.unwrap();
        assert_eq!(own.scopes, granted, "{asked}");
    }
    for asked in [
        "admin:read:accounts",
        "crypto",
        "admin:write:ip_blocks admin:read:accounts",
    ] {
        let refused = scene.authorize(asking(asked)).await;
        assert_refused(refused, ErrorCode::Invalid, "scope");
    }
}

async fn public_client(scene: &Scene) -> CreateApplicationReply {
    let request = CreateApplicationRequest {
        name: "Darkroom in a page".to_owned(),
        redirect_uris: vec![BACK.to_owned()],
        scopes: "read write".to_owned(),
        public_client: true,
        ..CreateApplicationRequest::default()
    };
    let created = scene
        .domain
        .gateway
        .create_application(&scene.domain.context, request);
    created.await.unwrap()
}

#[tokio::test]
async fn an_application_without_a_secret_gets_nothing_without_pkce() {
    let scene = Scene::new().await;
    let client = public_client(&scene).await;
    assert_eq!(client.client_secret, "");
    let asking = AuthorizeRequest {
        client_id: client_id(&client),
        ..scene.asking()
    };
    let refused = scene.authorize(asking.clone()).await;
    assert_refused(refused, ErrorCode::Invalid, "code_challenge");
    let code = scene.authorize(challenged(asking)).await.unwrap();
    let redeem = |verifier: &str| {
        let proof = AuthorizationCode {
            code_verifier: verifier.to_owned(),
            ..Scene::proof(&code)
        };
        scene.issue(&client, Proof::AuthorizationCode(proof))
    };
    let other = "x".repeat(43);
    for wrong in ["", other.as_str()] {
        assert_refused(redeem(wrong).await, ErrorCode::Invalid, "code_verifier");
    }
    let token = redeem(VERIFIER).await.unwrap().access_token;
    assert!(scene.domain.authenticate(&token).await.is_ok());
    scene.revoke(&client, &token).await.unwrap();
    assert!(scene.domain.authenticate(&token).await.is_err());
    let own = Proof::ClientCredentials(ClientCredentials {
        scopes: "read".to_owned(),
    });
    assert_refused(scene.issue(&client, own).await, ErrorCode::Forbidden, "");
    let guessed = CreateApplicationReply {
        client_secret: "guess".to_owned(),
        ..client.clone()
    };
    let proof = Proof::AuthorizationCode(Scene::proof("any"));
    let refused = scene.issue(&guessed, proof).await;
    assert_refused(refused, ErrorCode::Unauthenticated, "client_id");
}

#[tokio::test]
async fn an_application_with_a_secret_cannot_leave_it_out() {
    let scene = Scene::new().await;
    let code = scene.authorize(challenged(scene.asking())).await.unwrap();
    let without = CreateApplicationReply {
        client_secret: String::new(),
        ..scene.client.clone()
    };
    let proof = AuthorizationCode {
        code_verifier: VERIFIER.to_owned(),
        ..Scene::proof(&code)
    };
    let refused = scene.issue(&without, Proof::AuthorizationCode(proof)).await;
    assert_refused(refused, ErrorCode::Unauthenticated, "client_id");
}

#[tokio::test]
async fn a_secret_of_one_kind_is_none_of_the_other() {
    let scene = Scene::new().await;
    let session = scene.domain.sign_in("ada").await;
    let token = scene.token().await;
    let own = Proof::ClientCredentials(ClientCredentials {
        scopes: "read".to_owned(),
    });
    let own = scene.issue(&scene.client, own).await.unwrap().access_token;
    // Twice: the second is read from memory.
    for _ in 0..2 {
        for (kind, secret, fits) in [
            (SecretKind::Session, &session, true),
            (SecretKind::Session, &token, false),
            (SecretKind::Session, &own, false),
            (SecretKind::Token, &session, false),
            (SecretKind::Token, &token, true),
            (SecretKind::Token, &own, true),
            (SecretKind::Unspecified, &session, false),
            (SecretKind::Unspecified, &token, false),
        ] {
            let result = scene.domain.authenticate_as(kind, secret).await;
            assert_eq!(result.is_ok(), fits, "{kind:?}");
        }
    }
}

#[tokio::test]
async fn an_application_vouches_for_no_more_than_it_registered_and_may_grant() {
    let scene = Scene::new().await;
    let registered = "read admin:write crypto";
    let client = scene.domain.application(registered, BACK).await;
    let vouch = |scopes: &str| {
        let proof = Proof::NewAccount(NewAccount {
            application_id: application_id(&client),
            account_id: scene.account_id,
            scopes: scopes.to_owned(),
        });
        scene.issue(&client, proof)
    };
    assert_eq!(vouch("read crypto").await.unwrap().scopes, "read");
    for beyond in ["write", "crypto", "admin:write:accounts"] {
        assert_refused(vouch(beyond).await, ErrorCode::Invalid, "scope");
    }
}
