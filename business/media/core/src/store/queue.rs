//! The queue of items that wait for their renditions: columns of `media`.
//!
//! An item that waits (state 1) has no worker; one that is processed (state 4) is leased to an
//! attempt, which is named by the run of the process and the number of the attempt. Whatever an
//! attempt writes at its end is written only while the item is still leased to it.

use business_media_gateway::MediaId;
use infra_db::{Connection, Database};
use infra_kernel::{CorrelationId, Timestamp};

use crate::error::MediaError;
use crate::rules::lane::Lane;

/// Names one attempt at one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) id: MediaId,
    /// The run of the process that holds it.
    pub(crate) run: i64,
    /// 1 for the first.
    pub(crate) attempt: i64,
}

/// What a worker needs to know of an item that was leased to it.
#[derive(Debug, Clone, infra_db::Row)]
pub(crate) struct Claimed {
    id: i64,
    lease_holder: i64,
    attempts: i64,
    infra_failures: i64,
    pub(crate) owner_id: i64,
    pub(crate) original_key: String,
    pub(crate) original_bytes: i64,
    pub(crate) memory_bytes: i64,
    correlation_id: String,
}

impl Claimed {
    pub(crate) const fn lease(&self) -> Lease {
        Lease {
            id: MediaId::from_sql(self.id),
            run: self.lease_holder,
            attempt: self.attempts,
        }
    }

    /// The attempts so far, this one among them.
    pub(crate) const fn tries(&self) -> AttemptCounts {
        AttemptCounts {
            own: self.attempts - self.infra_failures,
            infra_failure: self.infra_failures,
        }
    }

    /// The name in the logs of the request that brought it.
    pub(crate) fn correlation_id(&self) -> CorrelationId {
        correlation_id(&self.correlation_id)
    }
}

/// How often an item was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AttemptCounts {
    /// Attempts that the item may be to blame for, and the one under way.
    pub(crate) own: i64,
    /// Attempts that ended by infrastructure failures.
    pub(crate) infra_failure: i64,
}

/// A name for the logs as a row has it.
pub(crate) fn correlation_id(text: &str) -> CorrelationId {
    // Items from before this column have an empty one.
    CorrelationId::from_caller(text).unwrap_or_else(CorrelationId::fresh)
}

/// The most urgent priority that has a waiting item.
pub(crate) const FIRST_PRIORITY: &str =
    "SELECT priority FROM media WHERE state = 1 AND next_attempt_at = 0
    ORDER BY priority LIMIT 1";

/// Accounts with a waiting item of a priority ($1) and lane ($4), in the order of their ids, after
/// one ($2), at most so many ($3). Each is one step in the index, however many items wait.
pub(crate) const OWNERS_AFTER: &str = "WITH RECURSIVE ring (owner_id, place) AS (
        SELECT (SELECT MIN(owner_id) FROM media
                WHERE state = 1 AND next_attempt_at = 0 AND priority = $1 AND lane = $4 AND owner_id > $2), 1
        UNION ALL
        SELECT (SELECT MIN(owner_id) FROM media
                WHERE state = 1 AND next_attempt_at = 0 AND priority = $1 AND lane = $4 AND owner_id > ring.owner_id),
            ring.place + 1
        FROM ring WHERE ring.owner_id IS NOT NULL AND ring.place < $3
    ) SELECT owner_id FROM ring WHERE owner_id IS NOT NULL";

/// An account's oldest waiting item of a priority and lane.
pub(crate) const OLDEST: &str = "SELECT id FROM media
    WHERE state = 1 AND next_attempt_at = 0 AND priority = $1 AND lane = $3 AND owner_id = $2 ORDER BY id LIMIT 1";

/// How many items of each account and lane are being processed; at most as many rows as there are
/// workers. Each of them is leased until some moment: saying so leads a planner to the index of the
/// leases, and away from one that would only save it the grouping.
pub(crate) const RUNNING: &str = "SELECT owner_id, lane, COUNT(*) FROM media
    WHERE state = 4 AND leased_until > 0 GROUP BY owner_id, lane";

/// The earliest end of a pause.
pub(crate) const NEXT_PAUSED: &str =
    "SELECT MIN(next_attempt_at) FROM media WHERE state = 1 AND next_attempt_at > 0";

pub(crate) async fn first_priority(connection: &mut Connection) -> Result<Option<i64>, MediaError> {
    Ok(infra_db::query_scalar(FIRST_PRIORITY)
        .fetch_optional(connection)
        .await?)
}

pub(crate) async fn owners_after(
    connection: &mut Connection,
    (priority, lane): (i64, Lane),
    owner_id: i64,
    limit: usize,
) -> Result<Vec<i64>, MediaError> {
    Ok(infra_db::query_scalar(OWNERS_AFTER)
        .bind(priority)
        .bind(owner_id)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(lane.to_sql())
        .fetch_all(connection)
        .await?)
}

