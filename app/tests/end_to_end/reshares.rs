//! Posts that are shown again: to followers, once, and never to those who may not see the post.

use serde_json::{Value, json};

use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server, eventually};

async fn act(person: &Person, post: &str, verb: &str) -> Value {
    let path = format!("/api/v1/statuses/{post}/{verb}");
    person.post(&path, &json!({})).await.expect(200)
}

async fn reshare(person: &Person, post: &str) -> String {
    reshare_of(person, post, post).await
}

/// Reshares by the id of the post or of a reshare of it.
async fn reshare_of(person: &Person, id: &str, post: &str) -> String {
    let reshare = act(person, id, "reblog").await;
    assert_eq!(text(&reshare, "/reblog/id"), post);
    text(&reshare, "/id")
}

async fn of_account(person: &Person, of: &Person, query: &str) -> Vec<String> {
    let path = format!("/api/v1/accounts/{}/statuses?{query}", of.id);
    ids(&person.get(&path).await.list())
}

async fn resharers(person: &Person, post: &str) -> Vec<String> {
    let path = format!("/api/v1/statuses/{post}/reblogged_by");
    ids(&person.get(&path).await.list())
}

#[tokio::test]
async fn a_reshare_reaches_followers_is_counted_and_told_and_goes_when_it_is_taken_back() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    eve.follow(&bob).await;
    let post = text(&ada.say("a lake at dusk").await, "/id");
    let reshared = reshare(&bob, &post).await;
    assert_eq!(reshare(&bob, &post).await, reshared);
    let found = eve.finds_at_home(&reshared).await;
    assert_eq!(text(&found, "/account/username"), "bob");
    assert_eq!(text(&found, "/reblog/account/username"), "ada");
    let counted = |status: &Value| (status["reblogs_count"].clone(), status["reblogged"].clone());
    assert_eq!(counted(&found["reblog"]), (json!(1), json!(false)));
    let own = bob.get(&format!("/api/v1/statuses/{post}")).await;
    assert_eq!(counted(&own.expect(200)), (json!(1), json!(true)));
    assert_eq!(resharers(&ada, &post).await, std::slice::from_ref(&bob.id));
    let told = eventually("the author to be told", async || {
        ada.get("/api/v1/notifications").await.list().pop()
    })
    .await;
    assert_eq!(text(&told, "/type"), "reblog");
    assert_eq!(text(&told, "/status/id"), post);

    server.kill();
    server.start_again().await;
    let back = act(&bob, &post, "unreblog").await;
    assert_eq!(text(&back, "/id"), post);
    assert_eq!(counted(&back), (json!(0), json!(false)));
    eve.misses_at_home(&reshared).await;
    assert!(resharers(&ada, &post).await.is_empty());
    eventually("the author to be told no more", async || {
        let told = ada.get("/api/v1/notifications?types[]=reblog").await.list();
        told.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_is_done_to_a_reshare_is_done_to_what_it_shows() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    let post = text(&ada.say("a lake at dusk").await, "/id");
    let reshared = reshare(&bob, &post).await;
    for (query, expected) in [
        ("", std::slice::from_ref(&reshared)),
        ("exclude_replies=true", std::slice::from_ref(&reshared)),
        ("exclude_reblogs=true", &[]),
        ("only_media=true", &[]),
    ] {
        assert_eq!(of_account(&eve, &bob, query).await, expected, "{query}");
    }
    let public = ids(&eve.get("/api/v1/timelines/public").await.list());
    assert_eq!(public, std::slice::from_ref(&post));

    let comment = json!({"status": "how still", "in_reply_to_id": reshared});
    let comment = eve.publish(&comment).await;
    assert_eq!(text(&comment, "/in_reply_to_id"), post);
    let path = format!("/api/v1/statuses/{reshared}/context");
    let around = eve.get(&path).await.expect(200);
    assert_eq!(text(&around, "/descendants/0/id"), text(&comment, "/id"));
    for verb in ["favourite", "bookmark", "unbookmark", "unfavourite"] {
        let status = act(&eve, &reshared, verb).await;
        assert_eq!(text(&status, "/id"), post, "{verb}");
    }
    reshare_of(&eve, &reshared, &post).await;
    let back = act(&bob, &reshared, "unreblog").await;
    assert_eq!(text(&back, "/id"), post);
    assert_eq!(back["reblogs_count"], 1);
}

#[tokio::test]
async fn a_reshare_shows_nobody_what_they_may_not_see() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    bob.follow(&ada).await;
    eve.follow(&bob).await;
    // For followers: only its author shows it again, to them.
    let hidden = json!({"status": "for friends", "visibility": "private"});
    let hidden = text(&ada.publish(&hidden).await, "/id");
    let path = format!("/api/v1/statuses/{hidden}/reblog");
    bob.post(&path, &json!({})).await.expect(403);
    eve.post(&path, &json!({})).await.expect(404);
    let own = reshare(&ada, &hidden).await;
    let path = format!("/api/v1/statuses/{own}");
    let shown = bob.get(&path).await.expect(200);
    assert_eq!(text(&shown, "/reblog/id"), hidden);
    eve.get(&path).await.expect(404);
    assert!(of_account(&eve, &ada, "").await.is_empty());

    // Who is blocked by the author sees it by nobody's reshare; who blocks the author neither.
    let post = text(&ada.say("a lake at dusk").await, "/id");
    let reshared = reshare(&bob, &post).await;
    eve.finds_at_home(&reshared).await;
    let block = |who: &Person, what: &str| format!("/api/v1/accounts/{}/{what}", who.id);
    for (by, of) in [(&ada, &eve), (&eve, &ada)] {
        by.post(&block(of, "block"), &json!({})).await.expect(200);
        eve.misses_at_home(&reshared).await;
        assert!(of_account(&eve, &bob, "").await.is_empty());
        by.post(&block(of, "unblock"), &json!({})).await.expect(200);
        eve.finds_at_home(&reshared).await;
    }
    // Who does not want anybody's reshares follows without them.
    let without = format!("/api/v1/accounts/{}/follow", bob.id);
    eve.post(&without, &json!({"reblogs": false}))
        .await
        .expect(200);
    eve.misses_at_home(&reshared).await;
    assert_eq!(
        of_account(&eve, &bob, "").await,
        std::slice::from_ref(&reshared)
    );
}

