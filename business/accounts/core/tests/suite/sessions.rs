use std::time::Duration;

use business_accounts::Settings;
use business_accounts_gateway::{Role, Scopes, SignInRequest, SignOutRequest};
use infra_domain::Domain as _;
use infra_kernel::ErrorCode;
use tokio_util::sync::CancellationToken;

use crate::support::{Domain, PASSWORD, assert_refused, cheap, refusal};

const DAY: u64 = 86_400;

async fn sign_out(domain: &Domain, secret: &str) {
    let session_secret = secret.to_owned();
    let request = SignOutRequest { session_secret };
    domain
        .gateway
        .sign_out(&domain.context, request)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_session_stands_for_its_account() {
    let domain = Domain::new().await;
    let account = domain.register("Ada").await;
    for name in [
        "Ada",
        "aDa",
        " ada ",
        "@ada",
        "ada@example.org",
        "Ada@EXAMPLE.org",
    ] {
        let reply = domain.try_sign_in(name, PASSWORD).await.unwrap();
        assert_eq!(reply.account_id(), account.id());
        let days_90 = Duration::from_secs(90 * DAY);
        assert_eq!(reply.expires_at(), domain.now().plus(days_90));
        let grant = domain.authenticate(&reply.session_secret).await.unwrap();
        assert_eq!(grant.account_id(), Some(account.id()));
        assert_eq!(grant.application_id(), None);
        assert_eq!(grant.scopes(), Scopes::USER);
        assert_eq!(grant.role(), Role::Member);
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let expected = refusal(domain.try_sign_in("ada", "wrong").await);
    assert_eq!(expected.code(), ErrorCode::Unauthenticated);
    let long = "x".repeat(300);
    for (name, password) in [
        ("ada", ""),
        ("ada", long.as_str()),
        ("ada@example.org", "wrong"),
        ("nobody", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("", PASSWORD),
        (long.as_str(), PASSWORD),
        ("ada' OR 1=1 --", PASSWORD),
        ("a%", PASSWORD),
        ("ada\0", PASSWORD),
        ("ada@example.org\0", PASSWORD),
    ] {
        let error = refusal(domain.try_sign_in(name, password).await);
        assert_eq!(error.code(), expected.code(), "{name}");
        assert_eq!(error.public(), expected.public(), "{name}");
        assert_eq!(error.field(), None);
    }
    assert_eq!(domain.number("SELECT COUNT(*) FROM sessions").await, 0);
}

/// Not the time is measured, which another load would shift, but that the work is there: an unknown
/// name takes at least a good part of what a wrong password takes.
#[tokio::test]
async fn an_unknown_name_costs_the_work_of_a_wrong_password() {
    let settings = Settings {
        password_memory_bytes: 16 << 20,
        ..cheap()
    };
    let domain = Domain::with(settings).await;
    domain.register("ada").await;
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..3 {
        for (place, name) in ["ada", "nobody"].into_iter().enumerate() {
            let start = std::time::Instant::now();
            assert!(domain.try_sign_in(name, "wrong password").await.is_err());
            fastest[place] = fastest[place].min(start.elapsed());
        }
    }
    assert!(fastest[1] * 3 > fastest[0], "{fastest:?}");
}

#[tokio::test]
async fn what_is_no_secret_stands_for_nobody() {
    let domain = Domain::new().await;
    let unknown = "A".repeat(43);
    for secret in ["", "guess", "ä", unknown.as_str()] {
        assert_refused(
            domain.authenticate(secret).await,
            ErrorCode::Unauthenticated,
            "",
        );
    }
}

#[tokio::test]
async fn a_browsers_name_is_kept_without_what_cannot_be_stored() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let request = SignInRequest {
        username_or_email: "ada".to_owned(),
        password: PASSWORD.to_owned(),
        user_agent: "Ly\0nx".to_owned(),
        ..SignInRequest::default()
    };
    domain
        .gateway
        .sign_in(&domain.context, request)
        .await
        .unwrap();
    let named = "SELECT COUNT(*) FROM sessions WHERE user_agent = 'Lynx'";
    assert_eq!(domain.number(named).await, 1);
}

#[tokio::test]
async fn signing_out_ends_that_session_at_once_and_no_other() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let (one, other) = (domain.sign_in("ada").await, domain.sign_in("ada").await);
    assert!(domain.authenticate(&one).await.is_ok());
    sign_out(&domain, &one).await;
    assert_refused(
        domain.authenticate(&one).await,
        ErrorCode::Unauthenticated,
        "",
    );
    assert!(domain.authenticate(&other).await.is_ok());
    sign_out(&domain, &one).await;
    sign_out(&domain, "never was").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_brings_an_ended_session_back() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    for _ in 0..30 {
        let secret = domain.sign_in("ada").await;
        let reads = (0..8).map(|_| domain.authenticate(&secret));
        let ((), _) = futures::join!(sign_out(&domain, &secret), futures::future::join_all(reads));
        assert!(domain.authenticate(&secret).await.is_err());
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_lives_on_when_it_is() {
    if !testing_databases::are_files() {
        return;
    }
    let domain = Domain::new().await;
    domain.register("ada").await;
    let (used, unused) = (domain.sign_in("ada").await, domain.sign_in("ada").await);
    domain.advance(60 * DAY);
    assert!(domain.authenticate(&used).await.is_ok());
    let prolonged = "SELECT COUNT(*) FROM sessions WHERE last_used_at > created_at";
    domain.until(prolonged, 1).await;
    domain.advance(31 * DAY);
    assert_refused(
        domain.authenticate(&unused).await,
        ErrorCode::Unauthenticated,
        "",
    );
    // What is in memory of the session is of before it was prolonged; another process reads it
    // again.
    let fresh = domain.another_process(cheap()).await;
    assert!(fresh.authenticate(&used).await.is_ok());
    fresh.advance(91 * DAY);
    assert_refused(
        fresh.authenticate(&used).await,
        ErrorCode::Unauthenticated,
        "",
    );
}

#[tokio::test]
async fn a_use_is_recorded_once_an_hour_at_the_most() {
    if !testing_databases::are_files() {
        return;
    }
    let domain = Domain::new().await;
    domain.register("ada").await;
    let secret = domain.sign_in("ada").await;
    domain.advance(3_599);
    assert!(domain.authenticate(&secret).await.is_ok());
    domain.advance(1);
    let fresh = domain.another_process(cheap()).await;
    assert!(fresh.authenticate(&secret).await.is_ok());
    domain
        .until(
            "SELECT last_used_at - created_at FROM sessions",
            3_600_000_000,
        )
        .await;
}

#[tokio::test]
async fn the_oldest_sessions_make_room() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    domain.register("grace").await;
    let grace = domain.sign_in("grace").await;
    let first = domain.sign_in("ada").await;
    let second = domain.sign_in("ada").await;
    assert!(domain.authenticate(&first).await.is_ok());
    for _ in 0..199 {
        domain.sign_in("ada").await;
    }
    assert!(domain.authenticate(&first).await.is_err());
    for secret in [second, grace] {
        assert!(domain.authenticate(&secret).await.is_ok());
    }
    assert_eq!(domain.number("SELECT COUNT(*) FROM sessions").await, 201);
}

#[tokio::test]
async fn a_hash_with_the_parameters_of_before_is_made_again_at_a_sign_in() {
    if !testing_databases::are_files() {
        return;
    }
    let domain = Domain::new().await;
    domain.register("ada").await;
    let settings = Settings {
        password_iterations: 2,
        ..cheap()
    };
    let later = domain.another_process(settings).await;
    assert!(later.try_sign_in("ada", "wrong").await.is_err());
    let outdated = "SELECT COUNT(*) FROM credentials WHERE password_hash LIKE '%,t=1,%'";
    assert_eq!(domain.number(outdated).await, 1);
    later.sign_in("ada").await;
    assert_eq!(domain.number(outdated).await, 0);
    domain.sign_in("ada").await;
}

#[tokio::test]
async fn the_job_removes_what_has_expired_and_stops_on_shutdown() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    domain.sign_in("ada").await;
    domain.advance(91 * DAY);
    let current = domain.sign_in("ada").await;
    let insert = domain.database.write(move |connection| {
        Box::pin(async move {
            for number in 0..1_200_i64 {
                infra_db::query(
                    "INSERT INTO authorization_codes (code_hash, application_id, account_id, redirect_uri, scopes, \
                     code_challenge, expires_at, session_id) VALUES ($1, 1, 1, '', 'read', '', $2, 0)",
                )
                .bind(number.to_be_bytes().to_vec())
                .bind(number)
                .execute(&mut *connection)
                .await?;
            }
            Ok::<_, infra_db::DbError>(())
        })
    });
    insert.await.unwrap();
    let stop = CancellationToken::new();
    let stopped = async {
        domain.until("SELECT COUNT(*) FROM sessions", 1).await;
        domain
            .until("SELECT COUNT(*) FROM authorization_codes", 0)
            .await;
        stop.cancel();
    };
    let running = domain.core.run_jobs(stop.clone());
    let both = async { futures::join!(running, stopped) };
    tokio::time::timeout(Duration::from_secs(20), both)
        .await
        .unwrap();
    assert!(domain.authenticate(&current).await.is_ok());
}
