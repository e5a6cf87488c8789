//! Following hashtags.

use business_posts_gateway::Visibility;
use http::header;
use serde_json::json;

use crate::world::{BOB, World};

#[tokio::test]
async fn a_hashtag_says_whether_one_follows_it_to_those_who_may_know() {
    let world = World::new();
    let client = world.client();
    world.posted(BOB, "#sea", Visibility::Public);
    let shown = client.get("", "/api/v1/tags/sea").await.expect(200);
    assert_eq!(shown.get("following"), None, "{shown}");
    let shown = client.get("ada", "/api/v1/tags/sea").await.expect(200);
    assert_eq!(shown["following"], false);
    let follow = client.post_form("ada", "/api/v1/tags/Sea/follow", "").await;
    let followed = follow.expect(200);
    assert_eq!(
        (&followed["name"], &followed["following"]),
        (&json!("sea"), &json!(true))
    );
    assert_eq!(followed["history"][0]["uses"], "1");
    let shown = client.get("ada", "/api/v1/tags/SEA").await.expect(200);
    assert_eq!(shown["following"], true);
    let found = client.get("ada", "/api/v2/search?q=sea").await.expect(200);
    assert_eq!(found["hashtags"][0]["following"], true);
    for token in ["bob", "ada-writes"] {
        let shown = client.get(token, "/api/v1/tags/sea").await.expect(200);
        assert_ne!(shown.get("following"), Some(&json!(true)), "{token}");
    }
    let path = "/api/v1/tags/sea/unfollow";
    let unfollowed = client.post_form("ada", path, "").await.expect(200);
    assert_eq!(unfollowed["following"], false);
    let refused = client.post_form("ada", "/api/v1/tags/two%20words/follow", "");
    refused.await.error(404);
    let refused = client.post_form("", "/api/v1/tags/sea/follow", "");
    refused.await.error(401);
}

#[tokio::test]
async fn followed_hashtags_are_paged_by_the_follow() {
    let world = World::new();
    let client = world.client();
    for name in ["sea", "light", "dusk"] {
        let path = format!("/api/v1/tags/{name}/follow");
        client.post_form("ada", &path, "").await.expect(200);
    }
    let first = client.get("ada", "/api/v1/followed_tags?limit=2").await;
    let names = first.expect(200);
    assert_eq!(
        (&names[0]["name"], &names[1]["name"]),
        (&json!("dusk"), &json!("light"))
    );
    assert_eq!(names[0]["following"], true);
    let second = world.followed_tags.lock().unwrap()[1].1.id;
    let link = first.header(header::LINK);
    assert!(link.contains(&format!("max_id={second}")), "{link}");
    let path = format!("/api/v1/followed_tags?limit=2&max_id={second}");
    let rest = client.get("ada", &path).await.expect(200);
    assert_eq!(rest.as_array().unwrap().len(), 1);
    assert_eq!(rest[0]["name"], "sea");
    for (token, path) in [
        ("bob", "/api/v1/followed_tags"),
        ("ada", "/api/v1/followed_tags?limit=0"),
    ] {
        assert_eq!(client.get(token, path).await.expect(200), json!([]));
    }
    client
        .get("ada-writes", "/api/v1/followed_tags")
        .await
        .error(403);
}
