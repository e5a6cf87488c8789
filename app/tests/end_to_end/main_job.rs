//! The main job: one person's photo, upright, in true colours and without its metadata, in
//! another's feed.

use serde_json::{Value, json};
use testing_kit::jpeg::{self, Extras};
use testing_kit::picture::Picture;
use testing_kit::{charts, icc, png, require, scan, webp};

use crate::harness::caller::{Upload, text};
use crate::harness::{Person, Server};

/// What a phone held upright writes: turned pixels, Display P3, and everything that gives its owner
/// away.
fn phone_photo(orientation: u8) -> Vec<u8> {
    let upright = charts::corners(1200, 800);
    let stored = icc::in_display_p3(&upright).stored_with_orientation(orientation);
    let extras = Extras {
        icc: Some(icc::display_p3()),
        ..Extras::everything(orientation)
    };
    jpeg::write(&stored, 92, &extras)
}

async fn ada_and_bob(server: &Server) -> (Person, Person) {
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    (ada, bob)
}

#[tokio::test]
async fn a_photo_reaches_the_followers_feed_upright_in_true_colours_and_without_its_gps() {
    let server = Server::start().await;
    let (ada, bob) = ada_and_bob(&server).await;

    let upload = Upload::jpeg(phone_photo(6))
        .with("description", "A chart of four colours")
        .with("focus", "0.5,-0.25");
    let media = ada.photo(upload).await;
    let post = json!({"status": "Calibrated, at last", "media_ids": [media["id"]], "visibility": "public"});
    let post = ada.publish(&post).await;

    let seen = bob.finds_at_home(&text(&post, "/id")).await;
    assert_eq!(text(&seen, "/account/username"), "ada");
    assert!(text(&seen, "/content").contains("Calibrated, at last"));
    let attachment = &seen["media_attachments"][0];
    check_attachment(attachment);
    for field in ["/url", "/preview_url"] {
        check_picture(&bob, &text(attachment, field)).await;
    }
    let page = server.anyone().get(&text(&seen, "/url")).await;
    assert_eq!(page.status, 200, "{}", page.describe());
    assert_eq!(scan::mark_findings(&page.body), [], "on the post's page");
    let home = bob.get("/api/v1/timelines/home").await;
    assert_eq!(scan::mark_findings(&home.body), [], "in the feed's JSON");
}

fn check_attachment(attachment: &Value) {
    assert_eq!(attachment["type"], "image", "{attachment}");
    assert_eq!(attachment["description"], "A chart of four colours");
    assert!(text(attachment, "/blurhash").len() >= 6);
    let original = &attachment["meta"]["original"];
    assert_eq!(original["width"], 1200, "{attachment}");
    assert_eq!(original["height"], 800, "{attachment}");
    let focus = &attachment["meta"]["focus"];
    assert!((focus["x"].as_f64().unwrap() - 0.5).abs() < 0.01, "{focus}");
    assert!(
        (focus["y"].as_f64().unwrap() + 0.25).abs() < 0.01,
        "{focus}"
    );
}

async fn check_picture(viewer: &Person, url: &str) {
    let reply = viewer.get(url).await;
    assert_eq!(reply.status, 200, "{}", reply.describe());
    assert_eq!(scan::findings(&reply.body), [], "in {url}");
    let picture = Picture::decode(&reply.body).unwrap();
    assert!(picture.width > picture.height, "{url} lies on its side");
    assert_eq!(charts::faults(&picture), Vec::<String>::new(), "in {url}");
    check_with_exiftool(&reply.body);
}

/// A second opinion: what exiftool finds is about the file and its pixels, nothing else.
fn check_with_exiftool(bytes: &[u8]) {
    const ABOUT_PIXELS: [&str; 4] = ["ExifTool", "File", "JFIF", "Composite"];
    let install = "Debian's package `libimage-exiftool-perl`";
    let Some(exiftool) = require::tool("exiftool", install) else {
        return;
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let output = std::process::Command::new(exiftool)
        .args(["-json", "-groupNames", "-unknown"])
        .arg(file.path())
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tags = found[0].as_object().unwrap().keys();
    let others: Vec<_> = tags
        .filter_map(|tag| tag.split_once(':'))
        .filter(|(group, _)| !ABOUT_PIXELS.contains(group))
        .collect();
    assert!(others.is_empty(), "exiftool finds {others:?}");
}

#[tokio::test]
async fn every_orientation_and_every_format_comes_out_the_same() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let upright = charts::corners(600, 400);
    let mut uploads = Vec::new();
    for orientation in 1..=8 {
        let stored = upright.stored_with_orientation(orientation);
        let extras = Extras::oriented(orientation);
        uploads.push((
            format!("JPEG, orientation {orientation}"),
            Upload::jpeg(jpeg::write(&stored, 90, &extras)),
        ));
    }
    let everything = Extras::everything(1);
    uploads.push((
        "PNG".to_owned(),
        Upload::new(png::write(&upright, &everything), "a.png", "image/png"),
    ));
    uploads.push((
        "WebP".to_owned(),
        Upload::new(webp::write(&upright, &everything), "a.webp", "image/webp"),
    ));
    let wide = Extras {
        icc: Some(icc::display_p3()),
        ..Extras::default()
    };
    let wide_pixels = icc::in_display_p3(&upright);
    uploads.push((
        "PNG, Display P3".to_owned(),
        Upload::new(png::write(&wide_pixels, &wide), "b.png", "image/png"),
    ));
    uploads.push((
        "WebP, Display P3".to_owned(),
        Upload::new(webp::write(&wide_pixels, &wide), "b.webp", "image/webp"),
    ));

    for (name, upload) in uploads {
        let media = ada.photo(upload).await;
        let reply = ada.get(&text(&media, "/url")).await;
        assert_eq!(scan::findings(&reply.body), [], "{name}");
        let picture = Picture::decode(&reply.body).unwrap();
        assert_eq!((picture.width, picture.height), (600, 400), "{name}");
        assert_eq!(charts::faults(&picture), Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn follow_unfollow_and_delete_are_reflected_in_the_feed() {
    let server = Server::start().await;
    let (ada, bob) = ada_and_bob(&server).await;
    let first = text(&ada.say("first").await, "/id");
    let second = text(&ada.say("second").await, "/id");
    bob.finds_at_home(&first).await;
    bob.finds_at_home(&second).await;

    ada.delete(&format!("/api/v1/statuses/{first}"))
        .await
        .expect(200);
    bob.misses_at_home(&first).await;

    bob.unfollow(&ada).await;
    bob.misses_at_home(&second).await;

    bob.follow(&ada).await;
    bob.finds_at_home(&second).await;
    let home = bob.home().await;
    assert_eq!(home.len(), 1, "the deleted post is back: {home:?}");
}

#[tokio::test]
async fn ones_own_posts_are_in_ones_own_feed() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let post = text(&ada.say("to myself").await, "/id");
    ada.finds_at_home(&post).await;
}
