//! Reads the stream for one subscription, by a consumer that lives in the server's memory and knows
//! nothing of acknowledgements. Where to go on is the caller's to say: a consumer that stands
//! somewhere else, or may have sent what did not arrive, is left behind and another one made.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::pull::{BatchConfig, Config};
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy};
use async_nats::jetstream::stream::RawMessageErrorKind;
use async_trait::async_trait;
use futures::StreamExt as _;

use super::connection::{Cause, Connection};
use super::log::position;
use super::message;
use crate::log::{LogError, LogReader, Logged, Read};

/// The most bytes of one read.
const BATCH_BYTES_MAX: usize = 4 << 20;
// With less a reader could be stopped by one event.
const _: () = assert!(BATCH_BYTES_MAX > message::MESSAGE_BYTES_MAX);
/// How long the server may take for the next message of what it has.
const MESSAGE_WAIT_MAX: Duration = Duration::from_secs(5);
/// After how long without a read the server forgets the consumer.
const IDLE_MAX: Duration = Duration::from_secs(60);

// What a server says instead of a message.
const NO_MESSAGES: u16 = 404;
const PULL_EXPIRED: u16 = 408;
const CONFLICT: u16 = 409;
/// In the text of a conflict: the next message would be more bytes than were asked for.
const TOO_MANY_BYTES: &str = "MaxBytes";

pub(super) struct JetStreamReader {
    connection: Arc<Connection>,
    topics: Vec<String>,
    history: Arc<str>,
    reading: Option<Reading>,
}

/// A consumer and where it stands.
struct Reading {
    consumer: Consumer<Config>,
    /// Everything of interest up to here was read.
    after: i64,
    /// How many messages it has sent.
    sent: u64,
}

/// What a pull found.
#[derive(Default)]
struct Pulled {
    rows: Vec<Logged>,
    /// How many messages held no event.
    skipped: u64,
    /// The last position that was sent, with or without an event.
    last: Option<i64>,
    /// Whether the server had no more.
    is_all: bool,
}

impl JetStreamReader {
    pub(super) fn new(connection: Arc<Connection>, topics: &[&str], history: Arc<str>) -> Self {
        Self {
            connection,
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            history,
            reading: None,
        }
    }

    async fn read_once(&mut self, after: i64, rows_max: usize) -> Result<Read, LogError> {
        let is_there = |reading: &Reading| reading.after == after;
        let is_fresh = !self.reading.as_ref().is_some_and(is_there);
        if is_fresh {
            self.reading = Some(self.begin(after).await?);
        }
        let pulled = self.pull(rows_max).await;
        let pulled = pulled.map_err(LogError::Unavailable)?;
        let Some(last) = pulled.last else {
            return self.look_past_others(after).await;
        };
        Ok(Read {
            rows: pulled.rows,
            skipped: pulled.skipped,
            read_to: last,
            at_end: pulled.is_all,
        })
    }

