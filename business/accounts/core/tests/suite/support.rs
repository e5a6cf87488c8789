//! A domain of its own for each test.

use std::sync::Arc;
use std::time::Duration;

use business_accounts::{AccountsCore, DATABASE, Dependencies, Settings};
use business_accounts_gateway::{
    Account, Accounts, AuthenticateRequest, CreateApplicationReply, CreateApplicationRequest,
    Grant, RegisterRequest, SecretKind, SignInReply, SignInRequest,
};
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{Clock, Context, Error, ErrorCode, IdGenerator, ManualClock, Result, Timestamp};

pub(crate) const PASSWORD: &str = "silver gelatin";
/// 2026-07-01, after the epoch of the ids.
const START_MS: i64 = 1_782_864_000_000;

pub(crate) struct Domain {
    pub(crate) gateway: Arc<dyn Accounts>,
    pub(crate) core: AccountsCore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) database: Database,
    pub(crate) context: Context,
    folder: Arc<tempfile::TempDir>,
}

/// Settings under which a password costs next to nothing.
pub(crate) fn cheap() -> Settings {
    Settings {
        password_memory_bytes: 8 * 1024,
        password_iterations: 1,
        ..Settings::default()
    }
}

impl Domain {
    pub(crate) async fn new() -> Self {
        Self::with(cheap()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::over(tempfile::tempdir().unwrap(), settings).await
    }

    /// Over what a folder holds already.
    pub(crate) async fn over(folder: tempfile::TempDir, settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_milliseconds(START_MS)));
        Self::open(Arc::new(folder), clock, settings, 0).await
    }

    /// A second process on the same database, as the operator's commands are.
    pub(crate) async fn another_process(&self, settings: Settings) -> Self {
        Self::open(
            Arc::clone(&self.folder),
            Arc::clone(&self.clock),
            settings,
            1,
        )
        .await
    }

    async fn open(
        folder: Arc<tempfile::TempDir>,
        clock: Arc<ManualClock>,
        settings: Settings,
        shard: u16,
    ) -> Self {
        let database = testing_databases::open(&DATABASE, folder.path()).await;
        let dependencies = Dependencies {
            database: database.clone(),
            clock: clock.clone(),
            ids: Arc::new(IdGenerator::new(shard, clock.clone())),
            limiter: testing_databases::limiter().await,
            settings,
            site_names: vec!["Camera Obscura".to_owned(), "photos.example".to_owned()],
        };
        let core = AccountsCore::new(dependencies).unwrap();
        Self {
            gateway: core.gateway(),
            core,
            clock,
            database,
            context: Context::background(Duration::from_secs(60)),
            folder,
        }
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn try_register(&self, request: RegisterRequest) -> Result<Account> {
        let reply = self.gateway.register(&self.context, request).await?;
        Ok(reply.account.unwrap())
    }

    pub(crate) async fn register(&self, username: &str) -> Account {
        self.try_register(sign_up(username)).await.unwrap()
    }

    pub(crate) async fn try_sign_in(&self, name: &str, password: &str) -> Result<SignInReply> {
        self.try_sign_in_from(name, password, "").await
    }

    pub(crate) async fn try_sign_in_from(
        &self,
        name: &str,
        password: &str,
        remote_address: &str,
    ) -> Result<SignInReply> {
        let request = SignInRequest {
            username_or_email: name.to_owned(),
            password: password.to_owned(),
            remote_address: remote_address.to_owned(),
            user_agent: "Lynx/2.9".to_owned(),
            ..SignInRequest::default()
        };
        self.gateway.sign_in(&self.context, request).await
    }

    /// The secret of a new session.
    pub(crate) async fn sign_in(&self, name: &str) -> String {
        self.try_sign_in(name, PASSWORD)
            .await
            .unwrap()
            .session_secret
    }

    /// Whom a secret stands for, used as what it is.
    pub(crate) async fn authenticate(&self, secret: &str) -> Result<Grant> {
        match self.authenticate_as(SecretKind::Session, secret).await {
            Err(_) => self.authenticate_as(SecretKind::Token, secret).await,
            granted => granted,
        }
    }

    pub(crate) async fn authenticate_as(&self, kind: SecretKind, secret: &str) -> Result<Grant> {
        let request = AuthenticateRequest {
            secret: secret.to_owned(),
            kind: kind.into(),
        };
        self.gateway.authenticate(&self.context, request).await
    }

    pub(crate) async fn application(
        &self,
        scopes: &str,
        redirect_uri: &str,
    ) -> CreateApplicationReply {
        let request = CreateApplicationRequest {
            name: "Darkroom".to_owned(),
            redirect_uris: vec![redirect_uri.to_owned()],
            scopes: scopes.to_owned(),
            ..CreateApplicationRequest::default()
        };
        self.gateway
            .create_application(&self.context, request)
            .await
            .unwrap()
    }

    /// Runs one statement on the database itself.
    pub(crate) async fn execute(&self, statement: &'static str) {
        let written: std::result::Result<(), infra_db::DbError> = self
            .database
            .write(move |connection| {
                Box::pin(async move {
                    infra_db::query(statement).execute(connection).await?;
                    Ok(())
                })
            })
            .await;
        written.unwrap();
    }

    /// Puts a hash in place of the one that is kept, as one of before would be.
    pub(crate) async fn store_hash(&self, username: &str, hash: &str) {
        let (username, hash) = (username.to_owned(), hash.to_owned());
        let written: std::result::Result<(), infra_db::DbError> = self
            .database
            .write(move |connection| {
                Box::pin(async move {
                    infra_db::query(
                        "UPDATE credentials SET password_hash = $2 WHERE account_id = \
                         (SELECT id FROM accounts WHERE username_key = $1)",
                    )
                    .bind(username)
                    .bind(hash)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await;
        written.unwrap();
    }

    /// Brings the database to where the migration leaves accounts that were there before it.
    pub(crate) async fn forget_words(&self) {
        let written: std::result::Result<(), infra_db::DbError> = self
            .database
            .write(|connection| {
                Box::pin(async move {
                    for statement in [
                        "DELETE FROM account_words",
                        "INSERT INTO accounts_without_words SELECT id FROM accounts",
                    ] {
                        infra_db::query(statement).execute(&mut *connection).await?;
                    }
                    Ok(())
                })
            })
            .await;
        written.unwrap();
    }

    /// The topics and keys of all events, in order.
    pub(crate) async fn events(&self) -> Vec<(String, u64)> {
        let rows: Vec<(String, i64)> =
            infra_db::query("SELECT topic, key FROM outbox ORDER BY position")
                .fetch_all(self.database.reader())
                .await
                .unwrap();
        let event = |(topic, key): (String, i64)| (topic, key.cast_unsigned());
        rows.into_iter().map(event).collect()
    }

    /// One number that a statement returns.
    pub(crate) async fn number(&self, statement: &'static str) -> i64 {
        infra_db::query_scalar(statement)
            .fetch_one(self.database.reader())
            .await
            .unwrap()
    }

    /// Waits until a statement returns this number.
    pub(crate) async fn until(&self, statement: &'static str, number: i64) {
        let reached = async {
            while self.number(statement).await != number {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let within = tokio::time::timeout(Duration::from_secs(10), reached).await;
        assert!(within.is_ok(), "`{statement}` never answered {number}");
    }
}

/// A sign-up in which all is right.
pub(crate) fn sign_up(username: &str) -> RegisterRequest {
    RegisterRequest {
        username: username.to_owned(),
        email: format!("{username}@example.org"),
        password: PASSWORD.to_owned(),
        agreement: true,
        locale: "de-DE".to_owned(),
        remote_address: String::new(),
        setup_token: String::new(),
    }
}

#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(result: Result<T>, code: ErrorCode, field: &str) {
    let error = refusal(result);
    assert_eq!(error.code(), code, "{error}: {}", error.causes());
    assert_eq!(error.field().unwrap_or_default(), field, "{error}");
    let sentence = error.public();
    assert!(
        sentence.ends_with('.') && sentence.len() > 20,
        "`{sentence}` does not help"
    );
}

#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T>) -> Error {
    result.expect_err("it was taken")
}
