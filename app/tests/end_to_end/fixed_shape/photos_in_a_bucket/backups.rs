//! Backups of photos in a bucket: made while people upload, restored into a folder and into
//! buckets; and a bucket that is away in the middle.

use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testing_engines::{HttpFault, HttpProxy};

use super::*;
use crate::fixed_shape::backup::verify;
use crate::harness::Person;

/// A server whose photos are in a bucket, somebody who has some, and a folder for backups.
struct Scene {
    server: Server,
    ada: Person,
    settings: Settings,
    /// The addresses of photos, and what is there.
    photos: Vec<(String, Vec<u8>)>,
    backups: TempDir,
}

impl Scene {
    async fn with(settings: Settings, photos: u32) -> Self {
        let server = serve(&settings).await;
        let ada = server.person("ada").await;
        let mut scene = Self {
            server,
            ada,
            settings,
            photos: Vec::new(),
            backups: TempDir::new().unwrap(),
        };
        for number in 0..photos {
            scene.upload(number).await;
        }
        scene.server.all_forms_made().await;
        scene
    }

    async fn upload(&mut self, number: u32) {
        let media = self.ada.photo(Upload::jpeg(photo(number))).await;
        for form in ["/url", "/preview_url", "/original_url"] {
            let address = text(&media, form);
            let served = self.ada.get(&address).await;
            assert_eq!(served.status, 200, "{}", served.describe());
            self.photos.push((address, served.body));
        }
    }

    fn target(&self) -> String {
        self.backups.path().join("all").display().to_string()
    }

    fn back_up(&self) -> Value {
        back_up(self.server.folder(), &self.target(), &self.settings)
    }

    /// Starts on what was restored to this folder, and finds every photo.
    async fn go_on_in(&mut self, folder: TempDir, settings: &Settings) {
        self.server.move_to(folder);
        self.server.set(URL, "");
        for (name, value) in settings {
            self.server.set(name, value);
        }
        self.server.start_again().await;
        for (address, body) in &self.photos {
            let served = self.ada.get(address).await;
            assert_eq!(served.status, 200, "{}", served.describe());
            assert!(served.body == *body, "{address}");
        }
        self.ada.photo(Upload::jpeg(photo(90))).await;
        stop(&mut self.server).await;
        succeed(self.server.folder(), &["media", "check"], settings);
        succeed(self.server.folder(), &["doctor"], settings);
    }
}

fn back_up(folder: &Path, target: &str, settings: &Settings) -> Value {
    let output = run(folder, &["backup", target, "--json"], settings);
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn photos_in_a_bucket_are_backed_up_and_restored_to_a_folder_and_to_buckets() {
    let Some(s3) = shared() else { return };
    let mut scene = Scene::with(bucket(s3, "kept/one"), 2).await;
    let first = scene.back_up();
    scene.upload(5).await;
    scene.server.all_forms_made().await;
    let second = scene.back_up();
    let copied = second["copied_files"].as_u64().unwrap();
    let added = second["photos_files"].as_u64().unwrap() - first["photos_files"].as_u64().unwrap();
    assert!(added > 0 && copied == added, "{first}, {second}");
    assert_eq!(second["missing"]["count"], 0, "{second}");
    let verified = verify(scene.backups.path().join("all").as_path());
    assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
    let target = scene.target();
    for (settings, expected) in [
        (bucket(s3, "kept/none"), "is not there"),
        (
            with(&scene.settings, SECRET, "tulip"),
            "look at s3.secret_access_key",
        ),
        (Settings::new(), "set `media_url` as it was"),
    ] {
        let words = fail(scene.server.folder(), &["backup", &target], &settings);
        assert!(words.contains(expected), "{expected}: {words}");
    }
    stop(&mut scene.server).await;

    let restore = ["restore", target.as_str()];
    let (two, three) = (bucket(s3, "kept/two"), bucket(s3, "kept/three"));
    let restored = TempDir::new().unwrap();
    succeed(restored.path(), &restore, &Settings::new());
    scene.go_on_in(restored, &Settings::new()).await;

    let restored = TempDir::new().unwrap();
    let words = succeed(restored.path(), &restore, &two);
    assert!(words.contains("in s3://photos/kept/two"), "{words}");
    assert_eq!(files(restored.path()), 0);
    scene.go_on_in(restored, &two).await;

    // A place of others, and the one of before, which only who says so gets.
    let restored = TempDir::new().unwrap();
    let words = fail(restored.path(), &restore, &two);
    assert!(words.contains("another installation's"), "{words}");
    let words = fail(restored.path(), &["migrate"], &two);
    assert!(words.contains("has not ended"), "{words}");
    let words = fail(restored.path(), &restore, &scene.settings.clone());
    assert!(words.contains("--used-bucket"), "{words}");
    restore_twice(restored.path(), &restore, &three);
    let restored = TempDir::new().unwrap();
    let objects = s3.objects("kept/one");
    let lost = objects.names().into_iter().find(|name| name.len() > 64);
    objects.remove(&lost.unwrap());
    let used = [&restore[..], &["--used-bucket"]].concat();
    let settings = scene.settings.clone();
    succeed(restored.path(), &used, &settings);
    scene.go_on_in(restored, &settings).await;
}

/// Ends a restore that was begun, and goes on with it as a kill leaves it while what is unfinished
/// is removed, after all has its place.
fn restore_twice(folder: &Path, restore: &[&str], settings: &Settings) {
    let unfinished = folder.join("restore.unfinished");
    let mark = std::fs::read(unfinished.join("restore.json")).unwrap();
    succeed(folder, restore, settings);
    std::fs::create_dir(&unfinished).unwrap();
    std::fs::write(unfinished.join("restore.json"), mark).unwrap();
    let words = fail(folder, &["migrate"], settings);
    assert!(words.contains("has not ended"), "{words}");
    succeed(folder, restore, settings);
}

/// What this says once it has been the same for half a second: requests of a process that has ended
/// may still be under way.
async fn settled<T: PartialEq>(look: impl Fn() -> T) -> T {
    let (mut seen, mut same) = (look(), 0);
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = look();
        same = if now == seen { same + 1 } else { 0 };
        if same == 10 {
            return now;
        }
        seen = now;
    }
    panic!("it never settled");
}

