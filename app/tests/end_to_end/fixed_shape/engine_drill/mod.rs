//! The drill with databases on a server: a backup by the commands of the operator's guide while
//! people post, the servers are lost, and what was restored by its commands has everything.

mod elsewhere;
mod restore_point;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use testing_engines::{Nats, Postgres};
use testing_kit::require;
use tokio::task::JoinHandle;

use crate::fixed_shape::backup::{
    Acknowledged, check_photos, check_posts, start_writers, wait_for,
};
use crate::fixed_shape::commands::said;
use crate::harness::caller::text;
use crate::harness::{Caller, Person, Server, eventually};

const GUIDE: &str = include_str!("../../../../../docs/operators-guide.md");
const URL: &str = "HELIOGRAPH_DATABASE_URL";
const BUS: &str = "HELIOGRAPH_BUS_URL";
const MONITOR: &str = "HELIOGRAPH_JETSTREAM__MONITOR";
const STREAM: &str = "HELIOGRAPH_JETSTREAM__NAME";

/// How posts begin that are liked and deleted.
const SOON_GONE: &str = "soon gone";
/// Which table holds likes.
const LIKES: &str = "engagement.likes|";
/// Every table that is not PostgreSQL's own, and how many rows it has.
const ROWS: &str = "SELECT schemaname || '.' || relname, \
    (xpath('//n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', schemaname, relname), \
    false, true, '')))[1] FROM pg_stat_user_tables";

/// The guide's block of commands that has this in it.
fn commands(part: &str) -> &'static str {
    let blocks = GUIDE.split("```sh\n").skip(1);
    let mut blocks = blocks.filter_map(|rest| rest.split_once("```"));
    let found = blocks.find(|(block, _)| block.contains(part));
    found.unwrap_or_else(|| panic!("the guide has no {part}")).0
}

