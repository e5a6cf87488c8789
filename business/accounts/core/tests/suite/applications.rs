use std::time::Duration;

use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{
    ClientCredentials, CreateApplicationRequest, GetApplicationRequest, NewAccount,
};
use infra_domain::Domain as _;
use infra_kernel::ErrorCode;
use tokio_util::sync::CancellationToken;

use crate::scene::{BACK, Scene, application_id, client_id};
use crate::support::{Domain, assert_refused};

const DAY: u64 = 86_400;
const UNUSED: &str = "SELECT COUNT(*) FROM applications WHERE is_used = FALSE";
const OWN_TOKENS: &str = "SELECT COUNT(*) FROM sessions WHERE account_id = 0";

#[tokio::test]
async fn an_application_is_found_by_either_id() {
    let scene = Scene::new().await;
    let expected = scene.client.application.clone().unwrap();
    let requests = [
        GetApplicationRequest {
            client_id: expected.client_id.clone(),
            application_id: 0,
        },
        GetApplicationRequest {
            client_id: String::new(),
            application_id: expected.id,
        },
    ];
    for request in requests {
        let found = scene
            .domain
            .gateway
            .get_application(&scene.domain.context, request)
            .await;
        assert_eq!(found.unwrap(), expected);
    }
    let nothing = GetApplicationRequest::default();
    let result = scene
        .domain
        .gateway
        .get_application(&scene.domain.context, nothing)
        .await;
    assert_refused(result, ErrorCode::NotFound, "");
}

#[tokio::test]
async fn what_an_application_registers_is_checked_and_named() {
    let domain = Domain::new().await;
    let right = || CreateApplicationRequest {
        name: "Darkroom".to_owned(),
        redirect_uris: vec![BACK.to_owned()],
        website: "https://darkroom.example".to_owned(),
        ..CreateApplicationRequest::default()
    };
    type Change = fn(&mut CreateApplicationRequest);
    let refused: [(&str, Change); 10] = [
        ("client_name", |r| r.name = " ".to_owned()),
        ("client_name", |r| r.name = "x".repeat(61)),
        ("website", |r| r.website = "javascript:alert(1)".to_owned()),
        ("scope", |r| r.scopes = "read nonsense".to_owned()),
        ("redirect_uri", |r| r.redirect_uris.clear()),
        ("redirect_uri", |r| {
            r.redirect_uris = vec![BACK.to_owned(); 11];
        }),
        ("redirect_uri", |r| {
            r.redirect_uris.push("javascript:alert(1)".to_owned());
        }),
        ("redirect_uri", |r| {
            r.redirect_uris.push("data:text/html,x".to_owned());
        }),
        ("redirect_uri", |r| {
            r.redirect_uris.push("https://a.example/#x".to_owned());
        }),
        ("redirect_uri", |r| r.redirect_uris = long_uris(4_001)),
    ];
    for (field, change) in refused {
        let mut request = right();
        change(&mut request);
        let result = domain
            .gateway
            .create_application(&domain.context, request)
            .await;
        assert_refused(result, ErrorCode::Invalid, field);
    }
    assert_eq!(domain.number("SELECT COUNT(*) FROM applications").await, 0);
    let most = CreateApplicationRequest {
        redirect_uris: long_uris(4_000),
        ..right()
    };
    let created = domain.gateway.create_application(&domain.context, most);
    assert!(created.await.is_ok());
    assert!(
        domain
            .gateway
            .create_application(&domain.context, right())
            .await
            .is_ok()
    );
}

/// Redirect addresses of so many bytes together.
fn long_uris(bytes: usize) -> Vec<String> {
    let longest = |tail: usize| format!("https://a.example/{}", "x".repeat(tail - 18));
    let mut uris = vec![longest(2_000), longest(1_000)];
    uris.push(longest(bytes - 3_000));
    uris
}

/// Puts so many unused applications beside the others, one a second from a moment on.
async fn insert_unused(domain: &Domain, count: i64) {
    let from = domain.now().microseconds();
    let written: Result<(), infra_db::DbError> = domain
        .database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query(
                    "INSERT INTO applications (id, client_id, secret_hash, name, website, redirect_uris, scopes, \
                     created_at, is_used) \
                     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
                     SELECT i, CAST(i AS TEXT), $3, '', '', '[]', '', $2 + i * 1000000, FALSE FROM n",
                )
                .bind(count)
                .bind(from)
                .bind(vec![0])
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await;
    written.unwrap();
}

