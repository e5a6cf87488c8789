//! How much of the listener one client may have for itself.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::address::Network;

/// What each client has. Taken once for a connection, and not for its requests. Cheap to clone.
#[derive(Clone)]
pub(super) struct ClientShares(Arc<Shares>);

struct Shares {
    /// 0 for no bound.
    per_client_max: usize,
    /// Clients, and of IPv6 the networks round them, that have something; never zero.
    held: Mutex<HashMap<Network, usize>>,
}

/// A part of a client's share, until it is dropped.
pub(super) struct Share {
    shares: ClientShares,
    address: IpAddr,
}

impl ClientShares {
    pub(super) fn new(per_client_max: usize) -> Self {
        Self(Arc::new(Shares {
            per_client_max,
            held: Mutex::new(HashMap::new()),
        }))
    }

    /// Takes one more for the client at this address; none when it, or a network round it, has its
    /// share.
    pub(super) fn take(&self, address: IpAddr) -> Option<Share> {
        let mut held = self.held();
        let has_share = |(network, times): (Network, u32)| {
            let times = usize::try_from(times).unwrap_or(usize::MAX);
            let share = self.0.per_client_max.saturating_mul(times);
            held.get(&network).is_some_and(|count| *count >= share)
        };
        // All levels are looked at before one is counted, under one lock: what is refused leaves
        // nothing behind.
        if self.0.per_client_max > 0 && Network::levels_of_client(address).any(has_share) {
            return None;
        }
        for (network, _) in Network::levels_of_client(address) {
            *held.entry(network).or_insert(0) += 1;
        }
        drop(held);
        Some(Share {
            shares: self.clone(),
            address,
        })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Network, usize>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.shares.held();
        for (network, _) in Network::levels_of_client(self.address) {
            if let Entry::Occupied(mut count) = held.entry(network) {
                *count.get_mut() -= 1;
                // So the map is bounded by what is open, not by everyone who ever came.
                if *count.get() == 0 {
                    count.remove();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(shares: &ClientShares, address: &str) -> Option<Share> {
        shares.take(address.parse().unwrap())
    }

    #[test]
    fn a_client_has_its_share_and_leaves_the_others_theirs() {
        let shares = ClientShares::new(2);
        let one = take(&shares, "192.0.2.1").unwrap();
        let _two = take(&shares, "::ffff:192.0.2.1").unwrap();
        assert!(take(&shares, "192.0.2.1").is_none());
        assert!(take(&shares, "192.0.2.2").is_some());
        drop(one);
        assert!(take(&shares, "192.0.2.1").is_some());
    }

    #[test]
    fn another_address_of_the_same_line_is_the_same_client() {
        let shares = ClientShares::new(1);
        let _one = take(&shares, "2001:db8:1:2::1").unwrap();
        assert!(take(&shares, "2001:db8:1:2:abcd::2").is_none());
        assert!(take(&shares, "2001:db8:1:3::1").is_some());
    }

    #[test]
    fn a_line_with_many_networks_has_few_shares() {
        let shares = ClientShares::new(1);
        let in_one: Vec<_> = (0..9)
            .filter_map(|network| take(&shares, &format!("2001:db8:1:{network:x}::1")))
            .collect();
        assert_eq!(in_one.len(), 4);
        let in_others: Vec<_> = (1..99)
            .filter_map(|line| take(&shares, &format!("2001:db8:1:{:x}::1", line << 8)))
            .collect();
        assert_eq!(in_others.len(), 12);
        assert!(take(&shares, "2001:db8:2::1").is_some());
        drop((in_one, in_others));
        assert!(shares.held().is_empty());
    }

    #[test]
    fn nothing_is_kept_of_a_client_that_has_gone() {
        let shares = ClientShares::new(0);
        let held: Vec<_> = (0..1000).map(|_| take(&shares, "192.0.2.1")).collect();
        assert!(held.iter().all(Option::is_some));
        drop(held);
        assert!(shares.held().is_empty());
    }
}
