//! Forgets what waited too long for push services, and subscriptions whose sessions have ended.
//! That nothing is sent to those is seen to where pushes are claimed; this keeps the tables small.

use std::sync::Arc;
use std::time::Duration;

use infra_kernel::{Context, Error};

use crate::error::NotificationsError;
use crate::push::KEPT_FOR;
use crate::service::push_queue::grants;
use crate::state::State;
use crate::store::{push_queue, push_subscriptions};

/// The pause between two rounds.
const PAUSE: Duration = Duration::from_mins(10);
/// How long one question may take.
const QUESTION_TIME_MAX: Duration = Duration::from_secs(30);
/// How many rows one transaction removes, and of how many sessions is asked at once.
const BATCH_MAX: u32 = 200;

pub(crate) async fn run(state: &Arc<State>) {
    loop {
        match forget(state).await {
            Ok(forgotten) => tracing::debug!(forgotten, "forgot pushes and ended subscriptions"),
            Err(error) => tracing::warn!(
                %error,
                causes = error.causes(),
                "pushes and ended subscriptions were not forgotten"
            ),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One round; returns how much was forgotten.
pub(crate) async fn forget(state: &State) -> Result<u64, Error> {
    let waiting = forget_waiting(state).await?;
    Ok(waiting + forget_ended(state).await?)
}

async fn forget_waiting(state: &State) -> Result<u64, NotificationsError> {
    let before = state.clock.now().minus(KEPT_FOR);
    let mut forgotten = 0;
    loop {
        let some = push_queue::forget(&state.database, before, BATCH_MAX).await?;
        forgotten += some;
        if some < u64::from(BATCH_MAX) {
            return Ok(forgotten);
        }
    }
}

async fn forget_ended(state: &State) -> Result<u64, NotificationsError> {
    let (mut forgotten, mut after) = (0, i64::MIN);
    loop {
        let some = push_subscriptions::sessions(&state.database, after, BATCH_MAX).await?;
        let Some((_, last)) = some.last() else {
            return Ok(forgotten);
        };
        after = *last;
        let sessions = some.iter().map(|(_, session)| *session).collect();
        let context = Context::background(QUESTION_TIME_MAX);
        let known = grants(state, &context, sessions).await?;
        let ended = some
            .iter()
            .filter(|(_, session)| !known.contains_key(session));
        let ended: Vec<i64> = ended.map(|(id, _)| *id).collect();
        if !ended.is_empty() {
            forgotten += remove(state, ended).await?;
        }
    }
}

async fn remove(state: &State, ended: Vec<i64>) -> Result<u64, NotificationsError> {
    state
        .database
        .write(move |connection| {
            Box::pin(async move {
                let mut removed = 0;
                for id in ended {
                    let was_there = push_subscriptions::remove(connection, id).await?;
                    removed += u64::from(was_there);
                }
                Ok(removed)
            })
        })
        .await
}
