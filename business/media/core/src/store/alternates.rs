//! The tables `alternates`, `alternate_jobs` and `alternates_given_up`: other forms of renditions,
//! the items that still wait for theirs, and those that will have none.

use business_media_codec::Encoding;
use business_media_gateway::MediaId;
use infra_blob::Stored;
use infra_db::{Connection, Database};
use infra_kernel::{CorrelationId, Timestamp};

use crate::error::MediaError;
use crate::store::queue::{self, AttemptCounts};

/// An item that was taken to have its alternates made.
#[derive(Debug, Clone, infra_db::Row)]
pub(crate) struct ClaimedJob {
    media_id: i64,
    pub(crate) owner_id: i64,
    lease_holder: i64,
    pub(crate) attempts: i64,
    pub(crate) original_key: String,
    pub(crate) original_bytes: i64,
    pub(crate) memory_bytes: i64,
    pub(crate) width: i64,
    pub(crate) height: i64,
    pub(crate) alternates_tried: i64,
    correlation_id: String,
}

impl ClaimedJob {
    pub(crate) const fn id(&self) -> MediaId {
        MediaId::from_sql(self.media_id)
    }

    /// The attempts so far, this one among them. What each ended by is not distinguished: a photo
    /// is there without its other forms, and the operator can have them retried.
    pub(crate) const fn tries(&self) -> AttemptCounts {
        AttemptCounts {
            own: self.attempts,
            infra_failure: self.attempts - 1,
        }
    }

    /// Width and height in pixels of the picture as uploaded.
    pub(crate) fn size(&self) -> (u32, u32) {
        let side = |side| u32::try_from(side).unwrap_or(u32::MAX);
        (side(self.width), side(self.height))
    }

    /// The name in the logs of the request that brought the item.
    pub(crate) fn correlation_id(&self) -> CorrelationId {
        queue::correlation_id(&self.correlation_id)
    }
}

/// The forms as the column `alternates_tried` of `media` has them: a bit for each.
pub(crate) fn bits(encodings: &[Encoding]) -> i64 {
    let bit = |encoding: &Encoding| match encoding {
        Encoding::WebP => 1,
        Encoding::Avif => 2,
    };
    encodings.iter().map(bit).fold(0, |all, bit| all | bit)
}

pub(super) const ENQUEUE: &str =
    "INSERT INTO alternate_jobs (media_id, owner_id, attempts, next_attempt_at, lease_holder)
     SELECT id, owner_id, 0, $2, 0 FROM media WHERE id = $1 ON CONFLICT DO NOTHING";

