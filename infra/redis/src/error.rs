//! What can go wrong, at the start and later.

use redis::{ErrorKind, ServerErrorKind};

/// The oldest server that will do: older ones have no functions.
pub(crate) const VERSION_MIN: (u32, u32) = (7, 0);

/// Any error below this crate.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a server will not do, or cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is none.
    #[error("it is not an address like redis://host:6379")]
    NoAddress,
    /// The connection would have to be encrypted.
    #[error("encrypted connections (rediss://) are not built in: use redis://host:6379")]
    Encrypted,
    /// Nobody replies there, or not yet.
    #[error("no Redis server replies at {0}")]
    Unreachable(String, #[source] Cause),
    /// The server does not let this account in.
    #[error("the Redis server at {0} does not accept the account and password of the URL")]
    Unauthorized(String),
    /// The account may not do what is needed.
    #[error("the account of the URL may not do all that is needed on the Redis server at {0}")]
    Forbidden(String, #[source] Cause),
    /// The server has no functions.
    #[error(
        "the Redis server at {address} has version {version}, and {min_major}.{min_minor} or newer \
         is needed: older ones have no functions",
        min_major = VERSION_MIN.0, min_minor = VERSION_MIN.1
    )]
    TooOld {
        /// Its address, without account and password.
        address: String,
        /// What it says of itself.
        version: String,
    },
    /// Nothing can be written there.
    #[error("the Redis server at {0} is a replica, which only reads: name the primary")]
    Replica(String),
    /// Functions work on keys that are on one server.
    #[error("the Redis server at {0} is part of a cluster: one server, with replicas, is needed")]
    Cluster(String),
    /// It has no room for the functions, not yet.
    #[error(
        "the Redis server at {0} has no memory left for the functions of this program: raise its \
         maxmemory, or have it evict"
    )]
    Full(String, #[source] Cause),
    /// It does not take the functions.
    #[error("the Redis server at {0} does not take the functions of this program")]
    Library(String, #[source] Cause),
}

impl ConnectError {
    /// Whether it may be otherwise in a moment: nobody has to change a setting of this program for
    /// it.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(..) | Self::Full(..))
    }

    /// Of what a server replied, or did not, before anything of it was known.
    pub(crate) fn of(address: &impl ToString, error: redis::RedisError) -> Self {
        let address = address.to_string();
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Unauthorized(address),
            ErrorKind::Server(ServerErrorKind::NoPerm) => Self::Forbidden(address, error.into()),
            _ if matches!(error.code(), Some("WRONGPASS" | "NOAUTH")) => {
                Self::Unauthorized(address)
            }
            _ => Self::Unreachable(address, error.into()),
        }
    }
}

/// Why a call has no reply. Whether it was done is only known of [`Self::Away`] and [`Self::Busy`]:
/// it was not.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// There is no connection.
    #[error("there is no connection to Redis")]
    Away,
    /// As many calls are under way as may be.
    #[error("too many calls to Redis are under way")]
    Busy,
    /// The reply did not come in time.
    #[error("Redis did not reply in time")]
    TimedOut,
    /// The connection broke while the call was under way, so it may have been done.
    #[error("the connection to Redis broke")]
    Lost(#[source] Cause),
    /// The server has no room for what the function writes.
    #[error("Redis has no memory left for it")]
    Full(#[source] Cause),
    /// The server refuses: the function itself failed, or is not there, or may not be called.
    #[error("Redis refuses the call")]
    Refused(#[source] Cause),
    /// The reply is not what the function returns.
    #[error("Redis replied what the function does not return")]
    Reply,
}