#[tokio::test]
async fn what_is_deleted_goes_with_its_reshares_and_a_page_shows_nothing_twice() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    for author in [&ada, &bob] {
        eve.follow(author).await;
    }
    let post = text(&ada.say("a lake at dusk").await, "/id");
    let reshared = reshare(&bob, &post).await;
    let last = text(&bob.say("good night").await, "/id");
    eve.finds_at_home(&last).await;
    // The reshare came before: it is there, and the post stands on the same page itself.
    assert_eq!(ids(&eve.home().await), [last.clone(), post.clone()]);
    assert_eq!(text(&act(&eve, &reshared, "bookmark").await, "/id"), post);
    let itself = format!("/api/v1/statuses/{reshared}");
    assert_eq!(
        text(&eve.get(&itself).await.expect(200), "/reblog/id"),
        post
    );

    ada.delete(&format!("/api/v1/statuses/{post}"))
        .await
        .expect(200);
    eve.get(&itself).await.expect(404);
    assert!(!of_account(&eve, &bob, "").await.contains(&reshared));
    eve.misses_at_home(&post).await;
    assert_eq!(ids(&eve.home().await), [last]);
}

#[tokio::test]
async fn who_posts_for_followers_reshares_for_them_unless_they_say_otherwise() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    eve.follow(&bob).await;
    let privacy = json!({"source": {"privacy": "private"}});
    let changed = bob.patch("/api/v1/accounts/update_credentials", &privacy);
    changed.await.expect(200);
    let post = text(&ada.say("a lake at dusk").await, "/id");
    let reshared = act(&bob, &post, "reblog").await;
    assert_eq!(text(&reshared, "/visibility"), "private");
    let path = format!("/api/v1/statuses/{}", text(&reshared, "/id"));
    eve.get(&path).await.expect(200);
    // Neither the author nor anybody else who does not follow learns of it.
    ada.get(&path).await.expect(404);
    let shown = ada.get(&format!("/api/v1/statuses/{post}")).await;
    assert_eq!(shown.expect(200)["reblogs_count"], 0);
    assert!(resharers(&eve, &post).await.is_empty());
    let public = json!({"visibility": "public"});
    let other = text(&ada.say("another").await, "/id");
    let path = format!("/api/v1/statuses/{other}/reblog");
    let reshared = bob.post(&path, &public).await.expect(200);
    assert_eq!(text(&reshared, "/visibility"), "public");
}
