//! Lists and their pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::caller::{ids, text};
use crate::harness::{Caller, Person, Server, eventually};

/// Everything from a page on to the last, by the `Link` header.
async fn walk(caller: &Caller, first: &str, relation: &str) -> Vec<String> {
    let (mut path, mut found) = (first.to_owned(), Vec::new());
    for _ in 0..100 {
        let reply = caller.get(&path).await;
        let items = reply.list();
        found.extend(ids(&items));
        match reply.link(relation) {
            Some(next) if !items.is_empty() => {
                assert!(
                    next.starts_with(caller.base()),
                    "a link that leads away: {next}"
                );
                path = next;
            }
            _ => return found,
        }
    }
    panic!("{first} never ends");
}

async fn posts(author: &Person, count: usize) -> Vec<String> {
    let mut made = Vec::new();
    for number in 0..count {
        made.push(text(&author.say(&format!("number {number}")).await, "/id"));
    }
    made.reverse();
    made
}

#[tokio::test]
async fn every_list_can_be_walked_to_its_end_without_gap_or_double() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    let made = posts(&ada, 25).await;
    bob.finds_at_home(&made[0]).await;
    eventually("all of them to be in the feed", async || {
        (bob.home().await.len() == made.len()).then_some(())
    })
    .await;
    let account = format!("/api/v1/accounts/{}/statuses", ada.id);
    for path in [
        "/api/v1/timelines/home",
        account.as_str(),
        "/api/v1/timelines/public?local=true",
    ] {
        let join = if path.contains('?') { '&' } else { '?' };
        for limit in [1, 7, 20] {
            let walked = walk(&bob, &format!("{path}{join}limit={limit}"), "next").await;
            assert_eq!(walked, made, "{path} by {limit}");
        }
    }
}

#[tokio::test]
async fn cursors_mean_what_mastodons_cursors_mean() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let made = posts(&ada, 10).await;
    ada.finds_at_home(&made[0]).await;
    eventually("all of them", async || {
        (ada.home().await.len() == 10).then_some(())
    })
    .await;
    let account = format!("/api/v1/accounts/{}/statuses", ada.id);
    for path in [
        "/api/v1/timelines/home",
        account.as_str(),
        "/api/v1/timelines/public",
    ] {
        let page = async |query: String| ids(&ada.get(&format!("{path}?{query}")).await.list());
        assert_eq!(
            page(format!("max_id={}&limit=3", made[4])).await,
            made[5..8],
            "{path}: older than"
        );
        assert_eq!(
            page(format!("since_id={}&limit=3", made[5])).await,
            made[0..3],
            "{path}: the newest, down to"
        );
        assert_eq!(
            page(format!("min_id={}&limit=3", made[5])).await,
            made[2..5],
            "{path}: those right after"
        );
        let between = page(format!("max_id={}&since_id={}", made[2], made[6])).await;
        assert_eq!(between, made[3..6], "{path}: between two");
        assert_eq!(
            page(format!("max_id={}", made[9])).await,
            Vec::<String>::new()
        );
        assert_eq!(
            page("limit=100000".to_owned()).await.len(),
            10,
            "a large limit is brought down, not refused"
        );
    }
    let middle = ada
        .get(&format!(
            "/api/v1/timelines/home?limit=3&max_id={}",
            made[3]
        ))
        .await;
    let newer = middle.link("prev").expect("a way to the newer ones");
    assert!(newer.contains("min_id="), "{newer}");
    assert_eq!(
        ids(&ada.get(&newer).await.list()),
        made[1..4],
        "the page before"
    );
}

#[tokio::test]
async fn followers_are_paged() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let mut fans = BTreeSet::new();
    for number in 0..7 {
        let fan = server.person(&format!("fan{number}")).await;
        fan.follow(&ada).await;
        fans.insert(fan.id.clone());
    }
    let walked = walk(
        &ada,
        &format!("/api/v1/accounts/{}/followers?limit=3", ada.id),
        "next",
    )
    .await;
    assert_eq!(walked.len(), fans.len(), "{walked:?}");
    assert_eq!(walked.into_iter().collect::<BTreeSet<_>>(), fans);
}

#[tokio::test]
async fn only_media_and_replies_are_kept_apart() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let words = text(&ada.say("words").await, "/id");
    let photo = ada.small_photo().await;
    let photo = text(
        &ada.publish(&json!({"status": "a photo", "media_ids": [photo]}))
            .await,
        "/id",
    );
    let reply = text(
        &ada.publish(&json!({"status": "more", "in_reply_to_id": words}))
            .await,
        "/id",
    );
    let list = async |query: &str| {
        ids(&ada
            .get(&format!("/api/v1/accounts/{}/statuses?{query}", ada.id))
            .await
            .list())
    };
    assert_eq!(
        list("").await,
        [reply.clone(), photo.clone(), words.clone()]
    );
    assert_eq!(list("only_media=true").await, [photo.as_str()]);
    assert_eq!(list("only_media=1").await, [photo.as_str()]);
    let without_replies = list("exclude_replies=true").await;
    assert!(without_replies.contains(&photo) && without_replies.contains(&words));
    assert_eq!(list("pinned=true").await, Vec::<String>::new());
    let public = ids(&server
        .anyone()
        .get("/api/v1/timelines/public?only_media=true")
        .await
        .list());
    assert_eq!(public, [photo]);
}

#[tokio::test]
async fn an_empty_feed_is_an_empty_list() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    assert_eq!(
        ada.get("/api/v1/timelines/home").await.expect(200),
        json!([])
    );
    let (follower, path) = (
        server.person("bob").await,
        format!("/api/v1/accounts/{}/followers", ada.id),
    );
    assert_eq!(follower.get(&path).await.expect(200), json!([]));
}

#[tokio::test]
async fn who_follows_later_finds_what_was_posted_before() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    // Bob's feed is there already, and kept up.
    bob.home().await;
    let old = text(&ada.say("before you came").await, "/id");
    bob.follow(&ada).await;
    let found = bob.finds_at_home(&old).await;
    assert_eq!(text(&found, "/account/id"), ada.id);
    let both: Vec<Value> = bob.home().await;
    assert_eq!(both.len(), 1);
}

#[tokio::test]
async fn careless_cursors_mean_what_they_mean_in_mastodon() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let made = posts(&ada, 5).await;
    eventually("all of them", async || {
        (ada.home().await.len() == 5).then_some(())
    })
    .await;
    let account = format!("/api/v1/accounts/{}/statuses", ada.id);
    for path in [
        "/api/v1/timelines/home",
        account.as_str(),
        "/api/v1/timelines/public",
    ] {
        let page = async |query: &str| ids(&ada.get(&format!("{path}?{query}")).await.list());
        assert_eq!(page("min_id=0&limit=3").await, made[2..5], "the oldest");
        assert_eq!(page("since_id=abc&limit=3").await, made[0..3], "{path}");
        for nothing in ["limit=0", "limit=abc", "max_id=0", "max_id=abc"] {
            assert!(page(nothing).await.is_empty(), "{path}?{nothing}");
        }
    }
}
