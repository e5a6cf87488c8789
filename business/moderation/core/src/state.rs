//! What every call shares: the database, and who the accounts are.

use std::sync::Arc;

use business_accounts_gateway::{Account, Accounts, GetAccountsRequest, Role};
use business_moderation_gateway::Case;
use business_posts_gateway::Posts;
use infra_db::Database;
use infra_kernel::{AccountId, Clock, Context, IdGenerator};

use crate::error::ModerationError;
use crate::{Dependencies, Settings, rights};

pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) posts: Arc<dyn Posts>,
    pub(crate) settings: Settings,
}

impl State {
    pub(crate) fn new(dependencies: Dependencies) -> Self {
        Self {
            database: dependencies.database,
            clock: dependencies.clock,
            ids: dependencies.ids,
            accounts: dependencies.accounts,
            posts: dependencies.posts,
            settings: dependencies.settings,
        }
    }

    /// Refuses who may not see cases: everyone but moderators and the server itself. The role is
    /// asked for at each call, so that one that is taken away is gone within the seconds for which
    /// accounts are kept in memory.
    pub(crate) async fn require_moderator(
        &self,
        context: &Context,
        account: AccountId,
    ) -> Result<(), ModerationError> {
        context.caller().require_account(account)?;
        if context.caller().is_system() {
            return Ok(());
        }
        let [role] = self.roles(context, [account.get()]).await?;
        if rights::may_see_cases(role) {
            Ok(())
        } else {
            Err(ModerationError::NotAllowed)
        }
    }

    /// Refuses who may not change this case.
    pub(crate) async fn require_handler(
        &self,
        context: &Context,
        account: AccountId,
        case: &Case,
    ) -> Result<(), ModerationError> {
        context.caller().require_account(account)?;
        if context.caller().is_system() {
            return Ok(());
        }
        let asked = [account.get(), case.target_id];
        let [role, of_target] = self.roles(context, asked).await?;
        if rights::may_handle(account.get(), role, case, of_target) {
            Ok(())
        } else {
            Err(ModerationError::NotAllowed)
        }
    }

    /// The roles of these accounts; of one that is not there none.
    async fn roles<const N: usize>(
        &self,
        context: &Context,
        ids: [u64; N],
    ) -> Result<[Role; N], ModerationError> {
        let request = GetAccountsRequest { ids: ids.to_vec() };
        let accounts = self.accounts.get_accounts(context, request).await?.accounts;
        Ok(ids.map(|id| {
            let account = accounts.iter().find(|account| account.id == id);
            account.map_or(Role::Unspecified, Account::role)
        }))
    }
}
