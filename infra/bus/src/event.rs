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
    /// When it happened.
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

impl Event {
    /// The payload as the message that the topic's contract names.
    ///
    /// # Errors
    /// When the bytes are not that message, or a newer server wrote them.
    pub fn decode<M: Message + Default>(&self) -> Result<M, PayloadError> {
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
            occurred_at: id.created_at(),
            headers: Headers::new(context),
        }
    }
}
