//! What a connection holds for as long as its socket is open, wherever that is: a response can hand
//! the socket on (a WebSocket), and then it outlives the HTTP on it.

use std::sync::{Mutex, PoisonError};

use tokio_util::task::task_tracker::TaskTrackerToken;

use super::client_shares::Share;
use super::connections::{InFlight, Place};

/// What is released when the socket is closed.
pub(super) struct Held {
    pub(super) place: Place,
    /// Of the request that handed the socket on: the connection never counts as idle, and behind a
    /// proxy it stays in its client's share.
    kept: Mutex<Option<(InFlight, Option<Share>)>>,
    _share: Option<Share>,
    /// The listener waits for it when it stops.
    _open: TaskTrackerToken,
}

impl Held {
    pub(super) const fn new(place: Place, share: Option<Share>, open: TaskTrackerToken) -> Self {
        Self {
            place,
            kept: Mutex::new(None),
            _share: share,
            _open: open,
        }
    }

    /// Keeps what a request holds, for as long as the connection is open.
    pub(super) fn keep(&self, request: (InFlight, Option<Share>)) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(request);
    }
}
