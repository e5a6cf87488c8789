//! Sharing photos, with the script and without.

use std::sync::atomic::Ordering;

use edge_http::context::RouteBudget;
use http::StatusCode;
use infra_kernel::AccountId;

use crate::browser::Browser;
use crate::fakes::{ADA, Fakes};

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
        (
            [vec![file; 5], vec![("text", "kept"), ("share", "1")]].concat(),
            "A post holds 3 photos at the most, and these are 5.",
        ),
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

#[tokio::test]
async fn a_photo_that_is_refused_says_why_and_keeps_no_other() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("file/a.jpg", "1"),
        ("file/notes.txt", "1"),
        ("file/broken.jpg", "1"),
        ("file/b.jpg", "1"),
        ("text", "kept"),
        ("visibility", "private"),
        ("originals_shared", "1"),
        ("share", "1"),
    ];
    let page = browser.post_files("/new", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for reason in [
        "<bdi>notes.txt</bdi> was left out. This is no photo.",
        "<bdi>Photo 2</bdi> was left out. It is damaged. Export it again.",
    ] {
        assert!(page.body.contains(reason), "{}", page.body);
    }
    // The others stay in their order, and so does all else.
    let photos: Vec<_> = page.body.matches("name=\"media_id\" value=\"50").collect();
    assert_eq!(photos.len(), 2);
    for kept in [
        "value=\"500\"",
        "value=\"502\"",
        ">kept</textarea>",
        "value=\"private\" checked",
        "name=\"originals_shared\" value=\"1\" checked",
    ] {
        assert!(page.body.contains(kept), "{kept}");
    }
    assert!(!fakes.done().iter().any(|done| done.starts_with("post")));
    let again = [
        ("csrf", csrf.as_str()),
        ("media_id", "500"),
        ("media_id", "502"),
        ("visibility", "public"),
        ("share", "1"),
    ];
    let page = browser.post_files("/new", &again).await;
    assert_eq!(page.location(), "/@ada/900");
}

#[tokio::test]
async fn a_photo_that_takes_long_is_waited_for_by_the_person() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    let file = [("csrf", csrf.as_str()), ("file/slow.heic", "123")];
    let page = browser.post_files("/new/photos", &file).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("\"state\":\"processing\"") && page.body.contains("\"picture\":null"),
        "{}",
        page.body
    );
    let share = [
        ("csrf", csrf.as_str()),
        ("media_id", "500"),
        ("text", "kept"),
        ("visibility", "public"),
        ("share", "1"),
    ];
    let page = browser.post_files("/new", &share).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.body.contains("Photo 1 is still being processed.")
            && page.body.contains(">kept</textarea>"),
        "{}",
        page.body
    );
    assert_eq!(page.hidden("media_id"), "500");
    fakes.finish_slow();
    let page = browser.get("/new/photos/500").await;
    assert!(
        page.body.contains("\"state\":\"ready\"") && page.body.contains("/media/abc.jpg"),
        "{}",
        page.body
    );
    assert_eq!(
        browser.get("/new/photos/x").await.status,
        StatusCode::NOT_FOUND
    );
    let page = browser.post_files("/new", &share).await;
    assert_eq!(page.location(), "/@ada/900");
}

#[tokio::test]
async fn the_script_hears_why_a_photo_failed() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    let file = [("csrf", csrf.as_str()), ("file/broken.jpg", "123")];
    let page = browser.post_files("/new/photos", &file).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.body.contains("It is damaged. Export it again."),
        "{}",
        page.body
    );
    let page = browser.get("/new/photos/500").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = Browser::visitor(&fakes).get("/new/photos/500").await;
    assert!(page.location().starts_with("/login"));
}

