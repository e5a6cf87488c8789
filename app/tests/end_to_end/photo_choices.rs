//! What others get of someone's photos: camera and originals as the post says, the place never;
//! albums in order; and why a photo failed.

use serde_json::{Value, json};
use testing_kit::{charts, jpeg, png, require, scan};

use crate::harness::caller::{Upload, ids, text};
use crate::harness::web::form_in;
use crate::harness::{Person, Server};

/// A photo of a camera that wrote down its settings and the place: the shared photos have one.
fn real_photo() -> Option<Upload> {
    let photos = require::shared_photos("good")?;
    let found = photos
        .into_iter()
        .find(|path| path.to_string_lossy().contains("gps__DSCN0010"))
        .expect("the shared photos have gps__DSCN0010.jpg");
    Some(Upload::jpeg(std::fs::read(found).unwrap()))
}

/// Uploads a photo and posts it with these choices.
async fn post(person: &Person, upload: Upload, choices: &Value) -> Value {
    let media = person.photo(upload).await;
    let mut body = json!({"status": "", "media_ids": [media["id"]]});
    body.as_object_mut()
        .unwrap()
        .extend(choices.as_object().unwrap().clone());
    person.publish(&body).await
}

fn path_of(status: &Value) -> String {
    format!(
        "/@{}/{}",
        text(status, "/account/username"),
        text(status, "/id")
    )
}

#[tokio::test]
async fn the_camera_is_shown_when_the_post_says_so_and_the_place_never() {
    let Some(photo) = real_photo() else { return };
    let server = Server::start().await;
    let (ada, web) = (server.person("ada").await, server.web());
    let anyone = server.anyone();
    for (choices, shown) in [
        (json!({}), false),
        (json!({"camera_shown": true}), true),
        (json!({"camera_shown": false}), false),
    ] {
        let status = post(&ada, photo.clone(), &choices).await;
        let path = format!("/api/v1/statuses/{}", text(&status, "/id"));
        let reply = anyone.get(&path).await;
        let camera = &reply.expect(200)["media_attachments"][0]["meta"]["camera"];
        assert_eq!(camera.is_object(), shown, "{choices}: {camera}");
        let page = web.open(&path_of(&status)).await;
        assert_eq!(page.text().contains("COOLPIX P6000 ·"), shown, "{choices}");
        if shown {
            assert_eq!(camera["model"], "COOLPIX P6000", "{camera}");
            assert!(
                camera["iso"].is_u64() && camera["aperture"].is_number(),
                "{camera}"
            );
        }
        // Where it was taken: 43° 28' 2.81" north, 11° 53' 6.46" east; with more digits than the
        // seconds of a time have.
        for body in [reply.text(), page.text()] {
            for place in ["GPS", "43.4674", "11.8851", "latitude", "2008:10:22"] {
                assert!(!body.contains(place), "{place} is told");
            }
        }
    }
}

#[tokio::test]
async fn originals_are_offered_as_the_account_and_the_post_say() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let small = || Upload::jpeg(jpeg::encode(&charts::corners(120, 90), 80));
    let offered = async |choices: Value| {
        let status = post(&ada, small(), &choices).await;
        let path = format!("/api/v1/statuses/{}", text(&status, "/id"));
        let shown = bob.get(&path).await.expect(200);
        let page = server.web().open(&path_of(&status)).await.text();
        let said = page.contains("without place and camera data");
        let offered = shown["media_attachments"][0]["original_url"].is_string();
        assert_eq!(said, offered, "page and API agree");
        assert!(!page.contains("as you uploaded it"));
        offered
    };
    assert!(!offered(json!({})).await, "nobody was asked");
    assert!(offered(json!({"originals_shared": true})).await);
    let source = json!({"source": {"originals_shared": true, "camera_shown": false}});
    let path = "/api/v1/accounts/update_credentials";
    let account = ada.patch(path, &source).await.expect(200);
    assert_eq!(account["source"]["originals_shared"], true);
    assert_eq!(account["source"]["camera_shown"], false);
    let preferences = ada.get("/api/v1/preferences").await.expect(200);
    assert_eq!(preferences["posting:default:originals_shared"], true);
    assert!(offered(json!({})).await, "the default counts");
    assert!(!offered(json!({"originals_shared": false})).await);
}

