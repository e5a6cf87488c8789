//! Ids: 64 bits, made anywhere without asking anyone, and sorted by the time they were made.
//!
//! Each kind of id is a type of its own, which its owner's contract defines with
//! [`define_id`](crate::define_id). Here are only those that the kernel itself names: of whom a
//! caller is, and of events.
//!
//! The layout is the one Instagram published: 41 bits of milliseconds, 13 bits of logical shard, 10
//! bits of sequence ("Sharding & IDs at Instagram", 2012). In JSON an id is a string, because a
//! JavaScript number holds only 53 bits.
//!
//! An id is stored as a signed 64-bit integer. The top bit stays clear until 2060, so order in SQL
//! and order in Rust agree until then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::{Clock, Timestamp};

/// Milliseconds from the Unix epoch to Heliograph's: 2026-01-01T00:00:00Z.
pub const EPOCH_MS: u64 = 1_767_225_600_000;
/// Bits that hold the logical shard: 8,192 shards.
pub const SHARD_BITS: u32 = 13;
/// Bits that hold the sequence: 1,024 ids a shard a millisecond.
pub const SEQUENCE_BITS: u32 = 10;

const SEQUENCE_MASK: u64 = (1 << SEQUENCE_BITS) - 1;
const SHARD_MASK: u64 = (1 << SHARD_BITS) - 1;

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an id: an id is a decimal number between 1 and 9223372036854775807, without zeros before it"
)]
pub struct ParseIdError(pub String);

#[doc(hidden)]
pub use {schemars, serde};

/// The number that a text stands for, for [`define_id`](crate::define_id).
#[doc(hidden)]
pub fn parse(text: &str) -> Result<u64, ParseIdError> {
    // Digits alone, where `parse` takes a sign as well, and none that says nothing: an id has one
    // text, so that nothing has two addresses.
    let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(value) if is_plain && i64::try_from(value).is_ok() => Ok(value),
        // Cut off: the text is a stranger's, and the error is shown and logged.
        _ => Err(ParseIdError(text.chars().take(32).collect())),
    }
}

/// When the id with this raw value was made, for [`define_id`](crate::define_id).
#[doc(hidden)]
#[must_use]
pub const fn created_at(raw: u64) -> Timestamp {
    Timestamp::from_milliseconds(((raw >> (SHARD_BITS + SEQUENCE_BITS)) + EPOCH_MS).cast_signed())
}

/// The logical shard that the id with this raw value was made for, for
/// [`define_id`](crate::define_id).
#[doc(hidden)]
#[must_use]
pub const fn shard(raw: u64) -> u16 {
    ((raw >> SEQUENCE_BITS) & SHARD_MASK) as u16
}

/// A kind of id: what [`IdGenerator::next`] makes. [`define_id`](crate::define_id) implements it.
pub trait Id: Copy {
    /// The id with this raw value.
    fn from_raw(value: u64) -> Self;
}

/// Defines kinds of ids, each with its documentation:
///
/// ```ignore
/// infra_kernel::define_id! {
///     /// A post.
///     PostId;
/// }
/// ```
#[macro_export]
macro_rules! define_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id with this raw value, as it crosses a contract.
            #[must_use]
            pub const fn new(value: u64) -> Self {
                Self(value)
            }

            /// The raw value, as it crosses a contract.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The id that a database column holds.
            #[must_use]
            pub const fn from_sql(value: i64) -> Self {
                Self(value.cast_unsigned())
            }

            /// The value to bind to a database column.
            #[must_use]
            pub const fn to_sql(self) -> i64 {
                self.0.cast_signed()
            }

            /// When the id was made, to the millisecond.
            #[must_use]
            pub const fn created_at(self) -> $crate::Timestamp {
                $crate::id::created_at(self.0)
            }

            /// The logical shard the id was made for.
            #[must_use]
            pub const fn shard(self) -> u16 {
                $crate::id::shard(self.0)
            }
        }

        impl $crate::id::Id for $name {
            fn from_raw(value: u64) -> Self {
                Self(value)
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::id::ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::id::parse(text).map(Self)
            }
        }

        impl $crate::id::serde::Serialize for $name {
            fn serialize<S: $crate::id::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // As text: JavaScript would round the number.
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> $crate::id::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::id::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = ::std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                $crate::id::parse(&text).map(Self).map_err($crate::id::serde::de::Error::custom)
            }
        }

        impl $crate::id::schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut $crate::id::schemars::SchemaGenerator) -> $crate::id::schemars::Schema {
                $crate::id::schemars::json_schema!({"type": "string", "pattern": "^[1-9][0-9]{0,18}$"})
            }
        }
    )*};
}

define_id! {
    /// A person's or a bot's account.
    AccountId;
    /// A client application registered for OAuth.
    ApplicationId;
    /// An event on the bus; consumers use it to see that they have met it before.
    EventId;
}

