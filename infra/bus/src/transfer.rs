//! Moves what a log keeps to another log, and the subscriptions with it.
//!
//! What decides which log is read is one transaction on the cursors. Before it the outboxes are
//! emptied into the old log, as the relays of a start would, and the new one is filled and compared
//! with it; a move that is cut off there begins again with an empty target. The transaction notes
//! which log was left, and after it that one is emptied; a move that is cut off there is finished
//! by the next one, whatever its direction.

mod cursors;
mod digest;
mod pages;

use std::collections::HashSet;
use std::sync::Arc;

use infra_db::{Database, DbError};

use crate::delivery::Delivery;
use crate::log::{Extent, Log, LogError};
use crate::log_place::{LogMove, finish_move};
use crate::{Bus, BusError, EmbeddedBus, JetStreamBus, Relay, last_event};
use cursors::Cursors;
use digest::Digest;
use pages::Pages;

/// A bus whose log can be moved to that of another one.
pub struct MovableBus {
    bus: Arc<dyn Bus>,
    delivery: Delivery,
}

impl From<&EmbeddedBus> for MovableBus {
    fn from(bus: &EmbeddedBus) -> Self {
        Self {
            bus: Arc::new(bus.clone()),
            delivery: bus.delivery().clone(),
        }
    }
}

impl From<&JetStreamBus> for MovableBus {
    fn from(bus: &JetStreamBus) -> Self {
        Self {
            bus: Arc::new(bus.clone()),
            delivery: bus.delivery().clone(),
        }
    }
}

impl MovableBus {
    fn log(&self) -> &dyn Log {
        &*self.delivery.log
    }
}

/// Moves what a log keeps and a subscription has not passed to another one, and the subscriptions
/// with it: each goes on there after the last event that it has passed here. Nobody may publish or
/// run a subscription meanwhile. When it is cut off it can be run again; until it returns, the
/// subscriptions read the old log. Both buses are over the same database, and one is the embedded
/// one. Where the log has been moved before nothing is done, but what is left of that move.
///
/// # Errors
/// When a log or a database fails, the log that is moved is not the one that is read, or what was
/// moved is not what was to be moved.
pub async fn move_log(
    from: impl Into<MovableBus>,
    to: impl Into<MovableBus>,
    outboxes: &[Database],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Moved, MoveError> {
    let transfer = Transfer {
        from: from.into(),
        to: to.into(),
        outboxes,
    };
    transfer.run(progress).await
}

/// One log, another one, and the databases whose events they hold.
struct Transfer<'a> {
    from: MovableBus,
    to: MovableBus,
    outboxes: &'a [Database],
}

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many events are in the new log, of about as many.
    Copied {
        /// Those that are there.
        events: u64,
        /// At most so many there will be.
        of: u64,
    },
    /// So many events in the new log have been compared, of as many.
    Compared {
        /// Those that were compared.
        events: u64,
        /// All that were copied.
        of: u64,
    },
}

/// What a move has moved; nothing but subscriptions where an earlier run had done it all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// How many events were copied, each counted once.
    pub events: u64,
    /// How many entries of the old log were none: nobody could act on them, and they are gone.
    pub skipped: u64,
    /// What both logs agree on: the BLAKE3 digest of the events in their order, in hexadecimal
    /// digits. Empty when an earlier run had moved them.
    pub checksum: String,
    /// How many subscriptions the bus's database knows, also those that nobody runs.
    pub subscriptions: usize,
}

/// Why a log was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// A log could not be asked.
    #[error("a log of events could not be asked")]
    Log(#[from] LogError),
    /// A bus did not take events, or did not say what it holds.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The events that waited in an outbox were not published.
    #[error("the events in an outbox could not be moved to the log")]
    Outbox(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The bus's database failed.
    #[error("a database failed")]
    Database(#[from] DbError),
    /// Neither log is the one that the subscriptions have read.
    #[error(
        "the log of events on these servers is not the one that the subscriptions have read, or it \
         has lost events since. Name the servers that have it. If they have lost it, start \
         Heliograph with them once, which publishes again what the databases keep of it; then move \
         it"
    )]
    OtherLog,
    /// Somebody has published to the old log, or it has lost events, while it was read.
    #[error(
        "the old log of events was changed while it was moved; it is still the one in use: run \
         this again, and let nobody else write to it"
    )]
    Changed,
    /// The two logs differ.
    #[error(
        "what was moved is not what was to be moved: {copied} events in the old log, {found} in \
         the new one{}; the old log is still the one in use: run this again, and let nobody else \
         write to the new one",
        if copied == found { ", with other contents" } else { "" }
    )]
    Different {
        /// How many were read in the old log.
        copied: u64,
        /// How many were found in the new one.
        found: u64,
    },
}

