//! SQL, a file for each table.

pub(crate) mod groups;
pub(crate) mod heard;
pub(crate) mod held;
pub(crate) mod markers;
pub(crate) mod notifications;
#[cfg(test)]
mod plans;
pub(crate) mod policies;
pub(crate) mod push_key;
pub(crate) mod push_queue;
pub(crate) mod push_subscriptions;

/// An id as a database column holds it.
const fn to_sql(id: u64) -> i64 {
    id.cast_signed()
}

/// A column's value as the id it is.
const fn from_sql(value: i64) -> u64 {
    value.cast_unsigned()
}