/// Makes ids that are unique for its shard and never go backwards, even when the clock does.
// Single writer (ADR 0026): no other process makes ids of the same shard.
pub struct IdGenerator {
    shard: u64,
    clock: Arc<dyn Clock>,
    /// Milliseconds since [`EPOCH_MS`] and the sequence within them, packed as
    /// `milliseconds << SEQUENCE_BITS | sequence`.
    last: AtomicU64,
}

impl IdGenerator {
    /// A generator for one logical shard.
    ///
    /// # Panics
    /// If the shard does not fit [`SHARD_BITS`]: two processes would then make the same ids.
    #[must_use]
    pub fn new(shard: u16, clock: Arc<dyn Clock>) -> Self {
        let shard = u64::from(shard);
        assert!(
            shard <= SHARD_MASK,
            "shard {shard} does not fit {SHARD_BITS} bits"
        );
        Self {
            shard,
            clock,
            last: AtomicU64::new(0),
        }
    }

    /// Makes every id from now on later than this one: told at the start of the last id that was
    /// made before, so that a clock that stands behind after a restart takes no ids back.
    pub fn start_after(&self, last: EventId) {
        let milliseconds = last.get() >> (SHARD_BITS + SEQUENCE_BITS);
        self.last
            // From the next millisecond on: in its own more ids may have been made after it.
            .fetch_max((milliseconds + 1) << SEQUENCE_BITS, Ordering::Relaxed);
    }

    /// The next id as a raw number. When a millisecond's sequence is used up, or the clock steps
    /// back, it borrows from the milliseconds to come instead of waiting: ids stay unique and
    /// sorted, and run ahead of the clock for a while.
    #[must_use]
    pub fn next_raw(&self) -> u64 {
        let now_ms = self
            .clock
            .now()
            .milliseconds()
            .cast_unsigned()
            // A clock before this epoch makes ids from zero on, in order all the same.
            .saturating_sub(EPOCH_MS);
        let floor = now_ms << SEQUENCE_BITS;
        let previous = self
            .last
            // Nothing else is published by it: ids need no order but their own.
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(floor.max(last + 1))
            })
            .unwrap_or_else(|last| last);
        // The same as was stored: `fetch_update` returns what was there before.
        let current = floor.max(previous + 1);
        let milliseconds = current >> SEQUENCE_BITS;
        (milliseconds << (SHARD_BITS + SEQUENCE_BITS))
            | (self.shard << SEQUENCE_BITS)
            | (current & SEQUENCE_MASK)
    }

    /// The next id of a kind.
    #[must_use]
    pub fn next<I: Id>(&self) -> I {
        I::from_raw(self.next_raw())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn threads_never_make_the_same_id() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp::from_milliseconds(
            EPOCH_MS as i64 + 5,
        )));
        let generator = Arc::new(IdGenerator::new(7, clock));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let generator = generator.clone();
                std::thread::spawn(move || {
                    (0..5_000)
                        .map(|_| generator.next::<EventId>())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let mut seen = HashSet::new();
        for thread in threads {
            for id in thread.join().unwrap() {
                assert_eq!(id.shard(), 7);
                assert!(seen.insert(id), "{id} was made twice");
            }
        }
    }

    #[test]
    fn a_clock_that_steps_back_does_not_take_ids_back() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_milliseconds(
            EPOCH_MS as i64 + 10_000,
        )));
        let generator = IdGenerator::new(0, clock.clone());
        let before = generator.next::<EventId>();
        clock.set(Timestamp::from_milliseconds(EPOCH_MS as i64 + 1_000));
        assert!(generator.next::<EventId>() > before);
    }

    #[test]
    fn a_clock_that_stands_behind_after_a_restart_does_not_take_ids_back() {
        let later = Timestamp::from_milliseconds(EPOCH_MS as i64 + 10_000);
        let last = IdGenerator::new(0, Arc::new(ManualClock::at(later))).next::<EventId>();
        let earlier = Timestamp::from_milliseconds(EPOCH_MS as i64 + 1_000);
        let generator = IdGenerator::new(0, Arc::new(ManualClock::at(earlier)));
        generator.start_after(last);
        assert!(generator.next::<EventId>() > last);
    }

    #[test]
    fn an_id_shows_when_it_was_made() {
        let at = Timestamp::from_milliseconds(EPOCH_MS as i64 + 123_456);
        let generator = IdGenerator::new(3, Arc::new(ManualClock::at(at)));
        assert_eq!(generator.next::<EventId>().created_at(), at);
    }

    #[test]
    fn only_plain_positive_decimals_are_ids() {
        assert_eq!("42".parse::<AccountId>(), Ok(AccountId::new(42)));
        for text in [
            "",
            "0",
            "00",
            "007",
            "042",
            "-1",
            "+1",
            " 1",
            "1e3",
            "9223372036854775808",
            "abc",
        ] {
            assert!(
                text.parse::<AccountId>().is_err(),
                "`{text}` was taken for an id"
            );
        }
    }
}
