use business_accounts::Settings;
use business_accounts_gateway::{
    CountAccountsRequest, CreateSetupTokenRequest, FindLocalAccountsRequest, RegisterRequest, Role,
    topics,
};
use infra_kernel::{ErrorCode, FieldReason};

use crate::support::{Domain, PASSWORD, assert_refused, cheap, refusal, sign_up};

async fn setup_token(domain: &Domain) -> String {
    let request = CreateSetupTokenRequest {};
    let reply = domain
        .gateway
        .create_setup_token(&domain.context, request)
        .await;
    reply.unwrap().setup_token
}

fn closed() -> Settings {
    Settings {
        registrations_open: false,
        ..cheap()
    }
}

#[tokio::test]
async fn a_new_account_is_what_was_asked_for_and_is_published() {
    let domain = Domain::new().await;
    let account = domain.register("Ada_99").await;
    assert_eq!(account.username, "Ada_99");
    assert_eq!(account.role(), Role::Member);
    assert_eq!(account.revision, 1);
    assert_eq!(account.default_visibility, "public");
    assert_eq!(account.default_language, "de-DE");
    assert_eq!(account.created_at(), domain.now());
    assert_eq!(
        domain.events().await,
        [(topics::REGISTERED.to_owned(), account.id)]
    );
    let found = domain
        .gateway
        .find_local_accounts(
            &domain.context,
            FindLocalAccountsRequest::of(["aDA_99", "nobody", "no body"]),
        )
        .await
        .unwrap();
    assert_eq!(found.accounts, [account]);
}

#[tokio::test]
async fn each_field_is_checked_and_named() {
    let domain = Domain::new().await;
    type Change = fn(&mut RegisterRequest);
    let cases: [(&str, Change); 12] = [
        ("username", |r| r.username = String::new()),
        ("username", |r| r.username = "x".repeat(31)),
        ("username", |r| r.username = "ada.l".to_owned()),
        ("username", |r| r.username = "ädä".to_owned()),
        ("username", |r| r.username = "Admin".to_owned()),
        ("username", |r| r.username = "oauth".to_owned()),
        ("email", |r| r.email = String::new()),
        ("email", |r| r.email = "ada@localhost".to_owned()),
        ("password", |r| r.password = "1234567".to_owned()),
        ("password", |r| r.password = "ä".repeat(257)),
        ("agreement", |r| r.agreement = false),
        ("username", |r| *r = RegisterRequest::default()),
    ];
    for (field, change) in cases {
        let mut request = sign_up("ada");
        change(&mut request);
        assert_refused(
            domain.try_register(request).await,
            ErrorCode::Invalid,
            field,
        );
    }
    assert_eq!(domain.number("SELECT COUNT(*) FROM accounts").await, 0);
    assert!(domain.events().await.is_empty());
    let mut request = sign_up(&"x".repeat(30));
    request.password = "ä".repeat(256);
    request.locale = "not a language".to_owned();
    assert_eq!(
        domain.try_register(request).await.unwrap().default_language,
        ""
    );
}

async fn check_refused(
    domain: &Domain,
    request: RegisterRequest,
    expected: &[(&str, FieldReason)],
) {
    let error = refusal(domain.try_register(request).await);
    let problems = error.field_problems().iter();
    let problems: Vec<_> = problems
        .map(|problem| (problem.field(), problem.reason()))
        .collect();
    assert_eq!(problems, expected);
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    use FieldReason::{Blank, Blocked, Invalid, NotAccepted, Reserved, Taken, TooLong, TooShort};

    let domain = Domain::new().await;
    domain.register("ada").await;
    let expected = [
        ("username", Blank),
        ("email", Blank),
        ("password", Blank),
        ("agreement", NotAccepted),
    ];
    check_refused(&domain, RegisterRequest::default(), &expected).await;
    let request = RegisterRequest {
        email: "ada@localhost".to_owned(),
        password: "short".to_owned(),
        ..sign_up("ADA")
    };
    let expected = [
        ("username", Taken),
        ("email", Invalid),
        ("password", TooShort),
    ];
    check_refused(&domain, request, &expected).await;
    let request = RegisterRequest {
        email: format!("{}@example.org", "a".repeat(250)),
        password: "ab c".repeat(65),
        ..sign_up(&"x".repeat(31))
    };
    let expected = [
        ("username", TooLong),
        ("email", TooLong),
        ("password", TooLong),
    ];
    check_refused(&domain, request, &expected).await;
    let request = RegisterRequest {
        password: "password1".to_owned(),
        ..sign_up("oauth")
    };
    let expected = [("username", Reserved), ("password", Blocked)];
    check_refused(&domain, request, &expected).await;
}

/// Anyone who wants to know whose addresses these are pays for each with a sign-up, and hears
/// nothing while another field is wrong.
#[tokio::test]
async fn a_taken_address_is_said_only_when_all_else_is_right_and_costs_a_sign_up() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let asking = |password: &str| RegisterRequest {
        email: "ada@example.org".to_owned(),
        password: password.to_owned(),
        remote_address: "192.0.2.1".to_owned(),
        ..sign_up("eve")
    };
    for _ in 0..20 {
        let error = refusal(domain.try_register(asking("short")).await);
        assert!(
            error
                .field_problems()
                .iter()
                .all(|problem| problem.field() == "password")
        );
    }
    for _ in 0..10 {
        let result = domain.try_register(asking(PASSWORD)).await;
        assert_refused(result, ErrorCode::Conflict, "email");
    }
    let result = domain.try_register(asking(PASSWORD)).await;
    assert_refused(result, ErrorCode::RateLimited, "");
}

