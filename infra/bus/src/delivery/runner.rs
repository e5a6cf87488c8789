//! Runs one subscription: reads the log, hands events to the handler, and notes what became of
//! them.
//!
//! One task holds all the state and loops: fill the queues, start attempts, begin a commit if one
//! is due, wait for whatever comes first. Attempts run in tasks of their own, so that a panic or a
//! slow one is only its own. Reads happen in the loop and commits beside it: what a read found is
//! taken in before the next commit's effects are, so the two views (the tables as read, the keys in
//! memory) never both miss an event that others must wait behind.

mod outcomes;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use infra_db::{Database, DbError};
use infra_kernel::Clock;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::ack_batch::AckBatch;
use super::ack_writer::AckWriter;
use super::attempt::{Failure, attempt};
use super::keys::{Item, KeyQueues, Source};
use super::offset_tracker::OffsetTracker;
use super::waiting::{self, Due};
use super::{Cursor, Delivery, report};
use crate::log::{LogError, LogReader, Logged};
use crate::settings::Bounds;
use crate::{Consumer, Event};

/// How many windows of events may be settled beyond the first that is not: it bounds what a crash
/// delivers again.
const WINDOWS_AHEAD_MAX: usize = 8;

/// Which events of a read are not to be handled now.
#[derive(Default)]
struct HeldBack {
    /// Keys of which an event waits for redelivery: others must wait behind it.
    keys: HashSet<i64>,
    /// What is dead already was seen before a crash that kept the cursor from moving over it.
    dead: HashSet<i64>,
}

pub(crate) struct Runner {
    consumer: Consumer,
    reader: Box<dyn LogReader>,
    cursor: Cursor,
    database: Database,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    keys: KeyQueues,
    offset_tracker: OffsetTracker,
    attempts: JoinSet<Result<(), Failure>>,
    running: HashMap<Id, Item>,
    ack_writer: AckWriter,
    /// Whether the log may hold events that were not read.
    behind: bool,
    /// When to look for events that are due for redelivery.
    look_at: Instant,
    /// How many events waited for redelivery at the last look, and how many came since.
    waiting: u64,
}

/// Why a run ended.
pub(crate) enum Ended {
    /// It was asked to.
    Stopped,
    /// The log's positions mean something else now. This is how far it had read: what it has begun
    /// to write when it ended has no position beyond.
    OtherHistory { read_to: i64 },
}

impl Runner {
    pub(crate) fn new(
        delivery: &Delivery,
        consumer: Consumer,
        reader: Box<dyn LogReader>,
        cursor: Cursor,
    ) -> Self {
        let Delivery {
            database,
            clock,
            bounds,
            epoch,
            ..
        } = delivery.clone();
        Self {
            ack_writer: AckWriter::new(database.clone(), &consumer, bounds, epoch),
            offset_tracker: OffsetTracker::at(cursor.position),
            consumer,
            reader,
            cursor,
            database,
            clock,
            bounds,
            keys: KeyQueues::default(),
            attempts: JoinSet::new(),
            running: HashMap::new(),
            // What an earlier run has left is looked for at once.
            behind: true,
            look_at: Instant::now(),
            waiting: 0,
        }
    }