impl Transfer<'_> {
    async fn run(&self, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Moved, MoveError> {
        self.finish().await?;
        let mut cursors = Cursors::read(self.database()).await?;
        if cursors.stand_in(&self.to.log().extent().await?) {
            return Ok(Moved {
                subscriptions: cursors.len(),
                ..Moved::default()
            });
        }
        self.source(&cursors).await?;
        self.empty_outboxes(&self.from).await?;
        // A relay that does not find what was published has noted the loss.
        let source = self.source(&cursors).await?;
        let last = last_event(&*self.from.bus, self.outboxes).await?;
        // What an earlier run has left there.
        self.to.log().begin_again().await?;
        let (copied, skipped) = self.copy(&source, &mut cursors, progress).await?;
        // The cursors that will name these positions must not outlive them.
        self.to.log().sync().await?;
        let target = self.to.log().extent().await?;
        let of = copied.events;
        let found = self.compare(&target, of, &mut cursors, progress).await?;
        require_same(&copied, &found)?;
        let moved = Moved {
            events: copied.events,
            skipped,
            checksum: copied.checksum(),
            subscriptions: cursors.len(),
        };
        let noted = LogMove::new(&source.history, &target.history, last);
        cursors.store(self.database(), &target, noted).await?;
        self.finish().await?;
        // What they keep is of the log that was left.
        self.empty_outboxes(&self.to).await?;
        Ok(moved)
    }

    fn database(&self) -> &Database {
        &self.to.delivery.database
    }

    /// What the log that is moved holds, if it is the one that is read.
    async fn source(&self, cursors: &Cursors) -> Result<Extent, MoveError> {
        let source = self.from.log().extent().await?;
        if !cursors.stand_in(&source) {
            return Err(MoveError::OtherLog);
        }
        Ok(source)
    }

    /// What waits in them is published to this bus, so that its log alone says what was.
    async fn empty_outboxes(&self, into: &MovableBus) -> Result<(), MoveError> {
        for database in self.outboxes {
            let relay = Relay::new(database.clone(), Arc::clone(&into.bus));
            let emptied = relay.run_once().await;
            emptied.map_err(|error| MoveError::Outbox(Box::new(error)))?;
        }
        Ok(())
    }

    /// Copies what some subscription has not passed, and counts for each what it has; and counts
    /// what is no event. The new log has the same order: each keeps that in which one connection
    /// publishes, unless it fails. An event that the old log has twice, since it was published
    /// again after a loss, is copied where it is first.
    async fn copy(
        &self,
        source: &Extent,
        cursors: &mut Cursors,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(Digest, u64), MoveError> {
        let after = cursors.begin_in(source);
        let of = u64::try_from(source.last - after).unwrap_or(0);
        let mut pages = Pages::of(self.from.log(), source, after).await?;
        let (mut copied, mut skipped) = (Digest::default(), 0);
        let mut known = HashSet::new();
        while let Some(page) = pages.next().await? {
            let mut events = Vec::with_capacity(page.rows.len());
            for row in page.rows {
                if known.insert(row.event.id) {
                    copied.add(&row.event);
                    cursors.count(row.position);
                    events.push(row.event);
                }
            }
            skipped += page.skipped;
            self.to.log().publish(&events).await?;
            progress(Progress::Copied {
                events: copied.events,
                of,
            });
        }
        // What came since it was measured is in no count, and would be left behind.
        if self.from.log().extent().await? != *source {
            return Err(MoveError::Changed);
        }
        Ok((copied, skipped))
    }

    /// Reads the new log, and notes for each subscription where it goes on.
    async fn compare(
        &self,
        target: &Extent,
        of: u64,
        cursors: &mut Cursors,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Digest, MoveError> {
        cursors.begin_at(target.before_first);
        let mut pages = Pages::of(self.to.log(), target, target.before_first).await?;
        let mut found = Digest::default();
        while let Some(page) = pages.next().await? {
            for row in &page.rows {
                found.add(&row.event);
                cursors.place(found.events, row.position);
            }
            progress(Progress::Compared {
                events: found.events,
                of,
            });
        }
        Ok(found)
    }

    /// Empties the log that was left last, unless that is done.
    async fn finish(&self) -> Result<(), MoveError> {
        let last = LogMove::last(self.database()).await?;
        let Some(left) = last.and_then(|last| last.from_history) else {
            return Ok(());
        };
        // Which log is read has to outlive a loss of power before the other one goes.
        self.database().sync().await?;
        let mut is_emptied = false;
        for log in [self.from.log(), self.to.log()] {
            if *log.extent().await?.history == *left {
                log.clear().await?;
                log.sync().await?;
                is_emptied = true;
            }
        }
        if !is_emptied {
            tracing::warn!("the log that was left is not on these servers, and was not emptied");
        }
        Ok(finish_move(self.database()).await?)
    }
}

fn require_same(copied: &Digest, found: &Digest) -> Result<(), MoveError> {
    if (copied.events, copied.checksum()) == (found.events, found.checksum()) {
        return Ok(());
    }
    Err(MoveError::Different {
        copied: copied.events,
        found: found.events,
    })
}
