//! Removes sessions, codes, known browsers and setup tokens that have expired, which nothing takes
//! for valid before, and applications that nobody has used: this keeps the tables small.

use std::time::Duration;

use infra_db::Connection;
use infra_kernel::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::error::AccountsError;
use crate::service::sign_in::BROWSER_KNOWN_FOR;
use crate::state::State;
use crate::store::removals::remove_expired;
use crate::store::{applications, codes, known_browsers, sessions, setup_tokens};

/// How long an application that has got no code and no token is kept at least: people finish what
/// they begin within days.
const UNUSED_APPLICATION_KEPT_FOR: Duration = Duration::from_secs(7 * 86_400);
/// How long it rests between two runs.
const PAUSE: Duration = Duration::from_secs(600);
/// The most rows of each table that one transaction removes: other writes come in between.
const BATCH: u32 = 500;
/// The most transactions of one run; what is left waits for the next.
const BATCHES_MAX: u32 = 200;

/// What a run has removed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Removed {
    sessions: u64,
    codes: u64,
    known_browsers: u64,
    applications: u64,
    setup_tokens: u64,
}

impl Removed {
    /// Whether there may be more to remove.
    fn is_full_batch(self) -> bool {
        // There is one setup token at most.
        let most = self.sessions.max(self.codes);
        most.max(self.known_browsers).max(self.applications) >= u64::from(BATCH)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            sessions: self.sessions + other.sessions,
            codes: self.codes + other.codes,
            known_browsers: self.known_browsers + other.known_browsers,
            applications: self.applications + other.applications,
            setup_tokens: self.setup_tokens + other.setup_tokens,
        }
    }
}

/// Runs at once and then after every pause, until it is told to stop.
pub(crate) async fn run(state: &State, stop: &CancellationToken) {
    loop {
        match run_once(state, stop).await {
            Ok(removed) if removed == Removed::default() => {}
            Ok(removed) => tracing::info!(
                sessions = removed.sessions,
                codes = removed.codes,
                known_browsers = removed.known_browsers,
                applications = removed.applications,
                setup_tokens = removed.setup_tokens,
                "removed what had expired"
            ),
            Err(error) => {
                // As an error, so that the log has its causes, too.
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "what has expired was not removed");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn run_once(state: &State, stop: &CancellationToken) -> Result<Removed, AccountsError> {
    let (now, uptime) = (state.clock.now(), state.clock.uptime());
    // What is in memory as well: a bucket that is full says nothing.
    state.limits.forget_full(uptime);
    let mut removed = Removed::default();
    for _ in 0..BATCHES_MAX {
        let batch = state
            .database
            .write(move |connection| Box::pin(remove_batch(connection, now)))
            .await?;
        removed = removed.plus(batch);
        if !batch.is_full_batch() || stop.is_cancelled() {
            break;
        }
    }
    Ok(removed)
}

async fn remove_batch(
    connection: &mut Connection,
    now: Timestamp,
) -> Result<Removed, AccountsError> {
    let forgotten = now.minus(BROWSER_KNOWN_FOR);
    let unused = now.minus(UNUSED_APPLICATION_KEPT_FOR);
    let browsers = known_browsers::REMOVE_EXPIRED;
    Ok(Removed {
        sessions: remove_expired(connection, sessions::REMOVE_EXPIRED, now, BATCH).await?,
        codes: remove_expired(connection, codes::REMOVE_EXPIRED, now, BATCH).await?,
        known_browsers: remove_expired(connection, browsers, forgotten, BATCH).await?,
        applications: applications::remove_unused(connection, unused, BATCH).await?,
        setup_tokens: setup_tokens::remove_expired(connection).await?,
    })
}
