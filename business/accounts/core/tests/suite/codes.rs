use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{AuthorizationCode, AuthorizeRequest, Role};
use infra_kernel::ErrorCode;
use sha2::{Digest as _, Sha256};

use crate::scene::{BACK, Scene, application_id, client_id};
use crate::support::assert_refused;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[tokio::test]
async fn a_code_becomes_a_token_with_the_scopes_that_were_allowed() {
    if !testing_databases::are_files() {
        return;
    }
    let scene = Scene::new().await;
    let code = scene.authorize(scene.asking()).await.unwrap();
    let reply = scene.redeem(Scene::proof(&code)).await.unwrap();
    assert_eq!(reply.scopes, "read write:media");
    assert_eq!(reply.created_at_us, scene.domain.now().microseconds());
    let grant = scene
        .domain
        .authenticate(&reply.access_token)
        .await
        .unwrap();
    assert_eq!(grant.account_id, scene.account_id);
    assert_eq!(grant.application_id, application_id(&scene.client));
    assert_eq!(grant.scopes, reply.scopes);
    assert_eq!(grant.role(), Role::Member);
    scene.domain.advance(10 * 365 * 86_400);
    let later = scene.domain.another_process(crate::support::cheap()).await;
    assert!(
        later.authenticate(&reply.access_token).await.is_ok(),
        "tokens do not expire"
    );
}

