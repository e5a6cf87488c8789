//! `heliograph move databases`: from files to a server and back, with everything that people have.

pub(crate) mod kills;
mod refusals;

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::{Value, json};
use testing_engines::Postgres;

use crate::fixed_shape::commands::said;
use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server};

const URL: &str = "HELIOGRAPH_DATABASE_URL";

/// A folder in files with people, photos and posts, and who uses it.
struct Place {
    server: Server,
    people: [Person; 3],
}

impl Place {
    async fn begin() -> Self {
        let server = Server::with(&[(URL, "")]).await;
        let [ada, bob, cyd] = [
            server.person("ada").await,
            server.person("bob").await,
            server.person("cyd").await,
        ];
        bob.follow(&ada).await;
        cyd.follow(&ada).await;
        cyd.follow(&bob).await;
        ada.home().await;
        let profile = json!({
            "display_name": "Ada \u{1f33b} \"L\\\"", "note": "tabs\tand\nlines", "bot": true,
            "fields_attributes": [{"name": "Site", "value": "https://example.org"}],
        });
        let path = "/api/v1/accounts/update_credentials";
        ada.patch(path, &profile).await.expect(200);
        let photo = ada.small_photo().await;
        let album = json!({
            "status": "Photo by @bob #Sünde #two", "media_ids": [photo], "sensitive": true,
            "spoiler_text": "careful", "language": "de",
        });
        let album = ada.publish(&album).await;
        let reply = json!({"status": "@ada nice", "in_reply_to_id": album["id"]});
        bob.publish(&reply).await;
        ada.publish(&json!({"status": "for some @cyd", "visibility": "direct"}))
            .await;
        let last = ada
            .publish(&json!({"status": "for followers", "visibility": "private"}))
            .await;
        ada.small_photo().await;
        for follower in [&bob, &cyd] {
            follower.finds_at_home(&text(&last, "/id")).await;
        }
        Self {
            server,
            people: [ada, bob, cyd],
        }
    }

    /// All that people can see of each other.
    async fn read(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for person in &self.people {
            let mut paths = vec![
                "/api/v1/accounts/verify_credentials".to_owned(),
                "/api/v1/timelines/home?limit=40".to_owned(),
                "/api/v1/timelines/public?local=true&limit=40".to_owned(),
                "/api/v1/accounts/search?q=a".to_owned(),
                "/api/v2/instance".to_owned(),
            ];
            for other in &self.people {
                let account = format!("/api/v1/accounts/{}", other.id);
                let lists = ["", "/statuses?limit=40", "/followers", "/following"];
                paths.extend(lists.map(|list| format!("{account}{list}")));
                paths.push(format!("/api/v1/accounts/relationships?id[]={}", other.id));
            }
            for post in person.home().await {
                paths.push(format!("/api/v1/statuses/{}", text(&post, "/id")));
                paths.push(format!("/api/v1/statuses/{}/context", text(&post, "/id")));
            }
            for path in paths {
                let reply = person.get(&path).await;
                let key = format!("{} {path} {}", person.username, reply.status);
                all.insert(key, reply.json());
            }
        }
        all
    }

    /// Everyone who should sees a new post, and its id is above all others.
    async fn say(&self, words: &str) -> String {
        let [ada, bob, cyd] = &self.people;
        let before = ids(&ada.home().await);
        let id = text(&ada.say(words).await, "/id");
        let number = |id: &String| id.parse::<i64>().unwrap();
        assert!(before.iter().all(|old| number(old) < number(&id)));
        for follower in [bob, cyd] {
            follower.finds_at_home(&id).await;
        }
        id
    }

    /// The same after a start: cards in a cache have counts of their authors that are older.
    async fn read_after_start(&mut self) -> BTreeMap<String, Value> {
        self.stop().await;
        self.server.start_again().await;
        self.read().await
    }

    async fn stop(&mut self) {
        self.server.ask_to_stop();
        assert!(self.server.ended().await.success());
    }

    async fn start_with(&mut self, url: &str) {
        self.server.set(URL, url);
        self.server.start_again().await;
    }

    fn command(&self, arguments: &[&str], url: &str) -> Command {
        self.server.command(arguments, URL, url)
    }

    fn run(&self, arguments: &[&str], url: &str) -> Output {
        self.command(arguments, url).output().unwrap()
    }

    /// Moves, which succeeds; what it printed.
    fn moved(&self, to: &str, url: &str) -> String {
        let moved = self.run(&["move", "databases", "--to", to], url);
        assert!(moved.status.success(), "{}", said(&moved));
        String::from_utf8(moved.stdout).unwrap()
    }

    /// The files of the folder.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.server.folder()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn has(&self, begin: &str) -> bool {
        self.files().iter().any(|name| name.starts_with(begin))
    }
}

/// Two readings are the same, and say where they are not.
fn assert_same(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    let keys = |all: &BTreeMap<String, Value>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(before), keys(after));
    for (path, value) in before {
        assert!(value == &after[path], "{path}: {value}\n{}", after[path]);
    }
}

#[tokio::test]
async fn everything_reads_the_same_there_and_back() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.create_database("photos");
    let mut place = Place::begin().await;
    let before = place.read_after_start().await;
    assert!(before.len() > 60, "{:?}", before.keys());
    place.stop().await;

    let printed = place.moved(&url, "");
    assert!(
        printed.contains("database_url = \"postgres://"),
        "{printed}"
    );
    assert!(place.has("posts.db.moved-") && !place.files().contains(&"posts.db".to_owned()));
    let refused = place.run(&["migrate"], "");
    assert!(!refused.status.success() && said(&refused).contains("are on a server"));
    let doctor = place.run(&["doctor"], &url);
    assert!(doctor.status.success(), "{}", said(&doctor));

    place.start_with(&url).await;
    assert_same(&before, &place.read().await);
    place.say("after the first move").await;
    let before = place.read_after_start().await;
    place.stop().await;

    let printed = place.moved("folder", &url);
    assert!(printed.contains("DROP SCHEMA posts_moved_"), "{printed}");
    let refused = place.run(&["migrate"], &url);
    assert!(!refused.status.success() && said(&refused).contains("holds what people have"));
    place.start_with("").await;
    assert_same(&before, &place.read().await);
    place.say("after the second move").await;
    let before = place.read_after_start().await;
    place.stop().await;

    // The settings name the server before it is in use, and the old schemas are in nobody's way.
    let printed = place.moved("server", &url);
    assert!(printed.contains("name that server already"), "{printed}");
    place.start_with(&url).await;
    assert_same(&before, &place.read().await);
    place.say("after the third move").await;
}
