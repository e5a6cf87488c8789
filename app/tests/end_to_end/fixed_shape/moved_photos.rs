//! `heliograph move photos`: from the folder into a bucket, into another one, and back, with every
//! photo; cut off at any point, it goes on.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use testing_engines::S3;

use crate::fixed_shape::commands::said;
use crate::fixed_shape::photos_in_a_bucket::{
    Settings, URL, bucket, fail, files, photo, run, serve, shared, stop, succeed, with,
};
use crate::harness::caller::{Upload, text};
use crate::harness::server::heliograph;
use crate::harness::{Person, Server};

/// More files than a page of a move has.
const FILES: u32 = 1_150;

/// A folder with photos, and who has them.
struct Place {
    server: Server,
    ada: Person,
    /// The addresses of photos, and what is there.
    photos: Vec<(String, Vec<u8>)>,
}

impl Place {
    async fn begin(photos: u32) -> Self {
        let server = serve(&Settings::new()).await;
        let ada = server.person("ada").await;
        let mut place = Self {
            server,
            ada,
            photos: Vec::new(),
        };
        for number in 0..photos {
            place.upload(number).await;
        }
        place
    }

    async fn upload(&mut self, number: u32) {
        let media = self.ada.photo(Upload::jpeg(photo(number))).await;
        let address = text(&media, "/url");
        let served = self.ada.get(&address).await;
        assert_eq!(served.status, 200, "{}", served.describe());
        self.photos.push((address, served.body));
    }

    fn folder(&self) -> &Path {
        self.server.folder()
    }

    async fn start_with(&mut self, settings: &Settings) {
        self.server.set(URL, "");
        for (name, value) in settings {
            self.server.set(name, value);
        }
        self.server.start_again().await;
    }

    /// Every photo is served as it was, another one can be uploaded, and nothing is missing.
    async fn check(&mut self, settings: &Settings) {
        for (address, body) in &self.photos {
            let served = self.ada.get(address).await;
            assert_eq!(served.status, 200, "{}", served.describe());
            assert!(served.body == *body, "{address}");
        }
        self.upload(100 + self.photos.len() as u32).await;
        stop(&mut self.server).await;
        let check = ["media", "check", "--quick", "--json"];
        let checked = run(self.folder(), &check, settings);
        let printed = String::from_utf8(checked.stdout).unwrap();
        assert!(printed.contains("\"photos\""), "{printed}");
        // Those that a test has put there.
        let is_other = |line: &&str| line.contains("\"kind\"") && !line.contains("orphan_blob");
        assert_eq!(printed.lines().find(is_other), None);
    }

    /// Moves, and returns the sums.
    fn moved(&self, to: &[&str], settings: &Settings) -> Value {
        let arguments = [&["move", "photos", "--json", "--to"], to].concat();
        let output = run(self.folder(), &arguments, settings);
        assert!(output.status.success(), "{}", said(&output));
        let printed = String::from_utf8(output.stdout).unwrap();
        let last: Value = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
        assert_eq!(last["moved"], true, "{last}");
        last
    }
}

/// Many small files, as if they had been uploaded: a move copies what is there.
fn fill(folder: &Path) {
    for number in 0..FILES {
        let content = format!("file {number}");
        let name = blake3_of(content.as_bytes());
        let place = folder.join("media").join(&name[..2]).join(&name[2..4]);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(name), content).unwrap();
    }
}

fn blake3_of(content: &[u8]) -> String {
    infra_blob::BlobKey::of(content).to_string()
}

/// A move that is under way, and the steps that it says.
struct Moving {
    child: Child,
    steps: Lines<BufReader<ChildStdout>>,
}

impl Moving {
    fn begin(folder: &Path, to: &str, settings: &Settings) -> Self {
        Self::begin_to(folder, &[to], settings)
    }

    fn begin_to(folder: &Path, to: &[&str], settings: &Settings) -> Self {
        let mut command = heliograph();
        command.args(["move", "photos", "--json", "--to"]).args(to);
        command.arg("--data-dir").arg(folder);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let steps = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, steps }
    }

    /// Waits until it says so often that it has come to this step. Returns how many files it says.
    fn wait_for(&mut self, step: &str, times: usize) -> u64 {
        let lines = self.steps.by_ref().map_while(Result::ok);
        let lines = lines.map(|line| serde_json::from_str::<Value>(&line).unwrap());
        let steps: Vec<_> = lines
            .filter(|line| line["step"] == step)
            .take(times)
            .collect();
        assert_eq!(steps.len(), times, "{step}");
        steps[times - 1]["files"].as_u64().unwrap()
    }

    /// Lets it come to its end.
    fn end(mut self) -> String {
        let last = self.steps.by_ref().map_while(Result::ok).last();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{last:?}");
        last.unwrap()
    }
}

