use std::time::Duration;

use business_posts_gateway::Visibility;
use http::header;
use infra_kernel::{AccountId, Context, Page};
use serde_json::{Value, json};

use crate::world::{ADA, BOB, TestResponse, World};

fn texts(statuses: &Value) -> Vec<&str> {
    let statuses = statuses.as_array().unwrap().iter();
    statuses
        .map(|status| status["content"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn home_is_paged_by_links() {
    let world = World::new();
    let ids = ["one", "two", "three"].map(|text| world.posted(ADA, text, Visibility::Public));
    let client = world.client();
    let first = client.get("ada", "/api/v1/timelines/home?limit=2").await;
    assert_eq!(texts(&first.expect(200)), ["<p>three</p>", "<p>two</p>"]);
    assert_eq!(first.header(header::CONTENT_TYPE), "application/json");
    let expected = format!(
        "<http://p.example/api/v1/timelines/home?limit=2&max_id={}>; rel=\"next\", \
         <http://p.example/api/v1/timelines/home?limit=2&min_id={}>; rel=\"prev\"",
        ids[1], ids[2]
    );
    assert_eq!(first.header(header::LINK), expected);
    let next = format!("/api/v1/timelines/home?limit=2&max_id={}", ids[1]);
    let second = client.get("ada", &next).await;
    assert_eq!(texts(&second.expect(200)), ["<p>one</p>"]);
    assert!(!second.header(header::LINK).contains("next"));
    let nothing = client.get("ada", "/api/v1/timelines/home?limit=x").await;
    assert_eq!(nothing.expect(200), serde_json::json!([]));
    assert_eq!(nothing.header(header::LINK), "");
}

#[tokio::test]
async fn a_page_of_more_photos_than_one_call_may_name_is_whole() {
    let world = World::new();
    for number in 0..30 {
        let id = world.posted(ADA, &format!("album {number}"), Visibility::Public);
        world.illustrate(id, 20);
    }
    let client = world.client();
    for reader in ["ada", "bob"] {
        let page = client
            .get(reader, "/api/v1/timelines/public?limit=40")
            .await
            .expect(200);
        let statuses = page.as_array().unwrap();
        assert_eq!(statuses.len(), 30);
        for status in statuses {
            let photos = status["media_attachments"].as_array().unwrap();
            assert_eq!(photos.len(), 20, "{}", status["content"]);
        }
    }
}

#[tokio::test]
async fn the_second_reader_gets_the_same_bytes_but_for_their_marks() {
    let world = World::new();
    world.posted(ADA, "hello", Visibility::Public);
    let client = world.client();
    let cold = client.get("ada", "/api/v1/timelines/public").await;
    let warm = client.get("bob", "/api/v1/timelines/public").await;
    assert_eq!(cold.body, warm.body);
    assert_eq!(cold.expect(200)[0]["favourited"], false);
    let visitor = client.get("", "/api/v1/timelines/public").await.expect(200);
    assert_eq!(visitor[0].get("favourited"), None);
    assert_eq!(visitor[0]["content"], "<p>hello</p>");
}

#[tokio::test]
async fn a_reply_is_counted_at_once_though_the_post_stays_as_it_is() {
    let world = World::new();
    let id = world.posted(ADA, "hello", Visibility::Public);
    let client = world.client();
    let path = format!("/api/v1/statuses/{id}");
    let before = client.get("bob", &path).await;
    let counted = |response: &TestResponse| response.expect(200)["replies_count"].clone();
    assert_eq!(counted(&before), 0);
    let reply = json!({"status": "hello back", "in_reply_to_id": id.to_string()});
    client
        .json(http::Method::POST, "bob", "/api/v1/statuses", &reply)
        .await
        .expect(200);
    let after = client.get("bob", &path).await;
    assert_eq!(counted(&after), 1);
    let listed = client
        .get("bob", "/api/v1/timelines/public")
        .await
        .expect(200);
    assert_eq!(listed[1]["replies_count"], 1);
    let text = |response: &TestResponse| String::from_utf8(response.body.to_vec()).unwrap();
    let moved = text(&before).replace("\"replies_count\":0", "\"replies_count\":1");
    assert_eq!(text(&after), moved);
}

#[tokio::test]
async fn no_list_shows_what_the_rules_deny() {
    let world = World::new();
    world.posted(BOB, "for followers", Visibility::Private);
    world.posted(BOB, "for all", Visibility::Public);
    let client = world.client();
    for path in ["/api/v1/timelines/home", "/api/v1/accounts/8/statuses"] {
        let seen = client.get("ada", path).await.expect(200);
        assert_eq!(texts(&seen), ["<p>for all</p>"], "{path}");
    }
    let own = client
        .get("bob", "/api/v1/accounts/8/statuses")
        .await
        .expect(200);
    assert_eq!(own.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn filters_narrow_an_accounts_statuses() {
    let world = World::new();
    let first = world.posted(ADA, "first", Visibility::Public);
    let client = world.client();
    let reply = json!({"status": "more", "in_reply_to_id": first.to_string()});
    client
        .json(http::Method::POST, "ada", "/api/v1/statuses", &reply)
        .await
        .expect(200);
    for (query, expected) in [
        ("", vec!["<p>more</p>", "<p>first</p>"]),
        ("exclude_replies=true", vec!["<p>first</p>"]),
        (
            "exclude_replies=1&exclude_reblogs=1&limit=5",
            vec!["<p>first</p>"],
        ),
        ("only_media=true", vec![]),
        ("pinned=true", vec![]),
    ] {
        let path = format!("/api/v1/accounts/7/statuses?{query}");
        assert_eq!(
            texts(&client.get("", &path).await.expect(200)),
            expected,
            "{query}"
        );
    }
    client
        .get("", "/api/v1/accounts/999/statuses")
        .await
        .error(404);
}

#[tokio::test]
async fn other_servers_have_no_posts_here() {
    let world = World::new();
    world.posted(ADA, "here", Visibility::Public);
    let client = world.client();
    let remote = client.get("", "/api/v1/timelines/public?remote=true").await;
    assert_eq!(remote.expect(200), json!([]));
    let local = client.get("", "/api/v1/timelines/public?local=true").await;
    assert_eq!(texts(&local.expect(200)), ["<p>here</p>"]);
}

#[tokio::test]
async fn the_home_of_the_page_is_full_of_what_replies_to_nothing() {
    let world = World::new();
    let mut expected = Vec::new();
    for number in 0..100 {
        let visibility = if number % 10 == 0 {
            Visibility::Private
        } else {
            Visibility::Public
        };
        let id = world.posted(BOB, "a", visibility);
        if number % 3 == 0 {
            expected.extend((visibility == Visibility::Public).then_some(id));
        } else {
            let mut posts = world.posts.lock().unwrap();
            posts.last_mut().unwrap().in_reply_to_id = 7;
        }
    }
    expected.reverse();
    let (surface, context) = (
        world.surface(),
        Context::background(Duration::from_secs(60)),
    );
    let (mut page, mut found) = (Page::newest(5), Vec::new());
    loop {
        let home = surface
            .reader
            .home_top_level(&context, AccountId::new(ADA), page)
            .await
            .unwrap();
        let full = home.items.len() == 5;
        found.extend(home.items.iter().map(|card| card.head.id));
        match home.cursors.oldest {
            Some(oldest) => page.before = oldest,
            None => break,
        }
        assert!(full, "a page before the last has room");
    }
    assert_eq!(found, expected);
}