/// Records that an item's alternates are to be made.
pub(crate) async fn enqueue(
    connection: &mut Connection,
    id: MediaId,
    now: Timestamp,
) -> Result<(), MediaError> {
    infra_db::query(ENQUEUE)
        .bind(id.to_sql())
        .bind(now.microseconds())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const ENQUEUE_EXISTING: &str =
    "SELECT EXISTS (SELECT 1 FROM media WHERE id = $1 AND state = 2)";

/// The same of an item that may have gone in between.
pub(crate) async fn enqueue_existing(
    connection: &mut Connection,
    id: MediaId,
    now: Timestamp,
) -> Result<(), MediaError> {
    let is_ready: bool = infra_db::query_scalar(ENQUEUE_EXISTING)
        .bind(id.to_sql())
        .fetch_one(&mut *connection)
        .await?;
    if is_ready {
        enqueue(connection, id, now).await?;
    }
    Ok(())
}

pub(super) const IS_ANY_DUE: &str =
    "SELECT EXISTS (SELECT 1 FROM alternate_jobs WHERE next_attempt_at <= $1 AND lease_holder = 0)";

/// Whether any item waits for its alternates now.
pub(crate) async fn is_any_due(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<bool, MediaError> {
    Ok(infra_db::query_scalar(IS_ANY_DUE)
        .bind(now.microseconds())
        .fetch_one(connection)
        .await?)
}

pub(super) const CLAIM: &str = "UPDATE alternate_jobs SET attempts = attempts + 1, lease_holder = $1, next_attempt_at = $3
     WHERE media_id = (
         SELECT media_id FROM alternate_jobs
         WHERE lease_holder = 0 AND next_attempt_at <= $2 AND owner_id = COALESCE(
             (SELECT MIN(owner_id) FROM alternate_jobs
              WHERE lease_holder = 0 AND next_attempt_at <= $2 AND owner_id > $4),
             (SELECT MIN(owner_id) FROM alternate_jobs WHERE lease_holder = 0 AND next_attempt_at <= $2))
         ORDER BY next_attempt_at, media_id LIMIT 1)
     RETURNING media_id";
pub(super) const CLAIMED: &str = "SELECT media_id, alternate_jobs.owner_id, alternate_jobs.lease_holder, alternate_jobs.attempts, original_key,
         original_bytes, memory_bytes, width, height, alternates_tried, correlation_id
     FROM alternate_jobs JOIN media ON media.id = media_id WHERE media_id = $1";

/// Takes an item for `run`; nobody else may take it until `until`. Accounts stand in a ring, in the
/// order of their ids: the next after the one that was `served` last has its turn, with what waits
/// longest of its own.
pub(crate) async fn claim(
    connection: &mut Connection,
    (run, served): (i64, i64),
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<ClaimedJob>, MediaError> {
    let id: Option<i64> = infra_db::query_scalar(CLAIM)
        .bind(run)
        .bind(now.microseconds())
        .bind(until.microseconds())
        .bind(served)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(id) = id else { return Ok(None) };
    // A second statement, because SQLite returns no columns of other tables from an update.
    let claimed = infra_db::query(CLAIMED)
        .bind(id)
        .fetch_optional(connection)
        .await?;
    Ok(claimed)
}

pub(super) const FINISH: &str =
    "DELETE FROM alternate_jobs WHERE media_id = $1 AND lease_holder = $2 AND attempts = $3";

/// Ends the work on an item, done or given up. Returns whether it was still this attempt's.
pub(crate) async fn finish(
    connection: &mut Connection,
    job: &ClaimedJob,
) -> Result<bool, MediaError> {
    let removed = infra_db::query(FINISH)
        .bind(job.media_id)
        .bind(job.lease_holder)
        .bind(job.attempts)
        .execute(connection)
        .await?;
    Ok(removed == 1)
}

pub(super) const MARK_TRIED: &str =
    "UPDATE media SET alternates_tried = alternates_tried | $2 WHERE id = $1";

/// Records that these forms of an item were made, as [`bits`], whether or not they were worth
/// keeping.
pub(crate) async fn mark_tried(
    connection: &mut Connection,
    id: MediaId,
    bits: i64,
) -> Result<(), MediaError> {
    infra_db::query(MARK_TRIED)
        .bind(id.to_sql())
        .bind(bits)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const COUNT_WAITING: &str =
    "SELECT COUNT(*) FROM (SELECT 1 FROM alternate_jobs LIMIT $1) AS waiting";

/// How many items wait for their alternates, counted up to a limit.
pub(crate) async fn count_waiting(database: &Database, limit: i64) -> Result<i64, MediaError> {
    Ok(infra_db::query_scalar(COUNT_WAITING)
        .bind(limit)
        .fetch_one(database.reader())
        .await?)
}

/// The page is cut first, so that a planner sees how few look-ups there are.
pub(super) const LACKING_AFTER: &str =
    "SELECT id, state = 2 AND original_key <> '' AND NOT original_lost AND (alternates_tried & $2) <> $2
         AND NOT EXISTS (SELECT 1 FROM alternate_jobs WHERE media_id = page.id)
         AND NOT EXISTS (SELECT 1 FROM alternates_given_up WHERE media_id = page.id)
     FROM (SELECT id, state, original_key, original_lost, alternates_tried FROM media
         WHERE id > $1 ORDER BY id LIMIT CAST($3 AS BIGINT)) AS page
     ORDER BY id";

/// The items after this one in the order of their ids, and whether each is ready, lacks one of
/// these forms ([`bits`]), and neither waits for it nor will do without.
pub(crate) async fn lacking_after(
    database: &Database,
    after: MediaId,
    bits: i64,
    limit: i64,
) -> Result<Vec<(i64, bool)>, MediaError> {
    let rows = infra_db::query(LACKING_AFTER)
        .bind(after.to_sql())
        .bind(bits)
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(rows)
}

pub(super) const PAUSE: &str =
    "UPDATE alternate_jobs SET lease_holder = 0, next_attempt_at = $4, attempts = attempts - $5
     WHERE media_id = $1 AND lease_holder = $2 AND attempts = $3";

/// Lets the item wait again until a moment. An attempt that was not to blame is not counted.
pub(crate) async fn pause(
    connection: &mut Connection,
    job: &ClaimedJob,
    until: Timestamp,
    counted: bool,
) -> Result<(), MediaError> {
    infra_db::query(PAUSE)
        .bind(job.media_id)
        .bind(job.lease_holder)
        .bind(job.attempts)
        .bind(until.microseconds())
        .bind(i64::from(!counted))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const LOST: &str = "SELECT media_id, alternate_jobs.owner_id, alternate_jobs.lease_holder, alternate_jobs.attempts, original_key,
         original_bytes, memory_bytes, width, height, alternates_tried, correlation_id
     FROM alternate_jobs JOIN media ON media.id = media_id
     WHERE alternate_jobs.lease_holder <> 0
         AND (alternate_jobs.next_attempt_at <= $1 OR ($2 <> 0 AND alternate_jobs.lease_holder <> $2))
     LIMIT $3";

/// Attempts whose lease has run out and, when `run` is given, those of every other run.
pub(crate) async fn lost(
    database: &Database,
    now: Timestamp,
    run: Option<i64>,
    limit: i64,
) -> Result<Vec<ClaimedJob>, MediaError> {
    // While a job is leased, `next_attempt_at` is the end of its lease.
    let lost = infra_db::query(LOST)
        .bind(now.microseconds())
        .bind(run.unwrap_or(0))
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(lost)
}

/// An item whose alternates were given up.
#[derive(infra_db::Row)]
pub(crate) struct GivenUpRow {
    pub(crate) media_id: i64,
    pub(crate) attempts: i64,
    pub(crate) given_up_at: i64,
    pub(crate) cause: String,
}

/// Ends the work on an item for good, if it is still this attempt's; returns whether it was.
pub(crate) async fn give_up(
    connection: &mut Connection,
    job: &ClaimedJob,
    cause: &str,
    now: Timestamp,
) -> Result<bool, MediaError> {
    if !finish(connection, job).await? {
        return Ok(false);
    }
    infra_db::query(
        "INSERT INTO alternates_given_up (media_id, attempts, given_up_at, cause) VALUES ($1, $2, $3, $4)
         ON CONFLICT (media_id) DO UPDATE SET attempts = $2, given_up_at = $3, cause = $4",
    )
    .bind(job.media_id)
    .bind(job.attempts)
    .bind(now.microseconds())
    .bind(cause)
    .execute(connection)
    .await?;
    Ok(true)
}

pub(super) const GIVEN_UP_BEFORE: &str =
    "SELECT media_id, attempts, given_up_at, cause FROM alternates_given_up
     WHERE media_id < $1 ORDER BY media_id DESC LIMIT $2";

/// The items before this one whose alternates were given up, newest first.
pub(crate) async fn given_up_before(
    database: &Database,
    before: i64,
    limit: u32,
) -> Result<Vec<GivenUpRow>, MediaError> {
    let rows = infra_db::query(GIVEN_UP_BEFORE)
        .bind(before)
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(rows)
}

/// Lets an item wait again whose alternates were given up. Returns whether they were.
pub(crate) async fn try_again(
    connection: &mut Connection,
    id: MediaId,
    now: Timestamp,
) -> Result<bool, MediaError> {
    let forgotten = forget_given_up(connection, id).await?;
    if forgotten {
        enqueue(connection, id, now).await?;
    }
    Ok(forgotten)
}

pub(super) const FORGET_GIVEN_UP: &str = "DELETE FROM alternates_given_up WHERE media_id = $1";

async fn forget_given_up(connection: &mut Connection, id: MediaId) -> Result<bool, MediaError> {
    let forgotten = infra_db::query(FORGET_GIVEN_UP)
        .bind(id.to_sql())
        .execute(connection)
        .await?;
    Ok(forgotten == 1)
}

pub(crate) async fn insert(
    connection: &mut Connection,
    id: MediaId,
    (name, content_type): (&str, &str),
    stored: Stored,
) -> Result<(), MediaError> {
    infra_db::query(
        "INSERT INTO alternates (media_id, name, content_type, key, bytes) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
    )
    .bind(id.to_sql())
    .bind(name)
    .bind(content_type)
    .bind(stored.key.to_string())
    .bind(stored.bytes.cast_signed())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) const REMOVE_JOB: &str = "DELETE FROM alternate_jobs WHERE media_id = $1";
pub(super) const FORGET_TRIED: &str = "UPDATE media SET alternates_tried = 0 WHERE id = $1";
pub(super) const REMOVE: &str = "DELETE FROM alternates WHERE media_id = $1 RETURNING key";

/// Removes everything of an item. Returns the blobs its alternates used.
pub(crate) async fn remove(
    connection: &mut Connection,
    id: MediaId,
) -> Result<Vec<String>, MediaError> {
    infra_db::query(REMOVE_JOB)
        .bind(id.to_sql())
        .execute(&mut *connection)
        .await?;
    forget_given_up(connection, id).await?;
    // For an item that stays: none of its forms count as made any more.
    infra_db::query(FORGET_TRIED)
        .bind(id.to_sql())
        .execute(&mut *connection)
        .await?;
    let keys = infra_db::query_scalar(REMOVE)
        .bind(id.to_sql())
        .fetch_all(connection)
        .await?;
    Ok(keys)
}