#[tokio::test]
async fn the_page_has_the_same_choices() {
    let server = Server::start().await;
    let web = server.web();
    web.sign_up("ada").await;
    let on = |form: &crate::harness::html::Form, name: &str| form.value(name) == Some("1");
    assert!(!on(&web.form("/new", "/new").await, "originals_shared"));
    let settings = web.form("/settings", "/settings").await;
    let saved = web
        .submit(&settings.fill("default_originals_shared", "1"))
        .await;
    assert_eq!(saved.status, 303, "{}", saved.describe());
    let form = web.form("/new", "/new").await;
    assert!(on(&form, "originals_shared") && !on(&form, "camera_shown"));
    let photo = Upload::jpeg(jpeg::encode(&charts::corners(120, 90), 80));
    let shared = web
        .submit_with(&form.fill("share", "1"), Some(("file", photo)))
        .await;
    let path = shared.header("location").to_owned();
    let own = web.open(&path).await.text();
    assert!(own.contains("as you uploaded it"), "{own}");
    let others = server.web().open(&path).await.text();
    assert!(others.contains("without place and camera data"), "{others}");
}

#[tokio::test]
async fn an_album_has_twenty_photos_in_order_and_no_twenty_first() {
    let server = Server::start().await;
    let (ada, web) = (server.person("ada").await, server.web());
    let mut media = Vec::new();
    for _ in 0..21 {
        media.push(ada.small_photo().await);
    }
    // Not the order in which they were uploaded.
    media.reverse();
    media.swap(3, 11);
    let refused = ada
        .post("/api/v1/statuses", &json!({"media_ids": media}))
        .await
        .refused(422);
    assert!(
        refused.contains("20") && refused.contains("21"),
        "{refused}"
    );
    web.sign_in("ada", crate::harness::person::PASSWORD).await;
    let mut form = web.form("/new", "/new").await.fill("share", "1");
    let field = |id: &String| ("media_id".to_owned(), id.clone());
    form.fields.extend(media.iter().map(field));
    let page = web.submit(&form).await;
    assert_eq!(page.status, 422, "{}", page.describe());
    assert!(
        page.text().contains("at most 20 photos")
            || page
                .text()
                .contains("holds 20 photos at the most, and these are 21"),
        "{}",
        page.text()
    );
    let form = form_in(&page, "/new");
    let kept: Vec<&str> = form
        .fields
        .iter()
        .filter(|(name, _)| name == "media_id")
        .map(|(_, id)| id.as_str())
        .collect();
    assert_eq!(
        kept,
        media[..20],
        "the first twenty are kept in their order"
    );
    media.truncate(20);
    let status = ada.publish(&json!({"media_ids": media})).await;
    let path = format!("/api/v1/statuses/{}", text(&status, "/id"));
    let shown = server.anyone().get(&path).await.expect(200);
    let attachments = shown["media_attachments"].as_array().unwrap();
    assert_eq!(ids(attachments), media);
}

#[tokio::test]
async fn a_photo_that_fails_says_why_in_the_api_and_on_the_page() {
    let server = Server::start().await;
    let (ada, web) = (server.person("ada").await, server.web());
    // Its header is whole, so that it is taken; what follows is not.
    let mut bytes = png::encode(&charts::corners(900, 600));
    bytes.truncate(bytes.len() / 2);
    let broken = Upload::new(bytes, "cut-off.png", "image/png");
    let reply = ada.upload(broken.clone()).await;
    let body = reply.json();
    let id = text(&body, "/id");
    let path = format!("/api/v1/media/{id}");
    let failed = crate::harness::eventually("the photo to fail", async || {
        let reply = ada.get(&path).await;
        (reply.status != 206).then_some(reply)
    })
    .await;
    let reason = failed.refused(422);
    assert_eq!(
        failed.json()["failure_code"],
        "broken",
        "{}",
        failed.describe()
    );
    server.person("bob").await.get(&path).await.refused(404);
    let refused = ada
        .post("/api/v1/statuses", &json!({"media_ids": [id]}))
        .await
        .refused(422);
    assert!(refused.contains(&reason), "{refused}");

    web.sign_in("ada", crate::harness::person::PASSWORD).await;
    let good = text(&ada.photo(crate::media::small()).await, "/id");
    let mut form = web
        .form("/new", "/new")
        .await
        .fill("text", "kept")
        .fill("share", "1");
    form.fields.push(("media_id".to_owned(), good.clone()));
    let page = web.submit_with(&form, Some(("file", broken))).await;
    assert_eq!(page.status, 422, "{}", page.describe());
    assert!(page.text().contains(&reason), "{}", page.text());
    let form = form_in(&page, "/new");
    assert_eq!(form.value("media_id"), Some(good.as_str()));
    let page = web.submit(&form.fill("share", "1")).await;
    assert_eq!(
        page.status,
        303,
        "the others are shared: {}",
        page.describe()
    );
    assert_eq!(scan::mark_findings(&page.body), []);
}
