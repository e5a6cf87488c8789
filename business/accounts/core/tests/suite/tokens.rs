use std::time::Duration;

use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{
    ClientCredentials, CreateApplicationReply, GetGrantsRequest, IssueTokenRequest, NewAccount,
    Role,
};
use infra_kernel::{Context, ErrorCode};

use crate::scene::{BACK, Scene, application_id};
use crate::support::assert_refused;

#[tokio::test]
async fn an_application_proves_itself_and_may_stand_for_itself_alone() {
    let scene = Scene::new().await;
    let credentials = |scopes: &str| {
        Proof::ClientCredentials(ClientCredentials {
            scopes: scopes.to_owned(),
        })
    };
    let reply = scene
        .issue(&scene.client, credentials("read push"))
        .await
        .unwrap();
    let grant = scene
        .domain
        .authenticate(&reply.access_token)
        .await
        .unwrap();
    assert_eq!(grant.account_id(), None);
    assert_eq!(grant.application_id, application_id(&scene.client));
    assert_eq!(grant.role(), Role::Unspecified);
    assert_eq!(grant.scopes, "read push");
    let beyond = scene
        .issue(&scene.client, credentials("profile admin:read"))
        .await;
    assert_refused(beyond, ErrorCode::Invalid, "scope");
    let other = scene.domain.application("read", BACK).await;
    let mixed = CreateApplicationReply {
        client_secret: other.client_secret.clone(),
        ..scene.client.clone()
    };
    let without = CreateApplicationReply {
        client_secret: String::new(),
        ..scene.client.clone()
    };
    for client in [&mixed, &without] {
        let result = scene.issue(client, credentials("read")).await;
        assert_refused(result, ErrorCode::Unauthenticated, "client_id");
    }
    let nothing = IssueTokenRequest::default();
    let result = scene
        .domain
        .gateway
        .issue_token(&scene.domain.context, nothing)
        .await;
    assert_refused(result, ErrorCode::Invalid, "grant_type");
}

#[tokio::test]
async fn an_application_vouches_only_for_an_account_that_is_new() {
    let scene = Scene::new().await;
    let vouch = |account_id, application_id, scopes: &str| {
        let proof = Proof::NewAccount(NewAccount {
            application_id,
            account_id,
            scopes: scopes.to_owned(),
        });
        let request = IssueTokenRequest {
            proof: Some(proof),
            ..IssueTokenRequest::default()
        };
        scene
            .domain
            .gateway
            .issue_token(&scene.domain.context, request)
    };
    let application = application_id(&scene.client);
    let reply = vouch(scene.account_id, application, "read write")
        .await
        .unwrap();
    let grant = scene
        .domain
        .authenticate(&reply.access_token)
        .await
        .unwrap();
    assert_eq!(
        (grant.account_id, grant.application_id),
        (scene.account_id, application)
    );
    assert_refused(vouch(4, application, "read").await, ErrorCode::NotFound, "");
    assert_refused(
        vouch(scene.account_id, 4, "read").await,
        ErrorCode::NotFound,
        "",
    );
    let other = scene.domain.application("read", BACK).await;
    let beyond = vouch(scene.account_id, application_id(&other), "write").await;
    assert_refused(beyond, ErrorCode::Invalid, "scope");
    scene.domain.advance(601);
    let late = vouch(scene.account_id, application, "read").await;
    assert_refused(late, ErrorCode::Invalid, "account_id");
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_and_only_its_application_revokes_it() {
    let scene = Scene::new().await;
    let (token, other_token) = (scene.token().await, scene.token().await);
    let other = scene.domain.application("read", BACK).await;
    assert!(scene.domain.authenticate(&token).await.is_ok());
    assert_refused(scene.revoke(&other, &token).await, ErrorCode::Forbidden, "");
    assert!(scene.domain.authenticate(&token).await.is_ok());
    scene.revoke(&scene.client, &token).await.unwrap();
    assert_refused(
        scene.domain.authenticate(&token).await,
        ErrorCode::Unauthenticated,
        "",
    );
    assert!(scene.domain.authenticate(&other_token).await.is_ok());
    for gone in [token.as_str(), "never was", ""] {
        scene.revoke(&scene.client, gone).await.unwrap();
    }
    let session = scene.domain.sign_in("ada").await;
    assert_refused(
        scene.revoke(&scene.client, &session).await,
        ErrorCode::Forbidden,
        "",
    );
    assert!(scene.domain.authenticate(&session).await.is_ok());
}

#[tokio::test]
async fn what_a_session_stands_for_is_known_by_its_id_until_it_ends() {
    let scene = Scene::new().await;
    let (token, other_token) = (scene.token().await, scene.token().await);
    let browser = scene.domain.sign_in("ada").await;
    let grant = scene.domain.authenticate(&token).await.unwrap();
    let other = scene.domain.authenticate(&other_token).await.unwrap();
    let browser = scene.domain.authenticate(&browser).await.unwrap();
    let known = async || {
        let request = GetGrantsRequest {
            session_ids: vec![grant.session_id, other.session_id, browser.session_id, 7],
        };
        let context = Context::background(Duration::from_secs(60));
        let reply = scene.domain.gateway.get_grants(&context, request).await;
        let mut grants = reply.unwrap().grants;
        grants.sort_by_key(|grant| grant.session_id);
        grants
    };
    assert_eq!(
        known().await,
        [grant.clone(), other.clone(), browser.clone()]
    );
    scene.revoke(&scene.client, &token).await.unwrap();
    assert_eq!(known().await, [other.clone(), browser.clone()]);
    // A browser's ends by itself.
    scene.domain.advance(366 * 86_400);
    assert_eq!(known().await, [other]);
    let too_many = GetGrantsRequest {
        session_ids: vec![7; 501],
    };
    let context = Context::background(Duration::from_secs(60));
    let refused = scene.domain.gateway.get_grants(&context, too_many).await;
    assert_refused(refused, ErrorCode::Invalid, "session_ids");
}
