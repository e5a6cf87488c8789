//! The connection that a process shares, and what happens while there is none.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use infra_resilience::Outage;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, ServerErrorKind, Value};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::address::Address;
use crate::call::{Call, Reply};
use crate::connection::{RunId, connect, is_full, load};
use crate::error::{ConnectError, RedisError};
use crate::library::Library;

/// The most calls that are under way; one more fails at once.
const CALLS_MAX: usize = 1_024;
/// After so many replies in a row that did not come in time the connection is given up: a server
/// that hangs must not cost every call its wait.
const TIMEOUTS_MAX: u32 = 3;
/// The first pause before connecting again.
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest pause, however often connecting has failed.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How often an idle connection is tried, so that one that is dead costs no call its wait.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// How long a reply to that may take.
const PING_MAX: Duration = Duration::from_secs(1);

/// A Redis server. Cheap to clone; all clones share one connection, which comes back by itself when
/// it is lost. It ends with the last of them.
#[derive(Clone)]
pub struct Redis {
    shared: Arc<Shared>,
    _keeper: Arc<Keeper>,
}

/// What the calls and the task that connects share.
struct Shared {
    address: Address,
    libraries: Vec<Library>,
    /// None while there is no connection: then every call fails at once.
    link: RwLock<Option<Link>>,
    calls: Semaphore,
    lost: Notify,
}

#[derive(Clone)]
struct Link {
    connection: MultiplexedConnection,
    run: RunId,
    /// Replies in a row that did not come in time.
    timeouts: Arc<AtomicU32>,
}

/// The task that connects again.
struct Keeper(JoinHandle<()>);

impl Drop for Keeper {
    fn drop(&mut self) {
        // It holds the shared part itself, which would never go otherwise.
        self.0.abort();
    }
}

impl Redis {
    /// Connects to the server of a URL, `redis://account:password@host:6379/0`, and loads these
    /// functions on it, now and with every connection that follows. A server that does not reply
    /// now may do so later: until then every call fails.
    ///
    /// # Errors
    /// When the URL is none, or what replies will not do.
    pub async fn open(url: &str, libraries: &[Library]) -> Result<Self, ConnectError> {
        let address = Address::parse(url)?;
        let link = match connect(&address, libraries).await {
            Ok(connected) => Some(Link::new(connected)),
            // What is asked of it has a way on without it, so a start need not wait for it.
            Err(error) if error.is_transient() => {
                tracing::warn!(%address, error = cause(&error), "Redis cannot be used yet");
                None
            }
            Err(error) => return Err(error),
        };
        let shared = Arc::new(Shared {
            address,
            libraries: libraries.to_vec(),
            link: RwLock::new(link),
            calls: Semaphore::new(CALLS_MAX),
            lost: Notify::new(),
        });
        let keeper = tokio::spawn(keep_connected(Arc::clone(&shared)));
        Ok(Self {
            shared,
            _keeper: Arc::new(Keeper(keeper)),
        })
    }

    /// Whether there is a connection.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.shared.link().is_some()
    }

    /// The connection that there is now.
    ///
    /// # Errors
    /// [`RedisError::Away`] when there is none.
    pub fn connected(&self) -> Result<Connected, RedisError> {
        Ok(Connected {
            link: self.shared.link().ok_or(RedisError::Away)?,
            redis: self.clone(),
        })
    }

    /// Calls a function.
    ///
    /// # Errors
    /// See [`RedisError`]. Nothing was repeated: the function may have run though its reply is
    /// lost.
    pub async fn call(&self, call: &Call) -> Result<Reply, RedisError> {
        self.connected()?.call(call).await
    }
}

/// One connection, which is to one run of a server: every call on it either reaches that run or
/// fails.
#[derive(Clone)]
pub struct Connected {
    redis: Redis,
    link: Link,
}

impl Connected {
    /// Names the run of the server and the database there: another one after it was started again,
    /// for the server that took its place, and for one that became the primary once more. What was
    /// written in one may be missing in the next.
    #[must_use]
    pub const fn run(&self) -> u64 {
        self.link.run
    }

    /// Calls a function on this connection.
    ///
    /// # Errors
    /// See [`Redis::call`].
    pub async fn call(&self, call: &Call) -> Result<Reply, RedisError> {
        let shared = &self.redis.shared;
        // Without waiting: who calls has a way on without Redis, and a queue here would only hide
        // it.
        let Ok(_permit) = shared.calls.try_acquire() else {
            return Err(RedisError::Busy);
        };
        let value = match shared.send(&self.link, call).await {
            // All functions went, and nothing else with them that the connection would tell of.
            Err(error) if is_unknown_function(&error) => {
                // Once: what is unknown after that, the server does not keep.
                shared.load_again(&self.link).await?;
                shared.send(&self.link, call).await
            }
            sent => sent,
        };
        Reply::of(value?)
    }
}

impl Shared {
    fn link(&self) -> Option<Link> {
        let link = self.link.read().unwrap_or_else(PoisonError::into_inner);
        link.clone()
    }

    fn set_link(&self, link: Option<Link>) {
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = link;
    }