#[tokio::test]
async fn photos_are_put_in_order_with_what_must_stay_in_view() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    let mut fields = vec![
        ("csrf", csrf.as_str()),
        ("media_id", "501"),
        ("media_id", "502"),
        ("alt-502", "A gull"),
        ("focus-left-502", "100"),
        ("focus-top-502", "25"),
    ];
    let page = browser
        .post_files("/new", &[&fields[..], &[("earlier", "502")]].concat())
        .await;
    assert_eq!(page.status, StatusCode::OK);
    let (first, second) = (
        page.body.find("name=\"alt-502\""),
        page.body.find("name=\"alt-501\""),
    );
    assert!(first.unwrap() < second.unwrap(), "{}", page.body);
    assert!(
        page.body.contains("name=\"focus-left-502\" value=\"100\"")
            && page.body.contains("name=\"focus-top-502\" value=\"25\""),
        "{}",
        page.body
    );
    fields.extend([
        ("visibility", "public"),
        ("camera_shown", "1"),
        ("share", "1"),
    ]);
    let page = browser.post_files("/new", &fields).await;
    assert_eq!(page.location(), "/@ada/900");
    assert_eq!(
        fakes.done(),
        [
            "alt 502 A gull",
            "focus 502 1 0.5",
            "post \"\" media=[501, 502] visibility=1",
            "shares originals=false camera=true",
        ]
    );
    fields.push(("focus-top-502", "250"));
    let page = browser.post_files("/new", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("two numbers from 0 to 100"));
}

#[tokio::test]
async fn the_composer_begins_with_the_members_own_defaults() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let on = |page: &crate::browser::Page, name: &str| {
        page.body
            .contains(&format!("name=\"{name}\" value=\"1\" checked"))
    };
    let page = browser.get("/new").await;
    assert!(!on(&page, "originals_shared") && !on(&page, "camera_shown"));
    let csrf = browser.get("/settings").await.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("photo_defaults", "1"),
        ("default_camera_shown", "1"),
    ];
    browser.post_files("/settings", &fields).await;
    let page = browser.get("/new").await;
    assert!(
        !on(&page, "originals_shared") && on(&page, "camera_shown"),
        "{}",
        page.body
    );
    let page = browser.get("/settings").await;
    assert!(on(&page, "default_camera_shown") && !on(&page, "default_originals_shared"));
    // A switch that is off is not sent.
    let fields = [("csrf", csrf.as_str()), ("photo_defaults", "1")];
    browser.post_files("/settings", &fields).await;
    assert!(!on(&browser.get("/new").await, "camera_shown"));
}

#[tokio::test]
async fn no_browser_cuts_a_text_that_the_server_may_take() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    for (path, field) in [("/new", "id=\"text\""), ("/@bob/100", "id=\"reply-text\"")] {
        let page = browser.get(path).await.body;
        let at = page.find(field).expect("the field is there");
        let tag = page[at..].split('>').next().unwrap();
        assert!(!tag.contains("maxlength"), "{path}: {tag}");
    }
}

#[tokio::test]
async fn where_many_wait_for_photos_the_next_is_answered_at_once() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    let file = [("csrf", csrf.as_str()), ("file/slow.heic", "123")];
    browser.post_files("/new/photos", &file).await;
    let waited = || fakes.waited.load(Ordering::Relaxed);
    let before = waited();
    browser.get("/new/photos/500").await;
    assert_eq!(waited(), before + 1);
    let others: Vec<_> = std::iter::from_fn(|| fakes.waits.begin(AccountId::new(ADA))).collect();
    let page = browser.get("/new/photos/500").await;
    assert!(
        page.body.contains("\"state\":\"processing\""),
        "{}",
        page.body
    );
    assert_eq!(waited(), before + 1);
    drop(others);
    browser.get("/new/photos/500").await;
    assert_eq!(waited(), before + 2);
}

#[test]
fn the_pages_whose_forms_bring_files_declare_more_time() {
    let expected = ["/new", "/new/photos", "/settings"].map(RouteBudget::of_form);
    assert_eq!(presentation_web::route_budgets(), expected);
}
