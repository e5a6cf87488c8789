//! Hashtags that somebody follows, and what comes home by it.

use serde_json::{Value, json};

use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server};

async fn follow(person: &Person, tag: &str) -> Value {
    let path = format!("/api/v1/tags/{tag}/follow");
    person.post(&path, &json!({})).await.expect(200)
}

async fn home(person: &Person) -> Vec<String> {
    ids(&person.home().await)
}

#[tokio::test]
async fn public_posts_with_a_followed_hashtag_are_at_home_by_the_rules() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let older = text(&bob.say("a lake #Dusk").await, "/id");
    assert!(home(&ada).await.is_empty());
    assert_eq!(follow(&ada, "dusk").await["following"], true);
    assert_eq!(home(&ada).await, [&*older]);
    // At once, though Ada does not follow Bob.
    let newer = text(&bob.say("a hill #dusk #light").await, "/id");
    let hidden = json!({"status": "#dusk", "visibility": "unlisted"});
    let unlisted = text(&bob.publish(&hidden).await, "/id");
    assert_eq!(home(&ada).await, [&*newer, &*older]);
    // Once, also when she follows Bob and a further hashtag of the same post.
    follow(&ada, "light").await;
    ada.follow(&bob).await;
    ada.finds_at_home(&unlisted).await;
    assert_eq!(home(&ada).await, [&*unlisted, &*newer, &*older]);
    let pages = ada.every_page("/api/v1/timelines/home?limit=1").await;
    assert_eq!(pages, [&*unlisted, &*newer, &*older]);
    let up = format!("/api/v1/timelines/home?limit=1&min_id={older}");
    assert_eq!(ids(&ada.get(&up).await.list()), [&*newer]);
    ada.unfollow(&bob).await;
    ada.misses_at_home(&unlisted).await;
    assert_eq!(home(&ada).await, [&*newer, &*older]);
    // A mute is stronger than a hashtag, and so is a block.
    for (verb, undo) in [("mute", "unmute"), ("block", "unblock")] {
        let path = format!("/api/v1/accounts/{}", bob.id);
        ada.post(&format!("{path}/{verb}"), &json!({}))
            .await
            .expect(200);
        assert!(home(&ada).await.is_empty(), "{verb}");
        ada.post(&format!("{path}/{undo}"), &json!({}))
            .await
            .expect(200);
        assert_eq!(home(&ada).await, [&*newer, &*older], "{undo}");
    }
    bob.delete(&format!("/api/v1/statuses/{newer}"))
        .await
        .expect(200);
    assert_eq!(home(&ada).await, [&*older]);
    let unfollow = "/api/v1/tags/dusk/unfollow";
    let shown = ada.post(unfollow, &json!({})).await.expect(200);
    assert_eq!(shown["following"], false);
    assert!(home(&ada).await.is_empty());
}

#[tokio::test]
async fn followed_hashtags_are_listed_to_who_follows_them() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    for tag in ["sea", "Light", "dusk", "LIGHT"] {
        follow(&ada, tag).await;
    }
    let names = async |person: &Person, path: &str| -> Vec<String> {
        let listed = person.get(path).await.list();
        listed.iter().map(|tag| text(tag, "/name")).collect()
    };
    let all = ["dusk", "light", "sea"];
    assert_eq!(names(&ada, "/api/v1/followed_tags").await, all);
    assert!(names(&bob, "/api/v1/followed_tags").await.is_empty());
    let pages = ada.every_page("/api/v1/followed_tags?limit=2").await;
    assert_eq!(pages, all, "a hashtag's id is its name");
    let shown = ada.get("/api/v1/tags/sea").await.expect(200);
    assert_eq!(shown["following"], true);
    let shown = bob.get("/api/v1/tags/sea").await.expect(200);
    assert_eq!(shown["following"], false);
    let shown = server.anyone().get("/api/v1/tags/sea").await.expect(200);
    assert_eq!(shown.get("following"), None);
}
