//! Likes and bookmarks.

use business_posts_gateway::Visibility;
use serde_json::{Value, json};

use crate::world::{BOB, Client, World};

async fn act(client: &Client, token: &str, id: u64, what: &str) -> Value {
    let path = format!("/api/v1/statuses/{id}/{what}");
    client.post_form(token, &path, "").await.expect(200)
}

fn ids(listed: &Value) -> Vec<String> {
    let listed = listed.as_array().unwrap().iter();
    listed
        .map(|status| status["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_like_is_counted_for_all_and_marked_for_whose_it_is() {
    let world = World::new();
    let client = world.client();
    let post = world.posted(BOB, "a lake", Visibility::Public);
    for _ in 0..2 {
        let liked = act(&client, "ada", post, "favourite").await;
        assert_eq!(liked["favourites_count"], 1);
        assert_eq!(liked["favourited"], true);
    }
    let path = format!("/api/v1/statuses/{post}");
    for (token, marked) in [
        ("ada", json!(true)),
        ("bob", json!(false)),
        ("", json!(null)),
    ] {
        let shown = client.get(token, &path).await.expect(200);
        assert_eq!(shown["favourites_count"], 1);
        assert_eq!(shown["favourited"], marked, "{token}");
    }
    let likers = client.get("", &format!("{path}/favourited_by")).await;
    assert_eq!(likers.expect(200)[0]["acct"], "ada");
    for _ in 0..2 {
        let unliked = act(&client, "ada", post, "unfavourite").await;
        assert_eq!(unliked["favourites_count"], 0);
        assert_eq!(unliked["favourited"], false);
    }
    let likers = client.get("", &format!("{path}/favourited_by")).await;
    assert_eq!(likers.expect(200), json!([]));
}

#[tokio::test]
async fn a_bookmark_is_seen_by_nobody_else() {
    let world = World::new();
    let client = world.client();
    let post = world.posted(BOB, "a lake", Visibility::Public);
    let marked = act(&client, "ada", post, "bookmark").await;
    assert_eq!(marked["bookmarked"], true);
    let shown = client.get("bob", &format!("/api/v1/statuses/{post}")).await;
    assert_eq!(shown.expect(200)["bookmarked"], false);
    let own = client.get("ada", "/api/v1/bookmarks").await.expect(200);
    assert_eq!(ids(&own), [post.to_string()]);
    let others = client.get("bob", "/api/v1/bookmarks").await.expect(200);
    assert_eq!(others, json!([]));
    let unmarked = act(&client, "ada", post, "unbookmark").await;
    assert_eq!(unmarked["bookmarked"], false);
}

#[tokio::test]
async fn lists_are_paged_by_the_marks_and_not_by_the_posts() {
    let world = World::new();
    let client = world.client();
    let older = world.posted(BOB, "older", Visibility::Public);
    let newer = world.posted(BOB, "newer", Visibility::Public);
    for (verb, list) in [("favourite", "favourites"), ("bookmark", "bookmarks")] {
        // The older post is marked last, and comes first.
        act(&client, "ada", newer, verb).await;
        act(&client, "ada", older, verb).await;
        let path = format!("/api/v1/{list}");
        let all = client.get("ada", &path).await.expect(200);
        assert_eq!(ids(&all), [older.to_string(), newer.to_string()], "{list}");
        let first = client.get("ada", &format!("{path}?limit=1")).await;
        assert_eq!(ids(&first.expect(200)), [older.to_string()]);
        let link = first.header("link");
        let next = link.split(['<', '>']).nth(1).unwrap();
        let next = next.strip_prefix("http://p.example").unwrap();
        assert!(!next.contains(&older.to_string()), "{next}");
        let second = client.get("ada", next).await.expect(200);
        assert_eq!(ids(&second), [newer.to_string()], "{list}");
        let none = client.get("ada", &format!("{path}?limit=0")).await;
        assert_eq!(none.expect(200), json!([]));
    }
}

#[tokio::test]
async fn what_one_may_not_see_cannot_be_marked_nor_who_likes_it_learned() {
    let world = World::new();
    let client = world.client();
    let hidden = world.posted(BOB, "for followers", Visibility::Private);
    act(&client, "bob", hidden, "favourite").await;
    for id in [hidden, 5] {
        for verb in ["favourite", "unfavourite", "bookmark", "unbookmark"] {
            let path = format!("/api/v1/statuses/{id}/{verb}");
            client.post_form("ada", &path, "").await.error(404);
            client.post_form("", &path, "").await.error(401);
        }
        let likers = client
            .get("ada", &format!("/api/v1/statuses/{id}/favourited_by"))
            .await;
        likers.error(404);
    }
    assert_eq!(world.likes.lock().unwrap().len(), 1);
    assert!(world.bookmarks.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_mark_of_what_has_become_hidden_can_be_taken_back() {
    let world = World::new();
    let client = world.client();
    let post = world.posted(BOB, "a lake", Visibility::Public);
    act(&client, "ada", post, "favourite").await;
    act(&client, "ada", post, "bookmark").await;
    let mut posts = world.posts.lock().unwrap().clone();
    posts[0].visibility = Visibility::Private.into();
    *world.posts.lock().unwrap() = posts;
    for list in ["favourites", "bookmarks"] {
        let listed = client.get("ada", &format!("/api/v1/{list}")).await;
        assert_eq!(listed.expect(200), json!([]));
    }
    for verb in ["unfavourite", "unbookmark"] {
        let path = format!("/api/v1/statuses/{post}/{verb}");
        client.post_form("ada", &path, "").await.error(404);
    }
    assert!(world.likes.lock().unwrap().is_empty());
    assert!(world.bookmarks.lock().unwrap().is_empty());
}

#[tokio::test]
async fn each_asks_for_its_own_scope() {
    let world = World::new();
    let client = world.client();
    let open = world.posted(BOB, "a lake", Visibility::Public);
    let hidden = world.posted(BOB, "for followers", Visibility::Private);
    let path = format!("/api/v1/accounts/{BOB}/follow");
    client.post_form("ada", &path, "").await.expect(200);
    act(&client, "ada-likes", open, "favourite").await;
    client
        .get("ada-likes", "/api/v1/favourites")
        .await
        .expect(200);
    let refused = client.get("ada-likes", "/api/v1/bookmarks").await;
    assert!(refused.error(403).contains("read:bookmarks"));
    for (token, verb, scope) in [
        ("ada-likes", "bookmark", "write:bookmarks"),
        ("ada-reads", "favourite", "write:favourites"),
        ("ada-reads", "unbookmark", "write:bookmarks"),
    ] {
        let path = format!("/api/v1/statuses/{open}/{verb}");
        let refused = client.post_form(token, &path, "").await.error(403);
        assert!(refused.contains(scope), "{refused}");
    }
    // A token that may not read statuses learns nothing of one that not everyone may see.
    for (token, status) in [("ada-writes", 404), ("ada-likes", 404), ("ada", 200)] {
        let path = format!("/api/v1/statuses/{hidden}/favourite");
        client.post_form(token, &path, "").await.expect(status);
    }
}
