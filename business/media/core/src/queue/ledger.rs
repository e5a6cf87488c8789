//! The processor time that work on each account's photos took within the last hour, at hand for
//! every choice. The table `processor_minutes` has the same, so that a restart forgives nothing and
//! an operator can look.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::store::usage::MINUTES;

/// Accounts that are cached, some 100 bytes each with what they took in a few minutes. One more,
/// and the one that took least is forgotten here.
const ACCOUNTS_MAX: usize = 20_000;

/// What accounts took, by minute.
#[derive(Default)]
pub(crate) struct Ledger {
    accounts: Mutex<HashMap<i64, Account>>,
}

/// Minutes since 1970 and what was taken in each, oldest first; at most as many as are looked back
/// upon.
#[derive(Default)]
struct Account {
    minutes: VecDeque<(i64, Duration)>,
}

impl Account {
    fn spent(&self, minute: i64) -> Duration {
        let recent = self.minutes.iter().filter(|(of, _)| *of > minute - MINUTES);
        recent.map(|(_, spent)| *spent).sum()
    }

    fn forget_before(&mut self, minute: i64) {
        while self
            .minutes
            .front()
            .is_some_and(|(of, _)| *of <= minute - MINUTES)
        {
            self.minutes.pop_front();
        }
    }
}

/// The ledger while choices are made from it.
pub(crate) struct Reading<'ledger> {
    accounts: MutexGuard<'ledger, HashMap<i64, Account>>,
    minute: i64,
}

impl Reading<'_> {
    /// What an account took within the hour.
    pub(crate) fn spent(&self, owner: i64) -> Duration {
        let account = self.accounts.get(&owner);
        account.map_or(Duration::ZERO, |account| account.spent(self.minute))
    }
}

impl Ledger {
    pub(crate) fn read(&self, minute: i64) -> Reading<'_> {
        Reading {
            accounts: self.lock(),
            minute,
        }
    }

    /// Adds what an account took just now. Returns what it took within the hour, with this.
    pub(crate) fn add(&self, owner: i64, minute: i64, spent: Duration) -> Duration {
        let mut accounts = self.lock();
        if accounts.len() >= ACCOUNTS_MAX && !accounts.contains_key(&owner) {
            make_room(&mut accounts, minute);
        }
        let account = accounts.entry(owner).or_default();
        account.forget_before(minute);
        match account.minutes.back_mut() {
            // A clock that was set back adds to the last minute: the list stays in order and short.
            Some((last, sum)) if *last >= minute => *sum += spent,
            _ => account.minutes.push_back((minute, spent)),
        }
        account.spent(minute)
    }

    /// Begins with what the table has: account, minute and milliseconds, by minute.
    pub(crate) fn load(&self, rows: &[(i64, i64, i64)]) {
        self.lock().clear();
        for (owner, minute, milliseconds) in rows {
            let spent = Duration::from_millis(u64::try_from(*milliseconds).unwrap_or(0));
            self.add(*owner, *minute, spent);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Account>> {
        // Nothing panics while it is held.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets who took nothing within the hour and, if that was nobody, who took least.
fn make_room(accounts: &mut HashMap<i64, Account>, minute: i64) {
    accounts.retain(|_, account| !account.spent(minute).is_zero());
    if accounts.len() < ACCOUNTS_MAX {
        return;
    }
    let least = accounts
        .iter()
        .min_by_key(|(_, account)| account.spent(minute));
    if let Some(owner) = least.map(|(owner, _)| *owner) {
        accounts.remove(&owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_hour_is_added_up_and_what_is_older_is_forgotten() {
        let ledger = Ledger::default();
        ledger.add(1, 100, SECOND);
        ledger.add(1, 130, 2 * SECOND);
        assert_eq!(ledger.add(1, 130, SECOND), 4 * SECOND);
        assert_eq!(ledger.read(159).spent(1), 4 * SECOND);
        assert_eq!(ledger.read(160).spent(1), 3 * SECOND);
        assert_eq!(ledger.read(190).spent(1), Duration::ZERO);
        assert_eq!(ledger.read(130).spent(2), Duration::ZERO);
        // A clock that was set back neither forgets nor grows.
        assert_eq!(ledger.add(1, 120, SECOND), 5 * SECOND);
    }

    #[test]
    fn accounts_have_a_bound_and_the_one_that_took_least_is_forgotten() {
        let ledger = Ledger::default();
        let most = i64::try_from(ACCOUNTS_MAX).unwrap();
        for owner in 0..most {
            ledger.add(owner, 100, if owner == 7 { SECOND } else { 2 * SECOND });
        }
        ledger.add(most, 100, SECOND);
        let reading = ledger.read(100);
        assert_eq!(reading.accounts.len(), ACCOUNTS_MAX);
        assert_eq!(reading.spent(7), Duration::ZERO);
        assert_eq!(reading.spent(8), 2 * SECOND);
    }
}
