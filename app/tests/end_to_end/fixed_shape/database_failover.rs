//! A primary that is lost, and a network that is cut: what people see of it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use testing_engines::Postgres;

use crate::harness::caller::{ids, text};
use crate::harness::{Caller, Person, Server, eventually};

const URL: &str = "HELIOGRAPH_DATABASE_URL";
/// How many people write concurrently, and how much each.
const WRITERS: usize = 3;
const POSTS_EACH: usize = 12;

/// Publishes as a client that asks again with the same key while the server is unavailable.
async fn publish(author: &Caller, key: &str) -> String {
    let post = json!({"status": format!("post {key}")});
    let published = eventually("the post to be taken", async || {
        let request = author
            .request(Method::POST, "/api/v1/statuses")
            .header("Idempotency-Key", key)
            .json(&post);
        let reply = author.send(request).await;
        (reply.status != 503).then_some(reply)
    });
    text(&published.await.expect(200), "/id")
}

/// Publishes one after the other, and returns the ids and the longest time that one took.
async fn write(author: &Person, writer: usize) -> (Vec<String>, Duration) {
    let (mut made, mut longest) = (Vec::new(), Duration::ZERO);
    for number in 0..POSTS_EACH {
        let begun = Instant::now();
        made.push(publish(author, &format!("{writer}-{number}")).await);
        longest = longest.max(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    (made, longest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_post_on_when_the_primary_is_killed_and_its_standby_promoted() {
    let Some(mut primary) = Postgres::start() else {
        return;
    };
    let _ = primary.create_database("photos");
    let standby = primary.start_standby();
    let url = primary.url_with_standby(&standby, "photos");
    let server = Server::with(&[(URL, &url)]).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    let failover = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(500));
        primary.kill();
        standby.promote();
        (primary, standby)
    });
    let written = (0..WRITERS).map(|writer| write(&ada, writer));
    let written = futures::future::join_all(written).await;
    let _servers = failover.await.unwrap();
    let longest = written.iter().map(|(_, longest)| *longest).max();
    let made: BTreeSet<String> = written.into_iter().flat_map(|(made, _)| made).collect();
    assert_eq!(made.len(), WRITERS * POSTS_EACH, "one key made one post");
    let own = format!("/api/v1/accounts/{}/statuses?limit=40", ada.id);
    assert_eq!(sorted(&ada.every_page(&own).await), made);
    eventually("the follower's feed", async || {
        let found = bob.every_page("/api/v1/timelines/home?limit=40").await;
        (sorted(&found) == made && found.len() == made.len()).then_some(())
    })
    .await;
    println!(
        "{} posts; the longest took {:?}",
        made.len(),
        longest.unwrap()
    );
}

fn sorted(found: &[String]) -> BTreeSet<String> {
    found.iter().cloned().collect()
}

#[tokio::test]
async fn who_is_cut_off_from_its_database_shows_nothing_until_it_is_back() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let link = postgres.link();
    let url = link.url(&postgres.create_database("photos"));
    let server = Server::with(&[(URL, &url)]).await;
    let ada = server.person("ada").await;
    let post = format!("/api/v1/statuses/{}", text(&ada.say("seen?").await, "/id"));
    let anyone = server.anyone();
    anyone.get(&post).await.ok();
    link.cut();
    let cut_at = Instant::now();
    // It is remembered, and so it is shown at first.
    anyone.get(&post).await.ok();
    eventually("it to be refused", async || {
        (anyone.get(&post).await.status == 503).then_some(())
    })
    .await;
    let refused_after = cut_at.elapsed();
    assert!(refused_after < Duration::from_secs(4), "{refused_after:?}");
    ada.get("/api/v1/timelines/home").await.expect(503);
    link.heal();
    let healed_at = Instant::now();
    // Each domain comes back by itself.
    for path in [post.as_str(), "/api/v1/timelines/home"] {
        eventually("it to be back", async || {
            (ada.get(path).await.status == 200).then_some(())
        })
        .await;
    }
    println!(
        "refused {refused_after:?} after the cut, back {:?} after its end",
        healed_at.elapsed()
    );
    assert_eq!(ids(&ada.home().await).len(), 1);
}
