//! Posts that are changed after they were published: what is seen, by whom, and what is kept.

use serde_json::{Value, json};
use testing_kit::{charts, jpeg};

use crate::harness::caller::{Upload, ids, text};
use crate::harness::{Person, Server, eventually};

async fn edit(person: &Person, post: &str, changes: Value) -> Value {
    let path = format!("/api/v1/statuses/{post}");
    person.put(&path, &changes).await.expect(200)
}

async fn history(person: &Person, post: &str) -> Vec<Value> {
    let path = format!("/api/v1/statuses/{post}/history");
    person.get(&path).await.list()
}

/// The alt texts of a status's pictures; empty for none.
fn descriptions(status: &Value) -> Vec<String> {
    let media = status["media_attachments"].as_array().unwrap();
    let description = |item: &Value| item["description"].as_str().unwrap_or_default().to_owned();
    media.iter().map(description).collect()
}

#[tokio::test]
async fn a_photo_and_its_words_change_and_what_they_were_can_be_read() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    let mut photos = Vec::new();
    // Each of its own bytes: what two photos share stays as long as one of them.
    for width in [120, 100, 80] {
        let bytes = jpeg::encode(&charts::corners(width, 60), 80);
        let photo = ada.photo(Upload::jpeg(bytes)).await;
        photos.push(text(&photo, "/id"));
    }
    let post = json!({"status": "a lake at dawn #lake", "media_ids": photos[..2]});
    let post = text(&ada.publish(&post).await, "/id");
    let seen = bob.finds_at_home(&post).await;
    assert_eq!(seen["edited_at"], Value::Null);
    assert_eq!(history(&bob, &post).await.len(), 1);
    let taken_out = text(&seen, "/media_attachments/1/url");
    assert_eq!(bob.get(&taken_out).await.status, 200);

    let changes = json!({
        "status": "a lake at dusk #sea",
        "media_ids": [photos[2], photos[0]],
        "media_attributes": [{"id": photos[0], "description": "a lake", "focus": "0.5,0"}],
        "spoiler_text": "water",
    });
    let edited = edit(&ada, &post, changes).await;
    assert!(edited["edited_at"].is_string());
    assert_eq!(
        ids(edited["media_attachments"].as_array().unwrap()),
        [&*photos[2], &*photos[0]]
    );
    assert_eq!(edited["media_attachments"][1]["meta"]["focus"]["x"], 0.5);
    server.kill();
    server.start_again().await;
    let seen = bob.finds_at_home(&post).await;
    assert_eq!(descriptions(&seen), ["", "a lake"]);
    assert_eq!(seen["spoiler_text"], "water");
    assert_eq!(seen["sensitive"], true);
    let tagged = bob.get("/api/v1/timelines/tag/sea").await.list();
    assert_eq!(ids(&tagged), [&*post]);
    assert!(
        bob.get("/api/v1/timelines/tag/lake")
            .await
            .list()
            .is_empty()
    );
    let versions = history(&bob, &post).await;
    assert_eq!(versions.len(), 2);
    assert!(text(&versions[0], "/content").contains("dawn"));
    // What was taken out is not there any more, and what stayed had no words then.
    assert_eq!(descriptions(&versions[0]), [""]);
    assert_eq!(descriptions(&versions[1]), ["", "a lake"]);
    eventually("the photo that was taken out to be gone", async || {
        (bob.get(&taken_out).await.status == 404).then_some(())
    })
    .await;
    let source = ada.get(&format!("/api/v1/statuses/{post}/source")).await;
    assert_eq!(text(&source.ok(), "/text"), "a lake at dusk #sea");
}

#[tokio::test]
async fn what_is_left_out_stays_but_for_the_warning() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let photo = ada.small_photo().await;
    let post = json!({"status": "a lake", "media_ids": [photo], "spoiler_text": "water", "language": "de"});
    let post = text(&ada.publish(&post).await, "/id");
    let edited = edit(&ada, &post, json!({"status": "a sea"})).await;
    assert_eq!(
        ids(edited["media_attachments"].as_array().unwrap()),
        [&*photo]
    );
    assert_eq!(
        (&edited["spoiler_text"], &edited["language"]),
        (&json!(""), &json!("de"))
    );
    let nothing_new = edit(&ada, &post, json!({"status": "a sea", "media_ids": null})).await;
    assert_eq!(nothing_new["edited_at"], edited["edited_at"]);
    let described = json!({"media_attributes": {"0": {"id": photo, "description": "waves"}}});
    let described = edit(&ada, &post, described).await;
    assert_eq!(descriptions(&described), ["waves"]);
    assert_eq!(history(&ada, &post).await.len(), 3);
}

#[tokio::test]
async fn only_the_author_edits_and_only_who_may_see_a_post_reads_its_history() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let open = text(&ada.say("words").await, "/id");
    let hidden = json!({"status": "psst", "visibility": "private"});
    let hidden = text(&ada.publish(&hidden).await, "/id");
    for post in [&open, &hidden] {
        let path = format!("/api/v1/statuses/{post}");
        let refused = bob.put(&path, &json!({"status": "mine"})).await;
        assert_eq!(refused.status, 404, "{}", refused.describe());
    }
    edit(&ada, &hidden, json!({"status": "psst!"})).await;
    for path in ["history", "source"] {
        let path = format!("/api/v1/statuses/{hidden}/{path}");
        assert_eq!(bob.get(&path).await.status, 404);
        assert_eq!(ada.get(&path).await.status, 200);
    }
    let path = format!("/api/v1/statuses/{open}");
    for (changes, field) in [
        (json!({"status": ""}), "status"),
        (json!({"status": "x".repeat(2_201)}), "status"),
        (json!({"media_ids": ["12"]}), "media_ids"),
        (
            json!({"media_attributes": [{"description": "x"}]}),
            "media_attributes",
        ),
        (json!({"poll": {"options": ["a", "b"]}}), "poll"),
    ] {
        let refused = ada.put(&path, &changes).await;
        assert_eq!(refused.status, 422, "{changes}: {}", refused.describe());
        assert!(refused.describe().contains(field), "{}", refused.describe());
    }
    assert_eq!(history(&bob, &open).await.len(), 1);
}

#[tokio::test]
async fn those_whom_it_concerns_are_told() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    let post = text(&ada.say("a lake").await, "/id");
    let reblog = format!("/api/v1/statuses/{post}/reblog");
    bob.post(&reblog, &json!({})).await.expect(200);
    edit(&ada, &post, json!({"status": "a lake for @eve"})).await;
    for (person, kind) in [(&bob, "update"), (&eve, "mention")] {
        let told = eventually("somebody to be told", async || {
            person.get("/api/v1/notifications").await.list().pop()
        })
        .await;
        assert_eq!(text(&told, "/type"), kind);
        assert_eq!(text(&told, "/status/id"), post);
        assert_eq!(text(&told, "/account/username"), "ada");
    }
}
