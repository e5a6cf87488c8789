//! How an event travels: its topic is the subject's end, its payload the message's, and the rest
//! stands in headers.

use async_nats::HeaderMap;
use infra_kernel::{EventId, Timestamp};

use crate::{Event, Headers};

/// The event's id, in decimal digits.
const ID: &str = "Heliograph-Event";
/// What it happened to.
const KEY: &str = "Heliograph-Key";
/// When it happened, in microseconds.
const OCCURRED_AT: &str = "Heliograph-Occurred-At";
/// [`Headers`] as JSON, which has no line breaks.
const HEADERS: &str = "Heliograph-Headers";

/// The most bytes of a message, as a server counts them: the payload and its headers, of which
/// those beside [`Headers`] have less than a fourth of the room.
pub(super) const MESSAGE_BYTES_MAX: usize = Event::PAYLOAD_BYTES_MAX + 2 * Headers::BYTES_MAX;

pub(super) fn headers_of(event: &Event) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ID, event.id.get().to_string());
    headers.insert(KEY, event.key.to_string());
    headers.insert(OCCURRED_AT, event.occurred_at.microseconds().to_string());
    headers.insert(HEADERS, event.headers.text());
    headers
}

/// The id of the event in a message; none when it holds no event.
pub(super) fn id_in(headers: &HeaderMap) -> Option<EventId> {
    headers.get(ID)?.as_str().parse().ok().map(EventId::new)
}

/// The event in a message; none when it holds none.
pub(super) fn event_in(topic: &str, headers: &HeaderMap, payload: &[u8]) -> Option<Event> {
    let id = id_in(headers)?;
    let occurred_at = headers.get(OCCURRED_AT)?.as_str().parse().ok()?;
    let text = headers.get(HEADERS).map_or("{}", |text| text.as_str());
    Some(Event {
        id,
        topic: topic.to_owned(),
        key: headers.get(KEY)?.as_str().parse().ok()?,
        payload: payload.to_vec(),
        occurred_at: Timestamp::from_microseconds(occurred_at),
        headers: Headers::read(text.as_bytes(), String::new(), id),
    })
}