#[tokio::test]
async fn names_and_addresses_are_unique_without_regard_to_case() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    let mut same_name = sign_up("ADA");
    same_name.email = "other@example.org".to_owned();
    assert_refused(
        domain.try_register(same_name).await,
        ErrorCode::Conflict,
        "username",
    );
    let mut same_email = sign_up("grace");
    same_email.email = "ADA@Example.org".to_owned();
    assert_refused(
        domain.try_register(same_email).await,
        ErrorCode::Conflict,
        "email",
    );
    let count = domain
        .gateway
        .count_accounts(&domain.context, CountAccountsRequest {})
        .await;
    assert_eq!(count.unwrap().accounts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_registrations_of_one_name_exactly_one_wins() {
    let domain = Domain::new().await;
    let tries = (0..16).map(|number| {
        let mut request = sign_up(if number % 2 == 0 { "ada" } else { "ADA" });
        request.email = format!("ada{number}@example.org");
        domain.try_register(request)
    });
    let results = futures::future::join_all(tries).await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for result in lost {
        assert_refused(result, ErrorCode::Conflict, "username");
    }
    for statement in [
        "SELECT COUNT(*) FROM accounts",
        "SELECT COUNT(*) FROM credentials",
        "SELECT COUNT(*) FROM outbox",
        "SELECT accounts FROM account_count",
    ] {
        assert_eq!(domain.number(statement).await, 1, "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_registrations_of_one_address_exactly_one_wins() {
    let domain = Domain::new().await;
    let tries = (0..8).map(|number| {
        let mut request = sign_up(&format!("ada{number}"));
        request.email = "ada@example.org".to_owned();
        domain.try_register(request)
    });
    let results = futures::future::join_all(tries).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(domain.number("SELECT COUNT(*) FROM accounts").await, 1);
}

#[tokio::test]
async fn a_closed_server_takes_nobody() {
    let domain = Domain::with(closed()).await;
    assert_refused(
        domain.try_register(sign_up("ada")).await,
        ErrorCode::Forbidden,
        "",
    );
}

#[tokio::test]
async fn the_setup_token_makes_the_first_admin_once_even_when_closed() {
    let domain = Domain::with(closed()).await;
    let replaced = setup_token(&domain).await;
    let token = setup_token(&domain).await;
    let with = |username: &str, token: &str| {
        let mut request = sign_up(username);
        request.setup_token = token.to_owned();
        request
    };
    for wrong in [replaced.as_str(), "guess"] {
        let result = domain.try_register(with("admin", wrong)).await;
        assert_refused(result, ErrorCode::Forbidden, "setup_token");
    }
    let reserved = domain.try_register(with("oauth", &token)).await;
    assert_refused(reserved, ErrorCode::Invalid, "username");
    let admin = domain.try_register(with("admin", &token)).await.unwrap();
    assert_eq!(admin.role(), Role::Admin);
    let again = domain.try_register(with("grace", &token)).await;
    assert_refused(again, ErrorCode::Forbidden, "setup_token");
    assert_eq!(setup_token(&domain).await, "");
    assert_eq!(domain.number("SELECT COUNT(*) FROM setup_tokens").await, 0);
    assert!(domain.try_sign_in("admin", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn the_setup_token_expires_with_the_first_account() {
    let domain = Domain::new().await;
    let token = setup_token(&domain).await;
    domain.register("quick").await;
    let mut request = sign_up("admin");
    request.setup_token = token;
    assert_refused(
        domain.try_register(request).await,
        ErrorCode::Forbidden,
        "setup_token",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_uses_of_the_setup_token_exactly_one_wins() {
    let domain = Domain::new().await;
    let token = setup_token(&domain).await;
    let tries = (0..8).map(|number| {
        let mut request = sign_up(&format!("admin{number}"));
        request.setup_token.clone_from(&token);
        domain.try_register(request)
    });
    let results = futures::future::join_all(tries).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(
        domain
            .number("SELECT COUNT(*) FROM accounts WHERE role = 3")
            .await,
        1
    );
}

#[tokio::test]
async fn nothing_that_is_stored_shows_a_password_or_a_secret() {
    if !testing_databases::are_files() {
        return;
    }
    let domain = Domain::new().await;
    let token = setup_token(&domain).await;
    let stored = domain.number("SELECT COUNT(*) FROM setup_tokens WHERE length(token_hash) = 32");
    assert_eq!(stored.await, 1);
    domain.register("ada").await;
    let session = domain.sign_in("ada").await;
    let application = domain.application("read", "app://back").await;
    domain.database.close().await;
    let folder = domain.database.path().parent().unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in [PASSWORD, &token, &session, &application.client_secret] {
            let shown = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!shown, "a secret is in the file");
        }
    }
}
