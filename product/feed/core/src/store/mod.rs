//! The feed's tables.
//!
//! Writes run one after the other in the database's writer, and each takes a ticket when its turn comes: tickets grow in
//! the order of the commits.

mod guards;
mod merged;
mod states;
mod timelines;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use infra_db::{BoxFuture, Connection, Database, DbError};
use infra_kernel::{AccountId, PostId};

pub(crate) use states::Stored;

/// A write's place in the order of commits.
pub(crate) type Ticket = u64;

/// The feed's tables. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    database: Database,
    tickets: Arc<AtomicU64>,
}

impl Store {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            tickets: Arc::new(AtomicU64::new(0)),
        }
    }

    /// The newest ticket: whatever a read that has ended may have seen has this ticket or an older one.
    pub(crate) fn newest_ticket(&self) -> Ticket {
        self.tickets.load(Ordering::SeqCst)
    }

    /// Runs a write and answers its ticket with its result.
    async fn write<T, F>(&self, work: F) -> Result<(Ticket, T), DbError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, DbError>> + Send + 'static,
    {
        let tickets = Arc::clone(&self.tickets);
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let ticket = tickets.fetch_add(1, Ordering::SeqCst) + 1;
                    Ok((ticket, work(connection).await?))
                })
            })
            .await
    }
}

fn accounts(rows: Vec<i64>) -> Vec<AccountId> {
    rows.into_iter().map(AccountId::from_sql).collect()
}

fn posts(rows: Vec<i64>) -> Vec<PostId> {
    rows.into_iter().map(PostId::from_sql).collect()
}
