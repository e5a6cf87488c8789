//! What a token that may only write learns: nothing that only `read` shows.

use business_posts_gateway::Visibility;
use http::{Method, header};
use serde_json::json;

use crate::world::{ADA, BOB, Client, World, request};

async fn uploaded(client: &Client, token: &str) -> serde_json::Value {
    let form = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\nbytes\r\n--X--\r\n";
    let response = client.multipart(Method::POST, token, "/api/v2/media", form);
    response.await.expect(200)
}

#[tokio::test]
async fn an_upload_token_sees_what_waits_to_be_posted_and_no_original() {
    let world = World::new();
    let client = world.client();
    for token in ["ada-uploads", "ada-writes"] {
        let picture = uploaded(&client, token).await;
        assert_eq!(picture.get("original_url"), None, "{picture}");
        let path = format!("/api/v1/media/{}", picture["id"].as_str().unwrap());
        let shown = client.get(token, &path).await.expect(200);
        assert!(shown["url"].is_string());
        assert_eq!(shown.get("original_url"), None, "{shown}");
        let change = json!({"description": "A lake"});
        let changed = client.json(Method::PUT, token, &path, &change).await;
        let changed = changed.expect(200);
        assert_eq!(changed["description"], "A lake");
        assert_eq!(changed.get("original_url"), None, "{changed}");
        let original = client.get(token, &format!("{path}/original")).await;
        assert!(original.error(403).contains("read:statuses"));
        // The same picture, asked for by an application that may read.
        let shown = client.get("ada", &path).await.expect(200);
        assert!(shown["original_url"].is_string());
        let original = client.get("ada", &format!("{path}/original")).await;
        assert_eq!(original.status, 307);
    }
}

#[tokio::test]
async fn an_upload_token_sees_no_photo_of_a_post() {
    let world = World::new();
    let client = world.client();
    let picture = uploaded(&client, "ada").await;
    world.media.lock().unwrap()[0].attached = true;
    let path = format!("/api/v1/media/{}", picture["id"].as_str().unwrap());
    for token in ["ada-uploads", "ada-writes"] {
        assert!(
            client
                .get(token, &path)
                .await
                .error(403)
                .contains("read:statuses")
        );
        client
            .get(token, &format!("{path}/original"))
            .await
            .error(403);
    }
    client.get("ada", &path).await.expect(200);
    client.get("ada-reads", &path).await.error(403);
}

#[tokio::test]
async fn what_was_said_of_an_upload_is_not_reported_once_it_is_posted() {
    let world = World::new();
    let client = world.client();
    let begin = request(Method::POST, "ada-uploads", "/api/v1/media/uploads")
        .header("Tus-Resumable", "1.0.0")
        .header(
            header::CONTENT_TYPE,
            "application/offset+octet-stream; charset=UTF-8",
        )
        .header("Upload-Length", 4)
        .header("Upload-Metadata", "description QSBsYWtl")
        .body(axum::body::Body::from("four"));
    let begun = client.send(begin.unwrap()).await;
    assert_eq!(begun.status, 201, "{begun:?}");
    let shows_metadata = async |token: &str| {
        let head = request(Method::HEAD, token, begun.header(header::LOCATION))
            .header("Tus-Resumable", "1.0.0")
            .body(axum::body::Body::empty());
        let response = client.send(head.unwrap()).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert!(!response.header("heliograph-media-id").is_empty());
        !response.header("upload-metadata").is_empty()
    };
    assert!(shows_metadata("ada-uploads").await);
    world.media.lock().unwrap()[0].attached = true;
    assert!(!shows_metadata("ada-uploads").await);
    assert!(shows_metadata("ada").await);
}

#[tokio::test]
async fn a_writing_token_answers_what_everyone_sees_and_what_it_wrote() {
    let world = World::new();
    let client = world.client();
    let open = world.posted(BOB, "for all", Visibility::Public);
    let quiet = world.posted(BOB, "for all who find it", Visibility::Unlisted);
    let own = world.posted(ADA, "for followers", Visibility::Private);
    let to_followers = world.posted(BOB, "for followers", Visibility::Private);
    let path = format!("/api/v1/accounts/{BOB}/follow");
    client.post_form("ada", &path, "").await.expect(200);
    let response = async |token: &'static str, id: u64| {
        let form = format!("status=yes&in_reply_to_id={id}");
        client.post_form(token, "/api/v1/statuses", &form).await
    };
    for id in [open, quiet, own] {
        response("ada-writes", id).await.expect(200);
    }
    let refused = response("ada-writes", to_followers).await;
    assert_eq!(refused.expect(404)["field"], "in_reply_to_id");
    // As if it were not there.
    assert_eq!(refused.body, response("ada-writes", 1).await.body);
    response("ada", to_followers).await.expect(200);
}

#[tokio::test]
async fn a_writing_token_that_deletes_does_not_hear_what_it_was() {
    let world = World::new();
    let client = world.client();
    for (token, hears) in [("ada-writes", false), ("ada", true)] {
        let id = world.posted(ADA, "a secret #hidden", Visibility::Direct);
        world.illustrate(id, 1);
        let deleted = client
            .delete(token, &format!("/api/v1/statuses/{id}"))
            .await;
        let deleted = deleted.expect(200);
        assert_eq!(deleted["id"], id.to_string());
        let written = deleted.to_string();
        let told = written.contains("secret") || written.contains("hidden");
        let pictured = deleted["media_attachments"].as_array().unwrap().len();
        assert_eq!((told, pictured), (hears, usize::from(hears)), "{deleted}");
    }
}
