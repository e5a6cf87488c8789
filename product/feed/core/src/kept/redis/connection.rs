//! The connection that there is, and what timelines on it belong to.

use infra_redis::{Call, Connected, Redis, RedisError, Reply};
use tokio::sync::Mutex;

use crate::error::Result;
use crate::store::Store;

/// A connection, and the name of what timelines on it belong to.
pub(super) struct Connection {
    connected: Connected,
    /// Of the server's run and of the epoch.
    run: u64,
}

impl Connection {
    pub(super) const fn run(&self) -> u64 {
        self.run
    }

    pub(super) fn run_bytes(&self) -> [u8; 8] {
        self.run.to_be_bytes()
    }

    pub(super) async fn call(&self, call: &Call) -> Result<Reply, RedisError> {
        self.connected.call(call).await
    }
}

/// Knows since when timelines are kept on the server that is used, and nowhere else. That is
/// recorded before anything is asked there: who comes back to a server after another one was used,
/// by the address in the settings or because another one replies there, finds timelines that lack
/// what happened since.
pub(super) struct Connections {
    store: Store,
    redis: Redis,
    last: Mutex<Option<Last>>,
}

/// The place that was recorded last.
#[derive(Clone, Copy)]
struct Last {
    run: u64,
    epoch: i64,
}

impl Connections {
    pub(super) fn new(store: Store, redis: Redis) -> Self {
        Self {
            store,
            redis,
            last: Mutex::new(None),
        }
    }

    /// The connection that there is now.
    pub(super) async fn current(&self) -> Result<Connection> {
        let mut last = self.last.lock().await;
        // Not before: while one waits the next may have replaced it.
        let connected = self.redis.connected()?;
        let run = connected.run();
        let epoch = match *last {
            Some(last) if last.run == run => last.epoch,
            _ => {
                let epoch = self.store.move_to_redis(run, rand::random()).await?;
                *last = Some(Last { run, epoch });
                epoch
            }
        };
        drop(last);
        Ok(Connection {
            connected,
            // Another run or another epoch: either makes another name.
            run: run ^ epoch.cast_unsigned(),
        })
    }
}
