//! Browsers that have signed in to an account before.

use infra_db::{Connection, Reader};
use infra_kernel::{AccountId, Timestamp};

use crate::error::AccountsError;
use crate::secret::SecretHash;

/// The most browsers that are known to one account; those not used for longest make room.
pub(crate) const KNOWN_BROWSERS_MAX: i64 = 50;

pub(crate) const IS_KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM known_browsers \
    WHERE secret_hash = $1 AND account_id = $2 AND last_sign_in_at > $3)";
pub(crate) const RENAME: &str = "UPDATE known_browsers SET secret_hash = $2 WHERE secret_hash = $1";
pub(crate) const MAKE_ROOM: &str = "DELETE FROM known_browsers WHERE account_id = $1 \
    AND last_sign_in_at <= (SELECT last_sign_in_at FROM known_browsers \
    WHERE account_id = $1 ORDER BY last_sign_in_at DESC LIMIT 1 OFFSET $2)";
pub(crate) const REMOVE_OF_ACCOUNT: &str = "DELETE FROM known_browsers WHERE account_id = $1";
pub(crate) const REMOVE_EXPIRED: &str = "DELETE FROM known_browsers WHERE (secret_hash, account_id) IN \
    (SELECT secret_hash, account_id FROM known_browsers WHERE last_sign_in_at <= $1 LIMIT $2)";

/// Whether a browser has signed in to the account after a moment.
pub(crate) async fn is_known(
    reader: &Reader,
    browser: SecretHash,
    account_id: AccountId,
    after: Timestamp,
) -> Result<bool, AccountsError> {
    let query = infra_db::query_scalar(IS_KNOWN)
        .bind(browser.to_sql())
        .bind(account_id.to_sql());
    Ok(query.bind(after.microseconds()).fetch_one(reader).await?)
}

/// Records a sign-in. The browser gets a new secret, under which it stays known to the other
/// accounts it has signed in to: what somebody else may have put into its cookie is worth nothing
/// afterwards.
pub(crate) async fn note(
    connection: &mut Connection,
    before: Option<SecretHash>,
    browser: SecretHash,
    account_id: AccountId,
    now: Timestamp,
) -> Result<(), AccountsError> {
    if let Some(before) = before {
        let query = infra_db::query(RENAME).bind(before.to_sql());
        query
            .bind(browser.to_sql())
            .execute(&mut *connection)
            .await?;
    }
    infra_db::query(
        "INSERT INTO known_browsers (secret_hash, account_id, last_sign_in_at) VALUES ($1, $2, $3) \
         ON CONFLICT (secret_hash, account_id) DO UPDATE SET last_sign_in_at = excluded.last_sign_in_at",
    )
    .bind(browser.to_sql())
    .bind(account_id.to_sql())
    .bind(now.microseconds())
    .execute(&mut *connection)
    .await?;
    let query = infra_db::query(MAKE_ROOM)
        .bind(account_id.to_sql())
        .bind(KNOWN_BROWSERS_MAX);
    query.execute(connection).await?;
    Ok(())
}