    pub(crate) async fn run(mut self, published: &Notify, stop: &CancellationToken) -> Ended {
        let mut ticks = tokio::time::interval(self.bounds.poll_interval);
        // One look finds what several late ones would have.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.is_cancelled() {
            // A log that is away may take its time to say so.
            let filled = tokio::select! {
                () = stop.cancelled() => break,
                filled = self.fill() => filled,
            };
            match filled {
                Ok(()) => {}
                Err(LogError::OtherHistory) => {
                    let read_to = self.offset_tracker.read_to();
                    self.drain().await;
                    return Ended::OtherHistory { read_to };
                }
                Err(error) => {
                    report(self.name(), &error);
                    self.rest_until_tick();
                }
            }
            self.start_attempts();
            self.begin_commit();
            let wake_at = self.wake_at();
            tokio::select! {
                () = stop.cancelled() => {}
                Some(finished) = self.attempts.join_next_with_id() => self.take_finished(finished),
                committed = self.ack_writer.committed() => self.take_committed(committed),
                () = published.notified() => self.behind = true,
                _ = ticks.tick() => self.tick(),
                () = tokio::time::sleep_until(wake_at) => {}
            }
        }
        self.drain().await;
        Ended::Stopped
    }

    fn name(&self) -> &'static str {
        self.consumer.subscription.name
    }

    // Reading.

    /// Looks at both tables in any case: another process may have written to them.
    fn tick(&mut self) {
        self.behind = true;
        self.look_at = Instant::now();
        if !self.offset_tracker.is_saved() && self.ack_writer.is_clean() {
            // It skipped events of other topics only: worth noting now and then, not each time.
            self.ack_writer.pending();
        }
    }

    /// After a failed read: the next tick retries.
    fn rest_until_tick(&mut self) {
        self.behind = false;
        // Beyond the next tick, which sets it: so a database that is away is asked once a tick.
        self.look_at = Instant::now() + 2 * self.bounds.poll_interval;
    }

    async fn fill(&mut self) -> Result<(), LogError> {
        // Redelivery gets half of the window at most: new events go on beside it.
        if self.look_at <= Instant::now() && self.may_look() {
            self.load_due(self.bounds.window.div_ceil(2)).await?;
        }
        if self.may_read() {
            self.load_log().await?;
        }
        Ok(())
    }

    /// Whether there may be something new to read, and room for it everywhere that it could end up.
    fn may_read(&self) -> bool {
        let backlog = self.ack_writer.backlog();
        self.behind
            // So half of the window is free, and a read is seldom cut short for want of room.
            && self.keys.loaded() <= self.bounds.window.div_ceil(2)
            && self.offset_tracker.ahead() < WINDOWS_AHEAD_MAX * self.bounds.window
            && backlog < self.bounds.window
            && self.waiting.saturating_add(backlog as u64) < self.bounds.waiting
    }

    fn may_look(&self) -> bool {
        self.keys.loaded() < self.bounds.window.div_ceil(2)
            && self.ack_writer.backlog() < self.bounds.window
    }

    async fn load_due(&mut self, loaded_max: usize) -> Result<(), DbError> {
        let name = self.name();
        let retry = self.consumer.subscription.retry;
        let due = Due::at(self.clock.now(), retry.pause_max.max(retry.pause_min));
        let found = waiting::count(&self.database, name, due).await?;
        self.waiting = found.count;
        let now = self.clock.now();
        let next = found
            .next
            .map(|next| next.microseconds() - now.microseconds());
        let pause = next.map(|pause| Duration::from_micros(pause.max(0).cast_unsigned()));
        let poll = self.bounds.poll_interval;
        // Never later than two ticks: each tick looks anyway, whatever happens to the clock.
        self.look_at = Instant::now() + pause.unwrap_or(poll).min(2 * poll);
        if found.count == 0 {
            return Ok(());
        }
        self.load_due_keys(due, loaded_max).await
    }

    async fn load_due_keys(&mut self, due: Due, loaded_max: usize) -> Result<(), DbError> {
        let name = self.name();
        // Those that are loaded already are found again: ask for enough to get past them.
        let keys = waiting::due_keys(&self.database, name, due, self.bounds.window).await?;
        for key in keys {
            // Between keys, never within one: what is loaded of a key is its beginning, in order.
            if self.keys.loaded() >= loaded_max {
                break;
            }
            // Its rows are in memory, or a batch that is not durable yet changes them.
            if !self.keys.takes_waiting(key.cast_unsigned()) {
                continue;
            }
            for row in waiting::run_of_key(&self.database, name, key, due).await? {
                self.keys.push(Item {
                    position: row.event.position,
                    event: Arc::new(row.event.into_event()),
                    attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                    source: Source::Waiting,
                });
            }
        }
        Ok(())
    }

    async fn load_log(&mut self) -> Result<(), LogError> {
        let room = self.bounds.window - self.keys.loaded().min(self.bounds.window);
        let rows_max = self.bounds.batch.min(room).max(1);
        let after = self.offset_tracker.read_to() - self.cursor.base;
        let read = self.reader.read(after, rows_max).await?;
        let held = self.held_back(&read.rows).await?;
        for Logged { position, event } in read.rows {
            let position = position + self.cursor.base;
            if !held.dead.contains(&position) {
                let is_blocked = held.keys.contains(&event.key.cast_signed());
                self.take(position, event, is_blocked);
            }
        }
        self.offset_tracker.advance(read.read_to + self.cursor.base);
        self.behind = !read.at_end;
        Ok(())
    }

    /// What the subscription's tables say of events that were read. Asked only when there can be
    /// something: what waits was counted at the last look, and only a crash leaves dead events
    /// beyond the cursor. What another process replays meanwhile is seen at the next look.
    async fn held_back(&mut self, rows: &[Logged]) -> Result<HeldBack, DbError> {
        let mut held = HeldBack::default();
        let Some(first) = rows.first() else {
            return Ok(held);
        };
        if self.waiting > 0 {
            let keys = rows.iter().map(|row| row.event.key.cast_signed());
            held.keys = waiting::blocked_keys(&self.database, self.name(), keys).await?;
        }
        if first.position + self.cursor.base <= self.cursor.dead_to {
            let positions = rows.iter().map(|row| row.position + self.cursor.base);
            held.dead = waiting::dead_positions(&self.database, self.name(), positions).await?;
        }
        Ok(held)
    }

    fn take(&mut self, position: i64, event: Event, is_blocked: bool) {
        let item = Item {
            position,
            event: Arc::new(event),
            attempts: 0,
            source: Source::Log,
        };
        // Before it is parked, which settles it: opened after that it would stay open for good.
        self.offset_tracker.open(item.position);
        if is_blocked || self.keys.must_park(item.event.key) {
            self.park(item);
        } else {
            self.keys.push(item);
        }
    }

    // Handling.

    fn start_attempts(&mut self) {
        let concurrency = self.consumer.subscription.concurrency.max(1);
        while self.attempts.len() < concurrency {
            let Some(item) = self.keys.start_next() else {
                return;
            };
            let task = self.attempts.spawn(attempt(
                Arc::clone(&self.consumer.handler),
                Arc::clone(&item.event),
                self.name(),
                self.consumer.subscription.retry.attempt_timeout,
            ));
            // By the task's id, which is all that comes back of one that panicked.
            self.running.insert(task.id(), item);
        }
    }

    // Making it durable.

    fn begin_commit(&mut self) {
        if self
            .ack_writer
            .due_at()
            .is_some_and(|due| due <= Instant::now())
        {
            self.ack_writer
                .begin(self.offset_tracker.cursor(), self.clock.now());
        }
    }

    fn take_committed(&mut self, committed: Result<Arc<AckBatch>, DbError>) {
        match committed {
            Ok(ack_batch) => {
                self.offset_tracker.saved(ack_batch.cursor);
                // Too many where rows were there already; the next look counts them.
                self.waiting += ack_batch.postponed.len() as u64;
                if !ack_batch.keys.is_empty() {
                    let keys = ack_batch.keys.iter().copied();
                    // Their rows may be loaded from here on, and their new heads may be due now.
                    self.keys.release(keys, ack_batch.generation);
                    self.look_at = Instant::now();
                }
            }
            Err(error) => {
                report(self.name(), &error.into());
                self.ack_writer
                    .pause(Instant::now() + self.bounds.poll_interval);
            }
        }
    }

    /// The next moment at which there is something to do that nothing else wakes it for.
    fn wake_at(&self) -> Instant {
        if self.may_read() {
            return Instant::now();
        }
        let far = Instant::now() + self.bounds.poll_interval;
        // While there is no room, what wakes it is an attempt or a commit that ends.
        let look_at = if self.may_look() { self.look_at } else { far };
        self.ack_writer
            .due_at()
            .map_or(look_at, |due| due.min(look_at))
            .min(far)
    }

    /// Starts nothing more, waits for what is running, notes what became of it.
    async fn drain(mut self) {
        let deadline = Instant::now() + self.bounds.drain;
        while let Ok(Some(finished)) =
            tokio::time::timeout_at(deadline, self.attempts.join_next_with_id()).await
        {
            self.settle(finished);
        }
        if !self.running.is_empty() {
            tracing::warn!(
                subscription = self.name(),
                events = self.running.len(),
                "handlers did not finish in time; their events will be delivered again"
            );
            self.attempts.shutdown().await;
        }
        // Everything is delivered again that this cannot note: one try for each of the two ack
        // batches is enough.
        for _ in 0..2 {
            if self.ack_writer.is_clean() {
                return;
            }
            self.ack_writer
                .begin(self.offset_tracker.cursor(), self.clock.now());
            // Even when handlers have used the whole time, a commit has some.
            let grace = deadline.max(Instant::now() + self.bounds.poll_interval);
            match tokio::time::timeout_at(grace, self.ack_writer.committed()).await {
                Ok(committed) => self.take_committed(committed),
                Err(_) => return,
            }
        }
    }
}
