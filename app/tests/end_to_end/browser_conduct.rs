//! A real browser: what it shows after logging out, what those hear who do not see, and what it
//! fetches first.

use std::path::Path;

use serde_json::{Value, json};
use testing_kit::{Landscape, Mood, jpeg, require};

use crate::harness::caller::{Upload, text};
use crate::harness::person::PASSWORD;
use crate::harness::window::{Window, driver};
use crate::harness::{Person, Server, eventually};

async fn sign_in(window: &Window, server: &Server, name: &str) {
    window.open(server, "/login").await;
    window.type_into("#username", name).await;
    window.type_into("#password", PASSWORD).await;
    window.click("form[action='/login'] button").await;
    window.find("form[action='/logout']").await;
}

async fn path_of(window: &Window) -> String {
    window.0.current_url().await.unwrap().path().to_owned()
}

/// Goes back until the browser shows the log-in page: nothing of what a member saw may be shown
/// instead.
async fn back_shows_nothing(window: &Window, steps: usize) {
    for _ in 0..steps {
        window.0.back().await.unwrap();
        let shown = eventually("a page after going back", async || {
            let script = "return document.readyState === 'complete' && \
                          !document.documentElement.classList.contains('left') && document.body.className";
            window.ask(script).await.as_str().map(str::to_owned)
        })
        .await;
        assert_eq!(shown, "visitor", "{} is shown", path_of(window).await);
        let field = window
            .ask("return !!document.querySelector('#display_name, article.card')")
            .await;
        assert_eq!(field, false, "{} is shown", path_of(window).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_back_after_logging_out_shows_nothing() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    server.person("ada").await.say("for me").await;
    let window = driver.window().await;
    sign_in(&window, &server, "ada").await;
    window.open(&server, "/settings").await;
    window.find("#display_name").await;
    // As long as the session continues, what was there is there again.
    window.0.back().await.unwrap();
    window.find("html:not(.left) article.card").await;
    window.0.forward().await.unwrap();
    window.find("html:not(.left) #display_name").await;
    window.click(".bar form[action='/logout'] button").await;
    window.find("a[href='/login']").await;
    back_shows_nothing(&window, 2).await;
    window.0.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_back_after_the_session_ended_shows_nothing() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    server.person("ada").await.say("for me").await;
    let window = driver.window().await;
    sign_in(&window, &server, "ada").await;
    window.open(&server, "/settings").await;
    window.find("#display_name").await;
    window.open(&server, "/about").await;
    window.0.delete_cookie("heliograph-session").await.unwrap();
    back_shows_nothing(&window, 2).await;
    window.0.close().await.unwrap();
}

/// A photo, described or not.
async fn photo(person: &Person, seed: u32, description: &str) -> Value {
    let picture = Landscape {
        seed,
        mood: Mood::Dawn,
        width: 600,
        height: 400,
    };
    let upload = Upload::jpeg(jpeg::encode(&picture.draw(), 85));
    let upload = match description {
        "" => upload,
        words => upload.with("description", words),
    };
    person.photo(upload).await["id"].clone()
}

/// Photos without a description alone, in an album, in a comment and behind a warning; an app's own
/// kinds of posts.
async fn awkward(server: &Server) -> (Person, String) {
    let (ada, reader) = (server.person("ada").await, server.person("reader").await);
    reader.follow(&ada).await;
    let veiled =
        json!({"status": "", "spoiler_text": "Heights", "media_ids": [photo(&ada, 1, "").await]});
    let album = [
        photo(&ada, 2, "").await,
        photo(&ada, 3, "Described").await,
        photo(&ada, 4, "").await,
    ];
    ada.publish(&veiled).await;
    ada.publish(&json!({"status": "Album", "media_ids": album}))
        .await;
    ada.say("Words alone").await;
    let bare = ada
        .publish(&json!({"status": "", "media_ids": [photo(&ada, 5, "").await]}))
        .await;
    let id = text(&bare, "/id");
    let comment =
        json!({"status": "", "in_reply_to_id": id, "media_ids": [photo(&ada, 6, "").await]});
    ada.publish(&comment).await;
    reader.finds_at_home(&id).await;
    (reader, id)
}

/// What axe-core finds on the page, a line for each.
async fn findings(window: &Window, axe: &str) -> Vec<String> {
    window.ask(axe).await;
    let found = window
        .ask("return axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)")
        .await;
    let nodes = |violation: &Value| violation["nodes"].as_array().cloned().unwrap_or_default();
    let lines = found.as_array().unwrap().iter().flat_map(|violation| {
        nodes(violation).into_iter().map(|node| {
            format!(
                "{}: {} {}",
                violation["id"], node["html"], node["failureSummary"]
            )
        })
    });
    lines.collect()
}

const AXE: &str = "the `node_modules` folder that `npm install axe-core` makes";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_link_and_button_has_a_name_and_axe_finds_nothing() {
    let Some(driver) = driver().await else { return };
    let Some(modules) = require::variable("HELIOGRAPH_TEST_NODE_MODULES", AXE) else {
        return;
    };
    let axe = std::fs::read_to_string(Path::new(&modules).join("axe-core/axe.min.js")).unwrap();
    let server = Server::start().await;
    let (_, id) = awkward(&server).await;
    let window = driver.window().await;
    let mut found = Vec::new();
    let post = format!("/@ada/{id}");
    for path in [
        "/", "/login", "/signup", "/about", "/nowhere", "/@ada", &post,
    ] {
        window.open(&server, path).await;
        found.extend(in_both_themes(&window, &axe, &format!("visitor {path}")).await);
    }
    sign_in(&window, &server, "reader").await;
    for path in [
        "/",
        "/@ada",
        &post,
        "/@ada/followers",
        "/new",
        "/new/photos",
        "/settings",
        "/nowhere",
    ] {
        window.open(&server, path).await;
        found.extend(in_both_themes(&window, &axe, &format!("member {path}")).await);
    }
    assert_eq!(found, Vec::<String>::new());
    window.0.close().await.unwrap();
}

async fn in_both_themes(window: &Window, axe: &str, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    for scheme in ["light", "dark"] {
        window.prefer(scheme).await;
        for (width, height) in [(390, 844), (1440, 900)] {
            window.resize(width, height).await;
            let lines = findings(window, axe).await;
            found.extend(
                lines
                    .iter()
                    .map(|line| format!("{place} {scheme} {width}: {line}")),
            );
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_photo_is_fetched_first_and_the_last_when_it_comes_near() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let (ada, reader) = (server.person("ada").await, server.person("reader").await);
    reader.follow(&ada).await;
    let mut newest = String::new();
    for seed in 0..8 {
        let media = photo(&ada, seed, "A landscape").await;
        let post = json!({"status": format!("Number {seed}"), "media_ids": [media]});
        newest = text(&ada.publish(&post).await, "/id");
    }
    reader.finds_at_home(&newest).await;
    let window = driver.window().await;
    sign_in(&window, &server, "reader").await;
    window.open(&server, "/").await;
    window.pictures_drawn().await;
    let script = "return [...document.querySelectorAll('article.card a.open img[srcset]')]\
                  .map(image => [image.loading, image.fetchPriority])";
    let fetched = window.ask(script).await;
    let fetched = fetched.as_array().unwrap();
    assert_eq!(fetched.len(), 8);
    assert_eq!(fetched[0], json!(["eager", "high"]));
    assert!(
        fetched[1..]
            .iter()
            .all(|photo| *photo == json!(["lazy", "auto"])),
        "{fetched:?}"
    );
    assert_eq!(window.complaints().await, Vec::<String>::new());
    window.0.close().await.unwrap();
}
