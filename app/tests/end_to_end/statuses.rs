//! Posts: made once, read, replied to, deleted for good.

use reqwest::Method;
use serde_json::{Value, json};
use testing_kit::{charts, jpeg};

use crate::harness::caller::{Upload, ids, text};
use crate::harness::{Person, Reply, Server, eventually};

async fn publish_with_key(person: &Person, key: &str, post: &Value) -> Reply {
    let request = person
        .request(Method::POST, "/api/v1/statuses")
        .header("Idempotency-Key", key)
        .json(post);
    person.send(request).await
}

#[tokio::test]
async fn the_same_key_makes_one_post() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let post = json!({"status": "once"});
    let first = publish_with_key(&ada, "key-1", &post).await.expect(200);
    let second = publish_with_key(&ada, "key-1", &post).await.expect(200);
    assert_eq!(first["id"], second["id"]);
    // Many concurrent requests: an impatient finger on a slow line.
    let attempts = (0..8).map(|_| publish_with_key(&ada, "key-2", &post));
    let replies = futures::future::join_all(attempts).await;
    let made: Vec<Value> = replies
        .iter()
        .map(|reply| reply.expect(200)["id"].clone())
        .collect();
    assert!(made.iter().all(|id| *id == made[0]), "{made:?}");
    // Another's key is another's.
    let others = publish_with_key(&bob, "key-1", &post).await.expect(200);
    assert_ne!(others["id"], first["id"]);
    assert_eq!(statuses_of(&ada, &ada).await.len(), 2);
}

async fn statuses_of(viewer: &Person, author: &Person) -> Vec<Value> {
    viewer
        .get(&format!("/api/v1/accounts/{}/statuses?limit=40", author.id))
        .await
        .list()
}

#[tokio::test]
async fn a_form_and_json_make_the_same_post() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let (one, two) = (ada.small_photo().await, ada.small_photo().await);
    let fields = [
        ("status", "an album"),
        ("media_ids[]", one.as_str()),
        ("media_ids[]", two.as_str()),
        ("visibility", "unlisted"),
        ("sensitive", "true"),
        ("spoiler_text", "Bright"),
        ("language", "en"),
    ];
    let post = ada.form("/api/v1/statuses", &fields).await.expect(200);
    assert_eq!(
        ids(post["media_attachments"].as_array().unwrap()),
        [one, two],
        "the order of the album"
    );
    assert_eq!(post["visibility"], "unlisted");
    assert_eq!(post["sensitive"], true);
    assert_eq!(post["spoiler_text"], "Bright");
    assert_eq!(post["language"], "en");
    assert_eq!(post["application"]["name"], "Test client");
}

#[tokio::test]
async fn words_are_shown_as_words() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let words = "<script>alert(1)</script> & \"quotes\"\nnext line\n\nnext paragraph @bob https://example.org/?a=1&b=2 😀";
    let post = ada.say(words).await;
    let content = text(&post, "/content");
    assert!(!content.contains("<script"), "{content}");
    assert!(content.contains("&lt;script&gt;"), "{content}");
    assert!(
        content.contains("<br") && content.contains("</p><p>"),
        "{content}"
    );
    assert!(content.contains("😀"));
    assert!(
        content.contains("href=\"https://example.org/?a=1&amp;b=2\""),
        "{content}"
    );
    assert_eq!(post["mentions"][0]["id"], bob.id.as_str(), "{post}");
    let page = server.anyone().get(&text(&post, "/url")).await;
    assert!(
        !page.text().contains("<script>alert(1)"),
        "the page runs a post's words"
    );
}

#[tokio::test]
async fn a_conversation_is_read_from_both_ends() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let root = text(&ada.say("a photo").await, "/id");
    let reply = bob
        .publish(&json!({"status": "@ada where is this?", "in_reply_to_id": root}))
        .await;
    assert_eq!(reply["in_reply_to_id"], root.as_str());
    assert_eq!(reply["in_reply_to_account_id"], ada.id.as_str());
    let reply = text(&reply, "/id");
    let reply_post = text(
        &ada.publish(&json!({"status": "@bob at home", "in_reply_to_id": reply}))
            .await,
        "/id",
    );

    let context = ada
        .get(&format!("/api/v1/statuses/{reply}/context"))
        .await
        .expect(200);
    assert_eq!(
        ids(context["ancestors"].as_array().unwrap()),
        [root.as_str()]
    );
    assert_eq!(
        ids(context["descendants"].as_array().unwrap()),
        [reply_post.as_str()]
    );
    eventually("the count of replies", async || {
        let post = ada
            .get(&format!("/api/v1/statuses/{root}"))
            .await
            .expect(200);
        (post["replies_count"] == 1).then_some(())
    })
    .await;

    // The parent goes; the replies stay and stand on their own.
    ada.delete(&format!("/api/v1/statuses/{root}"))
        .await
        .expect(200);
    let context = bob
        .get(&format!("/api/v1/statuses/{reply}/context"))
        .await
        .expect(200);
    assert_eq!(context["ancestors"], json!([]));
    assert_eq!(
        ids(context["descendants"].as_array().unwrap()),
        [reply_post]
    );
    bob.post(
        "/api/v1/statuses",
        &json!({"status": "late", "in_reply_to_id": root}),
    )
    .await
    .refusal();
}

