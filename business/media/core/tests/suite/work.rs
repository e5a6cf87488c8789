//! Who is worked for when, what is retried, and what a stop leaves.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use business_media::{AlternateForm, Settings};
use business_media_gateway::{MediaItem, MediaState, topics};
use infra_domain::Domain as _;
use infra_kernel::{ErrorCode, ManualClock, Timestamp};
use testing_kit::png;
use tokio_util::sync::CancellationToken;

use crate::external_codecs::Forms;
use crate::scene::{OWNER, Scene, code, photo, picture};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn scene_with(forms: &Arc<Forms>, settings: Settings) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_milliseconds(
        1_790_000_000_000,
    )));
    Scene::beside(folder, clock, settings, Some(Arc::clone(forms) as _)).await
}

pub(crate) async fn until<F: Future<Output = bool>>(what: &str, happens: impl Fn() -> F) {
    let happened = async {
        while !happens().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, happened).await.expect(what);
}

/// Item ids in the order in which they became ready.
async fn ready_order(scene: &Scene) -> Vec<u64> {
    scene
        .events(topics::READY)
        .await
        .iter()
        .map(|event| event.key)
        .collect()
}

#[tokio::test]
async fn many_photos_of_one_do_not_delay_anothers_first() {
    let scene = Scene::new().await;
    let mut of_one = Vec::new();
    for number in 0..12 {
        of_one.push(scene.upload(&photo(number)).await.unwrap().id);
    }
    let first = scene.upload_as(OWNER + 1, &photo(1)).await.unwrap().id;
    let second = scene.upload_as(OWNER + 1, &photo(2)).await.unwrap().id;
    scene.core.drain_queue().await.unwrap();
    let order = ready_order(&scene).await;
    let place = |id| order.iter().position(|ready| *ready == id).unwrap();
    assert!(place(first) <= 1 && place(second) <= 3, "{order:?}");
    let own: Vec<u64> = order
        .iter()
        .copied()
        .filter(|id| of_one.contains(id))
        .collect();
    assert_eq!(own, of_one, "each in the order they came");
}

#[tokio::test]
async fn an_upload_wakes_the_workers_and_a_stop_ends_them() {
    let scene = Scene::new().await;
    let stop = CancellationToken::new();
    let (core, stopped) = (scene.core.clone(), stop.clone());
    let jobs = tokio::spawn(async move { core.run_jobs(stopped).await });
    for number in 1..4 {
        let item = scene.upload(&photo(number)).await.unwrap();
        until("ready", || async {
            scene.get(item.id).await.unwrap().is_ready()
        })
        .await;
    }
    stop.cancel();
    tokio::time::timeout(PATIENCE, jobs).await.unwrap().unwrap();
}

/// What a process leaves that died at work.
async fn die_at_work(scene: &Scene, item: &MediaItem, attempts: i64) {
    let id = item.id.cast_signed();
    let until = infra_kernel::Clock::now(&*scene.clock)
        .plus(PATIENCE * 100)
        .microseconds();
    scene
        .database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query("UPDATE media SET state = 4, lease_holder = 1, leased_until = $2, attempts = $3 WHERE id = $1")
                    .bind(id)
                    .bind(until)
                    .bind(attempts)
                    .execute(connection)
                    .await?;
                Ok::<_, infra_db::DbError>(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn what_a_dead_process_was_at_is_taken_back_at_the_start() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    die_at_work(&scene, &item, 1).await;
    assert_eq!(
        scene.get(item.id).await.unwrap().state(),
        MediaState::Processing
    );
    let stop = CancellationToken::new();
    let (core, stopped) = (scene.core.clone(), stop.clone());
    let jobs = tokio::spawn(async move { core.run_jobs(stopped).await });
    until("ready", || async {
        scene.get(item.id).await.unwrap().is_ready()
    })
    .await;
    stop.cancel();
    jobs.await.unwrap();
}

#[tokio::test]
async fn a_photo_at_which_the_process_died_three_times_is_quarantined() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    die_at_work(&scene, &item, 3).await;
    scene.core.drain_queue().await.unwrap();
    let item = scene.get(item.id).await.unwrap();
    assert_eq!(
        (item.state(), item.failure_code.as_str()),
        (MediaState::Failed, "crashed")
    );
    assert_eq!(scene.events(topics::FAILED).await.len(), 1);
}

