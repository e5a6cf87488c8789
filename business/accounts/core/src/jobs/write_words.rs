//! Writes the words by which accounts are found, for accounts that were made before there were any.

use infra_db::Connection;
use tokio_util::sync::CancellationToken;

use crate::error::AccountsError;
use crate::rules::words;
use crate::state::State;
use crate::store::{account_words, accounts};

/// The most accounts of one transaction: other writes come in between.
const BATCH: u32 = 200;

/// Runs until every account has its words, or it is told to stop; what is left waits for the next
/// start.
pub(crate) async fn run(state: &State, stop: &CancellationToken) {
    let mut written = 0;
    while !stop.is_cancelled() {
        let batch = state
            .database
            .write(|connection| Box::pin(write_batch(connection)))
            .await;
        match batch {
            Ok(0) => break,
            Ok(accounts) => written += accounts,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "some accounts cannot be found by their words yet");
                return;
            }
        }
    }
    if written > 0 {
        tracing::info!(
            accounts = written,
            "wrote the words by which accounts are found"
        );
    }
}

async fn write_batch(connection: &mut Connection) -> Result<usize, AccountsError> {
    let missing = account_words::missing(connection, BATCH).await?;
    for id in &missing {
        // Read in the transaction: a change that comes after it writes words of its own.
        let account = accounts::by_id_for_update(connection, *id).await?;
        // Of an account that is gone nothing is written but that it lacks nothing any more.
        let words = account.map(|account| words::of_account(&account));
        account_words::replace(connection, *id, &words.unwrap_or_default()).await?;
    }
    Ok(missing.len())
}
