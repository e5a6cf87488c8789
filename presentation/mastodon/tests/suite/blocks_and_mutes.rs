//! Blocking, muting and letting followers go.

use business_posts_gateway::Visibility;
use serde_json::{Value, json};

use crate::world::{ADA, BOB, Client, World};

async fn act(client: &Client, token: &str, id: u64, what: &str) -> Value {
    let path = format!("/api/v1/accounts/{id}/{what}");
    client.post_form(token, &path, "").await.expect(200)
}

/// Bob, whom Ada blocks, finds nothing of a post of hers, wherever he looks.
async fn sees_nothing(client: &Client, of_ada: u64) {
    let path = format!("/api/v1/statuses/{of_ada}");
    client.get("bob", &path).await.error(404);
    for verb in ["favourite", "bookmark"] {
        client
            .post_form("bob", &format!("{path}/{verb}"), "")
            .await
            .error(404);
    }
    client
        .post_form(
            "bob",
            "/api/v1/statuses",
            &format!("status=x&in_reply_to_id={of_ada}"),
        )
        .await
        .error(404);
    for path in [
        format!("/api/v1/accounts/{ADA}/statuses"),
        format!("/api/v1/statuses?id[]={of_ada}"),
    ] {
        assert_eq!(
            client.get("bob", &path).await.expect(200),
            json!([]),
            "{path}"
        );
    }
    let public = client
        .get("bob", "/api/v1/timelines/public")
        .await
        .expect(200);
    assert!(!public.to_string().contains("by Ada"));
}

#[tokio::test]
async fn a_block_hides_each_from_the_other_as_far_as_it_is_meant_to() {
    let world = World::new();
    let client = world.client();
    let of_ada = world.posted(ADA, "by Ada", Visibility::Public);
    let of_bob = world.posted(BOB, "by Bob", Visibility::Public);
    for (token, post) in [("bob", of_ada), ("ada", of_ada), ("ada", of_bob)] {
        let path = format!("/api/v1/statuses/{post}/favourite");
        client.post_form(token, &path, "").await.expect(200);
    }
    let blocked = act(&client, "ada", BOB, "block").await;
    assert_eq!(
        (&blocked["blocking"], &blocked["blocked_by"]),
        (&json!(true), &json!(false))
    );
    let back = format!("/api/v1/accounts/relationships?id[]={ADA}");
    let back = client.get("bob", &back).await.expect(200);
    assert_eq!(back[0]["blocked_by"], true);
    let path = format!("/api/v1/statuses/{of_ada}");
    sees_nothing(&client, of_ada).await;
    // Who blocks sees the other only where they look for them.
    let public = client
        .get("ada", "/api/v1/timelines/public")
        .await
        .expect(200);
    assert!(!public.to_string().contains("by Bob"));
    client
        .get("ada", &format!("/api/v1/statuses/{of_bob}"))
        .await
        .expect(200);
    let likers = client
        .get("ada", &format!("{path}/favourited_by"))
        .await
        .expect(200);
    assert_eq!(likers.as_array().unwrap().len(), 1, "{likers}");
    // Nor reaches them by what they do.
    let like = format!("/api/v1/statuses/{of_bob}/favourite");
    assert_eq!(
        client.post_form("ada", &like, "").await.error(403),
        "This action is not allowed"
    );
    // Everyone else sees both.
    client.get("", &path).await.expect(200);
    let likers = client
        .get("", &format!("{path}/favourited_by"))
        .await
        .expect(200);
    assert_eq!(likers.as_array().unwrap().len(), 2);

    let listed = client.get("ada", "/api/v1/blocks").await.expect(200);
    assert_eq!(listed[0]["acct"], "bob");
    assert_eq!(
        client.get("bob", "/api/v1/blocks").await.expect(200),
        json!([])
    );
    assert_eq!(act(&client, "ada", BOB, "unblock").await["blocking"], false);
    client.get("bob", &path).await.expect(200);
}

