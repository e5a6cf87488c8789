//! Requests that wait for something other than their client, a photo to be processed for one: they
//! keep their place among those in flight, so there are few of them at a time, and few of one
//! account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use infra_kernel::AccountId;

/// The most requests of one account that wait at a time.
const WAITS_PER_ACCOUNT_MAX: usize = 8;
/// The most requests that wait at a time, unless the composition says otherwise.
const WAITS_MAX: usize = 64;

/// The requests that wait. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Waits(Arc<Bounded>);

#[derive(Debug)]
struct Bounded {
    waits_max: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    all: usize,
    /// Accounts that wait for something; never zero.
    of: HashMap<AccountId, usize>,
}

/// Leave to wait, until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Wait {
    waits: Waits,
    account: AccountId,
}

impl Default for Waits {
    fn default() -> Self {
        Self::new(WAITS_MAX)
    }
}

impl Waits {
    /// At most so many at a time.
    #[must_use]
    pub fn new(waits_max: usize) -> Self {
        Self(Arc::new(Bounded {
            waits_max,
            waiting: Mutex::default(),
        }))
    }

    /// Leave for a request of this account to wait; none when too many do. It then gets what is
    /// known now.
    #[must_use]
    pub fn begin(&self, account: AccountId) -> Option<Wait> {
        let mut waiting = self.waiting();
        // One lock for both bounds: what is refused by one has taken nothing of the other.
        let of_account = waiting.of.get(&account).copied().unwrap_or_default();
        if waiting.all >= self.0.waits_max || of_account >= WAITS_PER_ACCOUNT_MAX {
            return None;
        }
        waiting.all += 1;
        waiting.of.insert(account, of_account + 1);
        drop(waiting);
        Some(Wait {
            waits: self.clone(),
            account,
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut waiting = self.waits.waiting();
        waiting.all -= 1;
        if let Some(of_account) = waiting.of.get_mut(&self.account) {
            *of_account -= 1;
            // So that the map holds who waits, and not everyone who ever has.
            if *of_account == 0 {
                waiting.of.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: AccountId = AccountId::new(7);
    const BOB: AccountId = AccountId::new(8);

    #[test]
    fn one_account_leaves_the_others_room_to_wait() {
        let waits = Waits::default();
        let mut adas: Vec<_> = (0..WAITS_PER_ACCOUNT_MAX)
            .map(|_| waits.begin(ADA).unwrap())
            .collect();
        assert!(waits.begin(ADA).is_none());
        assert!(waits.begin(BOB).is_some());
        adas.pop();
        assert!(waits.begin(ADA).is_some());
        drop(adas);
        let waiting = waits.waiting();
        assert!(waiting.all == 0 && waiting.of.is_empty());
    }

    #[test]
    fn all_together_are_bounded_too() {
        let waits = Waits::new(2);
        let _two = [waits.begin(ADA).unwrap(), waits.begin(BOB).unwrap()];
        assert!(waits.begin(AccountId::new(9)).is_none());
        assert!(Waits::new(0).begin(ADA).is_none());
    }
}