#[tokio::test]
async fn a_code_that_is_used_twice_ends_the_token_of_its_first_use() {
    let scene = Scene::new().await;
    let code = scene.authorize(scene.asking()).await.unwrap();
    let token = scene
        .redeem(Scene::proof(&code))
        .await
        .unwrap()
        .access_token;
    let other = scene.token().await;
    assert!(scene.domain.authenticate(&token).await.is_ok());
    for _ in 0..2 {
        assert_refused(
            scene.redeem(Scene::proof(&code)).await,
            ErrorCode::Invalid,
            "code",
        );
        assert_refused(
            scene.domain.authenticate(&token).await,
            ErrorCode::Unauthenticated,
            "",
        );
    }
    assert!(scene.domain.authenticate(&other).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_uses_of_a_code_at_the_same_time_no_token_is_left() {
    let scene = Scene::new().await;
    let code = scene.authorize(scene.asking()).await.unwrap();
    let uses = (0..8).map(|_| scene.redeem(Scene::proof(&code)));
    let results = futures::future::join_all(uses).await;
    let tokens: Vec<_> = results.into_iter().filter_map(Result::ok).collect();
    assert_eq!(tokens.len(), 1);
    assert!(
        scene
            .domain
            .authenticate(&tokens[0].access_token)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_code_is_of_no_use_to_anyone_else_anywhere_else_or_later() {
    let scene = Scene::new().await;
    let thief = scene.domain.application("read write push", BACK).await;
    let code = scene.authorize(scene.asking()).await.unwrap();
    let stolen = scene
        .issue(&thief, Proof::AuthorizationCode(Scene::proof(&code)))
        .await;
    assert_refused(stolen, ErrorCode::Invalid, "code");
    let elsewhere = AuthorizationCode {
        redirect_uri: "darkroom://back/".to_owned(),
        ..Scene::proof(&code)
    };
    assert_refused(scene.redeem(elsewhere).await, ErrorCode::Invalid, "code");
    for wrong in ["", "guess", &"A".repeat(43)] {
        assert_refused(
            scene.redeem(Scene::proof(wrong)).await,
            ErrorCode::Invalid,
            "code",
        );
    }
    scene.domain.advance(599);
    assert!(scene.redeem(Scene::proof(&code)).await.is_ok());
    let code = scene.authorize(scene.asking()).await.unwrap();
    scene.domain.advance(600);
    assert_refused(
        scene.redeem(Scene::proof(&code)).await,
        ErrorCode::Invalid,
        "code",
    );
}

#[tokio::test]
async fn a_thief_with_a_used_code_does_not_end_the_owners_token() {
    let scene = Scene::new().await;
    let thief = scene.domain.application("read write push", BACK).await;
    let code = scene.authorize(scene.asking()).await.unwrap();
    let token = scene
        .redeem(Scene::proof(&code))
        .await
        .unwrap()
        .access_token;
    let stolen = scene
        .issue(&thief, Proof::AuthorizationCode(Scene::proof(&code)))
        .await;
    assert_refused(stolen, ErrorCode::Invalid, "code");
    assert!(scene.domain.authenticate(&token).await.is_ok());
}

#[tokio::test]
async fn with_a_challenge_only_its_verifier_redeems_the_code() {
    let scene = Scene::new().await;
    let challenged = AuthorizeRequest {
        code_challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)),
        code_challenge_method: "S256".to_owned(),
        ..scene.asking()
    };
    let code = scene.authorize(challenged.clone()).await.unwrap();
    let other = "x".repeat(43);
    for wrong in [
        "",
        "short",
        other.as_str(),
        challenged.code_challenge.as_str(),
    ] {
        let proof = AuthorizationCode {
            code_verifier: wrong.to_owned(),
            ..Scene::proof(&code)
        };
        assert_refused(
            scene.redeem(proof).await,
            ErrorCode::Invalid,
            "code_verifier",
        );
    }
    let proof = AuthorizationCode {
        code_verifier: VERIFIER.to_owned(),
        ..Scene::proof(&code)
    };
    assert!(scene.redeem(proof).await.is_ok());
    let unchallenged = scene.authorize(scene.asking()).await.unwrap();
    let proof = AuthorizationCode {
        code_verifier: VERIFIER.to_owned(),
        ..Scene::proof(&unchallenged)
    };
    assert_refused(
        scene.redeem(proof).await,
        ErrorCode::Invalid,
        "code_verifier",
    );
    for (challenge, method) in [
        (VERIFIER, "plain"),
        (VERIFIER, ""),
        ("", "S256"),
        ("x", "S256"),
    ] {
        let request = AuthorizeRequest {
            code_challenge: challenge.to_owned(),
            code_challenge_method: method.to_owned(),
            ..scene.asking()
        };
        let result = scene.authorize(request).await;
        assert_refused(result, ErrorCode::Invalid, "code_challenge");
    }
}

#[tokio::test]
async fn nobody_allows_more_than_the_application_registered() {
    let scene = Scene::new().await;
    for scopes in ["admin:read", "read nonsense"] {
        let request = AuthorizeRequest {
            scopes: scopes.to_owned(),
            ..scene.asking()
        };
        assert_refused(scene.authorize(request).await, ErrorCode::Invalid, "scope");
    }
    let reader = scene.domain.application("", BACK).await;
    assert_eq!(reader.application.as_ref().unwrap().scopes, "read");
    for (scopes, allowed) in [
        ("", true),
        ("read:accounts", true),
        ("profile", true),
        ("write:media", false),
        ("read push", false),
    ] {
        let request = AuthorizeRequest {
            client_id: client_id(&reader),
            scopes: scopes.to_owned(),
            ..scene.asking()
        };
        let result = scene.authorize(request).await;
        if allowed {
            assert!(result.is_ok(), "`{scopes}` was refused");
        } else {
            assert_refused(result, ErrorCode::Invalid, "scope");
        }
    }
}

#[tokio::test]
async fn a_code_needs_an_account_an_application_and_its_exact_address() {
    let scene = Scene::new().await;
    let unknown_account = AuthorizeRequest {
        account_id: 4,
        ..scene.asking()
    };
    assert_refused(
        scene.authorize(unknown_account).await,
        ErrorCode::NotFound,
        "",
    );
    for unknown in ["nobody", "nobody\0"] {
        let unknown_client = AuthorizeRequest {
            client_id: unknown.to_owned(),
            ..scene.asking()
        };
        assert_refused(
            scene.authorize(unknown_client).await,
            ErrorCode::NotFound,
            "",
        );
    }
    for uri in [
        "",
        "darkroom://BACK",
        "darkroom://back?x=1",
        "https://evil.example/",
    ] {
        let elsewhere = AuthorizeRequest {
            redirect_uri: uri.to_owned(),
            ..scene.asking()
        };
        assert_refused(
            scene.authorize(elsewhere).await,
            ErrorCode::Invalid,
            "redirect_uri",
        );
    }
}
