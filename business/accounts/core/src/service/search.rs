//! Finding accounts by what they are called.

use std::cmp::Reverse;
use std::sync::Arc;

use business_accounts_gateway::{Account, GetAccountsReply, SearchAccountsRequest};
use infra_kernel::AccountId;

use super::read;
use crate::error::AccountsError;
use crate::rules::registration::{is_username, username_key};
use crate::rules::words;
use crate::state::State;
use crate::store::{account_words, accounts};

/// The most accounts that one request returns.
const LIMIT_MAX: u32 = 80;
/// The most accounts that a query finds in all.
const FOUND_MAX: usize = 400;

pub(super) async fn search_accounts(
    state: &State,
    request: &SearchAccountsRequest,
) -> Result<GetAccountsReply, AccountsError> {
    if !(1..=LIMIT_MAX).contains(&request.limit) {
        return Err(AccountsError::invalid(
            "limit",
            format!("A search must ask for 1 to {LIMIT_MAX} accounts."),
        ));
    }
    let beginnings = words::of_query(&request.query);
    let ids = account_words::search(state.database.reader(), &beginnings, FOUND_MAX).await?;
    let mut found = read::accounts(
        state,
        &ids.iter().copied().map(AccountId::get).collect::<Vec<_>>(),
    )
    .await?;
    add_named(state, &request.query, &mut found).await?;
    // Several words are no one's name.
    let key = match beginnings.as_slice() {
        [only] => only.as_str(),
        _ => "",
    };
    found.sort_by_cached_key(|account| rank(account, key));
    let page = found
        .iter()
        .skip(request.offset as usize)
        .take(request.limit as usize);
    Ok(GetAccountsReply {
        accounts: page.map(|account| Account::clone(account)).collect(),
    })
}

/// The account with exactly this name is found, however many others there are.
async fn add_named(
    state: &State,
    query: &str,
    found: &mut Vec<Arc<Account>>,
) -> Result<(), AccountsError> {
    let name = query.trim();
    if !is_username(name) {
        return Ok(());
    }
    let named = accounts::local_by_names(state.database.reader(), &[username_key(name)]).await?;
    for account in named {
        if !found.iter().any(|known| known.id == account.id) {
            found.push(Arc::new(account));
        }
    }
    Ok(())
}

/// Whose name it is, then whose name begins with it, then the others; shorter names first.
fn rank(account: &Account, key: &str) -> (Reverse<bool>, Reverse<bool>, usize, String) {
    let name = username_key(&account.username);
    let begins = !key.is_empty() && name.starts_with(key);
    (Reverse(name == key), Reverse(begins), name.len(), name)
}