    /// Gives a connection up, unless another one has taken its place.
    fn give_up(&self, link: &Link, error: &RedisError) {
        let mut held = self.link.write().unwrap_or_else(PoisonError::into_inner);
        let is_held = |held: &Link| Arc::ptr_eq(&held.timeouts, &link.timeouts);
        // Of many calls that find one connection dead the first ends it; a later one may come
        // when the next connection is there.
        if held.as_ref().is_some_and(is_held) {
            *held = None;
            drop(held);
            tracing::warn!(address = %self.address, error = cause(error), "Redis is away");
            self.lost.notify_one();
        }
    }

    async fn send(&self, link: &Link, call: &Call) -> Result<Value, RedisError> {
        let mut connection = link.connection.clone();
        let sent = timeout(call.wait_max, connection.send_packed_command(&call.command)).await;
        let sent =
            sent.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()));
        // A reply that is an error is still a value of the connection.
        let value = sent.and_then(|value| match value {
            Value::ServerError(error) => Err(error.into()),
            value => Ok(value),
        });
        match value {
            Ok(value) => {
                // A slow moment is forgotten with the first reply; three in a row are a server that
                // hangs.
                link.timeouts.store(0, Ordering::Relaxed);
                Ok(value)
            }
            Err(error) => Err(self.judge(link, error)),
        }
    }

    /// What an error says of the connection.
    fn judge(&self, link: &Link, error: redis::RedisError) -> RedisError {
        if error.is_timeout() {
            let before = link.timeouts.fetch_add(1, Ordering::Relaxed);
            if before + 1 >= TIMEOUTS_MAX {
                self.give_up(link, &RedisError::TimedOut);
            }
            return RedisError::TimedOut;
        }
        let is_lost = ends_connection(&error);
        let error = match error.kind() {
            _ if is_full(&error) => RedisError::Full(error.into()),
            ErrorKind::Server(_) | ErrorKind::Extension => RedisError::Refused(error.into()),
            _ => RedisError::Lost(error.into()),
        };
        if is_lost {
            self.give_up(link, &error);
        }
        error
    }

    async fn load_again(&self, link: &Link) -> Result<(), RedisError> {
        tracing::warn!(address = %self.address, "Redis has lost the functions; they are loaded again");
        let mut connection = link.connection.clone();
        let loaded = load(&mut connection, &self.libraries).await;
        loaded.map_err(|error| self.judge(link, error))
    }
}

impl Link {
    fn new((connection, run): (MultiplexedConnection, RunId)) -> Self {
        Self {
            connection,
            run,
            timeouts: Arc::default(),
        }
    }
}

/// Connects again whenever the connection is lost, and looks now and then whether it is.
async fn keep_connected(shared: Arc<Shared>) {
    loop {
        match shared.link() {
            None => connect_again(&shared).await,
            Some(link) => {
                // A loss between the look and this wait has left its signal, so it is not waited
                // for.
                let lost = shared.lost.notified();
                if timeout(PING_INTERVAL, lost).await.is_err() {
                    ping(&shared, &link).await;
                }
            }
        }
    }
}

/// Tries until there is a connection.
async fn connect_again(shared: &Shared) {
    let mut outage = Outage::begin(Instant::now());
    let mut failures = 0;
    loop {
        failures += 1;
        // Before the first try, too: a server that takes connections and drops them is not stormed.
        let pause = infra_resilience::pause_after(failures, PAUSE_MIN, PAUSE_MAX, rand::random());
        tokio::time::sleep(pause).await;
        match connect(&shared.address, &shared.libraries).await {
            Ok(connected) => {
                shared.set_link(Some(Link::new(connected)));
                tracing::info!(address = %shared.address, "Redis is back");
                return;
            }
            Err(error) => tell_away(shared, &mut outage, &error),
        }
    }
}

fn tell_away(shared: &Shared, outage: &mut Outage, error: &ConnectError) {
    let (now, address, error_text) = (Instant::now(), &shared.address, cause(error));
    let away_s = outage.lasted(now).as_secs();
    if outage.is_to_be_told(now) {
        tracing::warn!(%address, away_s, error = error_text, "Redis is still away");
    } else {
        tracing::debug!(%address, error = error_text, "Redis is still away");
    }
}

async fn ping(shared: &Shared, link: &Link) {
    let mut connection = link.connection.clone();
    let command = redis::cmd("PING");
    let replied = timeout(PING_MAX, connection.send_packed_command(&command)).await;
    match replied {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => shared.give_up(link, &RedisError::Lost(error.into())),
        Err(_) => shared.give_up(link, &RedisError::TimedOut),
    }
}

/// Whether it takes another connection, or another server, to go on.
fn ends_connection(error: &redis::RedisError) -> bool {
    let is_of_server = matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::ReadOnly | ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown
        )
    );
    let code = error.code().unwrap_or_default();
    is_of_server
        || error.is_connection_dropped()
        || error.is_io_error()
        // The server is there and does nothing for us: for who calls it is away, and fails at once.
        || matches!(code, "NOAUTH" | "BUSY" | "MISCONF")
}

fn is_unknown_function(error: &RedisError) -> bool {
    let RedisError::Refused(cause) = error else {
        return false;
    };
    let refused = cause.downcast_ref::<redis::RedisError>();
    let detail = refused.and_then(redis::RedisError::detail);
    // Redis has no code of its own for this.
    detail.is_some_and(|detail| detail.starts_with("Function not found"))
}

/// An error with all that it is caused by, for the log.
fn cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
