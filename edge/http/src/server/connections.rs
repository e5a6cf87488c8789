//! The connections that are open: how many, and which of them wait for nothing but their client.
//!
//! When all places are taken, the connections that have been idle for longest make room for
//! newcomers: a client that keeps one open for later loses nothing but a moment, and what is in
//! flight is never touched.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// How many idle connections are closed in one go, unless there are few in all. Finding them looks
/// at all, so it is not done for each newcomer.
const CLOSED_AT_ONCE_MAX: usize = 16;
/// Of so many connections one is closed at a time.
const CONNECTIONS_PER_CLOSED: usize = 64;
/// How long a connection has been idle at least before it makes room: a request may be on its way.
const IDLE_MIN: Duration = Duration::from_secs(1);
/// The most connections that are being closed beside those that have a place.
const CLOSING_MAX: usize = 64;
/// Of a connection with a request in flight.
const BUSY: u64 = u64::MAX;

pub(super) struct Connections {
    connections_max: usize,
    began: Instant,
    /// Cancelled when every connection is to be closed.
    closing: CancellationToken,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    places: HashMap<u64, Arc<Connection>>,
    /// How many have lost their place to a newcomer and are not gone yet.
    closing: usize,
}

struct Connection {
    /// Microseconds since the listener began, or [`BUSY`].
    idle_since_us: AtomicU64,
    closing: CancellationToken,
}

/// A connection's place, until it is dropped.
pub(super) struct Place {
    connections: Arc<Connections>,
    number: u64,
    connection: Arc<Connection>,
}

/// A request in flight, until it is dropped: then the connection is idle again.
pub(super) struct InFlight {
    connections: Arc<Connections>,
    connection: Arc<Connection>,
}

impl Connections {
    pub(super) fn new(connections_max: usize, closing: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            connections_max,
            began: Instant::now(),
            closing,
            open: Mutex::new(Open::default()),
        })
    }

    /// A place for a new connection; none when all are taken and in use.
    pub(super) fn open(self: &Arc<Self>) -> Option<Place> {
        let mut open = self.lock();
        // Those that are closed lose their place at once and are gone a moment later, so for that
        // moment there are more connections than places: at most CLOSING_MAX more.
        if open.places.len() >= self.connections_max {
            open.close_idle(self.now_us());
        }
        // Looked at again: there may have been nothing idle to close.
        if open.places.len() >= self.connections_max {
            return None;
        }
        let connection = Arc::new(Connection {
            idle_since_us: AtomicU64::new(self.now_us()),
            // Its own, so that it can be closed alone, and with all others at the end.
            closing: self.closing.child_token(),
        });
        let number = open.next;
        open.next += 1;
        open.places.insert(number, Arc::clone(&connection));
        drop(open);
        Some(Place {
            connections: Arc::clone(self),
            number,
            connection,
        })
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(BUSY - 1)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Closes those that have been idle for longest.
    fn close_idle(&mut self, now_us: u64) {
        let idle_min_us = u64::try_from(IDLE_MIN.as_micros()).unwrap_or(BUSY);
        let count = (self.places.len() / CONNECTIONS_PER_CLOSED)
            .clamp(1, CLOSED_AT_ONCE_MAX)
            // Idle ones that do not go when they are told still hold a descriptor each.
            .min(CLOSING_MAX.saturating_sub(self.closing));
        let mut idle: Vec<(u64, u64)> = self
            .places
            .iter()
            .map(|(number, connection)| {
                // Nothing hangs on the order: a connection that becomes busy in this moment is told
                // to close, and finishes its request first.
                let since = connection.idle_since_us.load(Ordering::Relaxed);
                (since, *number)
            })
            .filter(|(since, _)| since.saturating_add(idle_min_us) <= now_us)
            .collect();
        // Which of the others is older is of no interest, so they are not sorted.
        if idle.len() > count {
            idle.select_nth_unstable(count);
            idle.truncate(count);
        }
        for (_, number) in idle {
            if let Some(connection) = self.places.remove(&number) {
                connection.closing.cancel();
                self.closing += 1;
            }
        }
    }
}

impl Place {
    /// Marks the connection as busy.
    pub(super) fn begin(&self) -> InFlight {
        // A mark and no count: HTTP/1 has one request at a time on a connection.
        self.connection.idle_since_us.store(BUSY, Ordering::Relaxed);
        InFlight {
            connections: Arc::clone(&self.connections),
            connection: Arc::clone(&self.connection),
        }
    }

    /// Whether no request is in flight.
    pub(super) fn is_idle(&self) -> bool {
        self.connection.idle_since_us.load(Ordering::Relaxed) != BUSY
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn closing(&self) {
        self.connection.closing.cancelled().await;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let now_us = self.connections.now_us();
        self.connection
            .idle_since_us
            .store(now_us, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        // It has no place any more when a newcomer has got it.
        if open.places.remove(&self.number).is_none() {
            open.closing -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn is_closing(place: &Place) -> bool {
        place.closing().now_or_never().is_some()
    }

    #[test]
    fn there_are_so_many_places_and_no_more() {
        let connections = Connections::new(2, CancellationToken::new());
        let places = [connections.open().unwrap(), connections.open().unwrap()];
        let requests = places.each_ref().map(Place::begin);
        assert!(connections.open().is_none());
        drop(requests);
        drop(places);
        assert!(connections.lock().places.is_empty());
        assert!(connections.open().is_some());
    }

    /// As if the connection had been idle since then.
    fn idle_since(place: &Place, since_us: u64) {
        let idle_since_us = &place.connection.idle_since_us;
        idle_since_us.store(since_us, Ordering::Relaxed);
    }

    /// As if the listener had begun a minute ago.
    fn a_minute_old(connections_max: usize) -> Arc<Connections> {
        let mut connections = Connections::new(connections_max, CancellationToken::new());
        let began = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        Arc::get_mut(&mut connections).unwrap().began = began;
        connections
    }

    #[test]
    fn the_longest_idle_make_room_and_neither_the_busy_nor_the_new() {
        let connections = a_minute_old(4);
        let places: Vec<_> = (0..4).map(|_| connections.open().unwrap()).collect();
        assert!(connections.open().is_none(), "one was closed that is new");
        let _busy = places[0].begin();
        idle_since(&places[1], 30);
        idle_since(&places[2], 10);
        idle_since(&places[3], 20);
        let newcomers = [connections.open().unwrap(), connections.open().unwrap()];
        let closing: Vec<_> = places.iter().map(is_closing).collect();
        assert_eq!(closing, [false, false, true, true]);
        assert!(!newcomers.iter().any(is_closing));
        drop(places);
        assert_eq!(connections.lock().closing, 0);
        assert_eq!(connections.lock().places.len(), 2);
    }

    #[test]
    fn those_that_do_not_go_are_not_replaced_for_ever() {
        let connections = a_minute_old(1);
        let mut places = Vec::new();
        while let Some(place) = connections.open() {
            idle_since(&place, 0);
            places.push(place);
        }
        assert_eq!(places.len(), 1 + CLOSING_MAX);
    }

    #[test]
    fn all_are_closed_at_the_end() {
        let stop = CancellationToken::new();
        let connections = Connections::new(2, stop.child_token());
        let place = connections.open().unwrap();
        assert!(!is_closing(&place));
        stop.cancel();
        assert!(is_closing(&place));
    }
}
