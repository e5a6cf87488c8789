//! The composer in a real browser: an album with a photo that fails, put in order, with a focal
//! point and choices; and the post that comes of it, over the whole screen.

use std::path::{Path, PathBuf};

use serde_json::json;
use testing_kit::{Landscape, Mood, charts, jpeg, png};

use crate::harness::window::{Window, driver};
use crate::harness::{Server, eventually};

/// What WebDriver calls these keys.
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const UP: &str = "\u{e013}";
const RIGHT: &str = "\u{e014}";
/// The fields of the photo on the stage.
const CHOSEN: &str = "fieldset.describe:not([hidden])";
/// Whether nothing is on its way any more.
pub(crate) const SETTLED: &str =
    "!document.querySelector('.strip li.busy, .strip progress:not([hidden])')";

/// Three photographs, and second a file that was cut off.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let photographs = [
        (Mood::Dawn, 1800, 1200),
        (Mood::Noon, 1200, 1800),
        (Mood::Dusk, 1500, 1500),
    ];
    for (seed, (mood, width, height)) in (31..).zip(photographs) {
        let picture = Landscape {
            seed,
            mood,
            width,
            height,
        }
        .draw();
        let path = folder.join(format!("landscape-{seed}.jpg"));
        std::fs::write(&path, jpeg::encode(&picture, 90)).unwrap();
        paths.push(path);
    }
    let mut cut_off = png::encode(&charts::corners(900, 600));
    cut_off.truncate(cut_off.len() / 2);
    let path = folder.join("cut-off.png");
    std::fs::write(&path, cut_off).unwrap();
    paths.insert(1, path);
    paths
}

pub(crate) async fn choose(window: &Window, paths: &[PathBuf]) {
    let names: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
    window
        .type_into("input[type=file]", &names.join("\n"))
        .await;
}

pub(crate) async fn comes_true(window: &Window, what: &str, condition: &str) {
    let script = format!("return {condition}");
    eventually(what, async || {
        (window.ask(&script).await == true).then_some(())
    })
    .await;
}

/// A text or an attribute on the page.
async fn read(window: &Window, css: &str, what: &str) -> String {
    let script = format!("return document.querySelector(\"{css}\").{what}");
    window.ask(&script).await.as_str().unwrap().to_owned()
}

/// Presses keys where the keyboard is.
async fn press(window: &Window, keys: &str) {
    let focused = window.0.active_element().await.unwrap();
    focused.send_keys(keys).await.unwrap();
}

async fn focus(window: &Window, css: &str) {
    let script = format!("document.querySelector(\"{css}\").focus()");
    window.ask(&script).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_album_is_made_with_one_photo_that_fails() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let paths = files(folder.path());
    let window = driver.window().await;
    window.sign_up(&server, "ada").await;
    window.open(&server, "/new").await;
    choose(&window, &paths).await;
    hear_of_failure(&window).await;
    replace_failed(&window, &paths[0]).await;
    window.click(&format!("{CHOSEN} [data-remove]")).await;
    arrange(&window).await;
    drag(&window).await;
    window.click(".further summary").await;
    window.click("input[name=camera_shown]").await;
    window.screenshots("composer-album").await;
    window.click("[data-submit]").await;
    eventually("the post's own page", async || {
        let path = window.0.current_url().await.unwrap().path().to_owned();
        path.starts_with("/@ada/").then_some(())
    })
    .await;
    look_at_post(&window).await;
    // The browser notes that the photo was refused; nothing else may be wrong.
    let mut complaints = window.complaints().await;
    complaints.retain(|complaint| !complaint.contains("422"));
    assert_eq!(complaints, Vec::<String>::new());
    window.0.close().await.unwrap();
}

/// Each photo that fails says why; the others stay, and it is not left out in silence.
async fn hear_of_failure(window: &Window) {
    let failed = "document.querySelectorAll('.strip li.failed').length === 1";
    comes_true(window, "a failure", &format!("{failed} && {SETTLED}")).await;
    let said = read(window, "[data-wrong]", "innerText").await;
    let (photo, reason) = said.split_once(": ").unwrap();
    assert_eq!(photo, "Photo 2, “cut-off.png”");
    window.screenshots("composer-failed").await;
    window.click("[data-submit]").await;
    let said = read(window, "[data-wrong]", "innerText").await;
    assert!(said.starts_with("A photo cannot be shared."), "{said}");
    window.click(".strip li.failed .pick").await;
    let why = read(window, &format!("{CHOSEN} [data-why]"), "innerText").await;
    assert_eq!(why, reason);
    window.screenshots("composer-why").await;
}

