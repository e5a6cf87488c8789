//! Making the list of cases again from their events, and comparing the two.

use infra_db::{Connection, Database, DbError};
use infra_domain::Finding;

use crate::error::ModerationError;
use crate::history;
use crate::store::{cases, events};

/// How many cases one transaction makes again: few enough that reports do not wait for it.
const BATCH_MAX: u32 = 50;

/// Makes all cases again and returns how many there are. It may be cut off and begun again at any
/// point: each batch is replaced as a whole.
pub(crate) async fn rebuild(database: &Database) -> Result<u64, ModerationError> {
    let (mut after, mut count) = (0, 0);
    loop {
        let write = database.write(move |connection| {
            Box::pin(async move { rebuild_some(connection, after).await })
        });
        let made = write.await?;
        let Some(last) = made.last() else {
            return Ok(count);
        };
        after = *last;
        count += made.len() as u64;
    }
}

/// One batch; returns which cases it was. The last is empty, and removes what has no events.
async fn rebuild_some(
    connection: &mut Connection,
    after: u64,
) -> Result<Vec<u64>, ModerationError> {
    let ids = events::cases_after(&mut *connection, after, BATCH_MAX).await?;
    let until = ids.last().map_or(i64::MAX, |id| id.cast_signed());
    cases::delete_between(connection, after, until).await?;
    for id in &ids {
        let events = events::of_case(&mut *connection, *id).await?;
        if let Some(case) = history::fold_all(&events)? {
            cases::put(connection, &case).await?;
        }
    }
    Ok(ids)
}

/// Whether each case is what its events come to.
pub(crate) async fn check(database: &Database) -> Result<Vec<Finding>, DbError> {
    let problem = |text: String| Ok(vec![Finding::Problem(text)]);
    match differing(database).await {
        Ok(None) => Ok(Vec::new()),
        Ok(Some(case)) => problem(format!(
            "moderation: the list of reports does not show report {case} as its history says; run \
             `heliograph moderation rebuild`"
        )),
        Err(ModerationError::Database(error)) => Err(error),
        Err(error) => problem(format!(
            "moderation: {error}; restore moderation.db from a backup"
        )),
    }
}

/// The first case that is not what its events come to.
async fn differing(database: &Database) -> Result<Option<u64>, ModerationError> {
    let mut after = 0;
    loop {
        let ids = events::cases_after(database.reader(), after, BATCH_MAX).await?;
        let Some(last) = ids.last() else {
            return Ok(None);
        };
        after = *last;
        for id in ids {
            let before = cases::get(database.reader(), id).await?;
            let events = events::of_case(database.reader(), id).await?;
            let listed = cases::get(database.reader(), id).await?;
            // One that a serving process has just changed is right before or after it.
            if listed == before && listed != history::fold_all(&events)? {
                return Ok(Some(id));
            }
        }
    }
}
