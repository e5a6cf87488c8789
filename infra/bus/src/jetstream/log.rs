//! The stream as a log.
//!
//! One stream holds all topics: a server with `sync_interval: always` takes 400 to 1,000 events a
//! second on two busy cores (`tests/suite/speed.rs`), and one home of a domain commits as many.
//! Lanes by key are for consumers that run in several processes, which there are none of yet.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{self, RawMessageErrorKind};
use async_trait::async_trait;
use futures::future::try_join_all;
use infra_kernel::{EventId, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::connection::{Cause, Connection, Opened};
use super::reader::JetStreamReader;
use super::{message, watch};
use crate::event::is_topic;
use crate::log::{Extent, Log, LogError, LogReader, Trimmed};
use crate::wakeups::Wakeups;
use crate::{Anchor, BusError, Event, InvalidEvent, LossyLog};

/// The most events that are sent before the first is acknowledged: a slow disk must write them all
/// within the time for one answer.
const WAVE_MAX: usize = 64;
/// The end of a subject that stands for the ends of all.
const EVERY_TOPIC: &str = ">";

pub(super) struct JetStreamLog {
    connection: Arc<Connection>,
    wakeups: Arc<Wakeups>,
    keep: Duration,
    // Ends the watching task with the log.
    _watch: DropGuard,
}

impl JetStreamLog {
    /// The log of this connection, and a task that watches for what others publish.
    pub(super) fn start(connection: Arc<Connection>, keep: Duration) -> Self {
        let wakeups = Arc::<Wakeups>::default();
        let stop = CancellationToken::new();
        let watching = watch::run(Arc::clone(&connection), Arc::clone(&wakeups));
        let stopped = stop.clone();
        tokio::spawn(async move { stopped.run_until_cancelled(watching).await });
        Self {
            connection,
            wakeups,
            keep,
            _watch: stop.drop_guard(),
        }
    }

    /// Publishes in waves, each of which has every key once: what follows an event of its key is
    /// sent when that one is stored. So none can overtake an earlier one that was not.
    async fn publish_all(&self, events: &[Event]) -> Result<Option<Anchor>, Cause> {
        let opened = self.connection.opened().await?;
        let mut furthest: Option<Anchor> = None;
        let mut rest = events;
        while !rest.is_empty() {
            let (wave, further) = rest.split_at(wave_length(rest));
            let stored = self.publish_wave(wave, &opened).await?;
            if furthest
                .as_ref()
                .is_none_or(|anchor| anchor.position < stored.position)
            {
                furthest = Some(stored);
            }
            rest = further;
        }
        Ok(furthest)
    }

    /// Sends events and waits until each is stored; returns the furthest.
    async fn publish_wave(&self, wave: &[Event], opened: &Opened) -> Result<Anchor, Cause> {
        let mut acknowledgements = Vec::with_capacity(wave.len());
        for event in wave {
            let sent = self.send(event, opened).await?;
            acknowledgements.push(async move { Ok::<_, Cause>((sent.await?.sequence, event.id)) });
        }
        // When all are sent: a wave waits once, and not for each event.
        let stored = try_join_all(acknowledgements).await?;
        let furthest = stored.into_iter().max().ok_or("nothing was sent")?;
        Ok(Anchor {
            event: furthest.1,
            history: opened.history.to_string(),
            position: position(furthest.0),
        })
    }

    /// The id by which the server recognises a repetition is one of this history: what is published
    /// again after a loss is all taken, so that its order is that of before.
    async fn send(
        &self,
        event: &Event,
        opened: &Opened,
    ) -> Result<
        impl Future<Output = Result<async_nats::jetstream::publish::PublishAck, Cause>>,
        Cause,
    > {
        // Checked when it was written. Of one that was not, the server says whether it is too
        // large.
        if !is_topic(&event.topic) {
            return Err(InvalidEvent::Topic(event.topic.clone()).into());
        }
        let publish = PublishMessage::build()
            .payload(event.payload.clone().into())
            .headers(message::headers_of(event))
            .message_id(format!("{}-{}", opened.losses, event.id.get()))
            // A stream of another name that takes these subjects must not have it.
            .expected_stream(self.connection.stream_name());
        let subject = self.connection.subject(&event.topic);
        let sent = self
            .connection
            .context
            .send_publish(subject, publish)
            .await?;
        Ok(async move { Ok(sent.await?) })
    }

    /// When the event at a position was published, in microseconds; none when there is none.
    async fn published_at(&self, sequence: u64) -> Result<Option<i128>, Cause> {
        let stream = self.connection.stream().await?;
        match stream.get_raw_message(sequence).await {
            Ok(found) => Ok(Some(found.time.unix_timestamp_nanos() / 1_000)),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The last position up to this one whose event was published before a moment.
    async fn last_before(
        &self,
        state: &stream::State,
        passed: u64,
        before: Timestamp,
    ) -> Result<u64, Cause> {
        // Everything up to `old` is old, and nothing from `young` on is known to be.
        let mut old = state.first_sequence.saturating_sub(1);
        let mut young = state.last_sequence.min(passed) + 1;
        // Each step is a request: some 20 for a million events.
        while old + 1 < young {
            let middle = old + (young - old) / 2;
            match self.published_at(middle).await? {
                Some(at) if at < i128::from(before.microseconds()) => old = middle,
                // What is not there counts as young: rather too little is deleted than too much.
                _ => young = middle,
            }
        }
        Ok(old)
    }

    async fn trim_once(&self, passed: i64, before: Timestamp) -> Result<u64, Cause> {
        let (_, info) = self.connection.look().await?;
        let passed = u64::try_from(passed).unwrap_or(0);
        if info.state.messages == 0 || passed < info.state.first_sequence {
            return Ok(0);
        }
        let last = self.last_before(&info.state, passed, before).await?;
        if last < info.state.first_sequence {
            return Ok(0);
        }
        let stream = self.connection.stream().await?;
        // The first that stays.
        Ok(stream.purge().sequence(last + 1).await?.purged)
    }

    async fn clear_stream(&self) -> Result<(), Cause> {
        self.connection.stream().await?.purge().await?;
        Ok(())
    }

    /// With the history end the ids by which the server would take what is published again for a
    /// repetition.
    async fn end_history(&self) -> Result<(), Cause> {
        let (opened, _) = self.connection.look().await?;
        self.connection.end_history(&opened.history).await
    }

    pub(super) async fn last_event(&self) -> Result<Option<EventId>, Cause> {
        let (_, info) = self.connection.look().await?;
        if info.state.messages == 0 {
            return Ok(None);
        }
        self.event_at(info.state.last_sequence).await
    }

    /// The event at a position; none when there is none.
    async fn event_at(&self, sequence: u64) -> Result<Option<EventId>, Cause> {
        let stream = self.connection.stream().await?;
        match stream.get_raw_message(sequence).await {
            Ok(found) => Ok(message::id_in(&found.headers)),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn still_holds(&self, anchor: &Anchor) -> Result<bool, Cause> {
        let sequence = u64::try_from(anchor.position)?;
        let (opened, info) = self.connection.look().await?;
        let state = info.state;
        // The stream has been set back behind the anchor, or made again and is shorter.
        if sequence > state.last_sequence {
            return Ok(false);
        }
        if sequence < state.first_sequence {
            // Trimmed, unless the log that trimmed is another one.
            return Ok(*opened.history == *anchor.history);
        }
        Ok(self.event_at(sequence).await? == Some(anchor.event))
    }
}

/// How many of the first events have keys of their own, [`WAVE_MAX`] at most.
fn wave_length(events: &[Event]) -> usize {
    let mut keys = HashSet::new();
    let first = events.iter().take(WAVE_MAX);
    first.take_while(|event| keys.insert(event.key)).count()
}

pub(super) fn position(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

#[async_trait]
impl Log for JetStreamLog {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        LossyLog::publish(self, events).await.map(drop)
    }

    /// What is acknowledged is on the server's disk, or nothing that a client can do brings it
    /// there.
    async fn sync(&self) -> Result<(), BusError> {
        Ok(())
    }

    fn reader(&self, topics: &[&str], history: Arc<str>) -> Box<dyn LogReader> {
        let connection = Arc::clone(&self.connection);
        Box::new(JetStreamReader::new(connection, topics, history))
    }

    async fn all_topics(&self) -> Result<Vec<String>, LogError> {
        Ok(vec![EVERY_TOPIC.to_owned()])
    }

    async fn extent(&self) -> Result<Extent, LogError> {
        let (opened, info) = self
            .connection
            .look()
            .await
            .map_err(LogError::Unavailable)?;
        let state = info.state;
        let before_first = if state.messages == 0 {
            state.last_sequence
        } else {
            state.first_sequence.saturating_sub(1)
        };
        Ok(Extent {
            history: opened.history,
            before_first: position(before_first),
            last: position(state.last_sequence),
        })
    }

    fn subscribe(&self, topics: &'static [&'static str]) -> Arc<Notify> {
        self.wakeups.subscribe(topics)
    }

    async fn trim(&self, passed: i64, before: Timestamp) -> Result<Trimmed, LogError> {
        let deleted = self.trim_once(passed, before).await;
        Ok(Trimmed {
            deleted: deleted.map_err(LogError::Unavailable)?,
            // One purge deletes all that there is.
            more: false,
        })
    }

    async fn clear(&self) -> Result<(), LogError> {
        self.clear_stream().await.map_err(LogError::Unavailable)
    }

    async fn begin_again(&self) -> Result<(), LogError> {
        self.end_history().await.map_err(LogError::Unavailable)?;
        self.clear().await
    }
}

#[async_trait]
impl LossyLog for JetStreamLog {
    fn keep(&self) -> Duration {
        self.keep
    }

    async fn publish(&self, events: &[Event]) -> Result<Option<Anchor>, BusError> {
        match self.publish_all(events).await {
            Ok(furthest) => Ok(furthest),
            Err(error) => {
                // It may be that there is no stream any more: the next try looks.
                self.connection.forget().await;
                Err(BusError::Publish(error))
            }
        }
    }

    fn connections(&self) -> u64 {
        self.connection.made()
    }

    async fn holds(&self, anchor: &Anchor) -> Result<bool, BusError> {
        self.still_holds(anchor).await.map_err(BusError::Look)
    }

    async fn note_loss(&self, of: &Anchor) -> Result<(), BusError> {
        let noted = self.connection.end_history(&of.history).await;
        noted.map_err(BusError::Look)
    }
}
