//! The vocabulary that every other crate speaks: typed ids, time, the context of a call and its
//! caller, errors, pages and language tags.
//!
//! What it does not do: no input or output, no async, no knowledge of any domain's rules. It is at
//! the bottom of the tree, so a change here rebuilds everything above: keep it small and dull.
//!
//! Start reading at [`id`], then [`error`], then [`context`].

pub mod caller;
pub mod clock;
pub mod context;
pub mod error;
mod field_problem;
pub mod id;
pub mod language;
pub mod page;

pub use caller::{Caller, CallerKey, Identity};
pub use clock::{Clock, ManualClock, SystemClock, Timestamp, Uptime};
pub use context::{Context, CorrelationId};
pub use error::{Error, ErrorCode, Result};
pub use field_problem::{FieldProblem, FieldReason};
pub use id::{AccountId, ApplicationId, EventId, Id, IdGenerator, ParseIdError};
pub use language::canonical_language;
pub use page::{Direction, Page};
