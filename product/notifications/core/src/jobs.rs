//! What is done from time to time: forgetting what was heard, in bounded steps.

pub(crate) mod push;

use std::sync::Arc;
use std::time::Duration;

use infra_db::DbError;
use infra_kernel::Error;
use tokio_util::sync::CancellationToken;

use crate::state::State;
use crate::store::heard;

/// The pause between two rounds.
const PAUSE: Duration = Duration::from_hours(1);

pub(crate) async fn run(state: &Arc<State>, stop: &CancellationToken) {
    let rounds = async {
        loop {
            match forget(state).await {
                Ok(forgotten) => tracing::debug!(forgotten, "forgot what was heard long ago"),
                Err(error) => {
                    let error = Error::from(error);
                    tracing::warn!(
                        %error,
                        causes = error.causes(),
                        "what was heard long ago was not forgotten"
                    );
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    let all = async { tokio::join!(rounds, push::run(state)) };
    stop.run_until_cancelled(all).await;
}

/// Forgets what was heard too long ago to come again.
pub(crate) async fn forget(state: &State) -> Result<u64, DbError> {
    let before = state.heard_since(state.clock.now());
    heard::forget(&state.database, before).await
}
