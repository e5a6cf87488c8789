//! What travels on the bus.

use infra_kernel::{Context, EventId, IdGenerator, Timestamp};
use prost::Message;

use crate::Headers;

/// Something that happened, as a domain publishes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The event's own id: the same however often it is delivered.
    pub id: EventId,
    /// The topic, which names what happened: "posts.published".
    pub topic: String,
    /// What it happened to. Each subscription handles events with the same key one after the other,
    /// in order; behind one that failed they wait until it succeeds or is given up.
    pub key: u64,
    /// The event's protobuf message.
    pub payload: Vec<u8>,
    /// When it happened, by the clock of the domain that published it.
    pub occurred_at: Timestamp,
    /// What is said about it: its payload's schema, the operation that caused it.
    pub headers: Headers,
}

/// Why an event's payload cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// A newer version of the server wrote it in a way that this one could misunderstand.
    #[error("its payload has schema version {0}, and this server reads up to {max}; update it and replay the event", max = Headers::SCHEMA_VERSION_MAX)]
    NewerSchema(u32),
    /// The bytes are not the message that the topic's contract names.
    #[error("its payload is not the topic's message")]
    Malformed(#[from] prost::DecodeError),
}

/// Why an event cannot be published, on whichever log.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEvent {
    /// It is larger than every log takes.
    #[error("the payload of an event {topic} has {bytes} bytes, and {max} are published at most", max = Event::PAYLOAD_BYTES_MAX)]
    TooLarge {
        /// The event's topic.
        topic: String,
        /// How many bytes the payload has.
        bytes: usize,
    },
    /// Its topic cannot be a subject on every log. A fault of the program.
    #[error("`{0}` cannot be a topic: it is words of letters, digits, '-' and '_' with dots between them, {max} bytes at most", max = Event::TOPIC_BYTES_MAX)]
    Topic(String),
}

impl Event {
    /// The most bytes of a payload: half of what a NATS server takes as it is installed.
    pub const PAYLOAD_BYTES_MAX: usize = 512 << 10;
    /// The most bytes of a topic.
    pub const TOPIC_BYTES_MAX: usize = 255;

    /// Refuses what some log would never take, so that nothing waits in an outbox for ever, and
    /// all that comes after it.
    pub(crate) fn check(&self) -> Result<(), InvalidEvent> {
        if !is_topic(&self.topic) {
            return Err(InvalidEvent::Topic(self.topic.clone()));
        }
        let bytes = self.payload.len();
        if bytes > Self::PAYLOAD_BYTES_MAX {
            let topic = self.topic.clone();
            return Err(InvalidEvent::TooLarge { topic, bytes });
        }
        Ok(())
    }

    /// The payload as the message that the topic's contract names.
    ///
    /// # Errors
    /// When the bytes are not that message, or a newer server wrote them.
    pub fn decode<M: Message + Default>(&self) -> Result<M, PayloadError> {
        // Before the bytes are read: they may be readable and mean something else.
        let version = self.headers.schema_version;
        if version > Headers::SCHEMA_VERSION_MAX {
            return Err(PayloadError::NewerSchema(version));
        }
        Ok(M::decode(self.payload.as_slice())?)
    }

    /// An event that happens now, caused by the operation of this context.
    #[must_use]
    pub fn new(
        context: &Context,
        ids: &IdGenerator,
        topic: &str,
        key: u64,
        message: &impl Message,
    ) -> Self {
        let id: EventId = ids.next();
        Self {
            id,
            topic: topic.to_owned(),
            key,
            payload: message.encode_to_vec(),
            // The id's own time, so that the two agree.
            occurred_at: id.created_at(),
            headers: Headers::new(context),
        }
    }
}

/// Whether a topic can be the end of a subject.
pub(crate) fn is_topic(topic: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_word = |word: &str| !word.is_empty() && word.chars().all(is_plain);
    topic.len() <= Event::TOPIC_BYTES_MAX && topic.split('.').all(is_word)
}
