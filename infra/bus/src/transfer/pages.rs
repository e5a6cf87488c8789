//! All that a log holds, a page at a time.

use crate::log::{Extent, Log, LogError, LogReader, Read};

/// The most events of one page.
const EVENTS_MAX: usize = 256;

pub(super) struct Pages {
    reader: Box<dyn LogReader>,
    after: i64,
}

impl Pages {
    /// What the log holds after a position.
    pub(super) async fn of(log: &dyn Log, extent: &Extent, after: i64) -> Result<Self, LogError> {
        let topics = log.all_topics().await?;
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let reader = log.reader(&topics, extent.history.clone());
        Ok(Self { reader, after })
    }

    /// The next page; none when the log has said that there is no more.
    pub(super) async fn next(&mut self) -> Result<Option<Read>, LogError> {
        let read = self.reader.read(self.after, EVENTS_MAX).await?;
        self.after = read.read_to;
        Ok((!read.is_last()).then_some(read))
    }
}