pub(crate) async fn oldest(
    connection: &mut Connection,
    (priority, lane): (i64, Lane),
    owner_id: i64,
) -> Result<Option<MediaId>, MediaError> {
    let id: Option<i64> = infra_db::query_scalar(OLDEST)
        .bind(priority)
        .bind(owner_id)
        .bind(lane.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(id.map(MediaId::from_sql))
}

/// Accounts, lanes, and how many of their items are being processed.
pub(crate) async fn running(
    connection: &mut Connection,
) -> Result<Vec<(i64, i64, i64)>, MediaError> {
    Ok(infra_db::query(RUNNING).fetch_all(connection).await?)
}

/// When the earliest pause ends; nothing when no item pauses.
pub(crate) async fn next_paused(
    connection: &mut Connection,
) -> Result<Option<Timestamp>, MediaError> {
    let at: Option<i64> = infra_db::query_scalar(NEXT_PAUSED)
        .fetch_one(connection)
        .await?;
    Ok(at.map(Timestamp::from_microseconds))
}

pub(super) const END_PAUSES: &str = "UPDATE media SET next_attempt_at = 0 WHERE id IN
     (SELECT id FROM media WHERE state = 1 AND next_attempt_at > 0 AND next_attempt_at <= $1
      ORDER BY next_attempt_at LIMIT $2)";

/// Puts items whose pause is over back into the queue, at most so many.
pub(crate) async fn end_pauses(
    connection: &mut Connection,
    now: Timestamp,
    limit: i64,
) -> Result<(), MediaError> {
    infra_db::query(END_PAUSES)
        .bind(now.microseconds())
        .bind(limit)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const LEASE: &str = "UPDATE media SET state = 4, revision = revision + 1, attempts = attempts + 1, lease_holder = $2, leased_until = $3
     WHERE id = $1 AND state = 1 AND next_attempt_at = 0
     RETURNING id, lease_holder, attempts, infra_failures, owner_id, original_key, original_bytes, memory_bytes,
         correlation_id";

/// Leases an item, if it still waits.
pub(crate) async fn lease(
    connection: &mut Connection,
    id: MediaId,
    run: i64,
    until: Timestamp,
) -> Result<Option<Claimed>, MediaError> {
    let claimed = infra_db::query(LEASE)
        .bind(id.to_sql())
        .bind(run)
        .bind(until.microseconds())
        .fetch_optional(connection)
        .await?;
    Ok(claimed)
}

pub(super) const RENEW: &str = "UPDATE media SET leased_until = $4 WHERE id = $1 AND state = 4 AND lease_holder = $2 AND attempts = $3";

/// Says that an attempt continues. Returns whether the item is still leased to it.
pub(crate) async fn renew(
    connection: &mut Connection,
    lease: Lease,
    until: Timestamp,
) -> Result<bool, MediaError> {
    let renewed = infra_db::query(RENEW)
        .bind(lease.id.to_sql())
        .bind(lease.run)
        .bind(lease.attempt)
        .bind(until.microseconds())
        .execute(connection)
        .await?;
    Ok(renewed == 1)
}

pub(super) const RELEASE_LEASE: &str = "UPDATE media SET state = 1, revision = revision + 1, attempts = attempts - 1, lease_holder = 0, leased_until = 0,
         next_attempt_at = 0
     WHERE id = $1 AND state = 4 AND lease_holder = $2 AND attempts = $3";

/// Ends an attempt that says nothing of the item: it waits as if it had not been taken.
pub(crate) async fn release_lease(
    connection: &mut Connection,
    lease: Lease,
) -> Result<bool, MediaError> {
    let given = infra_db::query(RELEASE_LEASE)
        .bind(lease.id.to_sql())
        .bind(lease.run)
        .bind(lease.attempt)
        .execute(connection)
        .await?;
    Ok(given == 1)
}

pub(super) const PAUSE: &str = "UPDATE media SET state = 1, revision = revision + 1, lease_holder = 0, leased_until = 0, next_attempt_at = $4,
         failure_cause = $5, infra_failures = infra_failures + $6,
         lane = CASE WHEN $6 = 0 AND CAST($4 AS BIGINT) > 0 THEN 2 ELSE lane END
     WHERE id = $1 AND state = 4 AND lease_holder = $2 AND attempts = $3";

/// Ends an attempt that failed and is to be made again: not before `next_attempt_at`, 0 for at
/// once. `infra_failure` when this server itself failed, and the item not to blame; one that may be
/// to blame and has to wait continues among the heavy ones, whatever its header promised.
pub(crate) async fn pause(
    connection: &mut Connection,
    lease: Lease,
    next_attempt_at: Timestamp,
    (cause, infra_failure): (&str, bool),
) -> Result<bool, MediaError> {
    let paused = infra_db::query(PAUSE)
        .bind(lease.id.to_sql())
        .bind(lease.run)
        .bind(lease.attempt)
        .bind(next_attempt_at.microseconds())
        .bind(cause)
        .bind(i64::from(infra_failure))
        .execute(connection)
        .await?;
    Ok(paused == 1)
}

/// What is known of a picture once its renditions are made.
pub(crate) struct Made<'a> {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) blurhash: &'a str,
    pub(crate) dominant_color: &'a str,
    pub(crate) camera: String,
}

pub(super) const MARK_READY: &str = "UPDATE media SET state = 2, revision = revision + 1, lease_holder = 0, leased_until = 0, failure_cause = '',
         width = $4, height = $5, blurhash = $6, dominant_color = $7, camera = $8
     WHERE id = $1 AND state = 4 AND lease_holder = $2 AND attempts = $3";

/// Ends an attempt that made the renditions. Returns whether the item was still leased to it.
pub(crate) async fn mark_ready(
    connection: &mut Connection,
    lease: Lease,
    made: &Made<'_>,
) -> Result<bool, MediaError> {
    let updated = infra_db::query(MARK_READY)
        .bind(lease.id.to_sql())
        .bind(lease.run)
        .bind(lease.attempt)
        .bind(i64::from(made.width))
        .bind(i64::from(made.height))
        .bind(made.blurhash)
        .bind(made.dominant_color)
        .bind(&made.camera)
        .execute(connection)
        .await?;
    Ok(updated == 1)
}

pub(super) const MARK_READY_AS: &str = "UPDATE media SET state = 2, revision = media.revision + 1, lease_holder = 0, leased_until = 0, failure_cause = '',
         width = twin.width, height = twin.height, blurhash = twin.blurhash, dominant_color = twin.dominant_color,
         camera = twin.camera, alternates_tried = twin.alternates_tried
     FROM (SELECT width, height, blurhash, dominant_color, camera, alternates_tried FROM media WHERE id = $4) AS twin
     WHERE media.id = $1 AND media.state = 4 AND media.lease_holder = $2 AND media.attempts = $3";

/// Ends an attempt whose item turned out to have a ready duplicate: it is ready with what the
/// duplicate has.
pub(crate) async fn mark_ready_as(
    connection: &mut Connection,
    lease: Lease,
    duplicate: MediaId,
) -> Result<bool, MediaError> {
    let updated = infra_db::query(MARK_READY_AS)
        .bind(lease.id.to_sql())
        .bind(lease.run)
        .bind(lease.attempt)
        .bind(duplicate.to_sql())
        .execute(connection)
        .await?;
    Ok(updated == 1)
}

/// Why an item is quarantined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// As the contract lists them.
    pub(crate) code: &'static str,
    /// A sentence for the owner.
    pub(crate) sentence: String,
    /// The technical cause, for the log and the operator.
    pub(crate) cause: String,
}

