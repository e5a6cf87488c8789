//! Work that takes a thread for long, and may never give it back.

use std::time::Duration;

use infra_resilience::lower_priority;
use tokio::sync::oneshot;

use crate::error::MediaError;
use crate::queue::places::Slot;

/// Runs work that blocks on a thread of its own, so that one which hangs keeps neither other work
/// nor the end of the process waiting. Returns with the place, for what is left to do. Whatever the
/// work owns (its share of memory) is released when the thread ends, not when this gives up on it.
///
/// # Errors
/// [`MediaError::Overstayed`] when it is not back in time: its place is left to it.
/// [`MediaError::Died`] when it panicked.
pub(crate) async fn run<T: Send + 'static>(
    slot: Slot,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, Slot), MediaError> {
    let (response, mut answered) = oneshot::channel();
    let span = tracing::Span::current();
    let body = move || {
        let _in_span = span.entered();
        // Threads that serve requests have the processor first.
        lower_priority();
        // The caller may have given up.
        let _ = response.send(work());
    };
    std::thread::Builder::new()
        .name("media".to_owned())
        .spawn(body)
        // No thread is to be had: retried like work that died.
        .map_err(|_| MediaError::Died)?;
    let Ok(done) = tokio::time::timeout(patience, &mut answered).await else {
        slot.leave_to(async move {
            let _ = answered.await;
        });
        return Err(MediaError::Overstayed);
    };
    Ok((done.map_err(|_| MediaError::Died)?, slot))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::queue::places::Places;

    #[tokio::test]
    async fn threads_that_hang_take_spare_places_first_and_then_the_workers() {
        let places = Places::new(1);
        let (first, hold_first) = mpsc::channel::<()>();
        let (second, hold_second) = mpsc::channel::<()>();
        let short = Duration::from_millis(20);
        let hung = run(places.slot().await.unwrap(), short, move || {
            hold_first.recv().is_ok()
        });
        assert!(matches!(hung.await, Err(MediaError::Overstayed)));
        // There is a place still.
        let hung = run(places.slot().await.unwrap(), short, move || {
            hold_second.recv().is_ok()
        });
        assert!(matches!(hung.await, Err(MediaError::Overstayed)));
        let third = places.slot();
        tokio::pin!(third);
        assert!(futures::poll!(third.as_mut()).is_pending());
        second.send(()).unwrap();
        let slot = tokio::time::timeout(Duration::from_secs(10), third).await;
        let back = run(slot.unwrap().unwrap(), Duration::from_secs(10), || 7).await;
        assert_eq!(back.unwrap().0, 7);
        drop(first);
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let places = Places::new(1);
        let slot = places.slot().await.unwrap();
        let died = run(slot, Duration::from_secs(10), || panic!("for the test"));
        let died: Result<((), Slot), _> = died.await;
        assert!(matches!(died, Err(MediaError::Died)));
    }
}