/// Runs the jobs until a statement returns this number.
async fn run_jobs_until(domain: &Domain, statement: &'static str, number: i64) {
    let stop = CancellationToken::new();
    let reached = async {
        domain.until(statement, number).await;
        stop.cancel();
    };
    let both = async { futures::join!(domain.core.run_jobs(stop.clone()), reached) };
    tokio::time::timeout(Duration::from_secs(20), both)
        .await
        .unwrap();
}

#[tokio::test]
async fn applications_that_got_no_code_and_no_token_make_room_after_a_week() {
    let scene = Scene::new().await;
    let domain = &scene.domain;
    scene.authorize(scene.asking()).await.unwrap();
    let unused = domain.application("read", BACK).await;
    let late = domain.application("read", BACK).await;
    let proof = Proof::ClientCredentials(ClientCredentials::default());
    scene.issue(&unused, proof).await.unwrap();
    assert_eq!(domain.number(OWN_TOKENS).await, 1);
    domain.advance(60);
    insert_unused(domain, 1_600).await;
    domain.advance(7 * DAY + 540);
    // Those of the first 540 seconds and the two before them are old enough.
    run_jobs_until(domain, UNUSED, 1_600 - 540).await;
    let gone = GetApplicationRequest {
        client_id: client_id(&unused),
        application_id: 0,
    };
    let found = domain.gateway.get_application(&domain.context, gone).await;
    assert_refused(found, ErrorCode::NotFound, "");
    assert_eq!(domain.number(OWN_TOKENS).await, 0, "its token goes with it");
    let proof = Proof::ClientCredentials(ClientCredentials::default());
    let refused = scene.issue(&late, proof).await;
    assert_refused(refused, ErrorCode::Unauthenticated, "client_id");
    domain.advance(7 * DAY);
    // All are, and the newest stay.
    run_jobs_until(domain, UNUSED, 1_000).await;
    // The one that got a code is there for good.
    scene.authorize(scene.asking()).await.unwrap();
    scene.token().await;
}

#[tokio::test]
async fn a_few_unused_applications_are_kept_for_the_clients_that_remember_them() {
    let scene = Scene::new().await;
    scene.domain.advance(400 * DAY);
    let before = scene.domain.sign_in("ada").await;
    scene.domain.advance(91 * DAY);
    assert!(scene.domain.authenticate(&before).await.is_err());
    run_jobs_until(&scene.domain, "SELECT COUNT(*) FROM sessions", 0).await;
    assert_eq!(scene.domain.number(UNUSED).await, 1);
    scene.token().await;
    assert_eq!(scene.domain.number(UNUSED).await, 0);
}

#[tokio::test]
async fn a_code_and_a_token_for_a_person_make_an_application_used_and_its_own_token_does_not() {
    let scene = Scene::new().await;
    let domain = &scene.domain;
    scene.authorize(scene.asking()).await.unwrap();
    assert_eq!(domain.number(UNUSED).await, 0);
    let own = domain.application("read", BACK).await;
    assert_eq!(domain.number(UNUSED).await, 1);
    let proof = Proof::ClientCredentials(ClientCredentials::default());
    scene.issue(&own, proof).await.unwrap();
    assert_eq!(domain.number(UNUSED).await, 1);
    let vouching = domain.application("read", BACK).await;
    assert_eq!(domain.number(UNUSED).await, 2);
    let proof = Proof::NewAccount(NewAccount {
        application_id: application_id(&vouching),
        account_id: scene.account_id,
        scopes: "read".to_owned(),
    });
    scene.issue(&vouching, proof).await.unwrap();
    assert_eq!(domain.number(UNUSED).await, 1);
    domain.sign_in("ada").await;
    let other = domain.application("read", BACK).await;
    assert!(application_id(&other) > 0);
    assert_eq!(domain.number(UNUSED).await, 2, "a sign-in is nobody's use");
}