/// Starts a move and kills it when it says that it has come to this step. Returns how many files it
/// has said by then.
fn kill_at(folder: &Path, to: &str, settings: &Settings, step: &str, times: usize) -> u64 {
    let mut moving = Moving::begin(folder, to, settings);
    let files = moving.wait_for(step, times);
    moving.child.kill().unwrap();
    let status = moving.child.wait().unwrap();
    assert!(!status.success(), "{step}: {status}");
    files
}

#[tokio::test]
async fn every_photo_is_the_same_in_one_bucket_in_another_and_back() {
    let Some(s3) = shared() else { return };
    let (one, two) = (bucket(s3, "moved/one"), bucket(s3, "moved/two"));
    let mut place = Place::begin(3).await;
    let running = fail(place.folder(), &["move", "photos", "--to", "s3"], &one);
    assert!(running.contains("another heliograph serves"), "{running}");
    stop(&mut place.server).await;
    let before = files(place.folder());

    let sums = place.moved(&["s3"], &one);
    assert_eq!(sums["files"], before);
    assert_eq!(s3.objects("moved/one").names().len(), before + 1);
    assert_eq!(files(place.folder()), before, "the old files are kept");
    let removal = text(&sums, "/remove_old");
    let words = fail(place.folder(), &["migrate"], &Settings::new());
    assert!(words.contains("move photos --to folder"), "{words}");
    let removed = std::process::Command::new("sh")
        .args(["-c", &removal])
        .status();
    assert!(removed.unwrap().success(), "{removal}");
    assert_eq!(files(place.folder()), 0, "{removal}");
    place.start_with(&one).await;
    place.check(&one).await;

    let sums = place.moved(&["s3://photos/moved/two"], &one);
    assert!(
        text(&sums, "/remove_old").starts_with("aws s3 rm --recursive s3://photos/moved/one/ ")
    );
    let words = fail(place.folder(), &["migrate"], &one);
    assert!(words.contains("is not the place of the photos"), "{words}");
    place.start_with(&two).await;
    place.check(&two).await;

    let sums = place.moved(&["folder"], &two);
    assert_eq!(sums["files"], files(place.folder()));
    let words = fail(place.folder(), &["migrate"], &two);
    assert!(words.contains("move photos --to s3"), "{words}");
    place.start_with(&Settings::new()).await;
    place.check(&Settings::new()).await;
    // To a place of before: only what it has not.
    let sums = place.moved(&["s3"], &two);
    assert_eq!(
        s3.objects("moved/two").names().len(),
        sums["files"].as_u64().unwrap() as usize + 1
    );
    assert!(
        sums["copied_files"].as_u64() < sums["files"].as_u64(),
        "{sums}"
    );
    place.start_with(&two).await;
    place.check(&two).await;
}

#[tokio::test]
async fn a_move_that_is_killed_goes_on_and_what_came_in_between_comes_over() {
    let Some(mut s3) = S3::start() else { return };
    let settings = bucket(&s3, "one");
    let mut place = Place::begin(1).await;
    stop(&mut place.server).await;
    fill(place.folder());
    let said = [("counted", 1), ("copied", 1), ("copied", 1)]
        .map(|(step, time)| kill_at(place.folder(), "s3", &settings, step, time));
    assert!(said[2] > said[1], "{said:?}: it counts on");
    let objects = s3.objects("one");
    let half = objects.names().len();
    assert!(half > 500 && half < FILES as usize, "{half} are copied");
    // Nothing has changed for the folder, and what is served from it comes over, too.
    let words = fail(place.folder(), &["migrate"], &settings);
    assert!(words.contains("move photos --to s3"), "{words}");
    place.start_with(&Settings::new()).await;
    place.upload(50).await;
    stop(&mut place.server).await;
    kill_at(place.folder(), "s3", &settings, "compared", 1);
    // One that was lost there since is missed by the comparison, and a server that dies is waited
    // for.
    let lost = objects.names().into_iter().find(|name| name.len() > 64);
    objects.remove(&lost.unwrap());
    let mut moving = Moving::begin(place.folder(), "s3", &settings);
    moving.wait_for("counted", 1);
    s3.kill();
    s3.restart();
    let sums = moving.end();
    assert!(sums.contains("\"moved\":true"), "{sums}");
    assert_eq!(objects.names().len(), files(place.folder()) + 1);
    place.start_with(&settings).await;
    place.check(&settings).await;

    for (step, time) in [("copied", 2), ("compared", 1)] {
        kill_at(place.folder(), "folder", &settings, step, time);
    }
    succeed(place.folder(), &["migrate"], &settings);
    place.moved(&["folder"], &settings);
    place.start_with(&Settings::new()).await;
    place.check(&Settings::new()).await;
}

