//! Sharing photos, with the script and without.

use http::StatusCode;

use crate::browser::Browser;
use crate::fakes::Fakes;

#[tokio::test]
async fn a_photo_is_shared_by_a_plain_form() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let page = browser.get("/new").await;
    let (csrf, key) = (page.hidden("csrf"), page.hidden("idempotency_key"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("idempotency_key", &key),
        ("file/a.jpg", "12345"),
        ("file/", ""),
        ("alt", " A gull "),
        ("text", "Noon"),
        ("visibility", "private"),
        ("share", "1"),
    ];
    let page = browser.post_files("/new", &fields).await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::SEE_OTHER, "/@ada/900")
    );
    assert_eq!(
        fakes.done(),
        [
            "upload a.jpg 5",
            "alt 500 A gull",
            "post \"Noon\" media=[500] visibility=3"
        ]
    );
}

#[tokio::test]
async fn adding_photos_brings_the_form_back_with_a_field_for_each() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("file/a.jpg", "1"),
        ("add", "1"),
        ("text", "kept <b>"),
        ("visibility", "unlisted"),
    ];
    let page = browser.post_files("/new", &fields).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.hidden("media_id"), "500");
    assert!(
        page.body.contains("name=\"alt-500\"") && page.body.contains("kept &#60;b&#62;"),
        "{}",
        page.body
    );
    assert!(page.body.contains("value=\"unlisted\" checked"));
    assert_eq!(fakes.done(), ["upload a.jpg 1"]);
    let page = browser
        .post_files(
            "/new",
            &[("csrf", &csrf), ("media_id", "500"), ("remove", "500")],
        )
        .await;
    assert!(!page.body.contains("alt-500"));
}

#[tokio::test]
async fn nothing_is_stored_for_a_form_that_is_not_ours() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    for path in ["/new", "/new/photos", "/settings"] {
        for fields in [
            &[("file/a.jpg", "1")][..],
            &[("csrf", "guessed"), ("file/a.jpg", "1")],
            // The token must come before the file.
            &[("file/a.jpg", "1"), ("csrf", csrf.as_str())],
        ] {
            let page = browser.post_files(path, fields).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} {fields:?}");
        }
        browser.fetch_site = "cross-site";
        let page = browser
            .post_files(path, &[("csrf", csrf.as_str()), ("file/a.jpg", "1")])
            .await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
        browser.fetch_site = "same-origin";
    }
    let mut visitor = Browser::visitor(&fakes);
    assert!(
        visitor
            .post_files("/new/photos", &[("file/a.jpg", "1")])
            .await
            .location()
            .starts_with("/login")
    );
    assert!(fakes.done().is_empty(), "{:?}", fakes.done());
}

#[tokio::test]
async fn what_cannot_be_shared_brings_the_form_back_with_the_reason() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    let file: (&str, &str) = ("file/a.jpg", "1");
    for (fields, reason) in [
        (
            vec![("visibility", "public"), ("share", "1")],
            "Choose a photo first.",
        ),
        (
            vec![("file/a.txt", "1"), ("share", "1")],
            "This is no photo.",
        ),
        (vec![file; 4], "A post holds 3 photos at the most."),
        (vec![("media_id", "x")], "There is no such photo"),
        (
            vec![("text", "x"), ("visibility", "direct"), ("share", "1")],
            "Say who may see it.",
        ),
    ] {
        let fields: Vec<_> = [("csrf", csrf.as_str())]
            .into_iter()
            .chain(fields)
            .collect();
        let page = browser.post_files("/new", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(page.body.contains(reason), "{fields:?}");
    }
    assert!(!fakes.done().iter().any(|done| done.starts_with("post")));
}

#[tokio::test]
async fn the_script_is_answered_with_what_it_shows() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    let page = browser
        .post_files("/new/photos", &[("csrf", &csrf), ("file/a.jpg", "123")])
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("\"id\":\"500\"") && page.body.contains("/media/abc.jpg"),
        "{}",
        page.body
    );
    assert_eq!(fakes.done(), ["upload a.jpg 3"]);
}
