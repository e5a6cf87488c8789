//! Waiting for what happens in its own time.

use std::time::{Duration, Instant};

/// The longest that anything may take to come about on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks again and again until there is something to be seen, and returns it.
///
/// # Panics
/// When it has not come about in [`PATIENCE`]; `what` says what was waited for.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
