//! What people are told: once, no longer when it was taken back, and never of what they may not
//! see.

use serde_json::{Value, json};

use crate::harness::caller::text;
use crate::harness::{Person, Server, eventually};

/// What somebody was told: its type, by whom, about which post. In no order: events of different
/// kinds arrive in any.
async fn notified(person: &Person) -> Vec<(String, String, String)> {
    let all = person.get("/api/v1/notifications").await.list();
    let mut notified: Vec<_> = all.iter().map(of).collect();
    notified.sort();
    notified
}

fn of(notification: &Value) -> (String, String, String) {
    let post = notification.pointer("/status/id").and_then(Value::as_str);
    (
        text(notification, "/type"),
        text(notification, "/account/username"),
        post.unwrap_or_default().to_owned(),
    )
}

/// Waits until somebody was told this and nothing else.
async fn is_told(person: &Person, expected: &[(&str, &str, &str)]) {
    let of = |(kind, who, post): &(&str, &str, &str)| {
        ((*kind).to_owned(), (*who).to_owned(), (*post).to_owned())
    };
    let mut expected: Vec<_> = expected.iter().map(of).collect();
    expected.sort();
    eventually("what is told", async || {
        (notified(person).await == expected).then_some(())
    })
    .await;
}

async fn act(person: &Person, post: &str, verb: &str) {
    let path = format!("/api/v1/statuses/{post}/{verb}");
    person.post(&path, &json!({})).await.expect(200);
}

async fn reply_to(person: &Person, post: &str, words: &str) -> String {
    let reply = json!({"status": words, "in_reply_to_id": post});
    text(&person.publish(&reply).await, "/id")
}

#[tokio::test]
async fn likes_comments_mentions_and_follows_are_told_once_and_taken_back() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let post = text(&ada.say("a lake at dusk").await, "/id");
    bob.follow(&ada).await;
    act(&bob, &post, "favourite").await;
    act(&bob, &post, "favourite").await;
    let comment = reply_to(&bob, &post, "how still").await;
    let both = reply_to(&bob, &post, "@ada and @bob too").await;
    let own = reply_to(&ada, &post, "@ada thinks so as well").await;
    let mention = text(&bob.say("seen by @ada").await, "/id");
    let all = [
        ("follow", "bob", ""),
        ("favourite", "bob", &*post),
        ("mention", "bob", &*comment),
        ("mention", "bob", &*both),
        ("mention", "bob", &*mention),
    ];
    is_told(&ada, &all).await;
    assert!(notified(&bob).await.is_empty());
    assert!(!notified(&ada).await.iter().any(|one| one.2 == own));

    // A kill and a start keep it, and what is delivered again tells nothing twice.
    server.kill();
    server.start_again().await;
    is_told(&ada, &all).await;
    act(&bob, &post, "unfavourite").await;
    bob.unfollow(&ada).await;
    bob.delete(&format!("/api/v1/statuses/{mention}"))
        .await
        .expect(200);
    is_told(&ada, &all[2..4]).await;
    // What is done again is told again.
    act(&bob, &post, "favourite").await;
    is_told(&ada, &all[1..4]).await;
    ada.post("/api/v1/notifications/clear", &json!({}))
        .await
        .expect(200);
    assert!(notified(&ada).await.is_empty());
}

#[tokio::test]
async fn a_post_that_one_may_not_see_is_neither_shown_nor_counted() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let post = text(&ada.say("a lake at dusk").await, "/id");
    let hidden = json!({"status": "psst", "in_reply_to_id": post, "visibility": "private"});
    let hidden = text(&bob.publish(&hidden).await, "/id");
    let shown = text(&bob.say("@ada look").await, "/id");
    // The events of one author are handled in their order: the first was handled, too.
    is_told(&ada, &[("mention", "bob", &shown)]).await;
    let unread = async || {
        let reply = ada.get("/api/v1/notifications/unread_count").await;
        reply.expect(200)["count"].clone()
    };
    assert_eq!(unread().await, 1);
    ada.follow(&bob).await;
    let both = [("mention", "bob", &*shown), ("mention", "bob", &*hidden)];
    is_told(&ada, &both).await;
    assert_eq!(unread().await, 2);
    ada.unfollow(&bob).await;
    assert_eq!(notified(&ada).await.len(), 1);
    assert_eq!(unread().await, 1);
    let pages = ada.every_page("/api/v1/notifications?limit=1").await;
    assert_eq!(pages.len(), 1);
    let markers = json!({"notifications": {"last_read_id": pages[0]}});
    ada.post("/api/v1/markers", &markers).await.expect(200);
    assert_eq!(unread().await, 0);
}

