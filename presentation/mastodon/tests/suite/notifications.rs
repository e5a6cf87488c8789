//! What one was told, and how far one has read.

use business_posts_gateway::Visibility;
use http::Method;
use product_notifications_gateway::Kind;
use serde_json::{Value, json};

use crate::world::{ADA, BOB, Client, World};

async fn listed(client: &Client, query: &str) -> Vec<String> {
    let path = format!("/api/v1/notifications{query}");
    let listed = client.get("ada", &path).await.expect(200);
    let listed = listed.as_array().unwrap().iter();
    listed
        .map(|one| one["type"].as_str().unwrap().to_owned())
        .collect()
}

async fn unread(client: &Client, query: &str) -> Value {
    let path = format!("/api/v1/notifications/unread_count{query}");
    client.get("ada-is-told", &path).await.expect(200)["count"].clone()
}

#[tokio::test]
async fn each_kind_is_shown_whole() {
    let world = World::new();
    let client = world.client();
    let own = world.posted(ADA, "a lake", Visibility::Public);
    let reply = world.posted(BOB, "how still", Visibility::Public);
    world.notify(Kind::Follow, BOB, 0);
    world.notify(Kind::Favourite, BOB, own);
    let newest = world.notify(Kind::Mention, BOB, reply);
    let all = client.get("ada-is-told", "/api/v1/notifications").await;
    let all = all.expect(200);
    for (index, kind, status) in [
        (0, "mention", json!(reply.to_string())),
        (1, "favourite", json!(own.to_string())),
        (2, "follow", json!(null)),
    ] {
        let one = &all[index];
        assert_eq!(
            (&one["type"], &one["status"]["id"]),
            (&json!(kind), &status)
        );
        assert_eq!(one["account"]["acct"], "bob");
        assert_eq!(one["created_at"], "2026-03-01T09:30:00.125Z");
        let key = format!("ungrouped-{}", one["id"].as_str().unwrap());
        assert_eq!(one["group_key"], key);
        let path = format!("/api/v1/notifications/{}", one["id"].as_str().unwrap());
        assert_eq!(client.get("ada", &path).await.expect(200), *one);
        client.get("bob", &path).await.error(404);
    }
    assert_eq!(all[0]["id"], newest.to_string());
    assert_eq!(all[2].get("status"), None);
}

#[tokio::test]
async fn pages_and_filters() {
    let world = World::new();
    let client = world.client();
    let own = world.posted(ADA, "a lake", Visibility::Public);
    world.notify(Kind::Follow, BOB, 0);
    let second = world.notify(Kind::Favourite, BOB, own);
    let third = world.notify(Kind::Mention, BOB, own);
    for (query, expected) in [
        ("", &["mention", "favourite", "follow"][..]),
        ("?types[]=follow&types[]=mention", &["mention", "follow"]),
        ("?exclude_types[]=follow", &["mention", "favourite"]),
        ("?types[]=poll", &[]),
        ("?types[]=poll&types[]=follow", &["follow"]),
        ("?exclude_types[]=poll", &["mention", "favourite", "follow"]),
        ("?account_id=8", &["mention", "favourite", "follow"]),
        ("?account_id=9", &[]),
        ("?account_id=bob", &[]),
        ("?account_id=", &["mention", "favourite", "follow"]),
        ("?limit=0", &[]),
    ] {
        assert_eq!(listed(&client, query).await, expected, "{query}");
        if query != "?limit=0" {
            assert_eq!(unread(&client, query).await, expected.len(), "{query}");
        }
    }
    let page = client
        .get(
            "ada",
            "/api/v1/notifications?limit=2&types[]=mention&types[]=favourite",
        )
        .await;
    let links = page.header("link");
    assert!(
        links.contains(&format!("max_id={second}>; rel=\"next\"")),
        "{links}"
    );
    assert!(
        links.contains(&format!("min_id={third}>; rel=\"prev\"")),
        "{links}"
    );
    assert!(links.contains("types[]=mention"), "{links}");
}

#[tokio::test]
async fn what_one_may_not_see_is_left_out_and_the_page_goes_on_below_it() {
    let world = World::new();
    let client = world.client();
    let follow = world.notify(Kind::Follow, BOB, 0);
    let hidden = world.posted(BOB, "for followers", Visibility::Private);
    let id = world.notify(Kind::Mention, BOB, hidden);
    let gone = world.notify(Kind::Mention, BOB, 99);
    let nobody = world.notify(Kind::Follow, 99, 0);
    assert_eq!(listed(&client, "").await, ["follow"]);
    for id in [id, gone, nobody] {
        let path = format!("/api/v1/notifications/{id}");
        client.get("ada", &path).await.error(404);
    }
    // To clients an empty page is the end: what is below is read at once.
    let page = client.get("ada", "/api/v1/notifications?limit=3").await;
    assert_eq!(page.expect(200)[0]["id"], follow.to_string());
    let links = page.header("link");
    assert!(links.contains(&format!("min_id={nobody}>")), "{links}");
    let page = client.get("ada", "/api/v1/notifications?limit=1").await;
    assert_eq!(page.expect(200)[0]["id"], follow.to_string());
    assert_eq!(unread(&client, "?exclude_types[]=follow").await, 0);
    let path = format!("/api/v1/accounts/{BOB}/follow");
    client.post_form("ada", &path, "").await.expect(200);
    assert_eq!(listed(&client, "").await, ["mention", "follow"]);
    assert_eq!(unread(&client, "?exclude_types[]=follow").await, 1);
}

