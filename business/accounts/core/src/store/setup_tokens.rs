//! The one-time link that makes the first admin.

use infra_db::{Connection, Reader};
use infra_kernel::Timestamp;

use crate::error::AccountsError;
use crate::secret::SecretHash;

/// The token, while there is no account.
pub(super) const FIND: &str = "SELECT token_hash FROM setup_tokens WHERE id = 1 \
    AND EXISTS (SELECT 1 FROM account_count WHERE id = 1 AND accounts = 0)";

pub(crate) async fn is_valid(reader: &Reader, token: SecretHash) -> Result<bool, AccountsError> {
    let stored: Option<Vec<u8>> = infra_db::query_scalar(FIND).fetch_optional(reader).await?;
    Ok(stored.is_some_and(|stored| token.is_stored_as(&stored)))
}

pub(crate) async fn is_valid_for_update(
    connection: &mut Connection,
    token: SecretHash,
) -> Result<bool, AccountsError> {
    let stored: Option<Vec<u8>> = infra_db::query_scalar(FIND)
        .fetch_optional(connection)
        .await?;
    Ok(stored.is_some_and(|stored| token.is_stored_as(&stored)))
}

/// Puts a token in place of the one before.
pub(crate) async fn replace(
    connection: &mut Connection,
    token: SecretHash,
    now: Timestamp,
) -> Result<(), AccountsError> {
    infra_db::query(
        "INSERT INTO setup_tokens (id, token_hash, created_at) VALUES (1, $1, $2) \
         ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at",
    )
    .bind(token.to_sql())
    .bind(now.microseconds())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) const REMOVE_EXPIRED: &str = "DELETE FROM setup_tokens WHERE EXISTS (SELECT 1 FROM account_count WHERE id = 1 AND accounts > 0)";

/// Removes the token when there is an account; returns how many were removed.
pub(crate) async fn remove_expired(connection: &mut Connection) -> Result<u64, AccountsError> {
    let removed = infra_db::query(REMOVE_EXPIRED).execute(connection).await?;
    Ok(removed)
}
