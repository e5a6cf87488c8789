//! Photos that were uploaded and not shared, in a real browser: found again, deleted, and put into
//! a post.

use crate::composer::{SETTLED, choose, comes_true, files};
use crate::harness::window::driver;
use crate::harness::{Server, eventually};

/// The list, a word for each photo.
const LISTED: &str = "[...document.querySelectorAll('.upload')].map((it) => it.querySelector('.wrong') ? 'wrong' : 'good').join()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_left_behind_is_found_again() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let window = driver.window().await;
    window.sign_up(&server, "ada").await;
    window.open(&server, "/new").await;
    choose(&window, &files(folder.path())).await;
    comes_true(&window, "the uploads", SETTLED).await;
    comes_true(
        &window,
        "four photos in the strip",
        "document.querySelectorAll('.strip li[draggable]').length === 4",
    )
    .await;
    window.open(&server, "/new").await;
    window.click("a[href='/new/photos']").await;
    let is_listed = async |what: &str, expected: &str| {
        comes_true(&window, what, &format!("{LISTED} === '{expected}'")).await;
    };
    is_listed("the list, as they came", "good,wrong,good,good").await;
    window
        .click(".upload:nth-child(3) input[type=checkbox]")
        .await;
    window
        .click(".upload:nth-child(4) input[type=checkbox]")
        .await;
    window.screenshots("unshared").await;
    window.click("button[form=use]").await;
    comes_true(
        &window,
        "a post with two photos",
        "document.querySelectorAll('.strip li[draggable]').length === 2",
    )
    .await;
    comes_true(&window, "both ready", SETTLED).await;
    window.click("[data-submit]").await;
    eventually("the post's own page", async || {
        let path = window.0.current_url().await.unwrap().path().to_owned();
        path.starts_with("/@ada/").then_some(())
    })
    .await;
    window.open(&server, "/new/photos").await;
    is_listed("what is left", "good,wrong").await;
    for left in ["wrong", ""] {
        window.click(".upload:first-child form button").await;
        is_listed("one less", left).await;
    }
    // The browser notes that a photo was refused; nothing else may be wrong.
    let mut complaints = window.complaints().await;
    complaints.retain(|complaint| !complaint.contains("422"));
    assert_eq!(complaints, Vec::<String>::new());
}
