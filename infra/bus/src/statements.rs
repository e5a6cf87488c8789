//! The statements that the bus runs in a domain's database, for tests of their plans there.

use crate::{last_event, outbox, relay};

/// What a relay, and a start, ask of an outbox that has grown.
pub const OF_OUTBOX: [&str; 9] = [
    outbox::READ_AFTER,
    outbox::KEPT_TO,
    outbox::ANCHOR,
    outbox::MARK,
    outbox::MARK_ANCHOR,
    outbox::OLDEST,
    outbox::TRIM,
    relay::DELETE_TO,
    last_event::LAST_EVENT,
];
