//! How accounts sign in.

use infra_db::{Connection, Reader};
use infra_kernel::{AccountId, Timestamp};

use crate::error::AccountsError;
use crate::rules::registration::{email_key, is_username, username_key};

pub(crate) const BY_LOCAL_NAME: &str = "SELECT c.account_id, c.password_hash FROM accounts a \
    JOIN credentials c ON c.account_id = a.id WHERE a.username_key = $1 AND a.domain = ''";
pub(crate) const BY_EMAIL: &str =
    "SELECT account_id, password_hash FROM credentials WHERE email_key = $1";
pub(crate) const IS_LOCAL_NAME_TAKEN: &str =
    "SELECT EXISTS (SELECT 1 FROM accounts WHERE username_key = $1 AND domain = '')";
pub(crate) const IS_EMAIL_TAKEN: &str =
    "SELECT EXISTS (SELECT 1 FROM credentials WHERE email_key = $1)";
pub(crate) const EMAIL_OF: &str = "SELECT c.email FROM accounts a \
    JOIN credentials c ON c.account_id = a.id WHERE a.username_key = $1 AND a.domain = ''";
pub(crate) const REPLACE_HASH: &str = "UPDATE credentials SET password_hash = $3, changed_at = $4 \
    WHERE account_id = $1 AND password_hash = $2";
pub(crate) const SET_HASH: &str =
    "UPDATE credentials SET password_hash = $2, changed_at = $3 WHERE account_id = $1";
pub(crate) const HAS_HASH: &str = "SELECT EXISTS (SELECT 1 FROM credentials \
    WHERE account_id = $1 AND password_hash = $2)";

/// What a sign-in is checked against.
#[derive(infra_db::Row)]
pub(crate) struct Credential {
    account_id: i64,
    pub(crate) password_hash: String,
}

impl Credential {
    pub(crate) const fn account_id(&self) -> AccountId {
        AccountId::from_sql(self.account_id)
    }
}

/// The credential of a local account by its name or e-mail address: a name holds no @.
pub(crate) async fn find(reader: &Reader, name: &str) -> Result<Option<Credential>, AccountsError> {
    let query = if name.contains('@') {
        infra_db::query(BY_EMAIL).bind(email_key(name))
    } else {
        infra_db::query(BY_LOCAL_NAME).bind(username_key(name))
    };
    Ok(query.fetch_optional(reader).await?)
}

/// The e-mail address of the local account with this name; empty when it has none, or there is no
/// such account.
pub(crate) async fn email_of(reader: &Reader, username: &str) -> Result<String, AccountsError> {
    if !is_username(username) {
        return Ok(String::new());
    }
    let query = infra_db::query_scalar(EMAIL_OF).bind(username_key(username));
    let found: Option<Option<String>> = query.fetch_optional(reader).await?;
    Ok(found.flatten().unwrap_or_default())
}

pub(crate) async fn is_local_name_taken(
    reader: &Reader,
    username: &str,
) -> Result<bool, AccountsError> {
    let query = infra_db::query_scalar(IS_LOCAL_NAME_TAKEN).bind(username_key(username));
    Ok(query.fetch_one(reader).await?)
}

pub(crate) async fn is_email_taken(reader: &Reader, email: &str) -> Result<bool, AccountsError> {
    let query = infra_db::query_scalar(IS_EMAIL_TAKEN).bind(email_key(email));
    Ok(query.fetch_one(reader).await?)
}

/// Writes the credential of a new account; returns whether its e-mail address was free. An empty
/// address is none.
pub(crate) async fn insert(
    connection: &mut Connection,
    account_id: AccountId,
    email: &str,
    password_hash: &str,
    now: Timestamp,
) -> Result<bool, AccountsError> {
    // As NULL, because of two empty texts the second would count as taken.
    let email = Some(email).filter(|email| !email.is_empty());
    let inserted = infra_db::query(
        "INSERT INTO credentials (account_id, email, email_key, password_hash, changed_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email_key) DO NOTHING",
    )
    .bind(account_id.to_sql())
    .bind(email)
    .bind(email.map(email_key))
    .bind(password_hash)
    .bind(now.microseconds())
    .execute(connection)
    .await?;
    Ok(inserted == 1)
}

/// Sets the hash of a new password.
pub(crate) async fn set_hash(
    connection: &mut Connection,
    account_id: AccountId,
    hash: &str,
    now: Timestamp,
) -> Result<(), AccountsError> {
    let query = infra_db::query(SET_HASH)
        .bind(account_id.to_sql())
        .bind(hash);
    query.bind(now.microseconds()).execute(connection).await?;
    Ok(())
}

/// Sets a better hash of the same password; returns whether the password was still that one.
pub(crate) async fn replace_hash(
    connection: &mut Connection,
    account_id: AccountId,
    hash_before: &str,
    hash: &str,
    now: Timestamp,
) -> Result<bool, AccountsError> {
    let replaced = infra_db::query(REPLACE_HASH)
        .bind(account_id.to_sql())
        .bind(hash_before)
        .bind(hash)
        .bind(now.microseconds())
        .execute(connection)
        .await?;
    Ok(replaced == 1)
}

/// Whether the account's password is still the one with this hash.
pub(crate) async fn has_hash(
    connection: &mut Connection,
    account_id: AccountId,
    hash: &str,
) -> Result<bool, AccountsError> {
    let query = infra_db::query_scalar(HAS_HASH)
        .bind(account_id.to_sql())
        .bind(hash);
    Ok(query.fetch_one(connection).await?)
}