/// Another file in the place of the one that failed. The system's own dialogue cannot be driven.
async fn replace_failed(window: &Window, path: &Path) {
    window
        .ask("document.querySelector('[data-files]').click = () => {}")
        .await;
    window.click(&format!("{CHOSEN} [data-retry]")).await;
    choose(window, &[path.to_owned()]).await;
    let none = "!document.querySelector('.strip li.failed')";
    comes_true(window, "another photo", &format!("{none} && {SETTLED}")).await;
    let label = "getAttribute('aria-label')";
    let label = read(window, ".strip li:nth-child(2) .pick", label).await;
    assert_eq!(label, "Photo 2 of 4, landscape-31.jpg");
}

/// The upright one goes first, with its words and its focal point, by keyboard.
async fn arrange(window: &Window) {
    window.click(".strip li:nth-child(2) .pick").await;
    focus(window, &format!("{CHOSEN} [data-earlier]")).await;
    press(window, ENTER).await;
    let label = read(window, ".strip .pick", "getAttribute('aria-label')").await;
    assert_eq!(label, "Photo 1 of 3, landscape-32.jpg");
    focus(window, ".aim").await;
    press(window, &UP.repeat(2)).await;
    let top = read(window, &format!("{CHOSEN} [data-top]"), "value").await;
    assert_eq!(top, "40");
    let words = format!("{CHOSEN} textarea");
    window.type_into(&words, "The valley at noon").await;
}

/// The last in the place of the one before it, and back.
async fn drag(window: &Window) {
    let names = async || {
        let names = "return [...document.querySelectorAll('.strip .pick')].map(p => p.getAttribute('aria-label').split(', ')[1])";
        window.ask(names).await
    };
    let before = json!(["landscape-32.jpg", "landscape-31.jpg", "landscape-33.jpg"]);
    assert_eq!(names().await, before);
    window
        .drag(
            ".strip li:nth-child(3) .pick",
            ".strip li:nth-child(2) .pick",
        )
        .await;
    let after = json!(["landscape-32.jpg", "landscape-33.jpg", "landscape-31.jpg"]);
    assert_eq!(names().await, after);
    window
        .drag(
            ".strip li:nth-child(2) .pick",
            ".strip li:nth-child(3) .pick",
        )
        .await;
    assert_eq!(names().await, before);
}

/// Three photos in their order, and each over the whole screen.
async fn look_at_post(window: &Window) {
    window.find(".post .stage figure").await;
    let photos = window
        .ask(
            "return [...document.querySelectorAll('.post .stage .frame img:last-child')]\
             .map(i => [i.alt, Number(i.getAttribute('width')) - Number(i.getAttribute('height'))])",
        )
        .await;
    let expected = json!([["The valley at noon", -600], ["", 600], ["", 0]]);
    assert_eq!(photos, expected);
    let focus = read(window, ".post .stage .frame img:last-child", "className").await;
    assert_eq!(focus, "y4");
    window.screenshots("album-post").await;
    window.click(".post .stage figure a").await;
    window.find("dialog.lightbox[open] img").await;
    window.pictures_drawn().await;
    press(window, RIGHT).await;
    let label = read(window, ".lightbox", "getAttribute('aria-label')").await;
    assert_eq!(label, "Photo 2 of 3");
    window.screenshots("lightbox").await;
    press(window, ESCAPE).await;
    let shut = "!document.querySelector('dialog')";
    comes_true(window, "the photo to be put back", shut).await;
}

/// Where the browser is once a post is shared.
async fn shared(window: &Window) -> String {
    eventually("the post's own page", async || {
        let path = window.0.current_url().await.unwrap().path().to_owned();
        path.starts_with("/@ada/").then_some(path)
    })
    .await
}

