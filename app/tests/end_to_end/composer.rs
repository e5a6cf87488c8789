//! The composer in a real browser: an album with a photo that fails, put in order, with a focal point and choices; and the
//! post that comes of it, over the whole screen.

use std::path::PathBuf;

use serde_json::json;
use testing_kit::{Landscape, Mood, charts, jpeg, png};

use crate::harness::window::{Window, driver};
use crate::harness::{Server, eventually};

/// Three photographs and a file that was cut off.
fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for (seed, (mood, width, height)) in (31..).zip([
        (Mood::Dawn, 1800, 1200),
        (Mood::Noon, 1200, 1800),
        (Mood::Dusk, 1500, 1500),
    ]) {
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

async fn choose(window: &Window, paths: &[PathBuf]) {
    let names: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
    window
        .type_into("input[type=file]", &names.join("\n"))
        .await;
}

async fn asks_true(window: &Window, what: &str, script: &str) {
    eventually(what, async || {
        (window.ask(script).await == true).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_album_is_made_with_one_photo_that_fails() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let window = driver.window().await;
    window.sign_up(&server, "ada").await;
    window.open(&server, "/new").await;
    choose(&window, &files(folder.path())).await;
    asks_true(&window, "three photos and a failure",
        "return document.querySelectorAll('.strip li.failed').length === 1 && !document.querySelector('.strip progress:not([hidden])') && !document.querySelector('.strip li.busy')").await;
    let said = window
        .ask("return document.querySelector('[data-wrong]').innerText")
        .await;
    let said = said.as_str().unwrap();
    assert!(
        said.starts_with("Photo 2, “cut-off.png”: ") && said.len() > 40,
        "{said}"
    );
    window.screenshots("composer-failed").await;
    // It keeps the others, and is not left out in silence.
    window.click("[data-submit]").await;
    let said = window
        .ask("return document.querySelector('[data-wrong]').innerText")
        .await;
    assert!(
        said.as_str()
            .unwrap()
            .starts_with("A photo cannot be shared."),
        "{said}"
    );
    window.click(".strip li.failed .pick").await;
    let why =
        "return document.querySelector('fieldset.describe:not([hidden]) [data-why]').innerText";
    let why = window.ask(why).await;
    assert!(why.as_str().unwrap().len() > 20, "{why}");
    window.screenshots("composer-why").await;
    window
        .click("fieldset.describe:not([hidden]) [data-remove]")
        .await;

    // The second that is left goes first, by keyboard.
    window.click(".strip li:nth-child(2) .pick").await;
    window
        .ask("document.querySelector('fieldset.describe:not([hidden]) [data-earlier]').focus()")
        .await;
    window
        .0
        .active_element()
        .await
        .unwrap()
        .send_keys("\u{e007}")
        .await
        .unwrap();
    let label = window
        .ask("return document.querySelector('.strip .pick').getAttribute('aria-label')")
        .await;
    assert_eq!(label, "Photo 1 of 3, landscape-32.jpg");
    // What must stay in view: up with the keys, left by a click.
    window.ask("document.querySelector('.aim').focus()").await;
    window
        .0
        .active_element()
        .await
        .unwrap()
        .send_keys("\u{e013}\u{e013}")
        .await
        .unwrap();
    let top = window
        .ask("return document.querySelector('fieldset.describe:not([hidden]) [data-top]').value")
        .await;
    assert_eq!(top, "40");
    window
        .type_into(
            "fieldset.describe:not([hidden]) textarea",
            "The valley at noon",
        )
        .await;
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
    assert_eq!(
        window
            .complaints()
            .await
            .into_iter()
            .filter(|it| !it.contains("422"))
            .collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    window.0.close().await.unwrap();
}

/// Three photos in their order, and each over the whole screen.
async fn look_at_post(window: &Window) {
    window.find(".post .stage figure").await;
    let alts = window.ask("return [...document.querySelectorAll('.post .stage .frame img:last-child')].map(i => [i.alt, Number(i.getAttribute('width')) > Number(i.getAttribute('height'))])").await;
    assert_eq!(
        alts,
        json!([["The valley at noon", false], ["", true], ["", false]])
    );
    window.screenshots("album-post").await;
    window.click(".post .stage figure a").await;
    window.find("dialog.lightbox[open] img").await;
    window.pictures_drawn().await;
    window
        .0
        .active_element()
        .await
        .unwrap()
        .send_keys("\u{e014}")
        .await
        .unwrap();
    let label = window
        .ask("return document.querySelector('.lightbox').getAttribute('aria-label')")
        .await;
    assert_eq!(label, "Photo 2 of 3");
    window.screenshots("lightbox").await;
    window
        .0
        .active_element()
        .await
        .unwrap()
        .send_keys("\u{e00c}")
        .await
        .unwrap();
    let shut = "return !document.querySelector('dialog')";
    asks_true(window, "the photo to be put back", shut).await;
}
