//! What the work of a thread has cost in processor time, so that it can be charged to the caller.

use std::cell::Cell;
use std::time::Duration;

thread_local! {
    /// What other processes spent for this thread.
    static CHARGED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Adds processor time that another process spent on this thread's behalf, such as a worker that it
/// leased.
pub fn charge_thread(spent: Duration) {
    CHARGED.set(CHARGED.get().saturating_add(spent));
}

/// The processor time that this thread has cost since it began: its own, and what was charged to it
/// by [`charge_thread`]. Only the difference of two readings on one thread means anything. On a
/// system that cannot measure it the thread's own time counts as zero.
#[must_use]
pub fn thread_processor_time() -> Duration {
    own().saturating_add(CHARGED.get())
}

#[cfg(target_os = "linux")]
fn own() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(spent).unwrap_or(Duration::ZERO)
}

#[cfg(not(target_os = "linux"))]
const fn own() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_has_cost_what_it_computed_and_what_it_was_charged() {
        let measured = std::thread::spawn(|| {
            let before = thread_processor_time();
            let mut value = 1_u64;
            // Until the clock has moved: however coarse it is, that ends.
            while cfg!(target_os = "linux") && thread_processor_time() == before {
                value = std::hint::black_box(value.wrapping_mul(3));
            }
            let computed = thread_processor_time();
            charge_thread(Duration::from_secs(5));
            (computed - before, thread_processor_time() - computed)
        });
        let (computed, charged) = measured.join().unwrap();
        assert!(!cfg!(target_os = "linux") || computed > Duration::ZERO);
        assert!(charged >= Duration::from_secs(5));
        // Another thread has nothing of it.
        let elsewhere = std::thread::spawn(|| CHARGED.get()).join().unwrap();
        assert_eq!(elsewhere, Duration::ZERO);
    }
}
