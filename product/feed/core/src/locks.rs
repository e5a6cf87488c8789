//! One lock for each account, made when it is asked for and forgotten when nobody holds it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use infra_kernel::AccountId;
use tokio::sync::OwnedMutexGuard;

/// The right to work on an account, which several hold until the last of them is done.
pub(crate) type SharedGuard = Arc<LockGuard>;
type Lock = Arc<tokio::sync::Mutex<()>>;
type Table = Arc<Mutex<HashMap<AccountId, Lock>>>;

/// Makes work on one account happen one after the other.
// Single writer (ADR 0026): nobody outside this process works on an account's timeline in the
// tables. In Redis a making's token keeps several processes apart, and this saves them work.
#[derive(Default)]
pub(crate) struct AccountLocks(Table);

impl AccountLocks {
    /// Waits until nobody else works on this account.
    pub(crate) async fn hold(&self, account: AccountId) -> LockGuard {
        let lock = {
            let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(table.entry(account).or_default())
        };
        // Made before waiting, so that a caller who gives up waiting leaves nothing behind either.
        let mut held = LockGuard {
            table: Arc::clone(&self.0),
            account,
            guard: None,
        };
        held.guard = Some(lock.lock_owned().await);
        held
    }
}

/// The right to work on an account, until it is dropped.
pub(crate) struct LockGuard {
    table: Table,
    account: AccountId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the table's lock and before the look: its own count must not be found.
        self.guard = None;
        // A waiter for the lock holds a count of it too.
        if table
            .get(&self.account)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            table.remove(&self.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_account_is_worked_on_once_at_a_time_and_then_forgotten() {
        let locks = AccountLocks::default();
        let one = locks.hold(AccountId::new(1)).await;
        let _other = locks.hold(AccountId::new(2)).await;
        let mut second = std::pin::pin!(locks.hold(AccountId::new(1)));
        assert!(futures::poll!(&mut second).is_pending());
        drop(one);
        drop(second.await);
        assert_eq!(
            locks.0.lock().unwrap().len(),
            1,
            "only the other account's is left"
        );
    }

    #[tokio::test]
    async fn a_waiter_that_gives_up_waiting_leaves_nothing_behind() {
        let locks = AccountLocks::default();
        let one = locks.hold(AccountId::new(1)).await;
        {
            let mut second = std::pin::pin!(locks.hold(AccountId::new(1)));
            assert!(futures::poll!(&mut second).is_pending());
        }
        drop(one);
        assert!(locks.0.lock().unwrap().is_empty());
    }
}