/// What a bucket responds that refuses.
fn refusing() -> HttpFault {
    HttpFault::Respond(
        "403 Forbidden",
        "<Error><Code>AccessDenied</Code></Error>".to_owned(),
    )
}

fn failing() -> HttpFault {
    HttpFault::Respond(
        "500 Internal Server Error",
        "<Error><Code>InternalError</Code></Error>".to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_is_away_in_the_middle_is_waited_for_or_leaves_what_the_next_try_goes_on_with()
 {
    let Some(s3) = shared() else { return };
    let proxy = HttpProxy::before(s3.port()).await;
    let through_proxy = |prefix| with(&bucket(s3, prefix), ENDPOINT, &proxy.endpoint());
    let mut scene = Scene::with(bucket(s3, "away/one"), 8).await;
    stop(&mut scene.server).await;
    scene.settings = through_proxy("away/one");
    let target = scene.target();
    let restore = ["restore", target.as_str()];

    // It refuses after some objects: no snapshot is made, and nothing is copied twice.
    proxy.next(vec![HttpFault::Pass; 20]);
    proxy.always("GET /", refusing());
    let words = fail(scene.server.folder(), &["backup", &target], &scene.settings);
    assert!(words.contains("no snapshot was made"), "{words}");
    let none = TempDir::new().unwrap();
    let words = fail(none.path(), &restore, &Settings::new());
    assert!(words.contains("no snapshot that was finished"), "{words}");
    // It fails for a moment, and is waited for.
    proxy.next(vec![HttpFault::Pass; 3]);
    proxy.always("GET /", failing());
    let (folder, settings) = (scene.server.folder().to_owned(), scene.settings.clone());
    let again = target.clone();
    let made = tokio::task::spawn_blocking(move || back_up(&folder, &again, &settings));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    proxy.always("", HttpFault::Pass);
    let made = made.await.unwrap();
    let (copied, all) = (&made["copied_files"], &made["photos_files"]);
    assert!(
        copied.as_u64() > Some(0) && copied.as_u64() < all.as_u64(),
        "{made}"
    );

    // The same for a restore: what is there is not put there again.
    let two = through_proxy("away/two");
    let restored = TempDir::new().unwrap();
    let puts = || proxy.seen("PUT /photos/away/two/");
    proxy.next(vec![HttpFault::Pass; 40]);
    proxy.always("PUT /", refusing());
    let words = fail(restored.path(), &restore, &two);
    assert!(words.contains("run the restore again"), "{words}");
    proxy.always("", HttpFault::Pass);
    let (before, there) = settled(|| (puts(), s3.objects("away/two").names().len())).await;
    succeed(restored.path(), &restore, &two);
    let all = made["photos_files"].as_u64().unwrap() as usize;
    assert!(there > 2, "{there} objects");
    // One to try the bucket; its id is there.
    assert_eq!(puts() - before, all - (there - 1) + 1);
    scene.go_on_in(restored, &two).await;
}
