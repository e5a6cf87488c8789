//! Workers, few at a time, started when they are needed and ended when they are not.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use infra_resilience::{charge_thread, lower_priority};

use crate::worker::Worker;
use crate::{Bounds, Program, SandboxError};

/// How often idle workers are looked at, at the least.
const LOOK_PAUSE_MIN: Duration = Duration::from_millis(50);

/// Workers of one program. Clones share them. When the last clone and the last lease are gone, so
/// are the workers.
#[derive(Debug, Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    bounds: Bounds,
    state: Mutex<State>,
    /// Notified when a worker was released or lost.
    freed: Condvar,
    /// To the thread that starts workers.
    wanted: mpsc::Sender<Wanted>,
}

#[derive(Debug, Default)]
struct State {
    /// Workers that wait to be asked, and since when.
    idle: Vec<(Worker, Instant)>,
    /// Workers that are being asked or started.
    leased: usize,
}

/// Someone who waits for a new worker.
type Wanted = mpsc::SyncSender<Result<Worker, SandboxError>>;

impl Pool {
    /// A pool without workers yet.
    ///
    /// # Errors
    /// When the thread that looks after them cannot be started.
    pub fn new(program: Program, bounds: Bounds) -> Result<Self, SandboxError> {
        let (wanted, requests) = mpsc::channel();
        let shared = Arc::new(Shared {
            bounds,
            state: Mutex::default(),
            freed: Condvar::new(),
            wanted,
        });
        let watched = Arc::downgrade(&shared);
        let bounds = shared.bounds.clone();
        // The kernel ends a worker with the thread that started it. So it is this one, which lives
        // as long as the pool, and not whichever thread happens to ask.
        thread::Builder::new()
            .name("sandbox-keeper".to_owned())
            .spawn(move || keep(&program, &bounds, &requests, &watched))
            .map_err(SandboxError::absent)?;
        Ok(Self { shared })
    }

    /// A worker for one request, which must have its response before the deadline. Waits until one
    /// is free.
    ///
    /// # Errors
    /// When none can be started, or none becomes free in time.
    pub fn lease(&self, deadline: Instant) -> Result<Lease, SandboxError> {
        self.lease_as(deadline, false)
    }

    /// The same of a worker that is asked nothing afterwards, whatever comes of it. The kernel
    /// itself kills it a second after its processor time, which it cannot do to one that is to have
    /// more.
    ///
    /// # Errors
    /// As [`Pool::lease`] has them.
    pub fn lease_once(&self, deadline: Instant) -> Result<Lease, SandboxError> {
        self.lease_as(deadline, true)
    }

    fn lease_as(&self, deadline: Instant, last: bool) -> Result<Lease, SandboxError> {
        let shared = Arc::clone(&self.shared);
        let idle = shared.take_place(deadline)?;
        // From here on the place is released by dropping the lease, whatever happens.
        let mut lease = Lease {
            shared,
            worker: idle,
            deadline,
            last,
            processor_before: Duration::ZERO,
        };
        if lease
            .worker
            .as_mut()
            .is_none_or(|worker| !worker.is_alive())
        {
            lease.worker = None;
            // Its start is part of what the request costs.
            lease.worker = Some(lease.shared.start(deadline)?);
        } else {
            lease.processor_before = lease.worker()?.processor_time();
        }
        let memory_bytes_max = lease.shared.bounds.memory_bytes_max;
        let worker = lease.worker()?;
        worker.allow_one_request(last)?;
        worker.allow_memory(memory_bytes_max)?;
        Ok(lease)
    }

