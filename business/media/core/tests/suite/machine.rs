//! The states of items under random work and random deaths.
//!
//! A case is a sequence of lives of the process on one folder. In each life things are asked for at
//! random; at a random step (before or after a commit, before or after a blob is kept or deleted)
//! the process dies, which nothing of it survives. Then another starts, and after some of them
//! everything is left to settle and looked through.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use business_media::Settings;
use business_media_gateway::topics;
use infra_db::CommitWatch;
use infra_kernel::{ManualClock, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tempfile::TempDir;
use testing_kit::{jpeg, png};
use tokio::sync::Notify;

use crate::external_codecs::Forms;
use crate::scene::{Scene, picture};

const CASES: u64 = 200;
/// Cases played concurrently: most of a case is waiting for threads.
const PLAYERS: u64 = 4;
const LIVES: usize = 5;
const OPERATIONS: usize = 8;
/// A life of about this many steps on average.
const STEPS: i64 = 60;
const OWNERS: u64 = 3;
/// So many that few are alike: what is shared hides what is left behind.
const PHOTOS: u8 = 40;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Burns down with every step; then the process is dead: what comes to a step stays there for ever.
pub(crate) struct CrashPoint {
    left: AtomicI64,
    blown: AtomicBool,
    told: Notify,
}

impl CrashPoint {
    fn of(steps: i64) -> Arc<Self> {
        Arc::new(Self {
            left: AtomicI64::new(steps),
            blown: AtomicBool::new(false),
            told: Notify::new(),
        })
    }

    pub(crate) async fn step(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.blown.store(true, Ordering::SeqCst);
            self.told.notify_one();
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn watch(self: &Arc<Self>) -> CommitWatch {
        let crash_point = Arc::clone(self);
        Arc::new(move |_| {
            let crash_point = Arc::clone(&crash_point);
            Box::pin(async move { crash_point.step().await })
        })
    }
}

/// What was acknowledged, as far as it was.
#[derive(Default)]
struct Known {
    /// Items whose upload was acknowledged, and whether their picture is whole.
    items: BTreeMap<u64, (u64, bool)>,
    /// What is attached, or may be: a post for each item.
    held: BTreeMap<u64, u64>,
    /// Items that were released, or may have been.
    released: BTreeSet<u64>,
    posts: u64,
}

/// Half of a picture for the number 0, which can be uploaded and cannot be decoded.
fn file(number: u8) -> Vec<u8> {
    if number == 0 {
        let bytes = png::encode(&picture(40, 30, number));
        return bytes[..bytes.len() / 2].to_vec();
    }
    jpeg::encode(&picture(40, 30, number), 80)
}

fn settings() -> Settings {
    Settings {
        workers: 2,
        ..Settings::default()
    }
}

async fn act(scene: &Scene, known: &mut Known, random: &mut StdRng) {
    match random.random_range(0..13) {
        0..=2 => {
            // Now and then a file that was sent before.
            let numbers = if random.random_bool(0.4) { 3 } else { PHOTOS };
            let (owner, number) = (
                random.random_range(1..=OWNERS),
                random.random_range(0..=numbers),
            );
            if let Ok(item) = scene.upload_as(owner, &file(number)).await {
                known.items.insert(item.id, (owner, number > 0));
            }
        }
        3 | 4 => drop(scene.core.drain_queue().await.unwrap()),
        5 => {
            let (one, other) = tokio::join!(scene.core.drain_queue(), scene.core.drain_queue());
            one.and(other).unwrap();
        }
        6 | 7 => {
            let free = known
                .items
                .iter()
                .filter(|(id, _)| !known.held.contains_key(id));
            let free: Vec<(u64, u64)> = free.map(|(id, (owner, _))| (*id, *owner)).collect();
            if let Some((id, owner)) = free.get(random.random_range(0..=free.len())) {
                known.posts += 1;
                // Noted first: a death in between leaves it in doubt, which is as good as held.
                known.held.insert(*id, known.posts);
                let post = format!("post:{}", known.posts);
                // It may have failed, or been deleted when it was not used for long.
                drop(scene.attach(*owner, &[*id], &post).await);
            }
        }
        8..=10 => {
            let held: Vec<(u64, u64)> = known.held.iter().map(|(id, post)| (*id, *post)).collect();
            if let Some((id, post)) = held.get(random.random_range(0..=held.len())) {
                known.released.insert(*id);
                scene.release(&format!("post:{post}")).await;
            }
        }
        11 => {
            let free = known.items.iter();
            let free = free.filter(|(id, _)| !known.held.contains_key(id));
            let free: Vec<(u64, u64)> = free.map(|(id, (owner, _))| (*id, *owner)).collect();
            if let Some((id, owner)) = free.get(random.random_range(0..=free.len())) {
                known.released.insert(*id);
                // It may have been deleted before.
                drop(scene.delete(*owner, *id).await);
            }
        }
        _ => {
            scene.pass(if random.random() { MINUTE } else { HOUR });
            scene.core.sweep().await.unwrap();
        }
    }
}

/// One life. Returns the folder as it leaves it.
fn live(
    folder: TempDir,
    clock: &Arc<ManualClock>,
    crash_point: &Arc<CrashPoint>,
    life: impl AsyncFnOnce(&Scene),
) -> TempDir {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // What this life names it names later than any before it.
    clock.advance(Duration::from_secs(1));
    let path = folder.path().to_owned();
    runtime.block_on(async {
        let scene = Scene::mortal(
            &path,
            Arc::clone(clock),
            settings(),
            Arc::new(Forms::default()),
            crash_point,
        )
        .await;
        tokio::select! {
            biased;
            () = crash_point.told.notified() => {}
            () = life(&scene) => {}
        }
    });
    runtime.shutdown_background();
    folder
}

/// Everything that was begun is ended, everything that is over is swept; then all is looked
/// through.
async fn settle_and_check(scene: &Scene, known: &Known, what: &str) {
    for _ in 0..3 {
        scene.core.drain_queue().await.unwrap();
        scene.pass(2 * HOUR);
        scene.core.sweep().await.unwrap();
    }
    check_items(scene, known, what).await;
    check_blobs(scene, what).await;
    let leftovers = [
        ("leases and waiting items", "SELECT COUNT(*) FROM media WHERE state IN (1, 4) OR lease_holder <> 0"),
        ("notes", "SELECT COUNT(*) FROM blob_writes"),
        ("deletions", "SELECT COUNT(*) FROM blob_deletions"),
        ("work on alternates", "SELECT COUNT(*) FROM alternate_jobs"),
        (
            "ready items without all renditions",
            "SELECT COUNT(*) FROM media WHERE state = 2 AND (SELECT COUNT(*) FROM renditions WHERE media_id = media.id) <> 3",
        ),
        (
            "ready items without all alternates",
            // A process that died again and again over them may have given them up.
            "SELECT COUNT(*) FROM media WHERE state = 2 AND (SELECT COUNT(*) FROM alternates WHERE media_id = media.id) <> 6
                 AND NOT EXISTS (SELECT 1 FROM alternates_given_up WHERE media_id = media.id)",
        ),
        (
            "renditions of what is not ready",
            "SELECT COUNT(*) FROM media WHERE state <> 2 AND EXISTS (SELECT 1 FROM renditions WHERE media_id = media.id)",
        ),
        (
            "failed items without reason or original",
            "SELECT COUNT(*) FROM media WHERE state = 3 AND (failure = '' OR failure_code = '' OR original_key = '')",
        ),
        (
            "accounts whose use is not what their items take",
            "SELECT COUNT(*) FROM (
                 SELECT owner_id, SUM(bytes) AS bytes, SUM(items) AS items FROM (
                     SELECT owner_id, MAX(original_bytes) AS bytes, COUNT(*) AS items FROM media GROUP BY owner_id, original_key
                 ) AS contents GROUP BY owner_id
             ) AS counted FULL JOIN account_usage AS told ON told.owner_id = counted.owner_id
             WHERE told.bytes IS DISTINCT FROM counted.bytes OR told.items IS DISTINCT FROM counted.items",
        ),
    ];
    for (name, sql) in leftovers {
        assert_eq!(scene.count(sql).await, 0, "{what}: {name}");
    }
}

/// What was acknowledged is there, in the state that its file leads to, and its end was published
/// exactly once.
async fn check_items(scene: &Scene, known: &Known, what: &str) {
    let rows: Vec<(i64, i64)> = infra_db::query("SELECT id, state FROM media")
        .fetch_all(scene.database.reader())
        .await
        .unwrap();
    let states: BTreeMap<u64, i64> = rows
        .into_iter()
        .map(|(id, state)| (id.cast_unsigned(), state))
        .collect();
    for (id, (_, whole)) in &known.items {
        match states.get(id) {
            None => assert!(known.released.contains(id), "{what}: {id} is lost"),
            // A process that died again and again over an item may have failed it; it is kept with
            // its reason.
            Some(state) => assert!(
                *state == 3 || *whole && *state == 2,
                "{what}: {id} is {state}"
            ),
        }
    }
    let mut told: BTreeMap<u64, usize> = BTreeMap::new();
    for topic in [topics::READY, topics::FAILED] {
        for event in scene.events(topic).await {
            *told.entry(event.key).or_default() += 1;
        }
    }
    assert!(
        told.values().all(|count| *count == 1),
        "{what}: told more than once: {told:?}"
    );
    for id in states.keys() {
        assert!(
            told.contains_key(id),
            "{what}: the end of {id} was not told"
        );
    }
}

/// The blobs are those that rows name, and no others.
async fn check_blobs(scene: &Scene, what: &str) {
    let named: Vec<String> = infra_db::query_scalar(
        "SELECT original_key FROM media WHERE original_key <> '' UNION SELECT key FROM renditions UNION SELECT key FROM alternates",
    )
    .fetch_all(scene.database.reader())
    .await
    .unwrap();
    let named: BTreeSet<String> = named.into_iter().collect();
    let files = scene.files();
    // What is unfinished has no name yet, and is removed by the store after an hour of real time.
    let finished = files
        .iter()
        .filter(|file| !file.iter().any(|part| part == "incoming"));
    let kept: BTreeSet<String> = finished
        .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(kept, named, "{what}: bytes and rows differ");
}

fn play(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let clock = Arc::new(ManualClock::at(Timestamp::from_milliseconds(
        1_790_000_000_000,
    )));
    let memory = std::path::Path::new("/dev/shm");
    let mut folder = if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    };
    let mut known = Known::default();
    for life in 0..LIVES {
        let crash_point = CrashPoint::of(random.random_range(1..2 * STEPS));
        folder = live(folder, &clock, &crash_point, async |scene| {
            for _ in 0..OPERATIONS {
                act(scene, &mut known, &mut random).await;
            }
        });
        if life + 1 == LIVES {
            let forever = CrashPoint::of(i64::MAX);
            let what = format!("seed {seed}");
            folder = live(folder, &clock, &forever, async |scene| {
                settle_and_check(scene, &known, &what).await;
            });
        }
    }
}

#[test]
fn whatever_dies_when_nothing_is_lost_and_nothing_is_left() {
    std::thread::scope(|scope| {
        for player in 0..PLAYERS {
            scope.spawn(move || {
                for seed in (player..CASES).step_by(PLAYERS as usize) {
                    play(seed);
                }
            });
        }
    });
}
