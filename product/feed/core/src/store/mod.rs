//! The feed's tables.
//!
//! A write that changes a timeline takes a hook, which applies it to the timelines in memory: hooks
//! run in the order of the commits ([`Database::write_then`]).

mod guards;
mod merged;
mod place;
#[cfg(test)]
mod plans;
mod states;
mod timelines;

use business_posts_gateway::PostId;
use infra_db::{BoxFuture, Connection, Database, DbError};
use infra_kernel::AccountId;

pub(crate) use states::Stored;

/// The feed's tables. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    database: Database,
}

impl Store {
    pub(crate) const fn new(database: Database) -> Self {
        Self { database }
    }

    /// Makes durable what was written before: a commit alone does not, as all of it can be made
    /// again, or is by the events that are not acknowledged yet.
    pub(crate) async fn sync(&self) -> Result<(), DbError> {
        self.database.sync().await
    }

    /// Runs a write, with what follows its commit. Work comes last, to read as it does in a plain
    /// write.
    async fn write_then<T, F, H>(&self, after_commit: H, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, DbError>> + Send + 'static,
        H: FnOnce(&T) + Send + 'static,
    {
        let hook = move |value: &T, _| after_commit(value);
        self.database.write_then(work, hook).await
    }
}

fn accounts(rows: Vec<i64>) -> Vec<AccountId> {
    rows.into_iter().map(AccountId::from_sql).collect()
}

fn posts(rows: Vec<i64>) -> Vec<PostId> {
    rows.into_iter().map(PostId::from_sql).collect()
}