    /// The processes of workers that wait to be asked.
    #[must_use]
    pub fn idle_processes(&self) -> Vec<u32> {
        let state = self.shared.state();
        state
            .idle
            .iter()
            .map(|(worker, _)| worker.process())
            .collect()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one of the places, with the worker that was idle there, if there was one.
    fn take_place(&self, deadline: Instant) -> Result<Option<Worker>, SandboxError> {
        let workers = self.bounds.workers_max.max(1);
        let mut state = self.state();
        loop {
            if state.leased < workers {
                state.leased += 1;
                // The one used last: its memory is warm, and the others grow old and are ended.
                return Ok(state.idle.pop().map(|(worker, _)| worker));
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Err(SandboxError::Busy { workers });
            }
            (state, _) = self
                .freed
                .wait_timeout(state, rest)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn start(&self, deadline: Instant) -> Result<Worker, SandboxError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let ended = || SandboxError::absent("the thread that starts workers has ended");
        self.wanted.send(sender).map_err(|_| ended())?;
        let rest = deadline.saturating_duration_since(Instant::now());
        match receiver.recv_timeout(rest) {
            Ok(worker) => worker,
            Err(RecvTimeoutError::Timeout) => Err(SandboxError::Deadline),
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
        }
    }
}

/// A worker for the time of one request. Dropped, the worker is killed; [`Lease::finish`] keeps it
/// for the next. The processor time that the request took is charged to the thread on which the
/// lease ends ([`infra_resilience::charge_thread`]).
#[derive(Debug)]
pub struct Lease {
    shared: Arc<Shared>,
    worker: Option<Worker>,
    deadline: Instant,
    /// Whether the worker is not to be used again.
    last: bool,
    /// What the worker had used of the processor before this request.
    processor_before: Duration,
}

impl Lease {
    /// What the worker said of itself when it started.
    #[must_use]
    pub fn greeting(&self) -> &[u8] {
        self.worker.as_ref().map_or(&[], Worker::greeting)
    }

    /// The id of the worker's process; none when the worker is gone.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.worker.as_ref().map(Worker::process)
    }

    /// Lets the worker have so much memory for this request, in bytes, everything that it has
    /// already included, and never more than [`Bounds::memory_bytes_max`].
    ///
    /// # Errors
    /// When the worker is gone.
    pub fn allow_memory(&mut self, bytes: u64) -> Result<(), SandboxError> {
        self.worker()?.allow_memory(bytes)
    }

    /// Sends these parts as one message.
    ///
    /// # Errors
    /// When the worker is gone, or does not take it before the deadline.
    pub fn send(&mut self, parts: &[&[u8]]) -> Result<(), SandboxError> {
        let deadline = self.deadline;
        self.worker()?.send(parts, deadline)
    }

    /// The next message of the worker, of at most so many bytes.
    ///
    /// # Errors
    /// When the worker is gone, is silent until the deadline, or says more than it may.
    pub fn receive(&mut self, bytes_max: usize) -> Result<Vec<u8>, SandboxError> {
        let deadline = self.deadline;
        self.worker()?.receive(bytes_max, deadline)
    }

    /// Gives the worker back. To be called when the whole response was read and is sound: what the
    /// worker still says would be taken for its next response.
    pub fn finish(mut self) {
        self.charge();
        if let Some(worker) = self.worker.take_if(|_| !self.last) {
            self.shared.state().idle.push((worker, Instant::now()));
        }
    }

    /// Charges this thread what was not charged yet.
    fn charge(&mut self) {
        if let Some(worker) = &mut self.worker {
            let used = worker.processor_time();
            charge_thread(used.saturating_sub(self.processor_before));
            self.processor_before = used;
        }
    }

    fn worker(&mut self) -> Result<&mut Worker, SandboxError> {
        self.worker
            .as_mut()
            .ok_or_else(|| SandboxError::absent("it was given back"))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.charge();
        // Killed before its place is free: there are never more than there may be.
        self.worker = None;
        self.shared.state().leased -= 1;
        self.shared.freed.notify_one();
    }
}

/// Starts workers for those who want one, and ends those that nobody asks, until the pool is gone.
fn keep(
    program: &Program,
    bounds: &Bounds,
    requests: &mpsc::Receiver<Wanted>,
    watched: &Weak<Shared>,
) {
    // And with it the workers that it starts.
    lower_priority();
    let pause = (bounds.idle_max / 2).max(LOOK_PAUSE_MIN);
    loop {
        match requests.recv_timeout(pause) {
            // The caller may be gone; then it is killed here.
            Ok(wanted) => drop(wanted.send(Worker::start(program, bounds))),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let Some(shared) = watched.upgrade() else {
            return;
        };
        let old = |(_, since): &mut (Worker, Instant)| since.elapsed() >= bounds.idle_max;
        // Ended outside the lock: it takes as long as the kernel takes.
        let ended: Vec<_> = shared.state().idle.extract_if(.., old).collect();
        drop(ended);
    }
}
