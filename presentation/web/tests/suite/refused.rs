//! Forms that come too often: what was written is brought back.

use http::StatusCode;

use crate::browser::{Browser, Page};
use crate::fakes::Fakes;
use crate::fakes::posts::TOO_MUCH;

fn check(page: &Page, text: &str, reason: &str) {
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "{}", page.body);
    assert_ne!(page.header("retry-after"), "");
    assert!(page.body.contains("class=\"notice wrong\" role=\"alert\""));
    assert!(page.body.contains(reason), "{}", page.body);
    let written = format!(">{text}</textarea>");
    assert!(page.body.contains(&written), "{}", page.body);
}

async fn comment(browser: &mut Browser, text: &str) -> Page {
    let form = browser.get("/@bob/100").await;
    let (csrf, key) = (form.hidden("csrf"), form.hidden("idempotency_key"));
    let fields = [("csrf", &*csrf), ("idempotency_key", &*key), ("text", text)];
    browser.post("/@bob/100/reply", &fields).await
}

async fn share(browser: &mut Browser, text: &str) -> Page {
    let form = browser.get("/new").await;
    let (csrf, key) = (form.hidden("csrf"), form.hidden("idempotency_key"));
    let fields = [
        ("csrf", &*csrf),
        ("idempotency_key", &*key),
        ("text", text),
        ("visibility", "private"),
    ];
    browser.post_files("/new", &fields).await
}

#[tokio::test]
async fn a_comment_or_a_post_beyond_the_limit_of_changes_is_kept_in_its_form() {
    let fakes = Fakes::default();
    let mut browser = Browser::member_with_writes(&fakes, 2);
    let first = comment(&mut browser, "first").await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    let second = share(&mut browser, "second").await;
    assert_eq!(second.status, StatusCode::SEE_OTHER, "{}", second.body);
    check(
        &comment(&mut browser, "third").await,
        "third",
        "can change 2 things",
    );
    let page = share(&mut browser, "fourth").await;
    check(&page, "fourth", "can change 2 things");
    assert!(
        page.body.contains("value=\"private\" checked"),
        "{}",
        page.body
    );
    assert_eq!(fakes.done().len(), 2, "{:?}", fakes.done());
    // What else changes something counts, too.
    let csrf = browser.get("/@bob/100").await.hidden("csrf");
    let refused = browser.post("/@bob/follow", &[("csrf", &csrf)]).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_post_beyond_those_of_a_day_is_kept_in_its_form() {
    let mut browser = Browser::member(&Fakes::default());
    let reason = "That is all for today.";
    check(&comment(&mut browser, TOO_MUCH).await, TOO_MUCH, reason);
    check(&share(&mut browser, TOO_MUCH).await, TOO_MUCH, reason);
}