#[tokio::test]
async fn a_mute_says_whether_notifications_are_muted_too() {
    let world = World::new();
    let client = world.client();
    let own = world.posted(ADA, "a lake", Visibility::Public);
    let reply = world.posted(BOB, "how still", Visibility::Public);
    world.notify(Kind::Favourite, BOB, own);
    world.notify(Kind::Mention, BOB, reply);
    let path = format!("/api/v1/accounts/{BOB}/mute");
    for (form, told) in [("notifications=false", 2), ("notifications=true", 0)] {
        world.mutes.lock().unwrap().clear();
        client.post_form("ada", &path, form).await.expect(200);
        assert_eq!(listed(&client, "").await.len(), told, "{form}");
        assert_eq!(unread(&client, "").await, told, "{form}");
    }
    world.mutes.lock().unwrap().clear();
    let path = format!("/api/v1/accounts/{BOB}/block");
    client.post_form("ada", &path, "").await.expect(200);
    assert!(listed(&client, "").await.is_empty());
}

#[tokio::test]
async fn notifications_are_dismissed_and_cleared() {
    let world = World::new();
    let client = world.client();
    let follow = world.notify(Kind::Follow, BOB, 0);
    let path = format!("/api/v1/notifications/{follow}/dismiss");
    client.post_form("bob", &path, "").await.error(404);
    let dismissed = client.post_form("ada-is-told", &path, "").await;
    assert_eq!(dismissed.expect(200), json!({}));
    client.post_form("ada", &path, "").await.error(404);
    world.notify(Kind::Follow, BOB, 0);
    for _ in 0..2 {
        let cleared = client
            .post_form("ada", "/api/v1/notifications/clear", "")
            .await;
        assert_eq!(cleared.expect(200), json!({}));
    }
    assert!(listed(&client, "").await.is_empty());
}

#[tokio::test]
async fn markers_say_what_is_unread() {
    let world = World::new();
    let client = world.client();
    let own = world.posted(ADA, "a lake", Visibility::Public);
    let first = world.notify(Kind::Follow, BOB, 0);
    world.notify(Kind::Favourite, BOB, own);
    assert_eq!(unread(&client, "").await, 2);
    assert_eq!(unread(&client, "?limit=1").await, 1);
    assert_eq!(unread(&client, "?limit=0").await, 0);
    let form = format!("notifications[last_read_id]={first}");
    let set = client.post_form("ada", "/api/v1/markers", &form).await;
    let expected = json!({"notifications": {
        "last_read_id": first.to_string(), "version": 1, "updated_at": "2026-03-01T09:30:00.125Z",
    }});
    assert_eq!(set.expect(200), expected);
    assert_eq!(unread(&client, "").await, 1);
    let body = json!({"home": {"last_read_id": "12"}});
    let set = client
        .json(Method::POST, "ada", "/api/v1/markers", &body)
        .await;
    assert_eq!(set.expect(200)["home"]["last_read_id"], "12");
    for (query, names) in [
        ("", &[][..]),
        ("?timeline[]=home", &["home"]),
        (
            "?timeline[]=notifications&timeline[]=home",
            &["home", "notifications"],
        ),
        ("?timeline[]=lists", &[]),
    ] {
        let path = format!("/api/v1/markers{query}");
        let shown = client.get("ada", &path).await.expect(200);
        let shown: Vec<_> = shown.as_object().unwrap().keys().cloned().collect();
        assert_eq!(shown, names, "{query}");
    }
    let refused = client
        .post_form("ada", "/api/v1/markers", "home[last_read_id]=x")
        .await;
    assert!(refused.error(422).contains("home[last_read_id]"));
    let nothing = client.post_form("ada", "/api/v1/markers", "").await;
    assert_eq!(nothing.expect(200), json!({}));
}

#[tokio::test]
async fn each_asks_for_its_own_scope() {
    let world = World::new();
    let client = world.client();
    for (token, path, scope) in [
        ("ada-likes", "/api/v1/notifications", "read:notifications"),
        ("ada-likes", "/api/v1/notifications/1", "read:notifications"),
        (
            "ada-likes",
            "/api/v1/notifications/unread_count",
            "read:notifications",
        ),
        ("ada-is-told", "/api/v1/markers", "read:statuses"),
    ] {
        let refused = client.get(token, path).await.error(403);
        assert!(refused.contains(scope), "{refused}");
    }
    for (token, path, scope) in [
        (
            "ada-reads",
            "/api/v1/notifications/clear",
            "write:notifications",
        ),
        (
            "ada-reads",
            "/api/v1/notifications/1/dismiss",
            "write:notifications",
        ),
        ("ada-is-told", "/api/v1/markers", "write:statuses"),
    ] {
        let refused = client.post_form(token, path, "").await.error(403);
        assert!(refused.contains(scope), "{refused}");
    }
}
