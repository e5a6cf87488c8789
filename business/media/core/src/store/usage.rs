//! The tables `account_usage`, `upload_minutes`, `upload_hours` and `processor_minutes`: what
//! accounts use of this server.

use std::time::Duration;

use infra_db::{Connection, Database, SqlText};
use infra_kernel::{AccountId, Timestamp};

use crate::error::MediaError;
use crate::store::items::NewItem;

/// The minutes that are looked back upon: an hour.
pub(crate) const MINUTES: i64 = 60;
const MICROSECONDS_PER_MINUTE: i64 = 60_000_000;

/// What an account's items take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Usage {
    /// Bytes of originals; one content counts once however many items have it.
    pub(crate) bytes: u64,
    /// Items, whatever their state.
    pub(crate) items: u64,
}

pub(super) const READ: &str = "SELECT bytes, items FROM account_usage WHERE owner_id = $1";

pub(crate) async fn read(
    connection: &mut Connection,
    owner: AccountId,
) -> Result<Usage, MediaError> {
    let row: Option<(i64, i64)> = infra_db::query(READ)
        .bind(owner.to_sql())
        .fetch_optional(connection)
        .await?;
    let (bytes, items) = row.unwrap_or_default();
    Ok(Usage {
        bytes: u64::try_from(bytes).unwrap_or(0),
        items: u64::try_from(items).unwrap_or(0),
    })
}

/// Counts an item that was just inserted.
pub(crate) async fn add_item(
    connection: &mut Connection,
    item: &NewItem,
) -> Result<(), MediaError> {
    // The item is among them.
    let others = count_with(connection, item.owner, &item.original_key).await? - 1;
    let bytes = if others > 0 {
        0
    } else {
        item.original_bytes.cast_signed()
    };
    infra_db::query(
        "INSERT INTO account_usage (owner_id, bytes, items) VALUES ($1, $2, 1)
         ON CONFLICT (owner_id) DO UPDATE SET bytes = account_usage.bytes + $2, items = account_usage.items + 1",
    )
    .bind(item.owner.to_sql())
    .bind(bytes)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) const REMOVE_ITEM: &str =
    "UPDATE account_usage SET items = items - 1 WHERE owner_id = $1";
pub(super) const REMOVE_UNUSED: &str =
    "DELETE FROM account_usage WHERE owner_id = $1 AND items <= 0";

