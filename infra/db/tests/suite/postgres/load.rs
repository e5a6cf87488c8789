//! Writers under load, and what they saw held against what is there.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::*;

/// What writers under load saw.
#[derive(Default)]
struct Seen {
    acknowledged: Mutex<BTreeSet<i64>>,
    service: Mutex<Service>,
    refused: Mutex<BTreeSet<i64>>,
    undecided: Mutex<BTreeSet<i64>>,
    next: AtomicI64,
    is_over: AtomicBool,
}

/// When writes were acknowledged.
#[derive(Default)]
struct Service {
    last: Option<Instant>,
    longest_gap: Duration,
}

impl Service {
    fn note(&mut self) {
        let now = Instant::now();
        let last = self.last.replace(now).unwrap_or(now);
        self.longest_gap = self.longest_gap.max(now - last);
    }
}

impl Seen {
    /// Writes one thing after the other until it is over.
    async fn write(&self, database: &Database, notes: &Notes) {
        while !self.is_over.load(Ordering::SeqCst) {
            let id = self.next.fetch_add(1, Ordering::SeqCst);
            let set = match insert_noted(database, id, notes).await {
                Ok(_) => {
                    self.service.lock().unwrap().note();
                    &self.acknowledged
                }
                Err(DbError::Undecided) => &self.undecided,
                Err(error) if error.is_transient() => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    &self.refused
                }
                Err(error) => panic!("{error:?}"),
            };
            set.lock().unwrap().insert(id);
        }
    }

    /// Holds what was seen against what is there.
    async fn check(&self, database: &Database, notes: &Notes) {
        let there = infra_db::query_scalar("SELECT id FROM things ORDER BY id");
        let there: Vec<i64> = there.fetch_all(database.reader()).await.unwrap();
        let there: BTreeSet<i64> = there.into_iter().collect();
        let acknowledged = self.acknowledged.lock().unwrap();
        let refused = self.refused.lock().unwrap();
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "acknowledged and not there: {lost:?}");
        let standing: Vec<_> = refused.intersection(&there).collect();
        assert!(standing.is_empty(), "refused and there: {standing:?}");
        let mut noted = notes.ids();
        noted.sort_unstable();
        assert_eq!(noted, there.iter().copied().collect::<Vec<_>>());
        println!(
            "{} acknowledged, {} refused, {} undecided; at most {:?} without an acknowledgement",
            acknowledged.len(),
            refused.len(),
            self.undecided.lock().unwrap().len(),
            self.service.lock().unwrap().longest_gap,
        );
    }
}

/// Has eight writers write while something is done to their server, which is kept to the end.
pub(super) async fn under_load<T>(url: &str, harm: impl Future<Output = T>) {
    let database = open_postgres(url).await;
    let (seen, notes) = (Seen::default(), Notes::default());
    let writers = (0..8).map(|_| seen.write(&database, &notes));
    let harm = async {
        let kept = harm.await;
        // They write for a while after it.
        let before = seen.acknowledged.lock().unwrap().len();
        let begun = Instant::now();
        while seen.acknowledged.lock().unwrap().len() < before + 50 {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "they do not go on"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        seen.is_over.store(true, Ordering::SeqCst);
        kept
    };
    let (_, _kept) = tokio::join!(futures::future::join_all(writers), harm);
    seen.check(&database, &notes).await;
}
