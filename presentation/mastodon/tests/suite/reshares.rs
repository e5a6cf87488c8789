//! Resharing statuses.

use business_posts_gateway::Visibility;
use serde_json::{Value, json};

use crate::world::{ADA, BOB, Client, World};

async fn reblog(client: &Client, token: &str, id: &str, form: &str) -> Value {
    let path = format!("/api/v1/statuses/{id}/reblog");
    client.post_form(token, &path, form).await.expect(200)
}

#[tokio::test]
async fn a_reshare_holds_the_status_with_its_counts_and_the_viewers_marks() {
    let world = World::new();
    let client = world.client();
    let post = world.posted(BOB, "a lake", Visibility::Public).to_string();
    let reshare = reblog(&client, "ada", &post, "visibility=unlisted").await;
    assert_eq!(reshare["visibility"], "unlisted");
    assert_eq!(reshare["account"]["acct"], "ada");
    assert_eq!(reshare["content"], "");
    let inside = &reshare["reblog"];
    assert_eq!(
        (&inside["id"], &inside["account"]["acct"]),
        (&json!(post), &json!("bob"))
    );
    assert_eq!(
        (&inside["reblogs_count"], &inside["reblogged"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(inside["reblog"], Value::Null);
    let again = reblog(&client, "ada", reshare["id"].as_str().unwrap(), "").await;
    assert_eq!(again["id"], reshare["id"]);
    let path = format!("/api/v1/statuses/{post}");
    for (token, marked) in [("bob", json!(false)), ("", Value::Null)] {
        let shown = client.get(token, &path).await.expect(200);
        assert_eq!(
            (&shown["reblogs_count"], &shown["reblogged"]),
            (&json!(1), &marked)
        );
        let who = client.get(token, &format!("{path}/reblogged_by")).await;
        assert_eq!(who.expect(200)[0]["acct"], "ada");
    }
    // Home and the public list hold one of the two.
    let home = client
        .get("ada", "/api/v1/timelines/home")
        .await
        .expect(200);
    assert_eq!(home.as_array().unwrap().len(), 1);
    assert_eq!(home[0]["id"], post);
    let path = format!("/api/v1/statuses/{post}/unreblog");
    for _ in 0..2 {
        let back = client.post_form("ada", &path, "").await.expect(200);
        assert_eq!(
            (&back["id"], &back["reblogged"]),
            (&json!(post), &json!(false))
        );
        assert_eq!(back["reblogs_count"], 0);
    }
}

#[tokio::test]
async fn what_one_may_not_see_is_neither_reshared_nor_shown_by_a_reshare() {
    let world = World::new();
    let client = world.client();
    let hidden = world.posted(BOB, "for friends", Visibility::Direct);
    let path = format!("/api/v1/statuses/{hidden}");
    client
        .post_form("ada", &format!("{path}/reblog"), "")
        .await
        .error(404);
    client
        .get("ada", &format!("{path}/reblogged_by"))
        .await
        .error(404);
    client
        .post_form("ada", &format!("{path}/unreblog"), "")
        .await
        .error(404);
    let reshare = world.posted(ADA, "", Visibility::Public);
    world.change(reshare, |post| post.reshare_of_id = hidden);
    for (token, expected) in [("ada", 404), ("", 404), ("bob", 200)] {
        let path = format!("/api/v1/statuses/{reshare}");
        assert_eq!(client.get(token, &path).await.status, expected, "{token}");
        let of_ada = format!("/api/v1/accounts/{ADA}/statuses");
        let listed = client.get(token, &of_ada).await.expect(200);
        assert_eq!(
            listed.as_array().unwrap().is_empty(),
            expected == 404,
            "{token}"
        );
    }
    // What was reshared is not there any more.
    world.change(reshare, |post| post.reshare_of_id = 999_999);
    client
        .get("bob", &format!("/api/v1/statuses/{reshare}"))
        .await
        .error(404);
}

#[tokio::test]
async fn a_pin_is_its_authors_and_of_the_post_itself() {
    let world = World::new();
    let client = world.client();
    let post = world.posted(BOB, "a lake", Visibility::Public).to_string();
    let other = world.posted(BOB, "another", Visibility::Public).to_string();
    let act = async |token: &str, id: &str, verb: &str| {
        let path = format!("/api/v1/statuses/{id}/{verb}");
        client.post_form(token, &path, "").await.expect(200)
    };
    for id in [&post, &other] {
        assert_eq!(act("bob", id, "pin").await["pinned"], true);
    }
    for token in ["ada", "bob"] {
        let reshare = act(token, &post, "reblog").await;
        assert_eq!(reshare["pinned"], false, "{token}");
        assert_eq!(reshare["reblog"]["pinned"], token == "bob", "{token}");
    }
    let path = format!("/api/v1/accounts/{BOB}/statuses?pinned=true");
    for (query, expected) in [
        ("".to_owned(), 2),
        ("&limit=1".to_owned(), 1),
        ("&limit=0".to_owned(), 0),
        (format!("&max_id={post}"), 0),
        (format!("&since_id={post}"), 1),
    ] {
        let listed = client.get("ada", &format!("{path}{query}")).await;
        let listed = listed.expect(200);
        assert_eq!(listed.as_array().unwrap().len(), expected, "{query}");
    }
    let own = reblog(&client, "bob", &post, "").await;
    let unpinned = act("bob", own["id"].as_str().unwrap(), "unpin").await;
    assert_eq!(
        (&unpinned["id"], &unpinned["pinned"]),
        (&json!(post), &json!(false))
    );
    let listed = client.get("ada", &path).await.expect(200);
    assert_eq!(listed[0]["id"], other);
}

#[tokio::test]
async fn a_post_stands_beside_its_reshare_where_both_are_asked_for() {
    let world = World::new();
    let client = world.client();
    let post = world.posted(BOB, "a lake", Visibility::Public).to_string();
    let reshare = reblog(&client, "bob", &post, "visibility=public").await;
    let reshare = reshare["id"].as_str().unwrap();
    for path in [
        format!("/api/v1/accounts/{BOB}/statuses"),
        format!("/api/v1/statuses?id[]={reshare}&id[]={post}"),
    ] {
        // Nothing is kept yet.
        let listed = world.client().get("ada", &path).await.expect(200);
        let ids = [
            &listed[0]["id"],
            &listed[1]["id"],
            &listed[0]["reblog"]["id"],
        ];
        assert_eq!(ids, [reshare, &post, &post], "{path}");
    }
}

#[tokio::test]
async fn a_reshare_that_one_may_not_see_is_as_if_it_were_not_there() {
    let world = World::new();
    let client = world.client();
    let older = world.posted(BOB, "older", Visibility::Public).to_string();
    let post = world.posted(ADA, "a lake", Visibility::Public).to_string();
    let reshare = reblog(&client, "bob", &post, "visibility=private").await;
    let reshare = reshare["id"].as_str().unwrap();
    for verb in [
        "favourite",
        "unfavourite",
        "unbookmark",
        "reblog",
        "unreblog",
    ] {
        let path = format!("/api/v1/statuses/{reshare}/{verb}");
        client.post_form("ada", &path, "").await.error(404);
    }
    // A page that it would have filled goes on below it.
    world.change(reshare.parse().unwrap(), |it| {
        it.visibility = Visibility::Public.into();
    });
    world.change(post.parse().unwrap(), |it| {
        it.visibility = Visibility::Direct.into();
    });
    let path = format!("/api/v1/accounts/{BOB}/statuses?limit=1");
    let listed = client.get("", &path).await.expect(200);
    assert_eq!(listed[0]["id"], older);
}

#[tokio::test]
async fn a_visibility_that_is_none_and_a_token_that_may_not_write_are_refused() {
    let world = World::new();
    let client = world.client();
    let post = world.posted(BOB, "a lake", Visibility::Public);
    let path = format!("/api/v1/statuses/{post}/reblog");
    client
        .post_form("ada", &path, "visibility=everyone")
        .await
        .error(422);
    for token in ["ada-reads", ""] {
        let reply = client.post_form(token, &path, "").await;
        reply.error(if token.is_empty() { 401 } else { 403 });
    }
}
