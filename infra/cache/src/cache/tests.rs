use infra_kernel::{ManualClock, Timestamp};

use super::*;

#[test]
fn the_entries_stay_within_their_bound() {
    for entries_max in [0, 1, 2, 10, 1_000] {
        let cache = Cache::bounded(entries_max);
        for key in 0..10_000_u64 {
            cache.insert(key, key);
        }
        let shards = cache.entries.num_shards() as u64;
        // Each shard rounds its part up.
        assert!(cache.entries.weight() <= entries_max + shards);
        assert_eq!(cache.get(&9_999).is_some(), entries_max > 0);
    }
}

#[test]
fn weights_stay_within_their_bound_and_the_heaviest_fit() {
    for total_max in [100, 4_000, 1_000_000] {
        let cache = Cache::weighted(&WeightBound {
            total_max,
            entry_max: 1_000,
            entry_typical: 10,
            weigh: |_: &u64, value: &u32| *value,
        });
        for key in 0..20_000_u64 {
            cache.insert(key, 1_000);
            assert_eq!(cache.get(&key).is_some(), total_max > 1_000, "{total_max}");
        }
        for key in 0..20_000_u64 {
            // Nothing weighs nothing: that would never be evicted.
            cache.insert(key, u32::try_from(key % 7).unwrap());
        }
        let shards = cache.entries.num_shards() as u64;
        assert!(cache.entries.weight() <= total_max + shards);
    }
}

#[test]
fn what_is_used_survives_a_scan() {
    let cache = Cache::bounded(1_000);
    for key in 0..100_u64 {
        cache.insert(key, ());
    }
    for key in 1_000..50_000_u64 {
        cache.insert(key, ());
        if key % 10 == 0 {
            let _ = cache.get(&(key / 10 % 100));
        }
    }
    let left = (0..100_u64).filter(|key| cache.get(key).is_some()).count();
    assert!(left > 90, "{left} of 100 that were read all along are left");
}

#[test]
fn an_entry_counts_only_so_long() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_milliseconds(0)));
    let lifetime = Duration::from_secs(5);
    let cache = Cache::bounded(10).with_lifetime(lifetime, clock.clone());
    cache.insert("key", 1);
    clock.advance(lifetime - Duration::from_micros(1));
    assert_eq!(cache.get("key"), Some(1));
    clock.advance(Duration::from_micros(1));
    assert_eq!(cache.get("key"), None);
    cache.insert("key", 2);
    assert_eq!(cache.get("key"), Some(2));
}

#[test]
fn clones_share_their_entries() {
    let cache = Cache::bounded(10);
    let clone = cache.clone();
    cache.insert("key".to_owned(), 1);
    assert_eq!(clone.get("key"), Some(1));
    clone.invalidate("key");
    assert_eq!(cache.get("key"), None);
    cache.insert("key".to_owned(), 1);
    clone.invalidate_all();
    assert_eq!(cache.get("key"), None);
}
