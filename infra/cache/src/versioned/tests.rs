mod model;
mod threads;

use infra_kernel::{ManualClock, Timestamp};

use super::*;

fn cache() -> VersionedCache<u64, &'static str> {
    VersionedCache::bounded(100)
}

#[test]
fn what_was_read_before_a_write_is_not_inserted_after_it() {
    let cache = cache();
    let version = cache.version(&1);
    cache.invalidate(&1);
    cache.insert(1, version, "old");
    assert_eq!(cache.get(&1), None);
    cache.insert(1, cache.version(&1), "new");
    assert_eq!(cache.get(&1), Some("new"));
}

#[test]
fn a_write_of_many_keys_is_a_write_of_each() {
    let cache = cache();
    let version = cache.version(&1);
    cache.insert(1, version, "old");
    cache.invalidate_all();
    assert_eq!(cache.get(&1), None);
    cache.insert(1, version, "old");
    assert_eq!(cache.get(&1), None);
}

#[test]
fn what_is_written_through_outlives_what_was_read_before() {
    let cache = cache();
    let version = cache.version(&1);
    cache.write_through(1, "written");
    cache.insert(1, version, "read before");
    assert_eq!(cache.get(&1), Some("written"));
}

#[test]
fn an_update_sees_what_is_cached_and_says_what_becomes_of_it() {
    let cache = cache();
    cache.update(&1, |_| panic!("nothing is cached"));
    for (update, left) in [
        (Update::Keep, Some("read")),
        (Update::Replace("made right"), Some("made right")),
        (Update::Invalidate, None),
    ] {
        cache.insert(1, cache.version(&1), "read");
        let version = cache.version(&1);
        cache.update(&1, |value| {
            assert_eq!(*value, "read");
            update
        });
        cache.insert(1, version, "read before");
        assert_eq!(cache.get(&1), left);
    }
}

#[test]
fn with_a_lifetime_the_writes_of_others_are_seen_after_it() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_milliseconds(0)));
    let cache = cache().with_lifetime(Duration::from_secs(5), clock.clone());
    cache.insert(1, cache.version(&1), "read");
    assert_eq!(cache.get(&1), Some("read"));
    clock.advance(Duration::from_secs(5));
    assert_eq!(cache.get(&1), None);
}

#[tokio::test]
async fn only_what_is_missing_is_loaded_and_nothing_read_before_a_write_is_inserted() {
    let cache = cache();
    cache.insert(2, cache.version(&2), "cached");
    let load = async |keys: Vec<u64>| {
        assert_eq!(keys, [1, 3, 4]);
        cache.invalidate(&3);
        Ok::<_, ()>(HashMap::from([(1, "one"), (3, "three")]))
    };
    let values = cache.get_or_load_many(&[1, 2, 3, 4], load).await;
    let expected = vec![Some("one"), Some("cached"), Some("three"), None];
    assert_eq!(values, Ok(expected));
    let cached: Vec<_> = (1..=4).map(|key| cache.get(&key)).collect();
    assert_eq!(cached, [Some("one"), Some("cached"), None, None]);

    assert_eq!(cache.get_or_load(&5, async || Err("no")).await, Err("no"));
    let five = async || Ok::<_, ()>("five");
    assert_eq!(cache.get_or_load(&5, five).await, Ok("five"));
    let cached = cache.get_or_load(&5, async || Err("must not be asked"));
    assert_eq!(cached.await, Ok("five"));
}
