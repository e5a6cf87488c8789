//! The contract, call by call: who may make it, and the function that does, in a file of its group.

mod applications;
pub(crate) mod authenticate;
mod authorize;
mod issue_token;
mod operate;
mod read;
mod register;
mod search;
pub(crate) mod sign_in;
mod update_profile;

use std::sync::Arc;

use async_trait::async_trait;
use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{
    Account, Accounts, Application, AuthenticateRequest, AuthorizeReply, AuthorizeRequest,
    CountAccountsReply, CountAccountsRequest, CreateAccountRequest, CreateApplicationReply,
    CreateApplicationRequest, CreateSetupTokenReply, CreateSetupTokenRequest,
    FindLocalAccountsRequest, GetAccountHeadsReply, GetAccountHeadsRequest, GetAccountsReply,
    GetAccountsRequest, GetApplicationRequest, GetGrantsReply, GetGrantsRequest, Grant,
    IssueTokenReply, IssueTokenRequest, ListAccountsRequest, RegisterReply, RegisterRequest,
    ResetPasswordReply, ResetPasswordRequest, RevokeTokenReply, RevokeTokenRequest,
    SearchAccountsRequest, SetRoleRequest, SignInReply, SignInRequest, SignOutReply,
    SignOutRequest, UpdateProfileRequest,
};
use infra_kernel::{AccountId, ApplicationId, Context, Result};

use crate::state::State;

pub(crate) struct AccountsService {
    state: Arc<State>,
}

impl AccountsService {
    pub(crate) const fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

#[async_trait]
impl Accounts for AccountsService {
    async fn register(&self, context: &Context, request: RegisterRequest) -> Result<RegisterReply> {
        Ok(register::register(&self.state, context, request).await?)
    }

    async fn sign_in(&self, context: &Context, request: SignInRequest) -> Result<SignInReply> {
        Ok(sign_in::sign_in(&self.state, context, request).await?)
    }

    async fn authenticate(&self, _: &Context, request: AuthenticateRequest) -> Result<Grant> {
        Ok(authenticate::authenticate(&self.state, request).await?)
    }

    async fn sign_out(&self, _: &Context, request: SignOutRequest) -> Result<SignOutReply> {
        Ok(sign_in::sign_out(&self.state, request).await?)
    }

    async fn get_accounts(
        &self,
        _: &Context,
        request: GetAccountsRequest,
    ) -> Result<GetAccountsReply> {
        Ok(read::get_accounts(&self.state, &request).await?)
    }

    async fn get_account_heads(
        &self,
        _: &Context,
        request: GetAccountHeadsRequest,
    ) -> Result<GetAccountHeadsReply> {
        Ok(read::get_account_heads(&self.state, &request).await?)
    }

    async fn find_local_accounts(
        &self,
        _: &Context,
        request: FindLocalAccountsRequest,
    ) -> Result<GetAccountsReply> {
        Ok(read::find_local_accounts(&self.state, &request).await?)
    }

    async fn search_accounts(
        &self,
        _: &Context,
        request: SearchAccountsRequest,
    ) -> Result<GetAccountsReply> {
        Ok(search::search_accounts(&self.state, &request).await?)
    }

    async fn update_profile(
        &self,
        context: &Context,
        request: UpdateProfileRequest,
    ) -> Result<Account> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(update_profile::update_profile(&self.state, context, request).await?)
    }

    async fn list_accounts(
        &self,
        _: &Context,
        request: ListAccountsRequest,
    ) -> Result<GetAccountsReply> {
        Ok(read::list_accounts(&self.state, request).await?)
    }

    async fn count_accounts(
        &self,
        _: &Context,
        _: CountAccountsRequest,
    ) -> Result<CountAccountsReply> {
        Ok(read::count_accounts(&self.state).await?)
    }

    async fn create_account(
        &self,
        context: &Context,
        request: CreateAccountRequest,
    ) -> Result<RegisterReply> {
        context.caller().require_system()?;
        Ok(operate::create_account(&self.state, context, request).await?)
    }

    async fn set_role(&self, context: &Context, request: SetRoleRequest) -> Result<Account> {
        context.caller().require_system()?;
        Ok(operate::set_role(&self.state, context, request).await?)
    }

    async fn reset_password(
        &self,
        context: &Context,
        request: ResetPasswordRequest,
    ) -> Result<ResetPasswordReply> {
        context.caller().require_system()?;
        Ok(operate::reset_password(&self.state, context, request).await?)
    }

    async fn create_setup_token(
        &self,
        context: &Context,
        _: CreateSetupTokenRequest,
    ) -> Result<CreateSetupTokenReply> {
        context.caller().require_system()?;
        Ok(operate::create_setup_token(&self.state).await?)
    }

    async fn create_application(
        &self,
        _: &Context,
        request: CreateApplicationRequest,
    ) -> Result<CreateApplicationReply> {
        Ok(applications::create_application(&self.state, request).await?)
    }

    async fn get_application(
        &self,
        _: &Context,
        request: GetApplicationRequest,
    ) -> Result<Application> {
        Ok(applications::get_application(&self.state, &request).await?)
    }

    async fn authorize(
        &self,
        context: &Context,
        request: AuthorizeRequest,
    ) -> Result<AuthorizeReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(authorize::authorize(&self.state, request).await?)
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
        Ok(issue_token::issue_token(&self.state, request).await?)
    }

    async fn revoke_token(
        &self,
        _: &Context,
        request: RevokeTokenRequest,
    ) -> Result<RevokeTokenReply> {
        Ok(applications::revoke_token(&self.state, request).await?)
    }

    async fn get_grants(
        &self,
        context: &Context,
        request: GetGrantsRequest,
    ) -> Result<GetGrantsReply> {
        context.caller().require_system()?;
        Ok(authenticate::get_grants(&self.state, &request).await?)
    }
}
