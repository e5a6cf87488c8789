//! Notifications of those whom one may not expect wait until one accepts them.

use serde_json::{Value, json};

use crate::harness::caller::text;
use crate::harness::{Person, Server, eventually};

const REQUESTS: &str = "/api/v1/notifications/requests";
const POLICY: &str = "/api/v2/notifications/policy";

/// Waits until so many requests are pending, and returns them.
async fn pending(person: &Person, count: usize) -> Vec<Value> {
    eventually("the requests", async || {
        let requests = person.get(REQUESTS).await.list();
        (requests.len() == count).then_some(requests)
    })
    .await
}

/// Waits until somebody was told so much, and returns it.
async fn notified(person: &Person, count: usize) -> Vec<Value> {
    eventually("what is told", async || {
        let listed = person.get("/api/v1/notifications").await.list();
        (listed.len() == count).then_some(listed)
    })
    .await
}

async fn write_directly(person: &Person, words: &str) -> String {
    let post = json!({"status": words, "visibility": "direct"});
    text(&person.publish(&post).await, "/id")
}

#[tokio::test]
async fn direct_posts_of_strangers_wait_until_they_are_accepted() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let first = write_directly(&bob, "@ada psst").await;
    let request = pending(&ada, 1).await.remove(0);
    assert_eq!(text(&request, "/account/username"), "bob");
    assert_eq!(text(&request, "/last_status/id"), first);
    assert_eq!(request["notifications_count"], "1");
    assert!(ada.get("/api/v1/notifications").await.list().is_empty());
    let policy = ada.get(POLICY).await.expect(200);
    let summary = json!({"pending_requests_count": 1, "pending_notifications_count": 1});
    assert_eq!(policy["summary"], summary);
    assert_eq!(policy["for_private_mentions"], "filter");
    let with_it = ada.get("/api/v1/notifications?include_filtered=true").await;
    assert_eq!(with_it.list().len(), 1);

    // It is there after a kill.
    server.kill();
    server.start_again().await;
    pending(&ada, 1).await;
    let id = text(&request, "/id");
    let one = format!("{REQUESTS}/{id}");
    assert_eq!(text(&ada.get(&one).await.expect(200), "/id"), id);
    bob.get(&one).await.expect(404);
    bob.post(&format!("{one}/accept"), &json!({}))
        .await
        .expect(404);
    ada.post(&format!("{one}/accept"), &json!({}))
        .await
        .expect(200);
    assert_eq!(notified(&ada, 1).await[0]["type"], "mention");
    ada.get(&one).await.expect(404);
    let merged = ada.get(&format!("{REQUESTS}/merged")).await.expect(200);
    assert_eq!(merged, json!({"merged": true}));
    write_directly(&bob, "@ada and then").await;
    notified(&ada, 2).await;
}

#[tokio::test]
async fn a_policy_is_changed_in_either_version() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let post = text(&ada.say("a lake at dusk").await, "/id");
    let change = json!({"for_not_following": "filter"});
    let policy = ada.patch(POLICY, &change).await.expect(200);
    assert_eq!(policy["for_not_following"], "filter");
    let first = ada.get("/api/v1/notifications/policy").await.expect(200);
    assert_eq!(first["filter_not_following"], true);
    assert_eq!(first["filter_not_followers"], false);
    ada.patch(POLICY, &json!({"for_not_following": "perhaps"}))
        .await
        .expect(422);
    let like = format!("/api/v1/statuses/{post}/favourite");
    bob.post(&like, &json!({})).await.expect(200);
    let request = pending(&ada, 1).await.remove(0);
    // What is for followers alone is not counted, and tells nobody that it is there.
    let eve = server.person("eve").await;
    let hidden = json!({"status": "psst", "in_reply_to_id": post, "visibility": "private"});
    eve.publish(&hidden).await;
    let shown = json!({"status": "well", "in_reply_to_id": post});
    let shown = text(&eve.publish(&shown).await, "/id");
    // The events of one author are handled in their order: the first was handled, too.
    let both = pending(&ada, 2).await;
    let of_eve = both.iter().find(|one| text(one, "/id") == eve.id).unwrap();
    assert_eq!(of_eve["notifications_count"], "1");
    assert_eq!(text(of_eve, "/last_status/id"), shown);
    let policy = ada.get(POLICY).await.expect(200);
    let summary = json!({"pending_requests_count": 2, "pending_notifications_count": 2});
    assert_eq!(policy["summary"], summary);
    let dismiss = format!("{REQUESTS}/{}/dismiss", eve.id);
    ada.post(&dismiss, &json!({})).await.expect(200);
    // Of somebody whom one blocks nothing waits that one is shown or that is counted.
    let block = format!("/api/v1/accounts/{}/block", bob.id);
    ada.post(&block, &json!({})).await.expect(200);
    pending(&ada, 0).await;
    let policy = ada.get(POLICY).await.expect(200);
    assert_eq!(policy["summary"]["pending_requests_count"], 0);
    ada.post(&block.replace("block", "unblock"), &json!({}))
        .await
        .expect(200);
    let ids = json!({"id": [text(&request, "/id"), "404"]});
    ada.post(&format!("{REQUESTS}/dismiss"), &ids)
        .await
        .expect(200);
    pending(&ada, 0).await;
    let all = json!({"filter_not_following": false});
    let first = "/api/v1/notifications/policy";
    ada.patch(first, &all).await.expect(200);
    let unlike = format!("/api/v1/statuses/{post}/unfavourite");
    bob.post(&unlike, &json!({})).await.expect(200);
    bob.post(&like, &json!({})).await.expect(200);
    assert_eq!(notified(&ada, 1).await[0]["type"], "favourite");
}