/// Takes an item off that was just deleted.
pub(crate) async fn remove_item(
    connection: &mut Connection,
    owner: AccountId,
    original_key: &str,
    original_bytes: i64,
) -> Result<(), MediaError> {
    remove_original(connection, owner, original_key, original_bytes).await?;
    infra_db::query(REMOVE_ITEM)
        .bind(owner.to_sql())
        .execute(&mut *connection)
        .await?;
    infra_db::query(REMOVE_UNUSED)
        .bind(owner.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const REMOVE_ORIGINAL: &str =
    "UPDATE account_usage SET bytes = bytes - $2 WHERE owner_id = $1";

/// Takes the bytes of an original off that an item has just released, unless another item of the
/// account has it.
pub(crate) async fn remove_original(
    connection: &mut Connection,
    owner: AccountId,
    original_key: &str,
    original_bytes: i64,
) -> Result<(), MediaError> {
    if original_key.is_empty() || count_with(connection, owner, original_key).await? > 0 {
        return Ok(());
    }
    infra_db::query(REMOVE_ORIGINAL)
        .bind(owner.to_sql())
        .bind(original_bytes)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether the account has an item of this content, whose bytes are then counted already.
pub(crate) async fn has_content(
    connection: &mut Connection,
    owner: AccountId,
    original_key: &str,
) -> Result<bool, MediaError> {
    Ok(count_with(connection, owner, original_key).await? > 0)
}

pub(super) const COUNT_WITH: &str = "SELECT COUNT(*) FROM
     (SELECT 1 FROM media WHERE owner_id = $1 AND original_key = $2 LIMIT 2) AS counted";

/// How many items of the account have this original: none, one, or "more", which is all that is
/// asked.
async fn count_with(
    connection: &mut Connection,
    owner: AccountId,
    original_key: &str,
) -> Result<i64, MediaError> {
    let count = infra_db::query_scalar(COUNT_WITH)
        .bind(owner.to_sql())
        .bind(original_key)
        .fetch_one(connection)
        .await?;
    Ok(count)
}

/// Uploads of the last hour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RecentUploads {
    /// A minute since 1970 and the uploads in it, oldest first; at most sixty.
    minutes: Vec<(i64, i64)>,
}

impl RecentUploads {
    pub(crate) fn count(&self) -> u64 {
        let count: i64 = self.minutes.iter().map(|(_, uploads)| uploads).sum();
        count.cast_unsigned()
    }

    /// When there will be fewer than `count_max` of them.
    pub(crate) fn fewer_at(&self, count_max: u64) -> Timestamp {
        let mut left = self.count();
        let mut minute = self.minutes.last().map_or(0, |(minute, _)| *minute);
        for (of, uploads) in &self.minutes {
            left = left.saturating_sub(uploads.cast_unsigned());
            if left < count_max {
                minute = *of;
                break;
            }
        }
        Timestamp::from_microseconds((minute + MINUTES) * MICROSECONDS_PER_MINUTE)
    }
}

/// The hours that bytes are looked back upon: a day.
const HOURS: i64 = 24;

const fn hour_of(now: Timestamp) -> i64 {
    minute_of(now).div_euclid(60)
}

/// The minute since 1970 that a moment is in.
pub(crate) const fn minute_of(now: Timestamp) -> i64 {
    now.microseconds().div_euclid(MICROSECONDS_PER_MINUTE)
}

pub(super) const RECENT_UPLOADS: &str = "SELECT minute, uploads FROM upload_minutes WHERE owner_id = $1 AND minute > $2 ORDER BY minute";

/// The account's uploads of the last hour, to the minute.
pub(crate) async fn recent_uploads(
    connection: &mut Connection,
    owner: AccountId,
    now: Timestamp,
) -> Result<RecentUploads, MediaError> {
    let minutes = infra_db::query(RECENT_UPLOADS)
        .bind(owner.to_sql())
        .bind(minute_of(now) - MINUTES)
        .fetch_all(connection)
        .await?;
    Ok(RecentUploads { minutes })
}

pub(super) const RECENT_BYTES: &str =
    "SELECT CAST(SUM(bytes) AS BIGINT) FROM upload_hours WHERE owner_id = $1 AND hour > $2";

/// Bytes that the account has uploaded within the last day, to the hour.
pub(crate) async fn recent_bytes(
    connection: &mut Connection,
    owner: AccountId,
    now: Timestamp,
) -> Result<u64, MediaError> {
    // As above: PostgreSQL's sum is no BIGINT.
    let bytes: Option<i64> = infra_db::query_scalar(RECENT_BYTES)
        .bind(owner.to_sql())
        .bind(hour_of(now) - HOURS)
        .fetch_one(connection)
        .await?;
    Ok(u64::try_from(bytes.unwrap_or(0)).unwrap_or(0))
}

/// Records that an upload of so many bytes was taken.
pub(crate) async fn record_upload(
    connection: &mut Connection,
    owner: AccountId,
    bytes: u64,
    now: Timestamp,
) -> Result<(), MediaError> {
    infra_db::query(
        "INSERT INTO upload_hours (owner_id, hour, bytes) VALUES ($1, $2, $3)
         ON CONFLICT (owner_id, hour) DO UPDATE SET bytes = upload_hours.bytes + $3",
    )
    .bind(owner.to_sql())
    .bind(hour_of(now))
    .bind(bytes.cast_signed())
    .execute(&mut *connection)
    .await?;
    infra_db::query(
        "INSERT INTO upload_minutes (owner_id, minute, uploads) VALUES ($1, $2, 1)
         ON CONFLICT (owner_id, minute) DO UPDATE SET uploads = upload_minutes.uploads + 1",
    )
    .bind(owner.to_sql())
    .bind(minute_of(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes processor time that work on an account's photos took.
pub(crate) async fn record_processor_time(
    connection: &mut Connection,
    owner_id: i64,
    now: Timestamp,
    spent: Duration,
) -> Result<(), MediaError> {
    infra_db::query(
        "INSERT INTO processor_minutes (owner_id, minute, milliseconds) VALUES ($1, $2, $3)
         ON CONFLICT (owner_id, minute) DO UPDATE SET milliseconds = processor_minutes.milliseconds + $3",
    )
    .bind(owner_id)
    .bind(minute_of(now))
    .bind(i64::try_from(spent.as_millis()).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) const PROCESSOR_MINUTES: &str = "SELECT owner_id, minute, milliseconds FROM processor_minutes WHERE minute > $1 ORDER BY minute";

/// The last hour's processor time: account, minute and milliseconds, by minute. At most as many
/// rows as there were attempts within the hour.
pub(crate) async fn processor_minutes(
    database: &Database,
    now: Timestamp,
) -> Result<Vec<(i64, i64, i64)>, MediaError> {
    Ok(infra_db::query(PROCESSOR_MINUTES)
        .bind(minute_of(now) - MINUTES)
        .fetch_all(database.reader())
        .await?)
}

pub(super) const FORGET_OLD_MINUTES: &str =
    "SELECT EXISTS (SELECT 1 FROM upload_minutes WHERE minute <= $1)
     OR EXISTS (SELECT 1 FROM processor_minutes WHERE minute <= $1)
     OR EXISTS (SELECT 1 FROM upload_hours WHERE hour <= $2)";

/// Forgets at most so many minutes and hours of each kind that are no longer looked back upon.
pub(crate) async fn forget_old_minutes(
    database: &Database,
    now: Timestamp,
    limit: i64,
) -> Result<(), MediaError> {
    let before = minute_of(now) - MINUTES;
    // A look costs no commit, and most rounds find nothing.
    let any: bool = infra_db::query_scalar(FORGET_OLD_MINUTES)
        .bind(before)
        .bind(hour_of(now) - HOURS)
        .fetch_one(database.reader())
        .await?;
    if !any {
        return Ok(());
    }
    database
        .write(move |connection| {
            Box::pin(async move {
                let hour = hour_of(now) - HOURS;
                forget_until(connection, ("upload_minutes", "minute"), before, limit).await?;
                forget_until(connection, ("processor_minutes", "minute"), before, limit).await?;
                forget_until(connection, ("upload_hours", "hour"), hour, limit).await?;
                Ok(())
            })
        })
        .await
}

/// Both names are literals of this file.
pub(super) fn forget_until_text(table: &'static str, unit: &'static str) -> String {
    format!(
        "DELETE FROM {table} WHERE (owner_id, {unit}) IN
             (SELECT owner_id, {unit} FROM {table} WHERE {unit} <= $1 ORDER BY {unit} LIMIT $2)"
    )
}

/// Deletes at most so many rows of a table of this kind, up to a minute or hour, oldest first.
async fn forget_until(
    connection: &mut Connection,
    (table, unit): (&'static str, &'static str),
    last: i64,
    limit: i64,
) -> Result<(), MediaError> {
    infra_db::query(SqlText::assembled(&forget_until_text(table, unit)))
        .bind(last)
        .bind(limit)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_comes_back_as_minutes_leave_the_hour() {
        let uploads = RecentUploads {
            minutes: vec![(10, 2), (20, 3), (30, 1)],
        };
        let at = |minute: i64| Timestamp::from_microseconds(minute * MICROSECONDS_PER_MINUTE);
        assert_eq!(uploads.count(), 6);
        assert_eq!(uploads.fewer_at(6), at(70));
        assert_eq!(uploads.fewer_at(4), at(80));
        assert_eq!(uploads.fewer_at(1), at(90));
    }
}
