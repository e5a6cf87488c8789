//! What travels on the bus.

use infra_kernel::{Context, EventId, IdGenerator, Timestamp};
use prost::Message;

/// Something that happened, as a domain publishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The operation that caused it, for the logs.
    pub correlation_id: String,
}

impl Event {
    /// The payload as the message that the topic's contract names.
    ///
    /// # Errors
    /// When the bytes are not that message.
    pub fn decode<M: Message + Default>(&self) -> Result<M, prost::DecodeError> {
        M::decode(self.payload.as_slice())
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
            correlation_id: context.correlation_id().as_str().to_owned(),
        }
    }
}