pub(super) const MARK_FAILED: &str = "UPDATE media SET state = 3, revision = revision + 1, lease_holder = 0, leased_until = 0, failure = $4,
         failure_code = $5, failure_cause = $6, failed_at = $7
     WHERE id = $1 AND state = 4 AND lease_holder = $2 AND attempts = $3";

/// Ends an attempt for good. Returns whether the item was still leased to it.
pub(crate) async fn mark_failed(
    connection: &mut Connection,
    lease: Lease,
    failure: &Failure,
    now: Timestamp,
) -> Result<bool, MediaError> {
    let updated = infra_db::query(MARK_FAILED)
        .bind(lease.id.to_sql())
        .bind(lease.run)
        .bind(lease.attempt)
        .bind(&failure.sentence)
        .bind(failure.code)
        .bind(&failure.cause)
        .bind(now.microseconds())
        .execute(connection)
        .await?;
    Ok(updated == 1)
}

pub(super) const LOST: &str = "SELECT id, lease_holder, attempts, infra_failures, owner_id, original_key, original_bytes, memory_bytes, correlation_id
     FROM media
     WHERE state = 4 AND (leased_until <= $1 OR ($2 <> 0 AND lease_holder <> $2)) LIMIT $3";

/// Attempts whose lease has run out and, when `run` is given, those of every other run.
pub(crate) async fn lost(
    database: &Database,
    now: Timestamp,
    run: Option<i64>,
    limit: i64,
) -> Result<Vec<Claimed>, MediaError> {
    let rows = infra_db::query(LOST)
        .bind(now.microseconds())
        .bind(run.unwrap_or(0))
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(rows)
}
