//! The words by which accounts are found.

use std::collections::BTreeSet;

use infra_db::{Connection, Reader};
use infra_kernel::AccountId;

use crate::error::AccountsError;

/// The most entries that one search looks at: of a beginning that more words have, only the first
/// in order are found.
const ENTRIES_MAX: i64 = 5_000;
/// Above every character, so that a word and this is above every word that begins with it.
const ABOVE: char = char::MAX;

/// Accounts with a word that begins with $1 (and is below $2), and one for each other beginning of
/// $3, with $6 above every character.
pub(crate) const SEARCH: &str = "SELECT DISTINCT w.account_id FROM \
    (SELECT account_id FROM account_words WHERE word >= $1 AND word < $2 LIMIT $4) w \
    WHERE NOT EXISTS (SELECT 1 FROM json_each($3, '$') WHERE NOT EXISTS (SELECT 1 FROM account_words o \
    WHERE o.account_id = w.account_id AND o.word >= json_each.value AND o.word < json_each.value || $6)) \
    LIMIT $5";
pub(crate) const REMOVE: &str = "DELETE FROM account_words WHERE account_id = $1";
pub(crate) const NOT_MISSING: &str = "DELETE FROM accounts_without_words WHERE account_id = $1";
/// Reads no more of the table than it returns.
pub(super) const MISSING: &str = "SELECT account_id FROM accounts_without_words LIMIT $1";

/// Accounts that have words with all of these beginnings, in no particular order.
pub(crate) async fn search(
    reader: &Reader,
    beginnings: &[String],
    limit: usize,
) -> Result<Vec<AccountId>, AccountsError> {
    // The longest is had by the fewest.
    let Some(longest) = beginnings.iter().max_by_key(|word| word.chars().count()) else {
        return Ok(Vec::new());
    };
    let all = serde_json::to_string(beginnings)
        .map_err(|error| AccountsError::Unreadable(Box::new(error)))?;
    let ids: Vec<i64> = infra_db::query_scalar(SEARCH)
        .bind(longest)
        .bind(format!("{longest}{ABOVE}"))
        .bind(all)
        .bind(ENTRIES_MAX)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(ABOVE.to_string())
        .fetch_all(reader)
        .await?;
    Ok(ids.into_iter().map(AccountId::from_sql).collect())
}

pub(super) const REPLACE: &str =
    "INSERT INTO account_words (word, account_id) SELECT value, $2 FROM json_each($1, '$')";

/// Writes the words of an account in place of those of before.
pub(crate) async fn replace(
    connection: &mut Connection,
    account_id: AccountId,
    words: &BTreeSet<String>,
) -> Result<(), AccountsError> {
    let id = account_id.to_sql();
    for statement in [REMOVE, NOT_MISSING] {
        infra_db::query(statement)
            .bind(id)
            .execute(&mut *connection)
            .await?;
    }
    let words =
        serde_json::to_string(words).map_err(|error| AccountsError::Unreadable(Box::new(error)))?;
    infra_db::query(REPLACE)
        .bind(words)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Some of the accounts whose words are not written yet.
pub(crate) async fn missing(
    connection: &mut Connection,
    limit: u32,
) -> Result<Vec<AccountId>, AccountsError> {
    let query = infra_db::query_scalar(MISSING).bind(limit);
    let ids: Vec<i64> = query.fetch_all(connection).await?;
    Ok(ids.into_iter().map(AccountId::from_sql).collect())
}