/// What stands on the button, and whether it can be pressed.
async fn button(window: &Window) -> serde_json::Value {
    let script =
        "const b = document.querySelector('[data-submit]'); return [b.textContent, b.disabled]";
    window.ask(script).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_shared_that_nobody_pressed_share_for() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let paths = files(folder.path());
    let window = driver.window().await;
    window.sign_up(&server, "ada").await;
    window.open(&server, "/new").await;
    // A slow line: nothing goes up until it is released.
    let hold = "const send = XMLHttpRequest.prototype.send; window.held = []; \
                XMLHttpRequest.prototype.send = function (body) { held.push(() => send.call(this, body)); }; \
                window.letGo = () => { XMLHttpRequest.prototype.send = send; held.pop()(); }";
    window.ask(hold).await;
    choose(&window, &paths[..1]).await;
    window.click("[data-submit]").await;
    let waits = json!(["Sharing when the photos are ready", true]);
    assert_eq!(button(&window).await, waits);
    window.click(&format!("{CHOSEN} [data-remove]")).await;
    assert_eq!(button(&window).await, json!(["Share", false]));
    let chooses = "return document.activeElement === document.querySelector('[data-files]')";
    assert_eq!(window.ask(chooses).await, true);
    let said = read(&window, "[data-live]", "textContent").await;
    assert_eq!(said, "Photo 1 was taken out. None is left.");
    choose(&window, &paths[2..3]).await;
    window.ask("letGo()").await;
    let risen = "document.querySelector('textarea[name^=alt-]') && !document.querySelector('[data-files]').disabled";
    comes_true(&window, "the other photo, not shared", risen).await;
    // What is added after "Share" waits for it too.
    window.ask(hold).await;
    choose(&window, &paths[3..]).await;
    window.click("[data-submit]").await;
    assert_eq!(button(&window).await, waits);
    choose(&window, &paths[..1]).await;
    assert_eq!(button(&window).await, json!(["Share", false]));
    window.click(".strip li:nth-child(2) .pick").await;
    window.click(&format!("{CHOSEN} [data-remove]")).await;
    let focused = "return document.activeElement.getAttribute('aria-label')";
    let next = json!("Photo 2 of 2, landscape-31.jpg");
    assert_eq!(window.ask(focused).await, next);
    window.0.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_back_to_the_composer_begins_another_post() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let window = driver.window().await;
    window.sign_up(&server, "ada").await;
    window.open(&server, "/new").await;
    window.type_into("#text", "The first").await;
    window.click("[data-submit]").await;
    let first = shared(&window).await;
    window.0.back().await.unwrap();
    window.find("[data-submit]").await;
    let ready = "!document.querySelector('[data-files]').disabled && !('sent' in document.querySelector('[data-composer]').dataset)";
    comes_true(&window, "a composer that can be used", ready).await;
    window
        .ask("document.querySelector('#text').value = ''")
        .await;
    window.type_into("#text", "The second").await;
    window.click("[data-submit]").await;
    let second = shared(&window).await;
    assert_ne!(second, first);
    window.find(".post .caption").await;
    let words = read(&window, ".post .caption", "innerText").await;
    assert_eq!(words, "The second");
    window.0.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_came_too_soon_can_be_tried_again() {
    let Some(driver) = driver().await else { return };
    let server = Server::with(&[("HELIOGRAPH_MEDIA__UPLOADS_PER_HOUR_MAX", "1")]).await;
    let folder = tempfile::tempdir().unwrap();
    let paths = files(folder.path());
    let window = driver.window().await;
    window.sign_up(&server, "ada").await;
    window.open(&server, "/new").await;
    choose(&window, &[paths[0].clone(), paths[2].clone()]).await;
    let failed = "document.querySelectorAll('.strip li.failed').length === 1";
    let refused = format!("{failed} && {SETTLED}");
    comes_true(&window, "a refusal", &refused).await;
    window.click(".strip li.failed .pick").await;
    let retry = format!("{CHOSEN} [data-retry]");
    assert_eq!(read(&window, &retry, "innerText").await, "Try again");
    // It goes up again by itself, and nobody is asked for a file.
    let count = "const send = XMLHttpRequest.prototype.send; window.sent = 0; \
                 XMLHttpRequest.prototype.send = function (body) { sent += body.has('file'); send.call(this, body); }";
    window.ask(count).await;
    window.click(&retry).await;
    let again = format!("sent === 1 && {refused}");
    comes_true(&window, "another try", &again).await;
    window.0.close().await.unwrap();
}
