//! What travels with every call: who may be waiting for how long, and under which name to find it
//! in the logs.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::caller::Caller;

/// The name under which every log line of one operation can be found, from the edge to the last
/// worker. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CorrelationId(Arc<str>);

impl CorrelationId {
    /// The most characters taken from a caller's own id.
    pub const LENGTH_MAX: usize = 64;

    /// A fresh random id: 128 bits in hexadecimal.
    #[must_use]
    pub fn fresh() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()).into())
    }

    /// A caller's own id, if it is short and plain enough to be written to a log as it is.
    #[must_use]
    pub fn from_caller(text: &str) -> Option<Self> {
        // No blank and no line break: in a log the id must not look like several fields or lines.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for CorrelationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The circumstances of a call: its name in the logs, the moment after which nobody waits for the
/// response, and on whose behalf it is made. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    correlation_id: CorrelationId,
    deadline: Instant,
    caller: Caller,
}

impl Context {
    /// The longest any one operation may take, whatever its caller asks for.
    pub const BUDGET_MAX: Duration = Duration::from_secs(600);

    /// A context for a new operation with this much time, on behalf of nobody yet.
    #[must_use]
    pub fn anonymous(correlation_id: CorrelationId, budget: Duration) -> Self {
        Self {
            correlation_id,
            deadline: deadline_in(budget),
            caller: Caller::anonymous(),
        }
    }

    /// A context for what the server itself continues with, as a consumer does, under the name of
    /// what began it.
    #[must_use]
    pub fn system(correlation_id: CorrelationId, budget: Duration) -> Self {
        Self::anonymous(correlation_id, budget).with_caller(Caller::system())
    }

    /// A context for what the server itself begins: a job, a command, a test.
    #[must_use]
    pub fn background(budget: Duration) -> Self {
        Self::system(CorrelationId::fresh(), budget)
    }

    /// The same operation on behalf of this caller.
    #[must_use]
    pub fn with_caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// The same operation with a time of its own: less for a part of it, or more for what has to
    /// happen when its own is over, such as taking back what it began.
    #[must_use]
    pub fn with_budget(&self, budget: Duration) -> Self {
        Self {
            deadline: deadline_in(budget),
            ..self.clone()
        }
    }

    /// The name of the operation in the logs.
    #[must_use]
    pub const fn correlation_id(&self) -> &CorrelationId {
        &self.correlation_id
    }

    /// On whose behalf the call is made.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The moment after which nobody waits for the response.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How much time is left; zero when the deadline has passed.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

fn deadline_in(budget: Duration) -> Instant {
    // Also of what came from another process: an absurd budget would keep what the call holds.
    Instant::now() + budget.min(Context::BUDGET_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_id_is_taken_only_when_it_is_plain() {
        assert!(CorrelationId::from_caller("a-b_9").is_some());
        for text in ["", "a b", "a\nb", "é", &"x".repeat(65)] {
            assert!(
                CorrelationId::from_caller(text).is_none(),
                "`{text}` was taken"
            );
        }
    }
}
