//! Photos that were there before a form was switched on get theirs when nothing else is to be done.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use business_media::{AlternateForm, Settings, SweepReport};

use crate::external_codecs::Forms;
use crate::scene::{OWNER, Scene, photo};

const ROWS: &str = "SELECT COUNT(*) FROM alternates";
const JOBS: &str = "SELECT COUNT(*) FROM alternate_jobs";
/// At most so many wait at a time because of this.
const WAITING_MAX: i64 = 20;

fn wanting(forms: &[AlternateForm]) -> Settings {
    Settings {
        alternates: forms.to_vec(),
        ..Settings::default()
    }
}

/// The same place after a stop and a start with other settings.
async fn restarted(scene: Scene, settings: Settings, forms: &Arc<Forms>) -> Scene {
    let Scene {
        folder,
        clock,
        database,
        ..
    } = scene;
    database.close().await;
    Scene::beside(folder, clock, settings, Some(Arc::clone(forms) as _)).await
}

/// A place with ready photos that have no other form.
async fn plain(photos: u8) -> Scene {
    let scene = Scene::with(wanting(&[])).await;
    for number in 0..photos {
        scene.ready(OWNER, &photo(number)).await;
    }
    scene
}

#[tokio::test]
async fn what_is_switched_on_later_is_made_of_photos_that_are_there() {
    let forms = Arc::new(Forms::default());
    let scene = plain(2).await;
    assert_eq!(scene.core.sweep().await.unwrap(), SweepReport::default());
    let webp = wanting(&[AlternateForm::Webp]);
    let scene = restarted(scene, webp, &forms).await;
    assert_eq!(scene.core.sweep().await.unwrap().alternates, 2);
    scene.core.drain_queue().await.unwrap();
    assert_eq!(scene.count(ROWS).await, 6);
    let scene = restarted(scene, Settings::default(), &forms).await;
    assert_eq!(scene.core.sweep().await.unwrap().alternates, 2);
    let asked = forms.asked.load(Ordering::SeqCst);
    scene.core.drain_queue().await.unwrap();
    assert_eq!(scene.count(ROWS).await, 12);
    let not_again = "SELECT COUNT(*) FROM alternates WHERE content_type = 'image/webp'";
    assert_eq!(scene.count(not_again).await, 6);
    let avif = forms.asked.load(Ordering::SeqCst) - asked;
    assert!(avif <= 6, "{avif} forms were made, some of them again");
    // As if none of one photo's had been worth keeping: they are not made again.
    let none = "DELETE FROM alternates WHERE media_id = (SELECT MAX(id) FROM media) AND $1 = $3 AND $2 = ''";
    scene.change(none, (0, String::new(), 0)).await;
    for _ in 0..3 {
        assert_eq!(scene.core.sweep().await.unwrap(), SweepReport::default());
    }
    assert_eq!(scene.count(JOBS).await, 0);
}

#[tokio::test]
async fn few_are_asked_for_at_a_time_and_all_in_the_end() {
    let forms = Arc::new(Forms::default());
    let scene = plain(25).await;
    let scene = restarted(scene, Settings::default(), &forms).await;
    for _ in 0..3 {
        scene.core.sweep().await.unwrap();
        assert_eq!(scene.count(JOBS).await, WAITING_MAX);
    }
    scene.core.drain_queue().await.unwrap();
    // The first of these may come to the end of the photos, and the next starts over.
    let more = scene.core.sweep().await.unwrap().alternates;
    assert_eq!(more, 5);
    scene.core.drain_queue().await.unwrap();
    assert_eq!(scene.count(ROWS).await, 25 * 6);
}

#[tokio::test]
async fn what_was_given_up_or_lost_is_left_alone() {
    let forms = Arc::new(Forms::default());
    let scene = plain(2).await;
    let scene = restarted(scene, Settings::default(), &forms).await;
    let lost = "UPDATE media SET original_lost = TRUE WHERE id = (SELECT MAX(id) FROM media) AND $1 = $3 AND $2 = ''";
    scene.change(lost, (0, String::new(), 0)).await;
    assert_eq!(scene.core.sweep().await.unwrap().alternates, 1);
    forms.crashes.store(i64::MAX, Ordering::SeqCst);
    for _ in 0..5 {
        scene.core.drain_queue().await.unwrap();
        scene.pass(Duration::from_secs(60));
    }
    assert_eq!(scene.count(JOBS).await, 0);
    for _ in 0..3 {
        assert_eq!(scene.core.sweep().await.unwrap(), SweepReport::default());
    }
}