#[tokio::test]
async fn deleting_a_post_deletes_it_everywhere_bytes_and_all() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    let kept = ada.small_photo().await;
    ada.publish(&json!({"status": "stays", "media_ids": [kept]}))
        .await;
    server.all_forms_made().await;
    let files_before = server.photo_files();

    let bytes = jpeg::encode(&charts::corners(640, 480), 85);
    let media = ada.photo(Upload::jpeg(bytes)).await;
    let post = ada
        .publish(&json!({"status": "goes", "media_ids": [media["id"]]}))
        .await;
    let id = text(&post, "/id");
    bob.finds_at_home(&id).await;
    let url = text(&media, "/url");
    assert_eq!(bob.get(&url).await.status, 200);

    let deleted = ada
        .delete(&format!("/api/v1/statuses/{id}"))
        .await
        .expect(200);
    assert_eq!(
        deleted["text"], "goes",
        "what was deleted is answered, to be written again: {deleted}"
    );
    let path = format!("/api/v1/statuses/{id}");
    for viewer in [&*ada, &*bob, &server.anyone()] {
        viewer
            .get(&path)
            .await
            .refused(if viewer.base().is_empty() { 401 } else { 404 });
    }
    bob.misses_at_home(&id).await;
    assert!(!ids(&statuses_of(&bob, &ada).await).contains(&id));
    let page = server.anyone().get(&text(&post, "/url")).await;
    assert!([404, 410].contains(&page.status), "{}", page.describe());
    eventually("the photo's bytes to go", async || {
        let gone = [404, 410].contains(&bob.get(&url).await.status);
        let files = server.photo_files();
        (gone && files == files_before).then_some(())
    })
    .await;
    ada.delete(&path).await.refused(404);
}

#[tokio::test]
async fn only_the_author_deletes() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let id = text(&ada.say("mine").await, "/id");
    let path = format!("/api/v1/statuses/{id}");
    assert!([403, 404].contains(&bob.delete(&path).await.status));
    server.anyone().delete(&path).await.refused(401);
    bob.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_post_waits_for_its_photo_or_says_so() {
    // Before anybody has a connection, which would end while it is drawn.
    let picture = testing_kit::Landscape::twelve_megapixels(2, testing_kit::Mood::Sea).draw();
    let picture = jpeg::encode(&picture, 90);
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let media = ada.upload(Upload::jpeg(picture)).await.ok();
    // Posted at once, before it is processed.
    let reply = ada
        .post(
            "/api/v1/statuses",
            &json!({"status": "quick", "media_ids": [media["id"]]}),
        )
        .await;
    if reply.status == 200 {
        let id = text(&reply.json(), "/id");
        let post = eventually("the photo in the post", async || {
            let post = ada.get(&format!("/api/v1/statuses/{id}")).await.expect(200);
            post["media_attachments"][0]["url"]
                .is_string()
                .then_some(post)
        })
        .await;
        assert_eq!(post["media_attachments"].as_array().unwrap().len(), 1);
    } else {
        let said = reply.refused(422);
        assert!(said.to_lowercase().contains("process"), "{said}");
        ada.ready(&text(&media, "/id")).await;
        ada.publish(&json!({"status": "quick", "media_ids": [media["id"]]}))
            .await;
    }
}

#[tokio::test]
async fn refused_posts_leave_no_row() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let before = server.rows();
    for post in [
        json!({}),
        json!({"status": ""}),
        json!({"status": "   \n "}),
        json!({"status": "x".repeat(100_000)}),
        json!({"status": "x", "media_ids": ["1"]}),
        json!({"status": "x", "media_ids": ["not an id"]}),
        json!({"status": "x", "media_ids": vec!["1"; 100]}),
        json!({"status": "x", "visibility": "secret"}),
        json!({"status": "x", "in_reply_to_id": "1"}),
        json!({"status": "nul\0"}),
        json!({"status": "x", "spoiler_text": "nul\0"}),
        json!({"status": format!("a{}", "\u{301}".repeat(100_000))}),
        json!({"status": ["x"]}),
    ] {
        let reply = ada.post("/api/v1/statuses", &post).await;
        assert!(
            [400, 404, 422].contains(&reply.status),
            "{post}: {}",
            reply.describe()
        );
        reply.refusal();
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn what_is_pinned_is_listed_for_those_who_may_see_it() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let open = text(&ada.say("a lake at dusk").await, "/id");
    let hidden = json!({"status": "for friends", "visibility": "private"});
    let hidden = text(&ada.publish(&hidden).await, "/id");
    for post in [&open, &hidden] {
        let path = format!("/api/v1/statuses/{post}/pin");
        let pinned = ada.post(&path, &json!({})).await.expect(200);
        assert_eq!(pinned["pinned"], true);
    }
    let path = format!("/api/v1/statuses/{open}/pin");
    bob.post(&path, &json!({})).await.expect(422);
    let path = format!("/api/v1/accounts/{}/statuses?pinned=true", ada.id);
    let own = ids(&ada.get(&path).await.list());
    assert_eq!(own, [hidden.clone(), open.clone()]);
    let seen = bob.get(&path).await.list();
    assert_eq!(ids(&seen), std::slice::from_ref(&open));
    assert_eq!(seen[0]["pinned"], false, "a mark of its author's");
    let path = format!("/api/v1/statuses/{hidden}/unpin");
    ada.post(&path, &json!({})).await.expect(200);
    let path = format!("/api/v1/accounts/{}/statuses?pinned=true", ada.id);
    assert_eq!(ids(&ada.get(&path).await.list()), [open]);
}
