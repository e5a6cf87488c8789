//! What is on its way, by hosts and accounts: one slow push service, or one account with many
//! devices, does not hold the others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use product_notifications_gateway::Push;

/// How many are on their way to one host, or for one account, before no more are claimed. A claim
/// brings at most as many again.
const OF_ONE_MAX: usize = 8;

/// What is on its way.
#[derive(Debug, Default)]
pub(crate) struct Busy(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    hosts: HashMap<String, usize>,
    accounts: HashMap<u64, usize>,
}

/// That a push is on its way, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    busy: Arc<Busy>,
    host: String,
    account: u64,
}

impl Busy {
    /// Notes that a push is on its way.
    pub(crate) fn enter(self: &Arc<Self>, push: &Push) -> Place {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.hosts.entry(push.host.clone()).or_default() += 1;
        *counts.accounts.entry(push.account_id).or_default() += 1;
        Place {
            busy: Arc::clone(self),
            host: push.host.clone(),
            account: push.account_id,
        }
    }

    /// Hosts and accounts of which enough is on its way.
    pub(crate) fn full(&self) -> (Vec<String>, Vec<u64>) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (full(&counts.hosts), full(&counts.accounts))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.busy.0.lock().unwrap_or_else(PoisonError::into_inner);
        leave(&mut counts.hosts, &self.host);
        leave(&mut counts.accounts, &self.account);
    }
}

fn full<K: Clone>(counts: &HashMap<K, usize>) -> Vec<K> {
    let full = counts.iter().filter(|(_, count)| **count >= OF_ONE_MAX);
    full.map(|(key, _)| key.clone()).collect()
}

fn leave<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(host: &str, account_id: u64) -> Push {
        Push {
            host: host.to_owned(),
            account_id,
            ..Push::default()
        }
    }

    #[test]
    fn a_host_and_an_account_are_full_until_something_has_landed() {
        let busy = Arc::new(Busy::default());
        let slow = push("slow.example", 1);
        let mut places: Vec<Place> = (1..OF_ONE_MAX).map(|_| busy.enter(&slow)).collect();
        let other = busy.enter(&push("quick.example", 2));
        assert_eq!(busy.full(), (Vec::new(), Vec::new()));
        places.push(busy.enter(&slow));
        assert_eq!(busy.full(), (vec!["slow.example".to_owned()], vec![1]));
        places.pop();
        assert_eq!(busy.full(), (Vec::new(), Vec::new()));
        drop((places, other));
        let counts = busy.0.lock().unwrap();
        assert!(counts.hosts.is_empty() && counts.accounts.is_empty());
    }
}
