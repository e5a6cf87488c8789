//! Who mutes whom. A mute that has ended counts no more; its row goes with the next mute of the
//! same account.

use business_graph_gateway::{AccountMute, MuteId};
use infra_db::{Connection, Database, DbError};
use infra_kernel::{AccountId, Page, Timestamp};

macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT id, muter_id, mutee_id, notifications, expires_at FROM mutes \
             WHERE muter_id = $1 AND id < $2 AND id > $3 AND (expires_at IS NULL OR expires_at > $5) ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(crate) const SET: &str = "INSERT INTO mutes (id, muter_id, mutee_id, notifications, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (muter_id, mutee_id) DO UPDATE SET notifications = excluded.notifications, expires_at = excluded.expires_at";
pub(crate) const COUNT: &str = "SELECT COUNT(*) FROM (SELECT id FROM mutes WHERE muter_id = $1 LIMIT CAST($2 AS BIGINT)) AS counted";
pub(crate) const DELETE: &str = "DELETE FROM mutes WHERE muter_id = $1 AND mutee_id = $2";
pub(crate) const OLDER: &str = page!("DESC");
pub(crate) const NEWER: &str = page!("ASC");
pub(crate) const DELETE_ENDED: &str = "DELETE FROM mutes WHERE muter_id = $1 AND expires_at <= $2";

#[derive(infra_db::Row)]
struct MuteRow {
    id: i64,
    muter_id: i64,
    mutee_id: i64,
    notifications: bool,
    expires_at: Option<i64>,
}

impl From<MuteRow> for AccountMute {
    fn from(row: MuteRow) -> Self {
        Self {
            id: MuteId::from_sql(row.id).get(),
            muter_id: AccountId::from_sql(row.muter_id).get(),
            mutee_id: AccountId::from_sql(row.mutee_id).get(),
            notifications: row.notifications,
            expires_at_us: row.expires_at.unwrap_or_default(),
        }
    }
}

/// Writes a mute, in place of one that is there, which keeps its id and with it its place.
pub(crate) async fn set(
    connection: &mut Connection,
    mute: &AccountMute,
    created_at: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(SET)
        .bind(MuteId::new(mute.id).to_sql())
        .bind(AccountId::new(mute.muter_id).to_sql())
        .bind(AccountId::new(mute.mutee_id).to_sql())
        .bind(mute.notifications)
        .bind((mute.expires_at_us != 0).then_some(mute.expires_at_us))
        .bind(created_at.microseconds())
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes an account's mutes that have ended.
pub(crate) async fn delete_ended(
    connection: &mut Connection,
    muter: AccountId,
    now: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(DELETE_ENDED)
        .bind(muter.to_sql())
        .bind(now.microseconds())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether an account mutes as many as it may, asked within a write.
pub(crate) async fn is_full(
    connection: &mut Connection,
    muter: AccountId,
    max: u32,
) -> Result<bool, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(muter.to_sql())
        .bind(i64::from(max))
        .fetch_one(connection)
        .await?;
    Ok(count >= i64::from(max))
}

/// Removes a mute, if it is there.
pub(crate) async fn delete(
    connection: &mut Connection,
    muter: AccountId,
    mutee: AccountId,
) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(muter.to_sql())
        .bind(mutee.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

/// Whom an account mutes now, the latest first.
pub(crate) async fn list(
    database: &Database,
    muter: AccountId,
    now: Timestamp,
    page: &Page,
) -> Result<Vec<AccountMute>, DbError> {
    let statement = page.either(OLDER, NEWER);
    let rows: Vec<MuteRow> = infra_db::query(statement)
        .bind(muter.to_sql())
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .bind(now.microseconds())
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    Ok(page.newest_first(rows.into_iter().map(AccountMute::from)))
}