#[tokio::test]
async fn the_end_of_the_work_is_reported_under_the_name_of_the_upload() {
    let scene = Scene::new().await;
    let good = scene.upload_named("good", &photo(1)).await.unwrap();
    let duplicate = scene.upload_named("twin", &photo(1)).await.unwrap();
    let half = png::encode(&picture(300, 200, 2));
    let broken = scene.upload_named("broken", &half[..half.len() / 2]);
    let broken = broken.await.unwrap();
    let deadly = scene.upload_named("deadly", &photo(3)).await.unwrap();
    die_at_work(&scene, &deadly, 3).await;
    scene.core.drain_queue().await.unwrap();
    for (topic, item, name) in [
        (topics::UPLOADED, &good, "good"),
        (topics::READY, &good, "good"),
        (topics::READY, &duplicate, "twin"),
        (topics::FAILED, &broken, "broken"),
        (topics::FAILED, &deadly, "deadly"),
    ] {
        let events = scene.events(topic).await;
        let event = events.iter().find(|event| event.key == item.id);
        assert_eq!(event.unwrap().headers.correlation_id, name, "{topic}");
    }
    // Retried, it is still the same upload.
    scene.retry(broken.id).await.unwrap();
    scene.core.drain_queue().await.unwrap();
    let failed = scene.events(topics::FAILED).await;
    assert_eq!(failed.last().unwrap().headers.correlation_id, "broken");
}

#[tokio::test]
async fn a_disk_that_stays_full_is_given_up_in_the_end() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    scene.store.fail_to_keep(true);
    for attempt in 1..=20 {
        assert_eq!(
            scene.core.drain_queue().await.unwrap(),
            1,
            "attempt {attempt}"
        );
        scene.pass(Duration::from_secs(601));
    }
    assert_eq!(scene.core.drain_queue().await.unwrap(), 0);
    let item = scene.get(item.id).await.unwrap();
    assert_eq!(
        (item.state(), item.failure_code.as_str()),
        (MediaState::Failed, "given_up")
    );
    assert_eq!(scene.files().len(), 1, "the original is kept");
}

#[tokio::test]
async fn a_full_disk_is_not_held_against_a_photo_at_which_the_process_dies_once() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    scene.store.fail_to_keep(true);
    for _ in 0..4 {
        assert_eq!(scene.core.drain_queue().await.unwrap(), 1);
        scene.pass(Duration::from_secs(601));
    }
    scene.store.fail_to_keep(false);
    die_at_work(&scene, &item, 5).await;
    assert_eq!(scene.core.drain_queue().await.unwrap(), 1);
    assert!(scene.get(item.id).await.unwrap().is_ready());
}