#[tokio::test]
async fn a_mute_keeps_out_what_comes_by_itself() {
    let world = World::new();
    let client = world.client();
    let post = world.posted(BOB, "by Bob", Visibility::Public);
    let path = format!("/api/v1/accounts/{BOB}/mute");
    let muted = client.post_form("ada", &path, "").await.expect(200);
    assert_eq!(
        (&muted["muting"], &muted["muting_notifications"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(muted["muting_expires_at"], json!(null));
    let public = client
        .get("ada", "/api/v1/timelines/public")
        .await
        .expect(200);
    assert_eq!(public, json!([]));
    for path in [
        format!("accounts/{BOB}/statuses"),
        format!("statuses?id[]={post}"),
    ] {
        let shown = client
            .get("ada", &format!("/api/v1/{path}"))
            .await
            .expect(200);
        assert_eq!(shown.as_array().unwrap().len(), 1, "{path}");
    }
    let back = format!("/api/v1/accounts/relationships?id[]={ADA}");
    let back = client.get("bob", &back).await.expect(200);
    assert!(!back.to_string().contains("true"), "{back}");
    assert_eq!(act(&client, "ada", BOB, "unmute").await["muting"], false);

    for form in [
        "notifications=false&duration=3600",
        "duration=3600&notifications=0",
    ] {
        world.mutes.lock().unwrap().clear();
        let muted = client.post_form("ada", &path, form).await.expect(200);
        assert_eq!(muted["muting_notifications"], false);
        assert_eq!(muted["muting_expires_at"], "2026-03-01T10:30:00.125Z");
        let listed = client.get("ada", "/api/v1/mutes").await.expect(200);
        assert_eq!(listed[0]["acct"], "bob");
        assert_eq!(listed[0]["mute_expires_at"], "2026-03-01T10:30:00.125Z");
    }
    let refused = client.post_form("ada", &path, "duration=soon").await;
    assert_eq!(refused.expect(422)["field"], "duration");
}

#[tokio::test]
async fn a_page_that_a_mute_would_empty_is_read_on_from() {
    let world = World::new();
    let client = world.client();
    let below = world.posted(ADA, "#sea below", Visibility::Public);
    for number in 0..25 {
        world.posted(BOB, &format!("#sea {number}"), Visibility::Public);
    }
    act(&client, "ada", BOB, "mute").await;
    for path in ["timelines/home", "timelines/public", "timelines/tag/sea"] {
        let page = client.get("ada", &format!("/api/v1/{path}?limit=10")).await;
        let statuses = page.expect(200);
        assert_eq!(statuses[0]["id"], below.to_string(), "{path}");
        // Also when it is read upwards, above what a client has.
        let above = world.posted(ADA, "#sea above", Visibility::Public);
        let upwards = format!("/api/v1/{path}?limit=10&min_id={below}");
        let upwards = client.get("ada", &upwards).await.expect(200);
        assert_eq!(upwards[0]["id"], above.to_string(), "{path}");
        world.posts.lock().unwrap().pop();
        // Upwards it begins at what is newest, which was looked at.
        let newest = world.posts.lock().unwrap().last().unwrap().id;
        let link = page.header("link");
        assert!(link.contains(&format!("min_id={newest}")), "{path}: {link}");
    }
}

#[tokio::test]
async fn who_is_blocked_does_not_learn_whom_the_other_follows() {
    let world = World::new();
    let client = world.client();
    act(&client, "ada", BOB, "follow").await;
    act(&client, "bob", ADA, "follow").await;
    world.blocks.lock().unwrap().push((ADA, BOB));
    for list in ["followers", "following"] {
        let path = format!("/api/v1/accounts/{ADA}/{list}");
        assert_eq!(
            client.get("bob", &path).await.expect(200),
            json!([]),
            "{list}"
        );
        // One's own list is whole; another's leaves out whom one blocks.
        let own = client.get("ada", &path).await.expect(200);
        assert_eq!(own.as_array().unwrap().len(), 1, "{list}");
        let shown = client.get("", &path).await.expect(200);
        assert_eq!(shown.as_array().unwrap().len(), 1, "{list}");
    }
}

#[tokio::test]
async fn who_blocks_or_mutes_themselves_changes_nothing() {
    let world = World::new();
    let client = world.client();
    for verb in ["block", "mute"] {
        let relationship = act(&client, "ada", ADA, verb).await;
        assert!(!relationship.to_string().contains("true"), "{relationship}");
    }
    assert!(world.blocks.lock().unwrap().is_empty());
    assert!(world.mutes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_follower_is_let_go() {
    let world = World::new();
    let client = world.client();
    act(&client, "bob", ADA, "follow").await;
    for _ in 0..2 {
        let relationship = act(&client, "ada", BOB, "remove_from_followers").await;
        assert_eq!(relationship["followed_by"], false);
    }
}

#[tokio::test]
async fn each_asks_for_its_scope_and_for_an_account_that_is_there() {
    let world = World::new();
    let client = world.client();
    for (verb, scope) in [
        ("block", "write:blocks"),
        ("unblock", "write:blocks"),
        ("mute", "write:mutes"),
        ("unmute", "write:mutes"),
        ("remove_from_followers", "write:follows"),
    ] {
        let path = format!("/api/v1/accounts/{BOB}/{verb}");
        let refused = client.post_form("ada-reads", &path, "").await.error(403);
        assert!(refused.contains(scope), "{refused}");
        client.post_form("", &path, "").await.error(401);
        let nobody = format!("/api/v1/accounts/999/{verb}");
        client.post_form("ada", &nobody, "").await.error(404);
    }
    for (list, scope) in [("blocks", "read:blocks"), ("mutes", "read:mutes")] {
        let path = format!("/api/v1/{list}");
        let refused = client.get("ada-writes", &path).await.error(403);
        assert!(refused.contains(scope), "{refused}");
    }
}
