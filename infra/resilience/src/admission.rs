//! Admission control: at most so many at a time, at most so many waiting, and none of them for
//! long.
//!
//! What comes when there is room takes one atomic operation and no lock. What has to wait is
//! admitted in the order it came. Once the first in the queue has waited for half of the longest
//! wait, newcomers are refused at once: the queue takes up a burst, and a lasting overload is
//! refused quickly instead of slowly. The time that a request has stood in the runtime's own queue
//! counts, because its client has waited that long.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::runtime_lag::RuntimeLag;

/// There is more to do than can be done: the same may succeed a little later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much is under way and waiting")]
pub struct Overloaded;

/// The bounds of an [`AdmissionControl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdmissionBounds {
    /// How many may be in flight; at least one is.
    pub in_flight_max: usize,
    /// How many may wait.
    pub waiting_max: usize,
    /// How long one may wait, also for its turn on the runtime.
    pub wait_max: Duration,
}

/// See the module. Shared behind an [`Arc`].
#[derive(Debug)]
pub struct AdmissionControl {
    bounds: AdmissionBounds,
    in_flight: AtomicUsize,
    /// How many wait and have not given up. Never zero while the queue holds one that is to be
    /// woken.
    waiting: AtomicUsize,
    queue: Mutex<VecDeque<Entry>>,
    lag: Arc<RuntimeLag>,
}

#[derive(Debug)]
struct Entry {
    since: Instant,
    admit: oneshot::Sender<()>,
}

/// One that is in flight, until it is dropped.
#[derive(Debug)]
pub struct Permit(Arc<AdmissionControl>);

impl Permit {
    /// What it was admitted by.
    #[must_use]
    pub const fn control(&self) -> &Arc<AdmissionControl> {
        &self.0
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl AdmissionControl {
    /// Nothing in flight yet.
    #[must_use]
    pub fn new(bounds: AdmissionBounds) -> Arc<Self> {
        let in_flight_max = bounds.in_flight_max.max(1);
        Arc::new(Self {
            bounds: AdmissionBounds {
                in_flight_max,
                ..bounds
            },
            in_flight: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            queue: Mutex::new(VecDeque::new()),
            lag: RuntimeLag::new(),
        })
    }

    /// How many are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// How many wait, without those that have given up.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Admits when there is room, nobody waits who came before, and who asks has not waited for too
    /// long already.
    #[must_use]
    pub fn try_admit(self: &Arc<Self>) -> Option<Permit> {
        let is_late = self.lag.last() > self.bounds.wait_max;
        let admitted = !is_late && self.waiting() == 0 && self.take();
        admitted.then(|| Permit(Arc::clone(self)))
    }

    /// Admits, if need be after a wait.
    ///
    /// # Errors
    /// When the queue is full or too slow, or the wait timed out.
    pub async fn admit(self: &Arc<Self>) -> Result<Permit, Overloaded> {
        if let Some(permit) = self.try_admit() {
            return Ok(permit);
        }
        // Only here, where there is more to do than can be done: the fast path pays for no probe.
        self.lag.probe();
        let now = Instant::now();
        let lag = self.lag.last();
        let left = self.bounds.wait_max.checked_sub(lag).ok_or(Overloaded)?;
        // As old as its client has waited, so that the queue's age counts the runtime's, too.
        match self.enqueue(now, now.checked_sub(lag).unwrap_or(now))? {
            Queued::Admitted(permit) => Ok(permit),
            Queued::Waiting(waiter) => waiter.wait(now + left).await,
        }
    }

    fn enqueue(self: &Arc<Self>, now: Instant, since: Instant) -> Result<Queued, Overloaded> {
        let mut queue = self.queue();
        // One that gave up must not make the queue look old.
        while queue.front().is_some_and(|entry| entry.admit.is_closed()) {
            queue.pop_front();
        }
        let is_slow = queue
            .front()
            .is_some_and(|entry| now - entry.since > self.bounds.wait_max / 2);
        if is_slow || queue.len() >= self.bounds.waiting_max {
            return Err(Overloaded);
        }
        // In this order, so that anyone who leaves either sees one waiting or has left room before
        // it is looked for.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if queue.is_empty() && self.take() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            return Ok(Queued::Admitted(Permit(Arc::clone(self))));
        }
        let (admit, admitted) = oneshot::channel();
        queue.push_back(Entry { since, admit });
        Ok(Queued::Waiting(Waiter {
            control: Arc::clone(self),
            admitted,
        }))
    }

    /// Takes a place that is free.
    fn take(&self) -> bool {
        self.in_flight
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |in_flight| {
                (in_flight < self.bounds.in_flight_max).then_some(in_flight + 1)
            })
            .is_ok()
    }

