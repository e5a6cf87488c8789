//! Direct posts as conversations: each of those in it has it to themselves.

use serde_json::{Value, json};

use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server};

async fn whisper(person: &Person, words: &str, in_reply_to: Option<&str>) -> String {
    let post = json!({"status": words, "visibility": "direct", "in_reply_to_id": in_reply_to});
    text(&person.publish(&post).await, "/id")
}

async fn conversations(person: &Person) -> Vec<Value> {
    person.get("/api/v1/conversations").await.list()
}

fn names(conversation: &Value) -> Vec<String> {
    let accounts = conversation["accounts"].as_array().unwrap();
    accounts.iter().map(|one| text(one, "/username")).collect()
}

#[tokio::test]
async fn a_conversation_is_unread_until_it_is_read_and_goes_when_it_is_removed() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let first = whisper(&ada, "@bob look", None).await;
    let answer = whisper(&bob, "@ada lovely", Some(&first)).await;
    let note = whisper(&ada, "to myself", None).await;
    server.kill();
    server.start_again().await;
    let listed = conversations(&ada).await;
    assert_eq!(ids(&listed).len(), 2);
    assert_eq!(text(&listed[0], "/last_status/id"), note);
    assert_eq!(names(&listed[0]), ["ada"]);
    assert_eq!(text(&listed[1], "/last_status/id"), answer);
    assert_eq!(names(&listed[1]), ["bob"]);
    assert_eq!(
        (&listed[0]["unread"], &listed[1]["unread"]),
        (&json!(false), &json!(true))
    );

    let path = format!("/api/v1/conversations/{}", text(&listed[1], "/id"));
    let read = ada.post(&format!("{path}/read"), &json!({})).await.ok();
    assert_eq!(read["unread"], false);
    assert_eq!(text(&read, "/last_status/id"), answer);
    assert_eq!(ada.delete(&path).await.expect(200), json!({}));
    assert_eq!(ada.delete(&path).await.status, 404);
    assert_eq!(ids(&conversations(&ada).await), [&*note]);
    assert_eq!(conversations(&bob).await.len(), 1);
    let pages = ada.every_page("/api/v1/conversations?limit=1").await;
    assert_eq!(pages, [&*note]);
}

#[tokio::test]
async fn nobody_learns_of_a_conversation_that_is_not_theirs_to_see() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    let first = whisper(&ada, "@bob look", None).await;
    assert!(conversations(&eve).await.is_empty());
    let path = format!("/api/v1/conversations/{first}");
    assert_eq!(
        eve.post(&format!("{path}/read"), &json!({})).await.status,
        404
    );
    assert_eq!(eve.delete(&path).await.status, 404);
    // A token that may only write reads nothing.
    let writer = server.person_with_scopes("wil", "write profile").await;
    let told = whisper(&ada, "@wil look", None).await;
    let read = format!("/api/v1/conversations/{told}/read");
    let read = writer.post(&read, &json!({})).await.expect(200);
    assert_eq!(read["last_status"], Value::Null);
    assert_eq!(writer.get("/api/v1/conversations").await.status, 403);
    let block = format!("/api/v1/accounts/{}/block", bob.id);
    ada.post(&block, &json!({})).await.expect(200);
    // Who is blocked sees nothing of the other, also where they have written before.
    assert!(conversations(&bob).await.is_empty());
    let read = bob.post(&format!("{path}/read"), &json!({})).await;
    assert_eq!(read.status, 404);
    // Nor is who blocks told of what they write.
    whisper(&bob, "@ada insult", None).await;
    let left = conversations(&ada).await;
    assert_eq!(ids(&left), [&*told, &*first]);
    assert!(left.iter().all(|one| one["unread"] == false));
}

#[tokio::test]
async fn nobody_makes_a_conversation_go_away_for_others() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    let first = whisper(&ada, "@bob @eve look", None).await;
    let answer = whisper(&bob, "@ada @eve lovely", Some(&first)).await;
    let block = format!("/api/v1/accounts/{}/block", ada.id);
    eve.post(&block, &json!({})).await.expect(200);
    whisper(&eve, "@ada @bob x", Some(&answer)).await;
    let listed = conversations(&ada).await;
    assert_eq!(ids(&listed), [&*first]);
    assert_eq!(text(&listed[0], "/last_status/id"), answer);
    let path = format!("/api/v1/conversations/{first}");
    for (act, unread) in [("read", false), ("unread", true)] {
        let marked = ada
            .post(&format!("{path}/{act}"), &json!({}))
            .await
            .expect(200);
        assert_eq!(marked["unread"], unread);
        assert_eq!(text(&marked, "/last_status/id"), answer);
    }
}
