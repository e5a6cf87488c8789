//! Photos that were uploaded and are in no post.

use http::StatusCode;

use crate::browser::{Browser, Page};
use crate::fakes::Fakes;

const LINK: &str = "href=\"/new/photos\"";

/// Uploads a photo as the script does.
async fn upload(browser: &mut Browser, name: &str) {
    let csrf = browser.get("/new").await.hidden("csrf");
    let name = format!("file/{name}");
    let fields = [("csrf", csrf.as_str()), (name.as_str(), "1")];
    browser.post_files("/new/photos", &fields).await;
}

fn offers(page: &Page, id: u64) -> bool {
    let pick = format!("name=\"media_id[]\" value=\"{id}\"");
    page.body.contains(&pick)
}

#[tokio::test]
async fn what_is_in_no_post_is_listed_for_its_owner_alone() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let empty = browser.get("/new/photos").await;
    assert!(
        empty
            .body
            .contains("Every photo you uploaded is in a post.")
    );
    assert!(!browser.get("/new").await.body.contains(LINK));
    for name in ["a.jpg", "broken.jpg", "slow.jpg"] {
        upload(&mut browser, name).await;
    }
    for path in ["/new", "/settings"] {
        assert!(browser.get(path).await.body.contains(LINK), "{path}");
    }
    let page = browser.get("/new/photos").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("cache-control"), "no-store");
    let at = |text: &str| page.body.find(text);
    assert!(at("value=\"500\"") < at("It is damaged.") && at("It is damaged.") < at("It is being"));
    assert!(offers(&page, 500) && !offers(&page, 501) && !offers(&page, 502));
    assert!(page.body.contains("It is damaged. Export it again."));
    assert!(page.body.contains("It is being processed."));
    assert!(
        page.body
            .contains("is deleted a day after it came, and what failed after 7 days")
    );
    let page = Browser::visitor(&fakes).get("/new/photos").await;
    assert!(page.location().starts_with("/login"), "{}", page.location());
}

#[tokio::test]
async fn a_post_begins_with_what_was_chosen_in_the_order_it_was() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    for name in [
        "a.jpg",
        "b.jpg",
        "broken.jpg",
        "c.jpg",
        "d.jpg",
        "e.jpg",
        "f.jpg",
    ] {
        upload(&mut browser, name).await;
    }
    let asked = "/new?media_id%5B%5D=501&media_id%5B%5D=500&media_id%5B%5D=501&media_id%5B%5D=502&media_id%5B%5D=77&media_id%5B%5D=x";
    let page = browser.get(asked).await;
    assert_eq!(page.status, StatusCode::OK);
    let listed = "<input type=\"hidden\" name=\"media_id\" value=\"501\"><input type=\"hidden\" name=\"media_id\" value=\"500\"></div>";
    assert!(page.body.contains(listed), "{}", page.body);
    assert!(page.body.contains(LINK));
    let (csrf, key) = (page.hidden("csrf"), page.hidden("idempotency_key"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("idempotency_key", &key),
        ("media_id", "501"),
        ("media_id", "500"),
        ("visibility", "public"),
        ("share", "1"),
    ];
    let page = browser.post_files("/new", &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    // What is shared is offered no more, by whichever address.
    assert!(!offers(&browser.get("/new/photos").await, 500));
    assert!(!browser.get(asked).await.body.contains("name=\"media_id\""));
    // No more than a post holds.
    let many = "/new?media_id[]=503&media_id[]=504&media_id[]=505&media_id[]=506";
    let page = browser.get(many).await;
    assert_eq!(page.body.matches("name=\"media_id\"").count(), 3);
}

#[tokio::test]
async fn what_is_not_wanted_is_deleted() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    upload(&mut browser, "a.jpg").await;
    let csrf = browser.get("/new/photos").await.hidden("csrf");
    let path = "/new/photos/500/delete";
    let page = browser.post(path, &[("csrf", "guessed")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let page = browser.post(path, &[("csrf", &csrf)]).await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::SEE_OTHER, "/new/photos")
    );
    assert_eq!(fakes.done(), ["upload a.jpg 1", "delete 500"]);
    assert!(
        browser
            .get("/new/photos")
            .await
            .body
            .contains("Every photo")
    );
    // One that has gone by itself is as it was wanted.
    let page = browser
        .post("/new/photos/999/delete", &[("csrf", &csrf)])
        .await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let page = browser
        .post("/new/photos/x/delete", &[("csrf", &csrf)])
        .await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}
