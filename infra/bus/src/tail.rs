//! The live end of a log: what is published from now on, for those who want to know it at once and
//! can do without it. Nothing is acknowledged and nothing is kept of it: who reads too slowly, and
//! who was not there, has missed it.
//!
//! Any process may have tails, beside the one that runs the subscriptions.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::log::{Log, LogError, LogReader};
use crate::{BusError, Event, Tail};

/// The most events that are handed over at once.
const BATCH_MAX: usize = 256;
/// How many positions a tail may be behind the log's end. One that is further behind goes on at the
/// end: what it would catch up with is old news by then.
const BEHIND_MAX: i64 = 2_048;

/// Reads what is published on some topics after it was opened.
pub(crate) struct LogTail {
    log: Arc<dyn Log>,
    topics: &'static [&'static str],
    published: Arc<Notify>,
    /// How often it looks without being woken: another process may have published.
    poll_interval: Duration,
    reading: Reading,
}

/// Where it stands, in one history of the log.
struct Reading {
    reader: Box<dyn LogReader>,
    position: i64,
}

impl LogTail {
    pub(crate) async fn open(
        log: &Arc<dyn Log>,
        topics: &'static [&'static str],
        poll_interval: Duration,
    ) -> Result<Self, LogError> {
        // Watches before it looks: what is published in between wakes it.
        let published = log.subscribe(topics);
        let reading = at_end(&**log, topics).await?;
        Ok(Self {
            log: Arc::clone(log),
            topics,
            published,
            poll_interval,
            reading,
        })
    }

    /// One look at the log.
    async fn look(&mut self) -> Result<Vec<Event>, LogError> {
        let reading = &mut self.reading;
        let read = match reading.reader.read(reading.position, BATCH_MAX).await {
            Err(LogError::OtherHistory) => {
                self.reading = at_end(&*self.log, self.topics).await?;
                return Ok(Vec::new());
            }
            read => read?,
        };
        // Asked only where there is more than one batch, so that it costs nothing as a rule. Before
        // the position is noted: who cancels this reads the same again.
        let is_far_behind = !read.at_end && is_far_behind(&*self.log, read.read_to).await?;
        if is_far_behind {
            self.reading = at_end(&*self.log, self.topics).await?;
        } else {
            self.reading.position = read.read_to;
        }
        Ok(read.rows.into_iter().map(|row| row.event).collect())
    }
}

#[async_trait]
impl Tail for LogTail {
    async fn next(&mut self) -> Result<Vec<Event>, BusError> {
        loop {
            let events = self.look().await.map_err(BusError::look)?;
            if !events.is_empty() {
                return Ok(events);
            }
            let woken = self.published.notified();
            // Either way it looks again.
            let _ = tokio::time::timeout(self.poll_interval, woken).await;
        }
    }
}

async fn is_far_behind(log: &dyn Log, position: i64) -> Result<bool, LogError> {
    let behind = log.extent().await?.last - position;
    if behind > BEHIND_MAX {
        tracing::warn!(behind, "a live tail of the log left events out to keep up");
    }
    Ok(behind > BEHIND_MAX)
}

/// A reader that begins where the log ends now.
async fn at_end(log: &dyn Log, topics: &'static [&'static str]) -> Result<Reading, LogError> {
    let extent = log.extent().await?;
    Ok(Reading {
        position: extent.last,
        reader: log.reader(topics, extent.history),
    })
}
