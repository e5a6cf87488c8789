//! A real browser: two people sign up, one uploads a photo, it appears upright in the other's feed.

use std::path::{Path, PathBuf};

use serde_json::json;
use testing_kit::jpeg::{self, Extras};
use testing_kit::picture::Picture;
use testing_kit::{Landscape, Mood, charts, require};

use crate::harness::caller::{Upload, text};
use crate::harness::person::PASSWORD;
use crate::harness::window::{Window, driver};
use crate::harness::{Person, Server, eventually};

/// A camera's photo taken on its side: a real one when the shared photos are there, else a drawn
/// one. With the prefix of its screenshots: those of a real photo, which may show someone's face,
/// are marked and must not be published.
fn camera_photo(folder: &Path) -> (PathBuf, &'static str) {
    let real = require::shared_photos("good").unwrap_or_default();
    let chosen = real
        .into_iter()
        .find(|path| path.to_string_lossy().contains("rot__Canon_EOS_1000D"));
    if let Some(real) = chosen {
        return (real, "not-to-publish-");
    }
    let picture = Landscape {
        seed: 11,
        mood: Mood::Dawn,
        width: 1800,
        height: 2400,
    }
    .draw();
    let path = folder.join("camera.jpg");
    let stored = picture.stored_with_orientation(6);
    std::fs::write(&path, jpeg::write(&stored, 92, &Extras::everything(6))).unwrap();
    (path, "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_sign_up_and_a_photo_goes_from_one_to_the_other() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (ada, bob) = (driver.window().await, driver.window().await);
    ada.open(&server, "/").await;
    ada.screenshots("front-empty").await;
    ada.sign_up(&server, "ada").await;
    bob.sign_up(&server, "bob").await;
    bob.screenshots("home-empty").await;
    bob.open(&server, "/@ada").await;
    bob.click("form[action='/@ada/follow'] button").await;

    let (photo, prefix) = camera_photo(folder.path());
    share_photo(&ada, &server, &photo, prefix).await;
    look_at_feed(&bob, &server).await;
    bob.screenshots(&format!("{prefix}home-one")).await;
    bob.click("article.card a.open").await;
    bob.screenshots(&format!("{prefix}post")).await;
    for window in [&ada, &bob] {
        assert_eq!(window.complaints().await, Vec::<String>::new());
    }
    ada.0.close().await.unwrap();
    bob.0.close().await.unwrap();
}

/// Puts a photo on the wall with the composer and its script.
async fn share_photo(ada: &Window, server: &Server, photo: &Path, prefix: &str) {
    ada.open(server, "/new").await;
    ada.type_into("input[type=file]", &photo.to_string_lossy())
        .await;
    ada.type_into("fieldset.describe textarea", "A landscape, upright")
        .await;
    ada.type_into("#text", "Straight from the camera").await;
    ada.screenshots(&format!("{prefix}composer")).await;
    ada.click("[data-submit]").await;
    eventually("the composer to be left", async || {
        (!ada
            .0
            .current_url()
            .await
            .unwrap()
            .path()
            .starts_with("/new"))
        .then_some(())
    })
    .await;
}

/// The photo is there, upright, with its description.
async fn look_at_feed(bob: &Window, server: &Server) {
    eventually("the photo in Bob's feed", async || {
        bob.open(server, "/").await;
        let found = bob
            .ask("return !!document.querySelector('article.card img[src*=\"/media/\"]')")
            .await;
        (found == true).then_some(())
    })
    .await;
    bob.pictures_drawn().await;
    let size = bob.ask("const i = document.querySelector('article.card a.open img[src*=\"/media/\"]'); return [i.naturalWidth, i.naturalHeight]").await;
    assert!(
        size[1].as_u64() > size[0].as_u64(),
        "the photo lies on its side: {size}"
    );
    let alt = bob
        .ask("return document.querySelector('article.card a.open img[src*=\"/media/\"]').alt")
        .await;
    assert_eq!(alt, "A landscape, upright");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn colours_on_the_screen_are_those_of_the_photo() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let wide = Extras {
        icc: Some(testing_kit::icc::display_p3()),
        ..Extras::oriented(6)
    };
    let chart =
        testing_kit::icc::in_display_p3(&charts::corners(900, 600)).stored_with_orientation(6);
    let media = ada
        .photo(Upload::jpeg(jpeg::write(&chart, 92, &wide)))
        .await;
    ada.publish(&json!({"status": "", "media_ids": [media["id"]]}))
        .await;
    let window = driver.window().await;
    window.0.goto(media["url"].as_str().unwrap()).await.unwrap();
    window.pictures_drawn().await;
    let shot = window.find("img").await.screenshot().await.unwrap();
    let shown = Picture::decode(&shot).unwrap();
    assert_eq!(charts::faults(&shown), Vec::<String>::new());
    window.0.close().await.unwrap();
}

/// A few people with a few photos each, for pictures of how the place looks when it is lived in.
async fn lived_in(server: &Server) -> Person {
    let names = [
        ("ada", "Ada Lumen"),
        ("noor", "Noor"),
        ("tomas", "Tomás Vega"),
        ("mei", "Mei Lin"),
    ];
    let captions = [
        "First light on the lake. Worth the cold feet.",
        "Wind all night, then this.",
        "The ridge, just before the rain came over.",
        "Nobody else out here.",
        "Same place as last week, another planet.",
    ];
    let reader = server.person("you").await;
    for (index, (name, shown)) in names.into_iter().enumerate() {
        let person = server.person(name).await;
        person
            .patch(
                "/api/v1/accounts/update_credentials",
                &json!({"display_name": shown}),
            )
            .await
            .expect(200);
        reader.follow(&person).await;
        for number in 0..3 {
            let mood = Mood::ALL[(index * 3 + number) % Mood::ALL.len()];
            let (width, height) = if number == 1 {
                (1200, 1500)
            } else {
                (1500, 1000)
            };
            let seed = u32::try_from(index * 10 + number).unwrap();
            let picture = Landscape {
                seed,
                mood,
                width,
                height,
            }
            .draw();
            let upload = Upload::jpeg(jpeg::encode(&picture, 90))
                .with("description", &format!("A landscape at {mood:?}"));
            let media = person.photo(upload).await;
            let caption = captions[(index + number * 2) % captions.len()];
            person
                .publish(&json!({"status": caption, "media_ids": [media["id"]]}))
                .await;
        }
    }
    reader
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_place_when_it_is_lived_in() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let reader = lived_in(&server).await;
    eventually("every photo in the feed", async || {
        (reader.home().await.len() == 12).then_some(())
    })
    .await;
    let window = driver.window().await;
    window.open(&server, "/").await;
    window.screenshots("front").await;
    window.open(&server, "/login").await;
    window.screenshots("login").await;
    window.type_into("#username", "you").await;
    window.type_into("#password", PASSWORD).await;
    window.click("form[action='/login'] button").await;
    window.find("article.card").await;
    window.screenshots("home").await;
    let post = text(&reader.home().await[1], "/id");
    let path = format!("/@mei/{post}");
    for (name, path) in [
        ("post", path.as_str()),
        ("profile", "/@ada"),
        ("settings", "/settings"),
        ("new", "/new"),
    ] {
        window.open(&server, path).await;
        window.screenshots(name).await;
    }
    assert_eq!(window.complaints().await, Vec::<String>::new());
    window.0.close().await.unwrap();
}