#[tokio::test]
async fn what_cannot_be_moved_is_refused_with_what_to_do() {
    let Some(s3) = shared() else { return };
    let (one, two) = (bucket(s3, "unmoved/one"), bucket(s3, "unmoved/two"));
    let mut other = serve(&two).await;
    stop(&mut other).await;
    let mut place = Place::begin(2).await;
    stop(&mut place.server).await;
    let secret = with(&one, "HELIOGRAPH_S3__SECRET_ACCESS_KEY", "tulip");
    for (to, settings, expected) in [
        ("folder", &one, "in the folder already"),
        ("s3", &Settings::new(), "names no bucket"),
        ("gs://photos", &one, "begins with s3://"),
        ("s3://P", &one, "name of a bucket"),
        ("s3", &two, "another installation's"),
        ("s3", &secret, "look at s3.secret_access_key"),
        ("s3://nowhere/a", &one, "no such bucket"),
    ] {
        let words = fail(place.folder(), &["move", "photos", "--to", to], settings);
        assert!(words.contains(expected), "{to}: {words}");
    }
    // What is damaged is left behind only where somebody says so.
    let (address, _) = &place.photos[0];
    let damaged = crate::fixed_shape::media_commands::file_of(place.folder(), address);
    std::fs::write(&damaged, b"rotten").unwrap();
    let words = fail(place.folder(), &["move", "photos", "--to", "s3"], &one);
    assert!(words.contains("media check --repair"), "{words}");
    succeed(place.folder(), &["migrate"], &Settings::new());
    let to = ["move", "photos", "--to", "s3", "--skip-damaged"];
    let words = succeed(place.folder(), &to, &one);
    assert!(words.contains("left behind, damaged"), "{words}");
    let words = fail(place.folder(), &["move", "photos", "--to", "s3"], &one);
    assert!(words.contains("already"), "{words}");
    let words = fail(
        place.folder(),
        &["move", "photos", "--to", "folder"],
        &Settings::new(),
    );
    assert!(words.contains("set `media_url`"), "{words}");
    let folder = place.folder().join("media");
    std::fs::remove_dir_all(folder).unwrap();
    let repaired = succeed(place.folder(), &["media", "check", "--repair"], &one);
    assert!(repaired.contains("repaired"), "{repaired}");
}

/// A file for `--s3-settings`, by which this server is reached.
fn settings_file(server: &S3, folder: &TempDir) -> PathBuf {
    let path = folder.path().join("new.toml");
    let (endpoint, key) = (server.endpoint(), server.access_key_id());
    let text = format!(
        "[s3]\nendpoint = {endpoint:?}\naccess_key_id = {key:?}\nsecret_access_key = {:?}\n",
        server.secret_access_key()
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn every_photo_is_the_same_on_another_server_of_buckets_also_after_kills() {
    let (Some(s3), Some(other)) = (shared(), S3::start()) else {
        return;
    };
    let (old, new) = (bucket(s3, "left"), bucket(&other, "reached"));
    let files_of = TempDir::new().unwrap();
    let file = settings_file(&other, &files_of);
    let mut place = Place::begin(2).await;
    stop(&mut place.server).await;
    fill(place.folder());
    place.moved(&["s3"], &old);
    place.start_with(&old).await;
    place.check(&old).await;
    let to = [
        "s3://photos/reached",
        "--s3-settings",
        file.to_str().unwrap(),
    ];

    // Without the file it would be the same server's, and its own place is no place to move to.
    let words = fail(
        place.folder(),
        &["move", "photos", "--to", "s3", to[1], to[2]],
        &old,
    );
    assert!(words.contains("--s3-settings is for"), "{words}");
    for (step, time) in [("counted", 1), ("copied", 1), ("compared", 1)] {
        let mut moving = Moving::begin_to(place.folder(), &to, &old);
        moving.wait_for(step, time);
        moving.child.kill().unwrap();
        moving.child.wait().unwrap();
    }
    let words = fail(place.folder(), &["migrate"], &new);
    assert!(words.contains("is not the place of the photos"), "{words}");
    let sums = place.moved(&to, &old);
    let (left, reached) = (s3.objects("left").names(), other.objects("reached").names());
    assert_eq!(
        left, reached,
        "the id of the place is another one, with the same name"
    );
    assert_eq!(sums["files"].as_u64().unwrap() as usize + 1, reached.len());
    let removal = text(&sums, "/remove_old");
    assert!(removal.contains(&s3.endpoint()), "{removal}");
    let words = fail(place.folder(), &["migrate"], &old);
    assert!(words.contains("is not the place of the photos"), "{words}");
    place.start_with(&new).await;
    place.check(&new).await;

    // And back, where what has come since is missing.
    let file = settings_file(s3, &files_of);
    let back = ["s3://photos/left", "--s3-settings", file.to_str().unwrap()];
    let sums = place.moved(&back, &new);
    assert!(
        sums["copied_files"].as_u64() < sums["files"].as_u64(),
        "{sums}"
    );
    place.start_with(&old).await;
    place.check(&old).await;
}