/// Of each group: its type, how many it counts, who did it, and its key.
async fn groups(person: &Person, query: &str) -> Vec<(String, u64, Vec<String>, String)> {
    let path = format!("/api/v2/notifications{query}");
    let page = person.get(&path).await.expect(200);
    let groups = page["notification_groups"].as_array().unwrap().iter();
    let group = |group: &Value| {
        let ids = group["sample_account_ids"].as_array().unwrap().iter();
        let ids = ids.map(|id| id.as_str().unwrap().to_owned()).collect();
        let count = group["notifications_count"].as_u64().unwrap();
        (text(group, "/type"), count, ids, text(group, "/group_key"))
    };
    groups.map(group).collect()
}

#[tokio::test]
async fn likes_of_one_post_are_told_as_one_and_only_those_that_may_be_seen_count() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    let post = text(&ada.say("a lake at dusk").await, "/id");
    act(&bob, &post, "favourite").await;
    is_told(&ada, &[("favourite", "bob", &post)]).await;
    act(&eve, &post, "favourite").await;
    let both = [("favourite", "bob", &*post), ("favourite", "eve", &*post)];
    is_told(&ada, &both).await;
    bob.follow(&ada).await;
    let all = [both[0], both[1], ("follow", "bob", "")];
    is_told(&ada, &all).await;

    let told = groups(&ada, "").await;
    let kinds: Vec<_> = told
        .iter()
        .map(|(kind, count, ..)| (&**kind, *count))
        .collect();
    assert_eq!(kinds, [("follow", 1), ("favourite", 2)]);
    let (.., samples, key) = &told[1];
    assert_eq!(*samples, [&*eve.id, &*bob.id]);
    server.kill();
    server.start_again().await;
    assert_eq!(groups(&ada, "").await, told);

    // What somebody did whom one blocks is neither named nor counted.
    let path = format!("/api/v1/accounts/{}/block", eve.id);
    ada.post(&path, &json!({})).await.expect(200);
    let likes = groups(&ada, "?types[]=favourite").await;
    let of_bob = ("favourite".to_owned(), 1, vec![bob.id.clone()], key.clone());
    assert_eq!(likes, [of_bob]);
    let path = format!("/api/v2/notifications/{key}");
    let accounts = ada.get(&format!("{path}/accounts")).await.list();
    assert_eq!(accounts.len(), 1);
    act(&bob, &post, "unfavourite").await;
    eventually("the like to go", async || {
        groups(&ada, "?types[]=favourite")
            .await
            .is_empty()
            .then_some(())
    })
    .await;
    ada.get(&path).await.refused(404);
    let (.., follow) = &groups(&ada, "").await[0];
    let path = format!("/api/v2/notifications/{follow}/dismiss");
    ada.post(&path, &json!({})).await.expect(200);
    assert!(groups(&ada, "").await.is_empty());
}

#[tokio::test]
async fn each_post_of_somebody_is_told_to_those_who_follow_for_it() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    let follow = async |person: &Person, notify: bool| {
        let path = format!("/api/v1/accounts/{}/follow", ada.id);
        let reply = person.post(&path, &json!({"notify": notify})).await;
        assert_eq!(reply.expect(200)["notifying"], notify);
    };
    follow(&bob, true).await;
    follow(&eve, false).await;
    let first = text(&ada.say("a lake at dusk").await, "/id");
    is_told(&bob, &[("status", "ada", &first)]).await;
    let hidden = json!({"status": "for followers", "visibility": "private"});
    let hidden = text(&ada.publish(&hidden).await, "/id");
    let both = [("status", "ada", &*first), ("status", "ada", &*hidden)];
    is_told(&bob, &both).await;
    server.kill();
    server.start_again().await;
    is_told(&bob, &both).await;
    // What one may see no longer is not shown, and comes back when one may.
    bob.unfollow(&ada).await;
    assert_eq!(notified(&bob).await.len(), 1);
    follow(&bob, true).await;
    is_told(&bob, &both).await;
    let path = format!("/api/v1/statuses/{first}");
    ada.delete(&path).await.expect(200);
    is_told(&bob, &both[1..]).await;
    follow(&bob, false).await;
    let third = text(&ada.say("a lake at dawn").await, "/id");
    bob.finds_at_home(&third).await;
    eve.finds_at_home(&third).await;
    // The events of one author are handled in their order: those before were handled, too.
    let mention = text(&ada.say("look, @bob").await, "/id");
    is_told(&bob, &[both[1], ("mention", "ada", &mention)]).await;
    assert!(notified(&eve).await.is_empty());
}
