use business_accounts_gateway::{
    CreateAccountRequest, RegisterReply, ResetPasswordRequest, Role, SetRoleRequest, topics,
};
use infra_kernel::{ErrorCode, Result};

use crate::support::{Domain, PASSWORD, assert_refused, cheap};

async fn create(domain: &Domain, request: CreateAccountRequest) -> Result<RegisterReply> {
    domain
        .gateway
        .create_account(&domain.context, request)
        .await
}

fn named(username: &str) -> CreateAccountRequest {
    CreateAccountRequest {
        username: username.to_owned(),
        ..CreateAccountRequest::default()
    }
}

async fn set_role(domain: &Domain, username: &str, role: Role) -> Result<Role> {
    let request = SetRoleRequest {
        username: username.to_owned(),
        role: role.into(),
    };
    Ok(domain
        .gateway
        .set_role(&domain.context, request)
        .await?
        .role())
}

async fn reset(domain: &Domain, username: &str, password: &str) -> Result<String> {
    let request = ResetPasswordRequest {
        username: username.to_owned(),
        password: password.to_owned(),
    };
    let reply = domain
        .gateway
        .reset_password(&domain.context, request)
        .await?;
    Ok(reply.generated_password)
}

#[tokio::test]
async fn the_operator_makes_accounts_that_a_sign_up_could_not() {
    let settings = business_accounts::Settings {
        registrations_open: false,
        ..cheap()
    };
    let domain = Domain::with(settings).await;
    let request = CreateAccountRequest {
        role: Role::Admin.into(),
        ..named("Admin")
    };
    let reply = create(&domain, request).await.unwrap();
    assert_eq!(reply.account.unwrap().role(), Role::Admin);
    assert_eq!(reply.generated_password.len(), 20);
    assert!(
        domain
            .try_sign_in("admin", &reply.generated_password)
            .await
            .is_ok()
    );
    let request = CreateAccountRequest {
        password: PASSWORD.to_owned(),
        email: "ada@example.org".to_owned(),
        ..named("ada")
    };
    let reply = create(&domain, request).await.unwrap();
    assert_eq!(reply.generated_password, "");
    assert_eq!(reply.account.unwrap().role(), Role::Member);
    assert!(
        domain
            .try_sign_in("ada@example.org", PASSWORD)
            .await
            .is_ok()
    );
    assert_eq!(domain.events().await.len(), 2);
}

#[tokio::test]
async fn what_must_hold_for_every_account_holds_for_the_operators_too() {
    let domain = Domain::new().await;
    domain.register("ada").await;
    assert_refused(
        create(&domain, named("ADA")).await,
        ErrorCode::Conflict,
        "username",
    );
    assert_refused(
        create(&domain, named("a b")).await,
        ErrorCode::Invalid,
        "username",
    );
    let short = CreateAccountRequest {
        password: "short".to_owned(),
        ..named("grace")
    };
    assert_refused(create(&domain, short).await, ErrorCode::Invalid, "password");
    for common in ["password1", "grace2024!", "Camera Obscura", "nul\0 in it"] {
        let request = CreateAccountRequest {
            password: common.to_owned(),
            ..named("grace")
        };
        assert_refused(
            create(&domain, request).await,
            ErrorCode::Invalid,
            "password",
        );
        let result = reset(&domain, "ada", &common.replace("grace", "ada@example.org")).await;
        assert_refused(result, ErrorCode::Invalid, "password");
    }
    let taken = CreateAccountRequest {
        email: "ADA@example.org".to_owned(),
        ..named("grace")
    };
    assert_refused(create(&domain, taken).await, ErrorCode::Conflict, "email");
    create(&domain, named("without_email")).await.unwrap();
    create(&domain, named("also_without_email")).await.unwrap();
}

#[tokio::test]
async fn a_new_role_is_in_the_grants_at_once() {
    let domain = Domain::new().await;
    let account = domain.register("ada").await;
    let secret = domain.sign_in("ada").await;
    assert_eq!(
        domain.authenticate(&secret).await.unwrap().role(),
        Role::Member
    );
    assert_eq!(
        set_role(&domain, "ADA", Role::Moderator).await.unwrap(),
        Role::Moderator
    );
    assert_eq!(
        domain.authenticate(&secret).await.unwrap().role(),
        Role::Moderator
    );
    let event = (topics::PROFILE_CHANGED.to_owned(), account.id);
    assert_eq!(domain.events().await.last(), Some(&event));
    assert_refused(
        set_role(&domain, "ada\0", Role::Admin).await,
        ErrorCode::NotFound,
        "",
    );
    assert_refused(
        set_role(&domain, "nobody", Role::Admin).await,
        ErrorCode::NotFound,
        "",
    );
    assert_refused(
        set_role(&domain, "ada", Role::Unspecified).await,
        ErrorCode::Invalid,
        "role",
    );
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_token_at_once() {
    let domain = Domain::new().await;
    let account = domain.register("ada").await;
    domain.register("grace").await;
    let (ada, grace) = (domain.sign_in("ada").await, domain.sign_in("grace").await);
    assert!(domain.authenticate(&ada).await.is_ok());
    assert_refused(
        reset(&domain, "ada", "short").await,
        ErrorCode::Invalid,
        "password",
    );
    assert_refused(
        reset(&domain, "nobody", "long enough").await,
        ErrorCode::NotFound,
        "",
    );
    assert!(domain.authenticate(&ada).await.is_ok());
    let generated = reset(&domain, "ada", "").await.unwrap();
    assert_refused(
        domain.authenticate(&ada).await,
        ErrorCode::Unauthenticated,
        "",
    );
    assert!(domain.authenticate(&grace).await.is_ok());
    assert!(domain.try_sign_in("ada", PASSWORD).await.is_err());
    assert!(domain.try_sign_in("ada", &generated).await.is_ok());
    let event = (topics::SESSIONS_REVOKED.to_owned(), account.id);
    assert_eq!(domain.events().await.last(), Some(&event));
    assert_eq!(reset(&domain, "ada", "a chosen one").await.unwrap(), "");
    assert!(domain.try_sign_in("ada", "a chosen one").await.is_ok());
}

/// A command runs beside the server, which learns of it within the lifetime of what it holds in
/// memory: 5 seconds.
#[tokio::test]
async fn what_a_command_revokes_is_refused_by_the_server_within_seconds() {
    if !testing_databases::are_files() {
        return;
    }
    let server = Domain::new().await;
    server.register("ada").await;
    let secret = server.sign_in("ada").await;
    assert!(server.authenticate(&secret).await.is_ok());
    let command = server.another_process(cheap()).await;
    reset(&command, "ada", "").await.unwrap();
    server.advance(5);
    assert!(server.authenticate(&secret).await.is_err());
}

/// A sign-in whose password was checked just before the new one was set must not open a session
/// after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sign_in_with_the_old_password_outlives_the_new_one() {
    let settings = business_accounts::Settings {
        password_memory_bytes: 4 << 20,
        password_checks_max: 8,
        ..cheap()
    };
    let domain = Domain::with(settings).await;
    domain.register("ada").await;
    for round in 0..10 {
        let old = if round == 0 {
            PASSWORD.to_owned()
        } else {
            format!("chosen in round {round}")
        };
        let new = format!("chosen in round {}", round + 1);
        let sign_ins = (0..6).map(|_| domain.try_sign_in("ada", &old));
        let (set, _) = futures::join!(
            reset(&domain, "ada", &new),
            futures::future::join_all(sign_ins)
        );
        set.unwrap();
        assert_eq!(domain.number("SELECT COUNT(*) FROM sessions").await, 0);
        domain.advance(900);
    }
}
