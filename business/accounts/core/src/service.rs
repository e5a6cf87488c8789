//! The contract, call by call. Each is one method in a file of its group; here they are only tied
//! to the trait.

mod applications;
mod authenticate;
mod authorize;
mod issue_token;
mod operate;
mod read;
mod register;
mod search;
pub(crate) mod sign_in;
mod update_profile;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{
    Account, Accounts, Application, AuthenticateRequest, AuthorizeReply, AuthorizeRequest,
    CountAccountsReply, CountAccountsRequest, CreateAccountRequest, CreateApplicationReply,
    CreateApplicationRequest, CreateSetupTokenReply, CreateSetupTokenRequest,
    FindLocalAccountsRequest, GetAccountHeadsReply, GetAccountHeadsRequest, GetAccountsReply,
    GetAccountsRequest, GetApplicationRequest, Grant, IssueTokenReply, IssueTokenRequest,
    ListAccountsRequest, RegisterReply, RegisterRequest, ResetPasswordReply, ResetPasswordRequest,
    RevokeTokenReply, RevokeTokenRequest, SearchAccountsRequest, SetRoleRequest, SignInReply,
    SignInRequest, SignOutReply, SignOutRequest, UpdateProfileRequest,
};
use infra_cache::VersionedCache;
use infra_db::{BoxFuture, Connection, Database};
use infra_kernel::{AccountId, ApplicationId, Clock, Context, IdGenerator, Result};

use crate::error::AccountsError;
use crate::limits::Limits;
use crate::passwords::Passwords;
use crate::secret::SecretHash;
use crate::{Dependencies, Settings};

use authenticate::{KnownGrant, Touches};

/// The most grants kept in memory; each is some 200 bytes.
const GRANTS_KEPT_MAX: u64 = 50_000;
/// The most accounts kept in memory; each is some 500 bytes, and 4 KiB at most.
const ACCOUNTS_KEPT_MAX: u64 = 20_000;

/// How long an entry counts: the operator's commands write beside this process, and are seen after
/// that.
const CACHE_LIFETIME: Duration = Duration::from_secs(5);

/// The domain at work.
pub(crate) struct Service {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    ids: Arc<IdGenerator>,
    settings: Settings,
    site_names: Vec<String>,
    passwords: Passwords,
    caches: Caches,
    touches: Touches,
}

/// What is kept in memory.
#[derive(Clone)]
struct Caches {
    grants: VersionedCache<SecretHash, KnownGrant>,
    accounts: VersionedCache<AccountId, Arc<Account>>,
}

impl Caches {
    fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            grants: VersionedCache::bounded(GRANTS_KEPT_MAX)
                .with_lifetime(CACHE_LIFETIME, Arc::clone(clock)),
            accounts: VersionedCache::bounded(ACCOUNTS_KEPT_MAX)
                .with_lifetime(CACHE_LIFETIME, Arc::clone(clock)),
        }
    }
}

impl Service {
    pub(crate) fn new(dependencies: Dependencies) -> Result<Self> {
        let settings = dependencies.settings;
        let caches = Caches::new(&dependencies.clock);
        Ok(Self {
            database: dependencies.database,
            clock: dependencies.clock,
            limits: Limits::new(&settings),
            ids: dependencies.ids,
            passwords: Passwords::new(&settings)?,
            caches,
            touches: Touches::default(),
            site_names: dependencies.site_names,
            settings,
        })
    }

    /// Writes, and invalidates what is cached of it when that is committed.
    async fn change<T, F>(
        &self,
        work: F,
        invalidate: impl FnOnce(&Caches, &T) + Send + 'static,
    ) -> Result<T, AccountsError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, AccountsError>>
            + Send
            + 'static,
    {
        let caches = self.caches.clone();
        self.database
            .write_then(work, move |written, _| invalidate(&caches, written))
            .await
    }
}

#[async_trait]
impl Accounts for Service {
    async fn register(&self, context: &Context, request: RegisterRequest) -> Result<RegisterReply> {
        Ok(self.register(context, request).await?)
    }

