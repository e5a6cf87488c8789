//! A form that is sent more than once, and one of which a part is refused.

use http::StatusCode;

use crate::browser::Browser;
use crate::fakes::{Fakes, PUBLIC_POST};

#[tokio::test]
async fn a_form_sent_twice_makes_one_post_and_answers_it_twice() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let page = browser.get("/new").await;
    assert_eq!(page.header("cache-control"), "no-store");
    let (csrf, key) = (page.hidden("csrf"), page.hidden("idempotency_key"));
    let described = [
        ("csrf", csrf.as_str()),
        ("idempotency_key", &key),
        ("media_id", "550"),
        ("alt-550", "A gull"),
        ("focus-left-550", "20"),
        ("text", "Noon"),
        ("visibility", "private"),
        ("share", "1"),
    ];
    for _ in 0..2 {
        let page = browser.post_files("/new", &described).await;
        assert_eq!(
            (page.status, page.location()),
            (StatusCode::SEE_OTHER, "/@ada/900")
        );
    }
    // Without a script the file itself comes again.
    let key = browser.get("/new").await.hidden("idempotency_key");
    let with_file = [
        ("csrf", csrf.as_str()),
        ("idempotency_key", &key),
        ("file/a.jpg", "12345"),
        ("alt", "The harbour"),
        ("visibility", "public"),
        ("share", "1"),
    ];
    for _ in 0..2 {
        let page = browser.post_files("/new", &with_file).await;
        assert_eq!(page.location(), "/@ada/901", "{}", page.body);
    }
    let posts = fakes.done();
    let posts = posts.iter().filter(|done| done.starts_with("post "));
    assert_eq!(posts.count(), 2);
}

#[tokio::test]
async fn a_spent_key_with_other_contents_is_refused_and_renewed() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let page = browser.get("/new").await;
    let (csrf, spent) = (page.hidden("csrf"), page.hidden("idempotency_key"));
    let first = [
        ("csrf", csrf.as_str()),
        ("idempotency_key", &spent),
        ("file/a.jpg", "12345"),
        ("text", "Noon"),
        ("visibility", "private"),
        ("share", "1"),
    ];
    assert_eq!(
        browser.post_files("/new", &first).await.location(),
        "/@ada/900"
    );
    for (at, other) in [
        (2, ("file/b.jpg", "1234")),
        (3, ("text", "Dusk")),
        (4, ("visibility", "public")),
    ] {
        let mut second = first;
        second[at] = other;
        let page = browser.post_files("/new", &second).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{other:?}");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(
            page.body.contains("This form was sent before"),
            "{}",
            page.body
        );
        let fresh = page.hidden("idempotency_key");
        assert!(!fresh.is_empty() && fresh != spent);
        let photo = page.hidden("media_id");
        let again = [
            ("csrf", csrf.as_str()),
            ("idempotency_key", &fresh),
            ("media_id", &photo),
            second[3],
            second[4],
            ("share", "1"),
        ];
        let page = browser.post_files("/new", &again).await;
        assert!(page.location().starts_with("/@ada/90"), "{}", page.body);
        assert_ne!(page.location(), "/@ada/900");
    }
}

#[tokio::test]
async fn a_comment_is_not_lost_to_the_one_before_it() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let path = format!("/@bob/{PUBLIC_POST}");
    let page = browser.get(&path).await;
    let (csrf, spent) = (page.hidden("csrf"), page.hidden("idempotency_key"));
    let to = format!("{path}/reply");
    let comment = |text, key| {
        [
            ("csrf", csrf.clone()),
            ("text", text),
            ("idempotency_key", key),
        ]
    };
    let mut send = async |text: &str, key: &str| {
        let fields = comment(text.to_owned(), key.to_owned());
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        browser.post(&to, &fields).await
    };
    for _ in 0..2 {
        let page = send("Lovely", &spent).await;
        assert!(page.location().ends_with("#reply-900"), "{}", page.body);
    }
    let page = send("And the light", &spent).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains(">And the light</textarea>"));
    let page = send("And the light", &page.hidden("idempotency_key")).await;
    assert!(page.location().ends_with("#reply-901"), "{}", page.body);
}

#[tokio::test]
async fn a_refused_field_keeps_what_comes_after_it() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    for (name, wrong) in [("focus-left-550", "150"), ("media_id", "x")] {
        let fields = [
            ("csrf", csrf.as_str()),
            ("media_id", "550"),
            (name, wrong),
            ("alt-550", "A gull"),
            ("file/b.jpg", "1"),
            ("text", "kept"),
            ("visibility", "private"),
            ("sensitive", "1"),
            ("add", "1"),
        ];
        let page = browser.post_files("/new", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert_eq!(page.body.matches("name=\"media_id\" value=\"5").count(), 2);
        for kept in [
            ">A gull</textarea>",
            ">kept</textarea>",
            "value=\"private\" checked",
            "name=\"sensitive\" value=\"1\" checked",
        ] {
            assert!(page.body.contains(kept), "{name}: {kept}");
        }
    }
}

#[tokio::test]
async fn a_form_that_broke_off_keeps_its_photos_and_is_seen_by_no_more_people() {
    let fakes = Fakes::default();
    fakes.prefer_followers();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    // No bytes of a caption are taken beyond its bound, so the visibility after it is never read.
    let long = "x".repeat(256 * 1024);
    let fields = [
        ("csrf", csrf.as_str()),
        ("media_id", "550"),
        ("file/b.jpg", "1"),
        ("text", &long),
        ("visibility", "public"),
        ("share", "1"),
    ];
    let page = browser.post_files("/new", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(page.body.matches("name=\"media_id\" value=\"5").count(), 2);
    assert!(page.body.contains("longer than is taken"), "{}", page.body);
    assert!(page.body.contains("value=\"private\" checked"));
    let page = browser
        .post_files("/new", &[("csrf", &csrf), ("add", "1")])
        .await;
    assert!(page.body.contains("value=\"private\" checked"));
}
