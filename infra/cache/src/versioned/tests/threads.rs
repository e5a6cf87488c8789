//! The same with threads, for what the model cannot show: the steps themselves are not atomic.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

const KEYS: u64 = 3;
const WRITES: u64 = 20_000;
const READERS: usize = 3;

/// One key's value in the store, and the newest one whose writer was answered.
#[derive(Default)]
struct Row {
    stored: AtomicU64,
    answered: AtomicU64,
}

#[test]
fn readers_and_a_writer_race_and_no_reader_gets_an_old_value() {
    let rows: Vec<Row> = (0..KEYS).map(|_| Row::default()).collect();
    // Room for two of three keys, so that evictions race too.
    let cache = VersionedCache::bounded(2);
    std::thread::scope(|scope| {
        scope.spawn(|| write_all(&cache, &rows));
        for reader in 0..READERS {
            let (cache, rows) = (&cache, &rows);
            scope.spawn(move || read_until_written(cache, rows, reader as u64));
        }
    });
    for (key, row) in (0..).zip(&rows) {
        let stored = row.stored.load(Ordering::SeqCst);
        assert!(cache.get(&key).is_none_or(|value| value == stored));
    }
}

fn write_all(cache: &VersionedCache<u64, u64>, rows: &[Row]) {
    for write in 1..=WRITES {
        for (key, row) in (0..).zip(rows) {
            row.stored.store(write, Ordering::SeqCst);
            match (write + key) % 5 {
                0 => cache.invalidate_all(),
                1 => cache.write_through(key, write),
                2 => cache.update(&key, |_| Update::Replace(write)),
                _ => cache.invalidate(&key),
            }
            row.answered.store(write, Ordering::SeqCst);
        }
    }
}

fn read_until_written(cache: &VersionedCache<u64, u64>, rows: &[Row], reader: u64) {
    let mut turn = reader;
    loop {
        let key = turn % KEYS;
        let row = &rows[usize::try_from(key).unwrap()];
        let answered = row.answered.load(Ordering::SeqCst);
        if let Some(value) = cache.get(&key) {
            assert!(value >= answered, "{value} after {answered} was answered");
        } else {
            let version = cache.version(&key);
            let value = row.stored.load(Ordering::SeqCst);
            cache.insert(key, version, value);
        }
        if answered == WRITES {
            return;
        }
        turn += 1;
    }
}