#[tokio::test]
async fn alternates_come_after_everything_else_and_go_with_their_photo() {
    let forms = Arc::new(Forms::default());
    let scene = scene_with(&forms, Settings::default()).await;
    let item = scene.upload(&photo(1)).await.unwrap();
    let other = scene.upload(&photo(2)).await.unwrap();
    scene.core.drain_queue().await.unwrap();
    assert_eq!(ready_order(&scene).await, [item.id, other.id]);
    let rows = "SELECT COUNT(*) FROM alternates";
    // Two forms of three renditions of two photos.
    assert_eq!(scene.count(rows).await, 12);
    assert_eq!(scene.count("SELECT COUNT(*) FROM alternate_jobs").await, 0);
    let asked = forms.asked.load(Ordering::SeqCst);
    let again = scene.upload(&photo(1)).await.unwrap();
    scene.core.drain_queue().await.unwrap();
    assert_eq!(scene.count(rows).await, 18, "copied");
    assert_eq!(forms.asked.load(Ordering::SeqCst), asked, "not made again");
    for id in [item.id, other.id, again.id] {
        scene
            .attach(OWNER, &[id], &format!("post:{id}"))
            .await
            .unwrap();
        scene.release(&format!("post:{id}")).await;
    }
    assert_eq!(scene.count(rows).await, 0);
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn alternates_are_made_by_turns_of_the_accounts() {
    // Only SQLite says in which order rows were written.
    if !testing_databases::are_files() {
        return;
    }
    let forms = Arc::new(Forms::default());
    let scene = scene_with(&forms, Settings::default()).await;
    for number in 0..4 {
        scene.upload(&photo(number)).await.unwrap();
    }
    let late = scene.upload_as(OWNER + 1, &photo(5)).await.unwrap();
    scene.core.drain_queue().await.unwrap();
    let order: Vec<i64> = infra_db::query_scalar("SELECT media_id FROM alternates ORDER BY rowid")
        .fetch_all(scene.database.reader())
        .await
        .unwrap();
    let place = order.iter().position(|id| *id == late.media().to_sql());
    assert_eq!(
        place,
        Some(6),
        "after one photo with two forms of three: {order:?}"
    );
}

#[tokio::test]
async fn only_the_forms_that_are_wanted_are_made() {
    let forms = Arc::new(Forms::default());
    let webp_only = Settings {
        alternates: vec![AlternateForm::Webp],
        ..Settings::default()
    };
    let scene = scene_with(&forms, webp_only).await;
    scene.ready(OWNER, &photo(1)).await;
    assert_eq!(scene.count("SELECT COUNT(*) FROM alternates").await, 3);
    let others = "SELECT COUNT(*) FROM alternates WHERE content_type <> 'image/webp'";
    assert_eq!(scene.count(others).await, 0);
}

#[tokio::test]
async fn alternates_that_crash_are_tried_again_and_then_left() {
    let forms = Arc::new(Forms::default());
    let scene = scene_with(&forms, Settings::default()).await;
    forms.crashes.store(1, Ordering::SeqCst);
    let item = scene.ready(OWNER, &photo(1)).await;
    assert_eq!(scene.count("SELECT COUNT(*) FROM alternates").await, 0);
    scene.pass(Duration::from_secs(10));
    scene.core.drain_queue().await.unwrap();
    assert_eq!(scene.count("SELECT COUNT(*) FROM alternates").await, 6);
    forms.crashes.store(i64::MAX, Ordering::SeqCst);
    scene.ready(OWNER, &photo(2)).await;
    for _ in 0..5 {
        scene.pass(Duration::from_secs(60));
        scene.core.drain_queue().await.unwrap();
    }
    assert_eq!(
        scene.count("SELECT COUNT(*) FROM alternate_jobs").await,
        0,
        "left"
    );
    assert!(scene.get(item.id).await.unwrap().is_ready());
}

/// What a process leaves that died over alternates.
async fn die_over_alternates(scene: &Scene, item: &MediaItem, attempts: i64) {
    let sql = "UPDATE alternate_jobs SET lease_holder = 1, attempts = $3, next_attempt_at = next_attempt_at + 1000000000
        WHERE media_id = $1 AND $2 = ''";
    let values = (item.media().to_sql(), String::new(), attempts);
    scene.change(sql, values).await;
}

#[tokio::test]
async fn alternates_over_which_the_process_died_three_times_are_given_up() {
    let forms = Arc::new(Forms::default());
    let scene = scene_with(&forms, Settings::default()).await;
    forms.crashes.store(1, Ordering::SeqCst);
    let item = scene.ready(OWNER, &photo(1)).await;
    let jobs = "SELECT COUNT(*) FROM alternate_jobs";
    assert_eq!(scene.count(jobs).await, 1, "tried again later");
    forms.crashes.store(i64::MAX, Ordering::SeqCst);
    die_over_alternates(&scene, &item, 2).await;
    let asked = forms.asked.load(Ordering::SeqCst);
    assert_eq!(scene.core.drain_queue().await.unwrap(), 1, "once more");
    assert!(forms.asked.load(Ordering::SeqCst) > asked);
    assert_eq!(scene.count(jobs).await, 0, "the third was the last");

    forms.crashes.store(1, Ordering::SeqCst);
    let other = scene.ready(OWNER, &photo(2)).await;
    die_over_alternates(&scene, &other, 3).await;
    let asked = forms.asked.load(Ordering::SeqCst);
    assert_eq!(scene.core.drain_queue().await.unwrap(), 0);
    assert_eq!(forms.asked.load(Ordering::SeqCst), asked, "not tried again");
    assert_eq!(scene.count(jobs).await, 0);
    assert!(scene.get(other.id).await.unwrap().is_ready());

    // The operator is told, and may have it retried.
    let listed = scene.list_failed(0, 10).await;
    assert!(listed.items.is_empty(), "{listed:?}");
    let ids: Vec<u64> = listed.alternates.iter().map(|left| left.media_id).collect();
    assert_eq!(ids, [other.id, item.id]);
    let left = &listed.alternates[0];
    assert_eq!(left.attempts, 3);
    assert!(left.cause.contains("ended, 3 times"), "{}", left.cause);
    assert!(left.given_up_at_us > other.created_at_us - 1);
    let older = scene.list_failed(other.id, 10).await.alternates;
    let older: Vec<u64> = older.iter().map(|left| left.media_id).collect();
    assert_eq!(older, [item.id]);
    assert_eq!(scene.list_failed(0, 1).await.alternates.len(), 1);
    assert!(scene.list_failed(item.id, 10).await.alternates.is_empty());
    scene.retry(other.id).await.unwrap();
    assert_eq!(scene.list_failed(0, 10).await.alternates.len(), 1);
    scene.core.drain_queue().await.unwrap();
    assert_eq!(scene.count("SELECT COUNT(*) FROM alternates").await, 6);
    assert_eq!(code(scene.retry(other.id).await), ErrorCode::Conflict);
}

#[tokio::test]
async fn alternates_that_hang_delay_no_upload() {
    let forms = Arc::new(Forms::default());
    let one_worker = Settings {
        workers: 1,
        ..Settings::default()
    };
    let scene = scene_with(&forms, one_worker).await;
    let hanging = forms.hang();
    let stop = CancellationToken::new();
    let (core, stopped) = (scene.core.clone(), stop.clone());
    let jobs = tokio::spawn(async move { core.run_jobs(stopped).await });
    scene.upload(&photo(1)).await.unwrap();
    until("alternates are begun", || async {
        forms.asked.load(Ordering::SeqCst) > 0
    })
    .await;
    let other = scene.upload(&photo(2)).await.unwrap();
    until("ready", || async {
        scene.get(other.id).await.unwrap().is_ready()
    })
    .await;
    drop(hanging);
    until("all are made", || async {
        scene.count("SELECT COUNT(*) FROM alternates").await == 12
    })
    .await;
    stop.cancel();
    tokio::time::timeout(PATIENCE, jobs).await.unwrap().unwrap();
}
