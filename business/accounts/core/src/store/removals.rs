//! What the tables have in common in removing: all of an account, or some of what has expired.

use infra_db::Connection;
use infra_kernel::{AccountId, Timestamp};

use super::{codes, known_browsers, sessions};
use crate::error::AccountsError;

/// The statements that remove what lets anyone act for an account: `$1` is the account.
const OF_ACCOUNT: [&str; 3] = [
    sessions::REMOVE_OF_ACCOUNT,
    codes::REMOVE_OF_ACCOUNT,
    known_browsers::REMOVE_OF_ACCOUNT,
];

/// Removes every session, token and code of an account, and forgets the browsers that are known to
/// it.
pub(crate) async fn remove_access(
    connection: &mut Connection,
    account_id: AccountId,
) -> Result<(), AccountsError> {
    for statement in OF_ACCOUNT {
        let query = infra_db::query(statement).bind(account_id.to_sql());
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Removes some of what is from before a moment and returns how many rows: of the statement `$1` is
/// the moment and `$2` the limit.
pub(crate) async fn remove_expired(
    connection: &mut Connection,
    statement: &'static str,
    before: Timestamp,
    limit: u32,
) -> Result<u64, AccountsError> {
    let query = infra_db::query(statement)
        .bind(before.microseconds())
        .bind(limit);
    Ok(query.execute(connection).await?)
}
