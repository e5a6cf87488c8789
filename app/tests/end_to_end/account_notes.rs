//! What somebody writes down about an account for themselves.

use serde_json::{Value, json};

use crate::harness::{Person, Server};

async fn note(person: &Person, about: &Person, comment: &str) -> Value {
    let path = format!("/api/v1/accounts/{}/note", about.id);
    let noted = person.post(&path, &json!({"comment": comment})).await;
    noted.expect(200)
}

async fn noted(person: &Person, about: &Person) -> Value {
    let path = format!("/api/v1/accounts/relationships?id[]={}", about.id);
    person.get(&path).await.list().remove(0)["note"].clone()
}

#[tokio::test]
async fn a_note_is_seen_by_who_wrote_it_and_by_nobody_else() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    assert_eq!(noted(&ada, &bob).await, "");
    let shown = note(&ada, &bob, "met in Lisbon 📷").await;
    assert_eq!(shown["note"], "met in Lisbon 📷");
    assert_eq!(noted(&ada, &bob).await, "met in Lisbon 📷");
    assert_eq!(noted(&bob, &ada).await, "");
    assert_eq!(noted(&bob, &bob).await, "");
    // It stays whatever else becomes of the two.
    for verb in ["follow", "block", "unblock", "mute", "unmute"] {
        let path = format!("/api/v1/accounts/{}/{verb}", bob.id);
        let relationship = ada.post(&path, &json!({})).await.expect(200);
        assert_eq!(relationship["note"], "met in Lisbon 📷", "{verb}");
    }
    let path = format!("/api/v1/accounts/{}/note", bob.id);
    let too_long = json!({"comment": "x".repeat(2_001)});
    let refused = ada.post(&path, &too_long).await.expect(422);
    assert_eq!(
        refused["error"],
        "Validation failed: Comment is too long (maximum is 2000 characters)"
    );
    assert_eq!(noted(&ada, &bob).await, "met in Lisbon 📷");
    assert_eq!(note(&ada, &bob, "").await["note"], "");
    assert_eq!(noted(&ada, &bob).await, "");
    let nobody = "/api/v1/accounts/1/note";
    ada.post(nobody, &json!({"comment": "x"})).await.expect(404);
}
