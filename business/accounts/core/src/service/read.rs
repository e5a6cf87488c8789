//! Reading accounts.

use std::collections::HashSet;
use std::sync::Arc;

use business_accounts_gateway::{
    Account, AccountHead, CountAccountsReply, FindLocalAccountsRequest, GetAccountHeadsReply,
    GetAccountHeadsRequest, GetAccountsReply, GetAccountsRequest, ListAccountsRequest,
};
use infra_kernel::AccountId;

use crate::error::AccountsError;
use crate::rules::registration::{is_username, username_key};
use crate::state::State;
use crate::store::accounts;

/// The most ids of one request.
const IDS_MAX: usize = 500;
/// The most names of one request.
const NAMES_MAX: usize = 100;
/// The most accounts of one list.
const LIST_MAX: u32 = 500;

pub(super) async fn get_accounts(
    state: &State,
    request: &GetAccountsRequest,
) -> Result<GetAccountsReply, AccountsError> {
    let found = accounts(state, &request.ids).await?;
    let accounts = found
        .iter()
        .map(|account| Account::clone(account))
        .collect();
    Ok(GetAccountsReply { accounts })
}

pub(super) async fn get_account_heads(
    state: &State,
    request: &GetAccountHeadsRequest,
) -> Result<GetAccountHeadsReply, AccountsError> {
    let found = accounts(state, &request.ids).await?;
    let head = |account: &Arc<Account>| AccountHead {
        id: account.id,
        revision: account.revision,
        locked: account.locked,
    };
    Ok(GetAccountHeadsReply {
        heads: found.iter().map(head).collect(),
    })
}

pub(super) async fn account(state: &State, id: AccountId) -> Result<Arc<Account>, AccountsError> {
    let found = accounts(state, &[id.get()]).await?;
    found
        .into_iter()
        .next()
        .ok_or(AccountsError::NotFound("account"))
}

/// Each of these accounts once: from memory, and what is not there in one read.
pub(super) async fn accounts(
    state: &State,
    ids: &[u64],
) -> Result<Vec<Arc<Account>>, AccountsError> {
    if ids.len() > IDS_MAX {
        return Err(AccountsError::invalid(
            "ids",
            format!("At most {IDS_MAX} accounts can be asked for at once."),
        ));
    }
    let mut seen = HashSet::with_capacity(ids.len());
    let once = ids.iter().copied().filter(|id| seen.insert(*id));
    let ids: Vec<_> = once.map(AccountId::new).collect();
    let read = async |ids: Vec<AccountId>| -> Result<_, AccountsError> {
        let read = accounts::by_ids(state.database.reader(), &ids).await?;
        let read = read
            .into_iter()
            .map(|account| (account.id(), Arc::new(account)));
        Ok(read.collect())
    };
    let accounts = state.caches.accounts.get_or_load_many(&ids, read).await?;
    Ok(accounts.into_iter().flatten().collect())
}

pub(super) async fn find_local_accounts(
    state: &State,
    request: &FindLocalAccountsRequest,
) -> Result<GetAccountsReply, AccountsError> {
    if request.usernames.len() > NAMES_MAX {
        return Err(AccountsError::invalid(
            "usernames",
            format!("At most {NAMES_MAX} names can be looked up at once."),
        ));
    }
    let names = request.usernames.iter().filter(|name| is_username(name));
    let keys: Vec<_> = names.map(|name| username_key(name)).collect();
    if keys.is_empty() {
        return Ok(GetAccountsReply::default());
    }
    let accounts = accounts::local_by_names(state.database.reader(), &keys).await?;
    Ok(GetAccountsReply { accounts })
}

pub(super) async fn list_accounts(
    state: &State,
    request: ListAccountsRequest,
) -> Result<GetAccountsReply, AccountsError> {
    if !(1..=LIST_MAX).contains(&request.limit) {
        return Err(AccountsError::invalid(
            "limit",
            format!("A list must ask for 1 to {LIST_MAX} accounts."),
        ));
    }
    // 0 stands for the newest.
    let before = Some(request.before).filter(|before| *before > 0);
    let before = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    let accounts = accounts::newest(state.database.reader(), before, request.limit).await?;
    Ok(GetAccountsReply { accounts })
}

pub(super) async fn count_accounts(state: &State) -> Result<CountAccountsReply, AccountsError> {
    let accounts = accounts::count(state.database.reader()).await?;
    Ok(CountAccountsReply {
        accounts: accounts.cast_unsigned(),
    })
}
