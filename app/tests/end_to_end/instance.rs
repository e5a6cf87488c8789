//! What the server says about itself: clients read it before anything else, and some crash at a
//! null.

use serde_json::{Value, json};
use testing_kit::jpeg;

use crate::harness::Server;
use crate::harness::caller::{Upload, text};

/// Where Mastodon's own document allows a null, and its clients expect one.
const NULLS_ALLOWED: [&str; 10] = [
    "/contact_account",
    "/contact/account",
    "/thumbnail/blurhash",
    "/registrations/message",
    "/registrations/min_age",
    "/registrations/url",
    "/configuration/urls/about",
    "/configuration/urls/privacy_policy",
    "/configuration/urls/status",
    "/configuration/urls/terms_of_service",
];

fn nulls(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Null => found.push(at.to_owned()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                nulls(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                nulls(field, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn no_null_is_where_clients_crash() {
    let server = Server::start().await;
    for path in ["/api/v1/instance", "/api/v2/instance"] {
        let about = server.anyone().get(path).await.expect(200);
        let mut found = Vec::new();
        nulls(&about, "", &mut found);
        found.retain(|at| !NULLS_ALLOWED.contains(&at.as_str()));
        assert_eq!(found, Vec::<String>::new(), "{path}");
    }
    let first = server.anyone().get("/api/v1/instance").await.expect(200);
    assert!(first["urls"]["streaming_api"].is_string(), "{first}");
    assert!(first["email"].is_string());
    let second = server.anyone().get("/api/v2/instance").await.expect(200);
    assert!(
        second["configuration"]["urls"]["streaming"].is_string(),
        "{second}"
    );
    assert!(second["contact"]["email"].is_string());
}

#[tokio::test]
async fn what_is_said_to_be_taken_is_taken() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let about = server.anyone().get("/api/v2/instance").await.expect(200);
    let media = &about["configuration"]["media_attachments"];
    let kinds: Vec<&str> = media["supported_mime_types"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for kind in ["image/jpeg", "image/png", "image/webp"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert_eq!(
        about["version"]
            .as_str()
            .map(|version| version.contains("Heliograph")),
        Some(true),
        "{about}"
    );
    assert!(media["image_size_limit"].as_u64().unwrap() >= 10_000_000);
    assert!(media["image_matrix_limit"].as_u64().unwrap() >= 12_000_000);

    let posts = &about["configuration"]["statuses"];
    let characters = usize::try_from(posts["max_characters"].as_u64().unwrap()).unwrap();
    ada.say(&"é".repeat(characters)).await;
    ada.post(
        "/api/v1/statuses",
        &json!({"status": "é".repeat(characters + 1)}),
    )
    .await
    .refused(422);
    let photos = usize::try_from(posts["max_media_attachments"].as_u64().unwrap()).unwrap();
    let mut album = Vec::new();
    for _ in 0..=photos {
        album.push(ada.small_photo().await);
    }
    ada.post(
        "/api/v1/statuses",
        &json!({"status": "too many", "media_ids": album}),
    )
    .await
    .refused(422);
    ada.publish(&json!({"status": "just right", "media_ids": album[1..]}))
        .await;
}

#[tokio::test]
async fn the_public_address_is_the_one_that_is_set() {
    let server = Server::known_as("https://photos.example").await;
    let ada = server.person("ada").await;
    let bytes = jpeg::encode(&testing_kit::charts::corners(64, 64), 80);
    let media = ada.photo(Upload::jpeg(bytes)).await;
    assert!(
        text(&media, "/url").starts_with("https://photos.example/"),
        "{media}"
    );
    let post = ada.say("where am I").await;
    assert!(
        text(&post, "/url").starts_with("https://photos.example/@ada/"),
        "{post}"
    );
    let about = server.anyone().get("/api/v2/instance").await.expect(200);
    assert_eq!(about["domain"], "photos.example");
    let v1 = server.anyone().get("/api/v1/instance").await.expect(200);
    assert_eq!(v1["uri"], "photos.example");
    let list = ada.get("/api/v1/timelines/public?limit=1").await;
    let next = list.link("next").expect("a link");
    assert!(next.starts_with("https://photos.example/"), "{next}");
}

#[tokio::test]
async fn the_counts_are_true() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    server.person("bob").await;
    ada.say("one").await;
    crate::harness::eventually("the counts", async || {
        let about = server.anyone().get("/api/v1/instance").await.expect(200);
        let stats = &about["stats"];
        (stats["user_count"] == 2 && stats["status_count"] == 1).then_some(())
    })
    .await;
}
