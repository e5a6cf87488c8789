//! What is done from time to time: trimming, dropping and forgetting, in bounded steps.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::state::State;

pub(crate) async fn run(state: &Arc<State>, stop: &CancellationToken) {
    let round = async {
        loop {
            match state.timelines.kept.tidy().await {
                Ok(report) => tracing::debug!(?report, "tidied the timelines"),
                Err(error) => {
                    let error = infra_kernel::Error::from(error);
                    tracing::warn!(%error, causes = error.causes(), "the timelines were not tidied");
                }
            }
            // A pause, not a beat: a round that took long is not followed by the next at once.
            tokio::time::sleep(state.settings.tidy_interval()).await;
        }
    };
    stop.run_until_cancelled(round).await;
}