    /// Hands a place that is taken to the first that waits, or frees it.
    fn release(&self) {
        if self.waiting() == 0 {
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            // Someone may have begun to wait in between and found no room.
            if self.waiting() == 0 || !self.take() {
                return;
            }
        }
        let mut queue = self.queue();
        while let Some(entry) = queue.pop_front() {
            if entry.admit.send(()).is_ok() {
                return;
            }
        }
        // All who waited have given up: nobody takes the place over.
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Queued {
    Admitted(Permit),
    Waiting(Waiter),
}

/// One in the queue. Dropped, it releases what it may have been handed in the same moment.
struct Waiter {
    control: Arc<AdmissionControl>,
    admitted: oneshot::Receiver<()>,
}

impl Waiter {
    async fn wait(mut self, until: Instant) -> Result<Permit, Overloaded> {
        match timeout_at(until, &mut self.admitted).await {
            Ok(Ok(())) => Ok(Permit(Arc::clone(&self.control))),
            _ => Err(Overloaded),
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.control.waiting.fetch_sub(1, Ordering::SeqCst);
        // Closed before the look: a place that is handed over from here on goes to the next
        // instead.
        self.admitted.close();
        // Received already, the value is gone, and a permit stands for it.
        if self.admitted.try_recv().is_ok() {
            self.control.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    const WAIT_MAX: Duration = Duration::from_secs(60);

    fn control(in_flight_max: usize, waiting_max: usize) -> Arc<AdmissionControl> {
        waiting_for(WAIT_MAX, in_flight_max, waiting_max)
    }

    fn waiting_for(
        wait_max: Duration,
        in_flight_max: usize,
        waiting_max: usize,
    ) -> Arc<AdmissionControl> {
        AdmissionControl::new(AdmissionBounds {
            in_flight_max,
            waiting_max,
            wait_max,
        })
    }

    #[tokio::test]
    async fn those_who_wait_are_admitted_in_their_order() {
        let control = control(1, 8);
        let first = control.admit().await.unwrap();
        let mut second = Box::pin(control.admit());
        let mut third = Box::pin(control.admit());
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        assert!(control.try_admit().is_none());
        drop(first);
        assert!(control.try_admit().is_none(), "a newcomer overtook");
        assert!(third.as_mut().now_or_never().is_none());
        let second = second.await.unwrap();
        assert_eq!((control.in_flight(), control.waiting()), (1, 1));
        drop(second);
        drop(third.await.unwrap());
        assert_eq!((control.in_flight(), control.waiting()), (0, 0));
        assert!(control.try_admit().is_some());
    }

    #[tokio::test]
    async fn the_queue_and_the_wait_are_bounded() {
        let control = waiting_for(Duration::from_millis(50), 1, 2);
        let _held = control.admit().await.unwrap();
        let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(control.admit())).collect();
        for waiter in &mut waiting {
            assert!(waiter.as_mut().now_or_never().is_none());
        }
        let refused = control.admit().now_or_never();
        assert!(matches!(refused, Some(Err(Overloaded))), "{refused:?}");
        for waiter in waiting {
            assert!(matches!(waiter.await, Err(Overloaded)));
        }
        assert_eq!((control.in_flight(), control.waiting()), (1, 0));
    }

    #[tokio::test]
    async fn newcomers_to_a_slow_queue_are_refused_at_once() {
        let control = control(1, 100);
        let held = control.admit().await.unwrap();
        let mut waiter = Box::pin(control.admit());
        assert!(waiter.as_mut().now_or_never().is_none());
        let now = Instant::now();
        assert!(control.enqueue(now, now).is_ok());
        let later = now + WAIT_MAX * 3 / 5;
        let refused = control.enqueue(later, later);
        assert!(matches!(refused, Err(Overloaded)));
        drop(held);
        drop(waiter.await.unwrap());
        assert!(control.admit().await.is_ok());
    }

    /// Waits until this holds, within reason.
    fn until(holds: impl Fn() -> bool) {
        let began = std::time::Instant::now();
        while !holds() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "not within reason"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn who_has_waited_too_long_for_a_turn_on_the_runtime_is_refused_though_there_is_room() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let wait_max = Duration::from_millis(50);
        let control = waiting_for(wait_max, 1, 8);
        let (release, released) = std::sync::mpsc::channel::<()>();
        runtime.spawn(async move { released.recv() });
        {
            let _within = runtime.enter();
            control.lag.probe();
        }
        until(|| control.lag.last() > wait_max);
        assert!(control.try_admit().is_none());
        assert_eq!(runtime.block_on(control.admit()).unwrap_err(), Overloaded);

        release.send(()).unwrap();
        until(|| control.try_admit().is_some());
    }

    #[tokio::test]
    async fn a_waiter_that_gives_up_takes_no_place_along() {
        let control = control(1, 8);
        let held = control.admit().await.unwrap();
        let mut given_up = Box::pin(control.admit());
        let mut handed = Box::pin(control.admit());
        assert!(given_up.as_mut().now_or_never().is_none());
        assert!(handed.as_mut().now_or_never().is_none());
        drop(given_up);
        // Handed to the other, which is dropped before it has looked.
        drop(held);
        assert_eq!(control.in_flight(), 1);
        drop(handed);
        assert_eq!((control.in_flight(), control.waiting()), (0, 0));
        assert!(control.try_admit().is_some());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_place_is_lost_or_made_among_threads() {
        const IN_FLIGHT_MAX: usize = 3;
        let control = control(IN_FLIGHT_MAX, 10_000);
        let most = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..500_u32)
            .map(|number| {
                let (control, most) = (Arc::clone(&control), Arc::clone(&most));
                tokio::spawn(async move {
                    for turn in 0..20 {
                        let Ok(permit) = control.admit().await else {
                            continue;
                        };
                        most.fetch_max(control.in_flight(), Ordering::SeqCst);
                        if (number + turn) % 3 == 0 {
                            tokio::task::yield_now().await;
                        }
                        drop(permit);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= IN_FLIGHT_MAX);
        assert_eq!((control.in_flight(), control.waiting()), (0, 0));
    }
}
