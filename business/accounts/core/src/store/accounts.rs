//! The accounts as others see them.

use business_accounts_gateway::{Account, ProfileField, Role};
use infra_db::{Connection, Reader, json_ids};
use infra_kernel::{AccountId, Timestamp};

use crate::error::AccountsError;
use crate::rules::registration::{is_username, username_key};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, username, display_name, note, fields, avatar_media_id, \
             header_media_id, role, bot, discoverable, created_at, default_visibility, \
             default_sensitive, default_language, default_originals_shared, default_camera_shown, \
             indexable, attribution_domains, domain, uri, locked FROM accounts ",
            $rest
        )
    };
}

pub(crate) const BY_IDS: &str = select!("WHERE id IN (SELECT value FROM json_each($1))");
/// A remote account's key has its domain, and so is not found by a name; the condition keeps a text
/// that is no name from finding one.
pub(crate) const LOCAL_BY_NAMES: &str =
    select!("WHERE username_key IN (SELECT value FROM json_each($1, '$')) AND domain = ''");
pub(crate) const LOCAL_BY_NAME: &str = select!("WHERE username_key = $1 AND domain = ''");
pub(crate) const BY_ID: &str = select!("WHERE id = $1");
pub(crate) const NEWEST: &str = select!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
// Kept as accounts are made: to count them would be a walk over the table.
pub(crate) const COUNT: &str = "SELECT accounts FROM account_count WHERE id = 1";

#[derive(infra_db::Row)]
struct Row {
    id: i64,
    revision: i64,
    username: String,
    display_name: String,
    note: String,
    fields: String,
    avatar_media_id: i64,
    header_media_id: i64,
    role: i64,
    bot: bool,
    discoverable: bool,
    created_at: i64,
    default_visibility: String,
    default_sensitive: bool,
    default_language: String,
    default_originals_shared: bool,
    default_camera_shown: bool,
    indexable: bool,
    attribution_domains: String,
    domain: String,
    uri: String,
    locked: bool,
}

impl TryFrom<Row> for Account {
    type Error = AccountsError;

    fn try_from(row: Row) -> Result<Self, AccountsError> {
        Ok(Self {
            id: row.id.cast_unsigned(),
            revision: row.revision.cast_unsigned(),
            username: row.username,
            display_name: row.display_name,
            note: row.note,
            fields: fields_from_sql(&row.fields)?,
            avatar_media_id: row.avatar_media_id.cast_unsigned(),
            header_media_id: row.header_media_id.cast_unsigned(),
            role: role_from_sql(row.role),
            bot: row.bot,
            discoverable: row.discoverable,
            created_at_us: row.created_at,
            default_visibility: row.default_visibility,
            default_sensitive: row.default_sensitive,
            default_language: row.default_language,
            default_originals_shared: row.default_originals_shared,
            default_camera_shown: row.default_camera_shown,
            indexable: row.indexable,
            attribution_domains: domains_from_sql(&row.attribution_domains)?,
            domain: row.domain,
            uri: row.uri,
            locked: row.locked,
        })
    }
}

/// The number of a role as the contract has it; one that it cannot have is none.
pub(crate) fn role_from_sql(role: i64) -> i32 {
    i32::try_from(role).unwrap_or(Role::Unspecified.into())
}

fn fields_from_sql(text: &str) -> Result<Vec<ProfileField>, AccountsError> {
    let pairs: Vec<(String, String)> =
        serde_json::from_str(text).map_err(|error| AccountsError::Unreadable(Box::new(error)))?;
    let field = |(name, value)| ProfileField { name, value };
    Ok(pairs.into_iter().map(field).collect())
}

fn domains_from_sql(text: &str) -> Result<Vec<String>, AccountsError> {
    serde_json::from_str(text).map_err(|error| AccountsError::Unreadable(Box::new(error)))
}

fn domains_to_sql(domains: &[String]) -> Result<String, AccountsError> {
    serde_json::to_string(domains).map_err(|error| AccountsError::Unreadable(Box::new(error)))
}

fn fields_to_sql(fields: &[ProfileField]) -> Result<String, AccountsError> {
    let pairs: Vec<_> = fields
        .iter()
        .map(|field| (&field.name, &field.value))
        .collect();
    serde_json::to_string(&pairs).map_err(|error| AccountsError::Unreadable(Box::new(error)))
}

fn accounts(rows: Vec<Row>) -> Result<Vec<Account>, AccountsError> {
    rows.into_iter().map(Account::try_from).collect()
}

pub(crate) async fn by_ids(
    reader: &Reader,
    ids: &[AccountId],
) -> Result<Vec<Account>, AccountsError> {
    let ids = json_ids(ids.iter().map(|id| id.to_sql()));
    accounts(infra_db::query(BY_IDS).bind(ids).fetch_all(reader).await?)
}

/// Local accounts by the keys of their names.
pub(crate) async fn local_by_names(
    reader: &Reader,
    keys: &[String],
) -> Result<Vec<Account>, AccountsError> {
    let keys =
        serde_json::to_string(keys).map_err(|error| AccountsError::Unreadable(Box::new(error)))?;
    accounts(
        infra_db::query(LOCAL_BY_NAMES)
            .bind(keys)
            .fetch_all(reader)
            .await?,
    )
}

