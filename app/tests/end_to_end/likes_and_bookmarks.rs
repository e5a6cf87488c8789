//! Likes, which are counted for all, and bookmarks, which are nobody else's business.

use serde_json::{Value, json};

use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server, eventually};

async fn act(person: &Person, post_id: &str, what: &str) -> Value {
    let path = format!("/api/v1/statuses/{post_id}/{what}");
    person.post(&path, &json!({})).await.expect(200)
}

async fn listed(person: &Person, list: &str) -> Vec<String> {
    ids(&person.get(&format!("/api/v1/{list}")).await.list())
}

#[tokio::test]
async fn likes_are_counted_wherever_the_post_is_shown() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    bob.follow(&ada).await;
    let post = text(&ada.say("a lake at dusk").await, "/id");
    bob.finds_at_home(&post).await;
    act(&bob, &post, "favourite").await;
    act(&bob, &post, "favourite").await;
    let liked = act(&eve, &post, "favourite").await;
    assert_eq!(liked["favourites_count"], 2);
    for list in [
        "timelines/home".to_owned(),
        "timelines/public".to_owned(),
        format!("accounts/{}/statuses", ada.id),
    ] {
        let shown = bob.get(&format!("/api/v1/{list}")).await.list();
        let shown = shown.iter().find(|status| status["id"] == *post).unwrap();
        assert_eq!(shown["favourites_count"], 2, "{list}");
        assert_eq!(shown["favourited"], true, "{list}");
    }
    let likers = ada
        .get(&format!("/api/v1/statuses/{post}/favourited_by"))
        .await;
    assert_eq!(ids(&likers.list()), [eve.id.clone(), bob.id.clone()]);
    let own = ada
        .get(&format!("/api/v1/statuses/{post}"))
        .await
        .expect(200);
    assert_eq!(
        (&own["favourites_count"], &own["favourited"]),
        (&json!(2), &json!(false))
    );
    assert_eq!(act(&bob, &post, "unfavourite").await["favourites_count"], 1);
    assert!(listed(&bob, "favourites").await.is_empty());
    assert_eq!(listed(&eve, "favourites").await, [post]);
}

#[tokio::test]
async fn lists_are_in_the_order_of_the_marks_and_lose_what_is_deleted() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let mut posts = Vec::new();
    for number in 0..5 {
        posts.push(text(&ada.say(&format!("number {number}")).await, "/id"));
    }
    for (verb, list) in [("favourite", "favourites"), ("bookmark", "bookmarks")] {
        // The newest post is marked first, and comes last.
        for post in posts.iter().rev() {
            act(&bob, post, verb).await;
        }
        let all = bob.every_page(&format!("/api/v1/{list}?limit=2")).await;
        assert_eq!(all, posts, "{list}");
        assert!(listed(&ada, list).await.is_empty());
    }
    ada.delete(&format!("/api/v1/statuses/{}", posts[1]))
        .await
        .expect(200);
    posts.remove(1);
    for list in ["favourites", "bookmarks"] {
        eventually("a deleted post to leave the list", async || {
            (listed(&bob, list).await == posts).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_post_for_followers_is_liked_by_followers_only() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    let eve = server.person("eve").await;
    let post = ada
        .publish(&json!({"status": "for friends", "visibility": "private"}))
        .await;
    let post = text(&post, "/id");
    act(&bob, &post, "favourite").await;
    act(&bob, &post, "bookmark").await;
    for verb in ["favourite", "bookmark", "unfavourite", "unbookmark"] {
        let path = format!("/api/v1/statuses/{post}/{verb}");
        eve.post(&path, &json!({})).await.expect(404);
    }
    let likers = format!("/api/v1/statuses/{post}/favourited_by");
    eve.get(&likers).await.expect(404);
    server.anyone().get(&likers).await.expect(404);
    assert_eq!(
        ids(&bob.get(&likers).await.list()),
        std::slice::from_ref(&bob.id)
    );
    // Who stops following no longer sees it among their own marks either.
    bob.unfollow(&ada).await;
    assert!(listed(&bob, "favourites").await.is_empty());
    assert!(listed(&bob, "bookmarks").await.is_empty());
}