/// Commands without the line that has this in it, as the guide says to leave it out.
fn without(commands: &str, part: &str) -> String {
    let lines = commands.lines().filter(|line| !line.contains(part));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Runs commands of the guide with other values of the variables at their beginning.
fn run_with(commands: &str, postgres: &Postgres, variables: &[(&str, &str)]) -> Output {
    let with_value = |line: &str| {
        let name = line.split_once('=').map(|(name, _)| name);
        let known = variables.iter().find(|(known, _)| Some(*known) == name);
        known.map_or_else(
            || line.to_owned(),
            |(name, value)| format!("{name}='{value}'"),
        )
    };
    let script: Vec<_> = commands.lines().map(with_value).collect();
    for (name, _) in variables {
        assert!(
            commands.contains(&format!("{name}=")),
            "{name} is not set there"
        );
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let programs = postgres.programs().display();
    let mut shell = Command::new("sh");
    shell.args(["-c", &script.join("\n")]);
    shell
        .env("PATH", format!("{programs}:{path}"))
        // The machine's own, which rclone cannot have beside its own.
        .env_remove("AWS_CA_BUNDLE")
        .output()
        .unwrap()
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", said(output));
}

/// Has a follower like what an author posts and then deletes, until the server goes away: each
/// deletion takes likes away in another domain, by an event.
fn start_likes(author: &Person, follower: &Person) -> JoinHandle<()> {
    let (author, follower) = (Caller::clone(author), Caller::clone(follower));
    tokio::spawn(async move {
        for number in 0.. {
            let post = json!({"status": format!("{SOON_GONE} {number}"), "visibility": "unlisted"});
            let request = author.request(reqwest::Method::POST, "/api/v1/statuses");
            let Some(reply) = author.try_send(request.json(&post)).await else {
                return;
            };
            let path = format!("/api/v1/statuses/{}", text(&reply.expect(200), "/id"));
            let like = follower.request(reqwest::Method::POST, &format!("{path}/favourite"));
            let delete = author.request(reqwest::Method::DELETE, &path);
            for (who, request) in [(&follower, like), (&author, delete)] {
                if who.try_send(request).await.is_none() {
                    return;
                }
            }
        }
    })
}

/// A server whose databases are on PostgreSQL, and what it is backed up to.
struct Scene {
    server: Server,
    postgres: Postgres,
    ada: Person,
    bob: Person,
    acknowledged: Arc<Acknowledged>,
    backups: TempDir,
    /// What it is told besides of where things are.
    settings: Vec<(&'static str, String)>,
    /// The guide's commands, as this installation needs them.
    backup: String,
    restore: String,
}

/// What was acknowledged before a backup began.
struct Kept {
    posts: Vec<String>,
    photos: BTreeMap<String, Vec<u8>>,
}

impl Scene {
    async fn begin(settings: Vec<(&'static str, String)>) -> Option<Self> {
        Self::on(Postgres::start()?, settings).await
    }

    async fn on(postgres: Postgres, settings: Vec<(&'static str, String)>) -> Option<Self> {
        require::tool("sqlite3", "apt-get install sqlite3")?;
        require::tool("rsync", "apt-get install rsync")?;
        let url = postgres.create_database("heliograph");
        let mut all = vec![(URL, url.as_str())];
        all.extend(settings.iter().map(|(name, value)| (*name, value.as_str())));
        let server = Server::with(&all).await;
        let (ada, bob) = (server.person("ada").await, server.person("bob").await);
        bob.follow(&ada).await;
        bob.home().await;
        Some(Self {
            server,
            postgres,
            ada,
            bob,
            acknowledged: Arc::default(),
            backups: TempDir::new().unwrap(),
            settings,
            backup: commands("pg_dump").to_owned(),
            restore: commands("pg_restore").to_owned(),
        })
    }

    /// People who write until the server goes away.
    async fn start_people(&self) -> Vec<JoinHandle<()>> {
        let mut people = start_writers(&self.ada, &self.acknowledged);
        people.push(start_likes(&self.ada, &self.bob));
        wait_for(&self.acknowledged, 5, 5).await;
        people
    }

    fn backups(&self) -> &str {
        self.backups.path().to_str().unwrap()
    }

    /// Backs up while people post.
    fn back_up(&self) -> Kept {
        let before = Kept {
            posts: self.acknowledged.posts(),
            photos: self.acknowledged.photos(),
        };
        let made = tokio::task::block_in_place(|| {
            self.run_backup(self.server.folder(), self.backups.path())
        });
        succeeded(&made);
        before
    }

    /// They go on for a while, and then everything is lost.
    async fn lose(&mut self, people: Vec<JoinHandle<()>>, kept: &Kept) {
        let meanwhile = self.acknowledged.posts().len();
        assert!(meanwhile > kept.posts.len(), "nobody could post meanwhile");
        wait_for(&self.acknowledged, meanwhile + 3, 0).await;
        self.server.kill();
        for person in people {
            person.await.unwrap();
        }
        self.postgres.kill();
    }

    /// Gives a setting another value.
    fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    /// Goes on with what was restored, which is all that was kept.
    async fn go_on(&mut self, restored: TempDir, postgres: &Postgres, kept: &Kept) {
        self.server.move_to(restored);
        self.server.set(URL, &postgres.url("heliograph"));
        for (name, value) in &self.settings {
            self.server.set(name, value);
        }
        self.server.start_again().await;
        check_photos(&self.ada, &kept.photos).await;
        self.check(&kept.posts, postgres).await;
    }

    fn run_backup(&self, data: &Path, backups: &Path) -> Output {
        let variables = [
            ("data", data.to_str().unwrap()),
            ("backup", backups.to_str().unwrap()),
            ("url", &self.postgres.url("heliograph")),
        ];
        run_with(&self.backup, &self.postgres, &variables)
    }

    /// A log that is not there or damaged in its middle is in no backup.
    fn refuse_without_log(&self) {
        let (data, backups) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        for name in ["databases.list", "address-signing.key"] {
            fs::copy(self.server.folder().join(name), data.path().join(name)).unwrap();
        }
        fs::create_dir(data.path().join("media")).unwrap();
        let log = data.path().join("bus.db");
        for is_there in [false, true] {
            if is_there {
                let mut copy = Command::new("sqlite3");
                copy.arg(self.server.folder().join("bus.db"));
                copy.arg(format!(".backup {}", log.display()));
                succeeded(&copy.output().unwrap());
                let damaged = fs::File::options().write(true).open(&log).unwrap();
                damaged.write_all_at(&[7; 8_192], 8_192).unwrap();
            }
            let made = self.run_backup(data.path(), backups.path());
            assert!(!made.status.success(), "{}", said(&made));
            let entries = fs::read_dir(backups.path()).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let finished: Vec<_> = names.filter(|name| name.ends_with('Z')).collect();
            assert!(finished.is_empty(), "{finished:?}: {}", said(&made));
        }
    }

    /// Restores the one backup that was made to this server, and a new folder.
    fn restore(&self, postgres: &Postgres) -> TempDir {
        let restored = TempDir::new().unwrap();
        let entries = fs::read_dir(self.backups.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let snapshot: Vec<String> = names.filter(|name| name.starts_with("20")).collect();
        let [snapshot] = &snapshot[..] else {
            panic!("{snapshot:?}")
        };
        let server = postgres.url("");
        let variables = [
            ("data", restored.path().to_str().unwrap()),
            ("backup", self.backups()),
            ("snapshot", snapshot),
            ("server", server.trim_end_matches('/')),
        ];
        succeeded(&run_with(&self.restore, postgres, &variables));
        restored
    }

    /// Everything is there, what followed from it is done, and nothing is dead or doubled.
    async fn check(&mut self, posts: &[String], postgres: &Postgres) {
        check_posts(&self.ada, &self.bob, posts).await;
        // At most the one that was not deleted yet in the moment of the dump.
        let own = format!("/api/v1/accounts/{}/statuses?limit=40", self.ada.id);
        for post in self.ada.get(&own).await.list() {
            if text(&post, "/content").contains(SOON_GONE) {
                let path = format!("/api/v1/statuses/{}", text(&post, "/id"));
                self.ada.delete(&path).await.expect(200);
            }
        }
        eventually("likes of deleted posts to go", async || {
            let rows = postgres.run_in("heliograph", ROWS);
            let likes = rows.lines().find_map(|line| line.strip_prefix(LIKES));
            (likes.unwrap() == "0").then_some(())
        })
        .await;
        let known = self.acknowledged.posts();
        let id = text(&self.ada.say("after").await, "/id");
        assert!(!known.contains(&id), "the id {id} was made twice");
        self.bob.finds_at_home(&id).await;
        self.server.ask_to_stop();
        assert!(self.server.ended().await.success());
        let status = self.said(&["bus", "status", "--json"], postgres);
        let status: Vec<Value> = serde_json::from_str(&status).unwrap();
        let is_done = |one: &Value| one["waiting"] == 0 && one["dead_letters"] == 0;
        assert!(
            !status.is_empty() && status.iter().all(is_done),
            "{status:?}"
        );
        self.said(&["doctor"], postgres);
    }

    fn said(&self, arguments: &[&str], postgres: &Postgres) -> String {
        let url = postgres.url("heliograph");
        let mut command = self.server.command(arguments, URL, &url);
        let output = command
            .envs(self.settings.iter().cloned())
            .output()
            .unwrap();
        succeeded(&output);
        String::from_utf8(output.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_guide_backs_up_of_databases_on_a_server_is_restored_by_it() {
    let Some(scene) = Scene::begin(vec![(BUS, String::new())]).await else {
        return;
    };
    tokio::task::block_in_place(|| scene.refuse_without_log());
    drill(scene).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_with_the_log_on_nats_goes_on_in_a_new_stream() {
    let Some(nats) = Nats::start() else { return };
    let log = vec![
        (BUS, nats.url()),
        (MONITOR, nats.monitor()),
        (STREAM, "first".to_owned()),
    ];
    let Some(scene) = Scene::begin(log).await else {
        return;
    };
    drill(scene).await;
}

async fn drill(mut scene: Scene) {
    let people = scene.start_people().await;
    let kept = scene.back_up();
    scene.lose(people, &kept).await;
    let postgres = Postgres::start().unwrap();
    let restored = scene.restore(&postgres);
    if scene.settings.iter().any(|(name, _)| *name == STREAM) {
        scene.set(STREAM, "restored");
    }
    scene.go_on(restored, &postgres, &kept).await;
}
