use std::time::Duration;

use business_accounts::Settings;
use business_accounts_gateway::{CreateApplicationRequest, RegisterRequest};
use infra_kernel::ErrorCode;

use crate::support::{Domain, PASSWORD, assert_refused, cheap, refusal, sign_up};

#[tokio::test]
async fn one_address_may_try_to_sign_in_only_so_often() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    for number in 0..20 {
        let address = format!("2001:db8:0:7::{number}");
        let result = domain
            .try_sign_in_from(&format!("nobody{number}"), "wrong", &address)
            .await;
        assert_refused(result, ErrorCode::Unauthenticated, "");
    }
    let error = refusal(
        domain
            .try_sign_in_from("ada", PASSWORD, "2001:db8:0:7::99")
            .await,
    );
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert!(error.public().contains("15 seconds"), "{error}");
    assert!(
        domain
            .try_sign_in_from("ada", PASSWORD, "2001:db8:0:8::1")
            .await
            .is_ok()
    );
    assert!(domain.try_sign_in_from("ada", PASSWORD, "").await.is_ok());
    domain.advance(15);
    assert!(
        domain
            .try_sign_in_from("ada", PASSWORD, "2001:db8:0:7::1")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_name_that_nobody_has_is_limited_like_an_account() {
    let domain = Domain::new().await;
    for _ in 0..10 {
        let result = domain.try_sign_in("nobody", "wrong").await;
        assert_refused(result, ErrorCode::Unauthenticated, "");
    }
    let result = domain.try_sign_in("Nobody", "wrong").await;
    assert_refused(result, ErrorCode::RateLimited, "");
}

#[tokio::test]
async fn right_passwords_are_not_counted() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    for _ in 0..30 {
        domain.sign_in("ada").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_the_same_time_do_not_slip_past_the_limit() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let guesses = (0..50).map(|_| domain.try_sign_in("ada", "wrong"));
    let results = futures::future::join_all(guesses).await;
    let checked = |code| {
        results
            .iter()
            .filter(|r| r.as_ref().unwrap_err().code() == code)
            .count()
    };
    assert_eq!(checked(ErrorCode::Unauthenticated), 10);
    assert_eq!(checked(ErrorCode::RateLimited), 40);
}

#[tokio::test]
async fn one_address_may_sign_up_only_so_often_and_typing_errors_do_not_count() {
    let domain = Domain::new().await;
    let from = |username: &str| RegisterRequest {
        remote_address: "192.0.2.1".to_owned(),
        ..sign_up(username)
    };
    for _ in 0..20 {
        let result = domain.try_register(from("not a name")).await;
        assert_refused(result, ErrorCode::Invalid, "username");
    }
    for number in 0..10 {
        domain
            .try_register(from(&format!("ada{number}")))
            .await
            .unwrap();
    }
    let error = refusal(domain.try_register(from("ada10")).await);
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert!(error.public().contains("6 minutes"), "{error}");
    domain.register("from_elsewhere").await;
    domain.advance(360);
    domain.try_register(from("ada10")).await.unwrap();
}

#[tokio::test]
async fn one_address_may_register_only_so_many_applications() {
    let settings = Settings {
        applications_per_address: 2,
        application_window_s: 10,
        ..cheap()
    };
    let domain = Domain::with(settings).await;
    let create = || {
        let request = CreateApplicationRequest {
            name: "Darkroom".to_owned(),
            redirect_uris: vec!["app://back".to_owned()],
            remote_address: "192.0.2.1".to_owned(),
            ..CreateApplicationRequest::default()
        };
        domain.gateway.create_application(&domain.context, request)
    };
    create().await.unwrap();
    create().await.unwrap();
    assert_refused(create().await, ErrorCode::RateLimited, "");
    domain.advance(5);
    create().await.unwrap();
}

#[tokio::test]
async fn a_clock_that_is_set_neither_frees_nor_locks_anyone() {
    const YEARS: Duration = Duration::from_secs(10 * 365 * 86_400);
    let domain = Domain::new().await;
    domain.register("ada").await;
    let wrong = || domain.try_sign_in_from("ada", "wrong", "192.0.2.1");
    for _ in 0..10 {
        assert_refused(wrong().await, ErrorCode::Unauthenticated, "");
    }
    let start = domain.now();
    for set_to in [start.plus(YEARS), start, start.minus(YEARS), start] {
        domain.clock.set(set_to);
        let error = refusal(wrong().await);
        assert_eq!(error.code(), ErrorCode::RateLimited);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
    }
    domain.clock.set(start.plus(YEARS));
    domain.advance(90);
    assert_refused(wrong().await, ErrorCode::Unauthenticated, "");
    domain.clock.set(start);
    domain.advance(90);
    assert_refused(wrong().await, ErrorCode::Unauthenticated, "");
}

#[tokio::test]
async fn a_crowd_of_addresses_makes_only_so_many_accounts() {
    let settings = Settings {
        registrations_per_hour_max: 3,
        registrations_per_day_max: 5,
        ..cheap()
    };
    let domain = Domain::with(settings).await;
    let join = |number: u32| {
        let request = RegisterRequest {
            remote_address: format!("192.0.2.{number}"),
            ..sign_up(&format!("ada{number}"))
        };
        domain.try_register(request)
    };
    for number in 0..3 {
        join(number).await.unwrap();
    }
    let error = refusal(join(3).await);
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert!(error.public().contains("20 minutes"), "{error}");
    domain.advance(3_600);
    join(4).await.unwrap();
    join(5).await.unwrap();
    let error = refusal(join(6).await);
    assert!(
        error.retry_after().unwrap() > Duration::from_secs(3_600),
        "{error}"
    );
    domain.advance(24 * 3_600);
    join(7).await.unwrap();
}

#[tokio::test]
async fn a_spent_allowance_is_reported_before_the_fields_are_looked_at() {
    let settings = Settings {
        registrations_per_address: 1,
        ..cheap()
    };
    let domain = Domain::with(settings).await;
    let from = |username: &str| RegisterRequest {
        remote_address: "192.0.2.1".to_owned(),
        ..sign_up(username)
    };
    domain.try_register(from("ada")).await.unwrap();
    let refused = domain.try_register(from("not a name")).await;
    assert_refused(refused, ErrorCode::RateLimited, "");
    let with_token = |username: &str| RegisterRequest {
        setup_token: "wrong".to_owned(),
        remote_address: "192.0.2.2".to_owned(),
        ..sign_up(username)
    };
    let error = refusal(domain.try_register(with_token("not a name")).await);
    assert_ne!(
        error.code(),
        ErrorCode::Invalid,
        "the fields were looked at"
    );
    let refused = domain.try_register(with_token("bob")).await;
    assert_refused(refused, ErrorCode::RateLimited, "");
}

#[tokio::test]
async fn whose_an_email_address_is_costs_an_allowance() {
    let settings = Settings {
        registrations_per_address: 2,
        registrations_per_hour_max: 2,
        ..cheap()
    };
    let domain = Domain::with(settings).await;
    domain.register("ada").await;
    let probe = || RegisterRequest {
        remote_address: "192.0.2.1".to_owned(),
        email: "ada@example.org".to_owned(),
        ..sign_up("eve")
    };
    for _ in 0..2 {
        let refused = domain.try_register(probe()).await;
        assert_refused(refused, ErrorCode::Conflict, "email");
    }
    let refused = domain.try_register(probe()).await;
    assert_refused(refused, ErrorCode::RateLimited, "");
    // Nobody signed up: the server's allowance is as it was.
    domain.register("bob").await;
}

#[tokio::test]
async fn a_sign_up_that_could_not_be_written_costs_nothing() {
    let settings = Settings {
        registrations_per_address: 1,
        registrations_per_hour_max: 1,
        ..cheap()
    };
    let domain = Domain::with(settings).await;
    let from = || RegisterRequest {
        remote_address: "192.0.2.1".to_owned(),
        ..sign_up("ada")
    };
    domain
        .execute("ALTER TABLE credentials RENAME TO elsewhere")
        .await;
    for _ in 0..3 {
        let error = refusal(domain.try_register(from()).await);
        assert_ne!(error.code(), ErrorCode::RateLimited, "{error}");
    }
    domain
        .execute("ALTER TABLE elsewhere RENAME TO credentials")
        .await;
    domain.try_register(from()).await.unwrap();
}

#[tokio::test]
async fn a_site_signs_up_no_more_often_than_a_home() {
    let domain = Domain::with(Settings {
        registrations_per_address: 1,
        ..cheap()
    })
    .await;
    for number in 0..5 {
        let result = domain
            .try_register(RegisterRequest {
                remote_address: format!("2001:db8:1:{number}00::1"),
                ..sign_up(&format!("ada{number}"))
            })
            .await;
        assert_eq!(result.is_ok(), number < 4, "{number}");
    }
}
