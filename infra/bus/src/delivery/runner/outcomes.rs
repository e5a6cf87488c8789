//! What became of an attempt, in memory and in the ack batch that will make it durable.

use std::sync::Arc;

use tokio::task::{Id, JoinError};

use super::Runner;
use crate::delivery::ack_batch::{DeadEvent, Postponed};
use crate::delivery::attempt::{Failure, panic_text};
use crate::delivery::keys::{Item, Source};
use infra_resilience as backoff;

/// How the task of an attempt ended.
pub(super) type Finished = Result<(Id, Result<(), Failure>), JoinError>;

impl Runner {
    pub(super) fn take_finished(&mut self, finished: Finished) {
        self.settle(finished);
        // Others may have ended as well: what became of them goes into the same batch.
        while let Some(finished) = self.attempts.try_join_next_with_id() {
            self.settle(finished);
        }
    }

    pub(super) fn settle(&mut self, finished: Finished) {
        let (id, result) = match finished {
            Ok(finished) => finished,
            // Aborted while draining: nothing is known of it, and it is delivered again.
            Err(error) if error.is_cancelled() => return,
            Err(error) => {
                let id = error.id();
                (id, Err(Failure::Retry(panic_text(&*error.into_panic()))))
            }
        };
        let Some(item) = self.running.remove(&id) else {
            return;
        };
        let attempts = item.attempts.saturating_add(1);
        let attempts_max = self.consumer.subscription.retry.attempts_max;
        match result {
            Ok(()) => self.finish(&item),
            // However often: what is needed may be away for longer than any number of tries.
            Err(Failure::Unavailable(error)) => self.postpone(&item, attempts, error),
            Err(Failure::Retry(error)) if attempts < attempts_max => {
                self.postpone(&item, attempts, error);
            }
            Err(Failure::Retry(error) | Failure::Reject(error)) => {
                self.give_up(&item, attempts, error);
            }
        }
    }

    /// The event is done with: its key's next may run, and if it waited for redelivery it no longer
    /// does.
    fn finish(&mut self, item: &Item) {
        let generation = self.ack_writer.generation();
        let pending = self.ack_writer.pending();
        match item.source {
            // The cursor alone acknowledges it: nothing of it is in a table.
            Source::Log => self.offset_tracker.settle(item.position),
            Source::Waiting => {
                pending.finished.push(item.position);
                pending.keys.insert(item.event.key);
                self.keys.leave(item.event.key, generation);
            }
        }
        self.keys.finish(item);
    }

    fn postpone(&mut self, item: &Item, attempts: u32, error: String) {
        tracing::warn!(
            subscription = self.name(),
            topic = item.event.topic,
            event_id = item.event.id.get(),
            correlation_id = item.event.headers.correlation_id,
            attempts,
            error,
            "an event was not handled and will be tried again"
        );
        let retry = self.consumer.subscription.retry;
        let pause =
            backoff::pause_after(attempts, retry.pause_min, retry.pause_max, rand::random());
        let next_attempt_at = Some(self.clock.now().plus(pause));
        let pending = self.ack_writer.pending();
        pending.keys.insert(item.event.key);
        pending.postponed.push(Postponed {
            position: item.position,
            event: Arc::clone(&item.event),
            attempts,
            next_attempt_at,
            error,
        });
        // The redelivery table has it with the same commit, so it need not hold the cursor back.
        if item.source == Source::Log {
            self.offset_tracker.settle(item.position);
        }
        // They go into the same batch as what failed: alone in the table they would overtake it.
        for behind in self.keys.fail(item, self.ack_writer.generation()) {
            self.park(behind);
        }
    }

    /// Puts an event from the log behind those of its key that wait for redelivery.
    pub(super) fn park(&mut self, item: Item) {
        let key = item.event.key;
        self.keys.park(key, self.ack_writer.generation());
        self.offset_tracker.settle(item.position);
        let pending = self.ack_writer.pending();
        pending.keys.insert(key);
        pending.postponed.push(Postponed {
            position: item.position,
            event: item.event,
            attempts: 0,
            next_attempt_at: None,
            error: String::new(),
        });
    }

    fn give_up(&mut self, item: &Item, attempts: u32, error: String) {
        tracing::error!(
            subscription = self.name(),
            topic = item.event.topic,
            event_id = item.event.id.get(),
            correlation_id = item.event.headers.correlation_id,
            attempts,
            error,
            "an event was given up and is now a dead letter"
        );
        self.ack_writer.pending().dead.push(DeadEvent {
            position: item.position,
            event: Arc::clone(&item.event),
            attempts,
            error,
        });
        // Its key goes on: what is dead holds nothing back.
        self.finish(item);
    }
}
