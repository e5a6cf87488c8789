//! What two logs are compared by.

use crate::Event;

/// How many events, and one digest of all of them in their order.
#[derive(Default)]
pub(super) struct Digest {
    pub(super) events: u64,
    hasher: blake3::Hasher,
}

impl Digest {
    pub(super) fn add(&mut self, event: &Event) {
        let numbers = [
            event.id.get(),
            event.key,
            event.occurred_at.microseconds().cast_unsigned(),
        ];
        for number in numbers {
            self.hasher.update(&number.to_le_bytes());
        }
        let headers = event.headers.text();
        // Each with its length, so that no two events have the same bytes.
        for part in [event.topic.as_bytes(), headers.as_bytes(), &event.payload] {
            self.hasher.update(&(part.len() as u64).to_le_bytes());
            self.hasher.update(part);
        }
        self.events += 1;
    }

    pub(super) fn checksum(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}
