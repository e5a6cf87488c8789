//! Who does not want to be seen by whom, and who does not want to see whom.

use serde_json::{Value, json};

use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server, eventually};

async fn act(person: &Person, whom: &Person, what: &str) -> Value {
    let path = format!("/api/v1/accounts/{}/{what}", whom.id);
    person.post(&path, &json!({})).await.expect(200)
}

async fn listed(person: &Person, path: &str) -> Vec<String> {
    ids(&person.get(path).await.list())
}

#[tokio::test]
async fn who_is_blocked_sees_nothing_and_reaches_nothing() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    let post = text(&ada.say("a lake #dusk").await, "/id");
    bob.finds_at_home(&post).await;
    let by_bob = text(
        &bob.publish(&json!({"status": "oh", "in_reply_to_id": post}))
            .await,
        "/id",
    );

    let relationship = act(&ada, &bob, "block").await;
    assert_eq!(relationship["blocking"], true);
    assert_eq!(relationship["followed_by"], false);
    // At once, though the feed learns of it by an event.
    assert!(!listed(&bob, "/api/v1/timelines/home").await.contains(&post));
    for path in [
        "/api/v1/timelines/public".to_owned(),
        "/api/v1/timelines/tag/dusk".to_owned(),
        format!("/api/v1/accounts/{}/statuses", ada.id),
        format!("/api/v1/statuses?id[]={post}"),
    ] {
        assert!(!listed(&bob, &path).await.contains(&post), "{path}");
    }
    let found = bob
        .get(&format!("/api/v2/search?q={}/@ada/{post}", server.base()))
        .await;
    assert_eq!(found.expect(200)["statuses"], json!([]));
    let path = format!("/api/v1/statuses/{post}");
    for path in [
        path.clone(),
        format!("{path}/context"),
        format!("{path}/favourited_by"),
    ] {
        bob.get(&path).await.expect(404);
    }
    for verb in ["favourite", "bookmark"] {
        bob.post(&format!("{path}/{verb}"), &json!({}))
            .await
            .expect(404);
    }
    let reply = json!({"status": "again", "in_reply_to_id": post});
    bob.post("/api/v1/statuses", &reply).await.expect(404);
    let follow = format!("/api/v1/accounts/{}/follow", ada.id);
    let refused = bob.post(&follow, &json!({})).await.expect(403);
    assert_eq!(refused["error"], "This action is not allowed");
    // What Bob said under the photo is not shown to Ada any more; others still see it.
    let context = format!("{path}/context");
    let shown = ada.get(&context).await.expect(200);
    assert_eq!(shown["descendants"], json!([]));
    let shown = server.anyone().get(&context).await.expect(200);
    assert_eq!(shown["descendants"][0]["id"], by_bob.as_str());

    assert_eq!(listed(&ada, "/api/v1/blocks").await, [&*bob.id]);
    act(&ada, &bob, "unblock").await;
    bob.get(&path).await.expect(200);
    bob.follow(&ada).await;
    bob.finds_at_home(&post).await;
}

#[tokio::test]
async fn who_is_muted_is_seen_only_where_one_looks_for_them() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follow(&bob).await;
    let post = text(&bob.say("a lake").await, "/id");
    ada.finds_at_home(&post).await;
    act(&ada, &bob, "mute").await;
    for path in ["/api/v1/timelines/home", "/api/v1/timelines/public"] {
        assert!(!listed(&ada, path).await.contains(&post), "{path}");
    }
    let profile = format!("/api/v1/accounts/{}/statuses", bob.id);
    assert_eq!(listed(&ada, &profile).await, [&*post]);
    // Bob is not told, and is still followed.
    let path = format!("/api/v1/accounts/relationships?id[]={}", ada.id);
    let back = bob.get(&path).await.list().remove(0);
    assert_eq!(
        (&back["followed_by"], &back["muting"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(listed(&ada, "/api/v1/mutes").await, [&*bob.id]);
    act(&ada, &bob, "unmute").await;
    assert!(listed(&ada, "/api/v1/timelines/home").await.contains(&post));

    // For a second, and then no more.
    let path = format!("/api/v1/accounts/{}/mute", bob.id);
    let muted = ada.post(&path, &json!({"duration": 1})).await.expect(200);
    assert_eq!(muted["muting"], true);
    eventually("a mute to end", async || {
        let home = listed(&ada, "/api/v1/timelines/home").await;
        home.contains(&post).then_some(())
    })
    .await;
    assert!(listed(&ada, "/api/v1/mutes").await.is_empty());
}