pub(crate) async fn newest(
    reader: &Reader,
    before: i64,
    limit: u32,
) -> Result<Vec<Account>, AccountsError> {
    let query = infra_db::query(NEWEST).bind(before).bind(limit);
    accounts(query.fetch_all(reader).await?)
}

pub(crate) async fn count(reader: &Reader) -> Result<i64, AccountsError> {
    Ok(infra_db::query_scalar(COUNT).fetch_one(reader).await?)
}

pub(crate) async fn count_for_update(connection: &mut Connection) -> Result<i64, AccountsError> {
    Ok(infra_db::query_scalar(COUNT).fetch_one(connection).await?)
}

pub(crate) async fn by_id_for_update(
    connection: &mut Connection,
    id: AccountId,
) -> Result<Option<Account>, AccountsError> {
    let query = infra_db::query(BY_ID).bind(id.to_sql());
    let row: Option<Row> = query.fetch_optional(connection).await?;
    row.map(Account::try_from).transpose()
}

/// The local account with this name; nothing for a text that is no name.
pub(crate) async fn local_by_name_for_update(
    connection: &mut Connection,
    username: &str,
) -> Result<Option<Account>, AccountsError> {
    if !is_username(username) {
        return Ok(None);
    }
    let query = infra_db::query(LOCAL_BY_NAME).bind(username_key(username));
    let row: Option<Row> = query.fetch_optional(connection).await?;
    row.map(Account::try_from).transpose()
}

/// A new local account with nothing but a name.
pub(crate) fn blank(
    id: AccountId,
    username: String,
    role: Role,
    language: String,
    created_at: Timestamp,
) -> Account {
    Account {
        id: id.get(),
        revision: 1,
        username,
        role: role.into(),
        created_at_us: created_at.microseconds(),
        default_visibility: "public".to_owned(),
        default_language: language,
        ..Account::default()
    }
}

pub(super) const INSERT: &str = "UPDATE account_count SET accounts = accounts + 1 WHERE id = 1";

/// Writes a new local account and counts it; returns whether its name was free.
pub(crate) async fn insert(
    connection: &mut Connection,
    account: &Account,
) -> Result<bool, AccountsError> {
    let inserted = infra_db::query(
        "INSERT INTO accounts (id, revision, username, username_key, display_name, note, fields, avatar_media_id, \
         header_media_id, role, bot, discoverable, created_at, default_visibility, default_sensitive, default_language, \
         default_originals_shared, default_camera_shown) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
         ON CONFLICT (username_key) DO NOTHING",
    )
    .bind(account.id.cast_signed())
    .bind(account.revision.cast_signed())
    .bind(&account.username)
    .bind(username_key(&account.username))
    .bind(&account.display_name)
    .bind(&account.note)
    .bind(fields_to_sql(&account.fields)?)
    .bind(account.avatar_media_id.cast_signed())
    .bind(account.header_media_id.cast_signed())
    .bind(account.role)
    .bind(account.bot)
    .bind(account.discoverable)
    .bind(account.created_at_us)
    .bind(&account.default_visibility)
    .bind(account.default_sensitive)
    .bind(&account.default_language)
    .bind(account.default_originals_shared)
    .bind(account.default_camera_shown)
    .execute(&mut *connection)
    .await?;
    if inserted == 0 {
        return Ok(false);
    }
    // In the same transaction: whether there is any account decides about the setup link.
    infra_db::query(INSERT).execute(connection).await?;
    Ok(true)
}

pub(super) const UPDATE: &str = "UPDATE accounts SET revision = $2, display_name = $3, note = $4, fields = $5, avatar_media_id = $6, \
     header_media_id = $7, role = $8, bot = $9, discoverable = $10, default_visibility = $11, \
     default_sensitive = $12, default_language = $13, default_originals_shared = $14, \
     default_camera_shown = $15, indexable = $16, attribution_domains = $17, locked = $18 WHERE id = $1";

/// Writes what can change of an account, and its revision.
pub(crate) async fn update(
    connection: &mut Connection,
    account: &Account,
) -> Result<(), AccountsError> {
    infra_db::query(UPDATE)
        .bind(account.id.cast_signed())
        .bind(account.revision.cast_signed())
        .bind(&account.display_name)
        .bind(&account.note)
        .bind(fields_to_sql(&account.fields)?)
        .bind(account.avatar_media_id.cast_signed())
        .bind(account.header_media_id.cast_signed())
        .bind(account.role)
        .bind(account.bot)
        .bind(account.discoverable)
        .bind(&account.default_visibility)
        .bind(account.default_sensitive)
        .bind(&account.default_language)
        .bind(account.default_originals_shared)
        .bind(account.default_camera_shown)
        .bind(account.indexable)
        .bind(domains_to_sql(&account.attribution_domains)?)
        .bind(account.locked)
        .execute(connection)
        .await?;
    Ok(())
}
