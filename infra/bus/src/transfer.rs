//! Moves what a log keeps to another log, and the subscriptions with it.
//!
//! What decides which log is read is one transaction on the cursors; before it the new log is
//! filled and compared with the old one, after it the old one is emptied. A move that is cut off
//! before that transaction begins again with an empty target; one that is cut off after it only
//! empties the source.

mod cursors;
mod digest;

use infra_db::{Database, DbError};

use crate::log::{END_OF_TIME, Extent, Log, LogError};
use crate::{BusError, EmbeddedBus, JetStreamBus, outbox};
use cursors::Cursors;
use digest::Digest;

/// The most events of one read.
const BATCH_EVENTS_MAX: usize = 256;

/// Moves what the folder's log keeps and a subscription has not passed to servers, and the
/// subscriptions with it: each goes on there after the last event that it has passed here. Nobody
/// may publish or run a subscription meanwhile. When it is cut off it can be run again; until it
/// returns, the subscriptions read the old log. Both buses are over the same database.
///
/// What these outboxes keep of what was published is deleted: it is of the log that was left.
///
/// # Errors
/// When a log or a database fails, or what was moved is not what was to be moved.
pub async fn move_to_servers(
    from: &EmbeddedBus,
    to: &JetStreamBus,
    outboxes: &[Database],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Moved, MoveError> {
    let transfer = Transfer {
        from: from.log(),
        to: to.log(),
        database: from.database(),
        goes_elsewhere: true,
    };
    transfer.run(outboxes, progress).await
}

/// The same the other way.
///
/// # Errors
/// As [`move_to_servers`] has them.
pub async fn move_to_folder(
    from: &JetStreamBus,
    to: &EmbeddedBus,
    outboxes: &[Database],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Moved, MoveError> {
    let transfer = Transfer {
        from: from.log(),
        to: to.log(),
        database: to.database(),
        goes_elsewhere: false,
    };
    transfer.run(outboxes, progress).await
}

/// One log, another one, and the database with the subscriptions.
struct Transfer<'a> {
    from: &'a dyn Log,
    to: &'a dyn Log,
    database: &'a Database,
    /// Whether the new log is in another place than the database.
    goes_elsewhere: bool,
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

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// How many events.
    pub events: u64,
    /// What both logs agree on: the BLAKE3 digest of the events in their order, in hexadecimal
    /// digits. Empty when an earlier run had moved them.
    pub checksum: String,
    /// How many subscriptions.
    pub subscriptions: usize,
}

/// Why a log was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// A log could not be asked.
    #[error("a log of events could not be asked")]
    Log(#[from] LogError),
    /// The new log did not take the events.
    #[error("the events could not be published")]
    Publish(#[from] BusError),
    /// The bus's database or an outbox failed.
    #[error("a database failed")]
    Database(#[from] DbError),
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
    async fn run(
        &self,
        outboxes: &[Database],
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Moved, MoveError> {
        let mut cursors = Cursors::read(self.database).await?;
        // An earlier run has come so far.
        if cursors.read_elsewhere() == Some(self.goes_elsewhere) {
            self.leave(outboxes).await?;
            return Ok(Moved {
                events: 0,
                checksum: String::new(),
                subscriptions: cursors.len(),
            });
        }
        // What an earlier run has left there.
        self.to.clear().await?;
        let source = self.from.extent().await?;
        let copied = self.copy(&source, &mut cursors, progress).await?;
        self.to.sync().await?;
        let target = self.to.extent().await?;
        let found = self
            .compare(&target, copied.events, &mut cursors, progress)
            .await?;
        if (found.events, found.checksum()) != (copied.events, copied.checksum()) {
            return Err(MoveError::Different {
                copied: copied.events,
                found: found.events,
            });
        }
        let subscriptions = cursors.len();
        cursors.store(self.database, &target).await?;
        self.leave(outboxes).await?;
        Ok(Moved {
            events: copied.events,
            checksum: copied.checksum(),
            subscriptions,
        })
    }

    /// Copies what some subscription has not passed, and counts for each what it has. The new log
    /// has the same order: each keeps that in which one connection publishes, unless it fails.
    async fn copy(
        &self,
        source: &Extent,
        cursors: &mut Cursors,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Digest, MoveError> {
        let mut after = cursors.begin_in(source);
        let of = u64::try_from(source.last - after).unwrap_or(0);
        let mut reader = reader_of_all(self.from, source).await?;
        let mut copied = Digest::default();
        while after < source.last {
            let read = reader.read(after, BATCH_EVENTS_MAX).await?;
            let mut events = Vec::with_capacity(read.rows.len());
            for row in read.rows {
                copied.add(&row.event);
                cursors.count(row.position);
                events.push(row.event);
            }
            self.to.publish(&events).await?;
            progress(Progress::Copied {
                events: copied.events,
                of,
            });
            if read.at_end {
                break;
            }
            after = read.read_to;
        }
        Ok(copied)
    }

    /// Reads the new log, and notes for each subscription where it goes on.
    async fn compare(
        &self,
        target: &Extent,
        of: u64,
        cursors: &mut Cursors,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Digest, MoveError> {
        let mut after = target.before_first;
        cursors.begin_at(after);
        let mut reader = reader_of_all(self.to, target).await?;
        let mut found = Digest::default();
        while after < target.last {
            let read = reader.read(after, BATCH_EVENTS_MAX).await?;
            for row in &read.rows {
                found.add(&row.event);
                cursors.place(found.events, row.position);
            }
            progress(Progress::Compared {
                events: found.events,
                of,
            });
            if read.at_end {
                break;
            }
            after = read.read_to;
        }
        Ok(found)
    }

    /// Empties what is not used any more.
    async fn leave(&self, outboxes: &[Database]) -> Result<(), MoveError> {
        // Which log is read has to outlive a loss of power before the other one goes.
        self.database.sync().await?;
        for database in outboxes {
            while outbox::trim(database, i64::MAX, END_OF_TIME).await? > 0 {}
        }
        self.from.clear().await?;
        self.from.sync().await?;
        Ok(())
    }
}

async fn reader_of_all(
    log: &dyn Log,
    extent: &Extent,
) -> Result<Box<dyn crate::log::LogReader>, LogError> {
    let topics = log.all_topics().await?;
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    Ok(log.reader(&topics, extent.history.clone()))
}
