//! What a contract says of its methods, as constants that are generated from it.

use std::time::Duration;

/// One method of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// Its name in metrics and logs: "graph.follow".
    pub name: &'static str,
    /// Its path over the wire: "/heliograph.graph.v1.Graph/Follow".
    pub path: &'static str,
    /// Its place among the methods of its contract.
    pub index: usize,
    /// Which side sends more than one message.
    pub shape: CallShape,
    /// Whether a call may be repeated when its reply was lost.
    pub is_idempotent: bool,
    /// The field of the request that says which shard serves the call, if one does; of the first
    /// message, for a stream.
    pub routing_key: Option<&'static str>,
    /// The scopes any one of which a caller needs; none at all where this is empty.
    pub scopes: &'static [&'static str],
}

/// Which side of a call sends more than one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallShape {
    /// A message each way.
    Unary,
    /// The caller: a file that is uploaded.
    ClientStreaming,
    /// The one who is called: a photo's bytes.
    ServerStreaming,
}

/// How long a call that takes in a stream may continue after its deadline, to keep what has
/// arrived. Its stream ends at the deadline, which anyone who reads it sees to.
const KEEPING_WAIT_MAX: Duration = Duration::from_secs(60);

impl Method {
    /// How long after its deadline a call is cut.
    pub(crate) const fn grace(&self) -> Duration {
        match self.shape {
            CallShape::ClientStreaming => KEEPING_WAIT_MAX,
            CallShape::Unary | CallShape::ServerStreaming => Duration::ZERO,
        }
    }
}