    async fn sign_in(&self, context: &Context, request: SignInRequest) -> Result<SignInReply> {
        Ok(self.sign_in(context, request).await?)
    }

    async fn authenticate(&self, _: &Context, request: AuthenticateRequest) -> Result<Grant> {
        Ok(self.authenticate(request).await?)
    }

    async fn sign_out(&self, _: &Context, request: SignOutRequest) -> Result<SignOutReply> {
        Ok(self.sign_out(request).await?)
    }

    async fn get_accounts(
        &self,
        _: &Context,
        request: GetAccountsRequest,
    ) -> Result<GetAccountsReply> {
        Ok(self.get_accounts(&request).await?)
    }

    async fn get_account_heads(
        &self,
        _: &Context,
        request: GetAccountHeadsRequest,
    ) -> Result<GetAccountHeadsReply> {
        Ok(self.get_account_heads(&request).await?)
    }

    async fn find_local_accounts(
        &self,
        _: &Context,
        request: FindLocalAccountsRequest,
    ) -> Result<GetAccountsReply> {
        Ok(self.find_local_accounts(&request).await?)
    }

    async fn search_accounts(
        &self,
        _: &Context,
        request: SearchAccountsRequest,
    ) -> Result<GetAccountsReply> {
        Ok(self.search_accounts(&request).await?)
    }

    async fn update_profile(
        &self,
        context: &Context,
        request: UpdateProfileRequest,
    ) -> Result<Account> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(self.update_profile(context, request).await?)
    }

    async fn list_accounts(
        &self,
        _: &Context,
        request: ListAccountsRequest,
    ) -> Result<GetAccountsReply> {
        Ok(self.list_accounts(request).await?)
    }

    async fn count_accounts(
        &self,
        _: &Context,
        _: CountAccountsRequest,
    ) -> Result<CountAccountsReply> {
        Ok(self.count_accounts().await?)
    }

    async fn create_account(
        &self,
        context: &Context,
        request: CreateAccountRequest,
    ) -> Result<RegisterReply> {
        context.caller().require_system()?;
        Ok(self.create_account(context, request).await?)
    }

    async fn set_role(&self, context: &Context, request: SetRoleRequest) -> Result<Account> {
        context.caller().require_system()?;
        Ok(self.set_role(context, request).await?)
    }

    async fn reset_password(
        &self,
        context: &Context,
        request: ResetPasswordRequest,
    ) -> Result<ResetPasswordReply> {
        context.caller().require_system()?;
        Ok(self.reset_password(context, request).await?)
    }

    async fn create_setup_token(
        &self,
        context: &Context,
        _: CreateSetupTokenRequest,
    ) -> Result<CreateSetupTokenReply> {
        context.caller().require_system()?;
        Ok(self.create_setup_token().await?)
    }

    async fn create_application(
        &self,
        _: &Context,
        request: CreateApplicationRequest,
    ) -> Result<CreateApplicationReply> {
        Ok(self.create_application(request).await?)
    }

    async fn get_application(
        &self,
        _: &Context,
        request: GetApplicationRequest,
    ) -> Result<Application> {
        Ok(self.get_application(&request).await?)
    }

    async fn authorize(
        &self,
        context: &Context,
        request: AuthorizeRequest,
    ) -> Result<AuthorizeReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(self.authorize(request).await?)
    }

    async fn issue_token(
        &self,
        context: &Context,
        request: IssueTokenRequest,
    ) -> Result<IssueTokenReply> {
        // The other proofs hold a secret; an account is new by the word of its application.
        if let Some(Proof::NewAccount(account)) = &request.proof {
            let application = ApplicationId::new(account.application_id);
            context.caller().require_application(application)?;
        }
        Ok(self.issue_token(request).await?)
    }

    async fn revoke_token(
        &self,
        _: &Context,
        request: RevokeTokenRequest,
    ) -> Result<RevokeTokenReply> {
        Ok(self.revoke_token(request).await?)
    }
}