    /// A consumer that begins after a position.
    async fn begin(&self, after: i64) -> Result<Reading, LogError> {
        // Before the consumer is made: in another history the position means something else.
        self.end_of_history(after).await?;
        let start_sequence = u64::try_from(after + 1).unwrap_or(1);
        let subjects = self
            .topics
            .iter()
            .map(|topic| self.connection.subject(topic));
        let config = Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence },
            ack_policy: AckPolicy::None,
            filter_subjects: subjects.collect(),
            inactive_threshold: IDLE_MAX,
            // It has no state that another one could not be made from.
            memory_storage: true,
            num_replicas: 1,
            ..Config::default()
        };
        let made = async {
            let stream = self.connection.stream().await?;
            Ok::<_, Cause>(stream.create_consumer(config).await?)
        };
        Ok(Reading {
            consumer: made.await.map_err(LogError::Unavailable)?,
            after,
            sent: 0,
        })
    }

    /// Where the stream ends, if it is still the one whose positions the caller knows.
    async fn end_of_history(&self, after: i64) -> Result<i64, LogError> {
        let looked = self.connection.look().await;
        let (opened, info) = looked.map_err(LogError::Unavailable)?;
        let end = position(info.state.last_sequence);
        if opened.history != self.history || end < after {
            return Err(LogError::OtherHistory);
        }
        Ok(end)
    }

    /// Takes what the server has at this moment.
    async fn pull(&mut self, rows_max: usize) -> Result<Pulled, Cause> {
        let reading = self.reading.as_mut().ok_or("nothing is being read")?;
        let client = &self.connection.client;
        // An inbox of its own: what belongs to an earlier pull cannot be taken for this one's.
        let inbox = client.new_inbox();
        let mut replies = client.subscribe(inbox.clone()).await?;
        let batch = BatchConfig {
            batch: rows_max,
            // The wake-ups say when there is more; a read must not hold up the runner's loop.
            no_wait: true,
            max_bytes: BATCH_BYTES_MAX,
            ..BatchConfig::default()
        };
        reading.consumer.request_batch(batch, inbox.into()).await?;
        let mut pulled = Pulled::default();
        let mut messages = 0;
        while messages < rows_max && !pulled.is_all {
            // A connection that is lost silently would keep the read, and with it the runner's
            // loop.
            let next = tokio::time::timeout(MESSAGE_WAIT_MAX, replies.next()).await?;
            let next = next.ok_or("the connection is closed")?;
            match next.status.map(|status| status.as_u16()) {
                None | Some(200) => {}
                Some(NO_MESSAGES | PULL_EXPIRED) => {
                    pulled.is_all = true;
                    break;
                }
                Some(CONFLICT) if says(&next, TOO_MANY_BYTES) => break,
                Some(status) => return Err(format!("the server says {status}").into()),
            }
            messages += 1;
            reading.take(next, &self.connection, &mut pulled)?;
        }
        Ok(pulled)
    }

    /// Nothing of interest was sent: finds out whether that is so up to the stream's end. A
    /// consumer learns of an event a moment after the stream has it, so the stream itself is asked.
    async fn look_past_others(&mut self, after: i64) -> Result<Read, LogError> {
        // The end before the look: what comes after it is found by the next read.
        let end = self.end_of_history(after).await?;
        if end > after && self.holds_any(after).await.map_err(LogError::Unavailable)? {
            return Err(LogError::Unavailable(
                "the consumer has not sent what the stream has".into(),
            ));
        }
        if let Some(reading) = &mut self.reading {
            // The consumer had nothing up to there: it serves the next read, and none is made for
            // that.
            reading.after = end;
        }
        Ok(Read {
            rows: Vec::new(),
            skipped: 0,
            read_to: end,
            at_end: true,
        })
    }

    /// Whether the stream has an event of interest after a position.
    async fn holds_any(&self, after: i64) -> Result<bool, Cause> {
        let stream = self.connection.stream().await?;
        let from = u64::try_from(after + 1)?;
        for topic in &self.topics {
            let next = stream
                .raw_message_builder()
                .sequence(from)
                .next_by_subject(self.connection.subject(topic));
            match next.send().await {
                Ok(_) => return Ok(true),
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }
}

impl Reading {
    /// Takes a message into what was pulled. One that holds no event is somebody else's; it is
    /// skipped, and the log says so.
    fn take(
        &mut self,
        message: async_nats::Message,
        connection: &Connection,
        pulled: &mut Pulled,
    ) -> Result<(), Cause> {
        let message = jetstream::Message {
            message,
            context: connection.context.clone(),
        };
        let info = message.info()?;
        self.sent += 1;
        // Nothing is sent again without acknowledgements: a gap in the count is all that shows a
        // loss.
        if info.consumer_sequence != self.sent {
            return Err("a message was lost on the way".into());
        }
        let position = position(info.stream_sequence);
        self.after = position;
        pulled.last = Some(position);
        pulled.is_all = info.pending == 0;
        let topic = connection.topic(&message.subject);
        let headers = message.headers.as_ref();
        let event = topic
            .zip(headers)
            .and_then(|(topic, headers)| message::event_in(topic, headers, &message.payload));
        match event {
            Some(event) => pulled.rows.push(Logged { position, event }),
            None => {
                pulled.skipped += 1;
                tracing::error!(
                    subject = %message.subject,
                    position,
                    "a message in the stream is no event; it is skipped"
                );
            }
        }
        Ok(())
    }
}

fn says(message: &async_nats::Message, text: &str) -> bool {
    let description = message.description.as_ref();
    description.is_some_and(|description| description.contains(text))
}

#[async_trait]
impl LogReader for JetStreamReader {
    /// Tries twice: the first consumer may be gone with its server, or may have been forgotten.
    async fn read(&mut self, after: i64, rows_max: usize) -> Result<Read, LogError> {
        let was_reading = self.reading.is_some();
        let mut read = self.read_once(after, rows_max).await;
        if was_reading && matches!(read, Err(LogError::Unavailable(_))) {
            self.reading = None;
            read = self.read_once(after, rows_max).await;
        }
        if read.is_err() {
            // What it has sent that did not arrive is not known.
            self.reading = None;
        }
        read
    }
}
