//! Logging in and out, signing up, and forms that are not ours.

use http::StatusCode;

use crate::browser::Browser;
use crate::fakes::{Fakes, SESSION};

#[tokio::test]
async fn logging_in_opens_a_session_and_goes_on_to_where_one_was() {
    let mut browser = Browser::visitor(&Fakes::default());
    let asked = browser.get("/settings").await;
    assert_eq!(
        (asked.status, asked.location()),
        (StatusCode::SEE_OTHER, "/login?next=%2Fsettings")
    );
    let page = browser.get("/login?next=%2Fsettings").await;
    let (csrf, next) = (page.hidden("csrf"), page.hidden("next"));
    assert_eq!(next, "/settings");
    let fields = [
        ("csrf", csrf.as_str()),
        ("next", &next),
        ("username", "ada"),
        ("password", "right"),
    ];
    let entered = browser.post("/login", &fields).await;
    assert_eq!(
        (entered.status, entered.location()),
        (StatusCode::SEE_OTHER, "/settings")
    );
    assert_eq!(browser.cookies["__Host-heliograph-session"], SESSION);
    assert!(
        !browser.cookies.contains_key("__Host-heliograph-form"),
        "the visitor's key outlived the visitor"
    );
    assert!(browser.get("/settings").await.body.contains("Name to show"));
}

#[tokio::test]
async fn a_wrong_password_brings_the_form_back_without_it() {
    let mut browser = Browser::visitor(&Fakes::default());
    let csrf = browser.get("/login").await.hidden("csrf");
    let page = browser
        .post(
            "/login",
            &[
                ("csrf", &csrf),
                ("username", "ada"),
                ("password", "wrong-secret"),
            ],
        )
        .await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.body.contains("do not fit") && page.body.contains("value=\"ada\""));
    assert!(!page.body.contains("wrong-secret"));
    assert!(!browser.cookies.contains_key("__Host-heliograph-session"));
}

#[tokio::test]
async fn too_many_tries_get_retry_after() {
    let mut browser = Browser::visitor(&Fakes::default());
    let csrf = browser.get("/login").await.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("username", "ada"),
        ("password", "again"),
    ];
    let page = browser.post("/login", &fields).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(page.header("retry-after"), "2");
    assert!(page.body.contains("Too many tries."));
}

#[tokio::test]
async fn nobody_is_sent_to_another_server_after_logging_in() {
    let mut browser = Browser::visitor(&Fakes::default());
    let page = browser.get("/login?next=https%3A%2F%2Fevil.example").await;
    assert_eq!(page.hidden("next"), "/");
    let csrf = page.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("next", "//evil.example"),
        ("username", "ada"),
        ("password", "right"),
    ];
    assert_eq!(browser.post("/login", &fields).await.location(), "/");
}

#[tokio::test]
async fn a_form_that_is_not_ours_does_nothing() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    for fields in [&[][..], &[("csrf", "guessed")]] {
        for path in [
            "/@bob/follow",
            "/logout",
            "/@bob/100/delete",
            "/@bob/100/reply",
        ] {
            let page = browser.post(path, fields).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
            assert!(page.body.contains("no longer valid"), "{path}");
        }
    }
    let csrf = browser.get("/@bob").await.hidden("csrf");
    for site in ["cross-site", "same-site"] {
        browser.fetch_site = site;
        assert_eq!(
            browser
                .post("/@bob/follow", &[("csrf", &csrf)])
                .await
                .status,
            StatusCode::FORBIDDEN,
            "{site}"
        );
    }
    assert!(fakes.done().is_empty(), "{:?}", fakes.done());
    browser.fetch_site = "same-origin";
    let page = browser
        .post("/@bob/follow", &[("csrf", &csrf), ("next", "/@bob")])
        .await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::SEE_OTHER, "/@bob")
    );
    assert_eq!(fakes.done(), ["follow 1 2"]);
}

#[tokio::test]
async fn one_visitors_token_is_no_good_to_another() {
    let fakes = Fakes::default();
    let (mut one, mut other) = (Browser::visitor(&fakes), Browser::visitor(&fakes));
    let csrf = one.get("/login").await.hidden("csrf");
    other.get("/login").await;
    let fields = [
        ("csrf", csrf.as_str()),
        ("username", "ada"),
        ("password", "right"),
    ];
    assert_eq!(
        other.post("/login", &fields).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/").await.hidden("csrf");
    let page = browser.post("/logout", &[("csrf", &csrf)]).await;
    assert_eq!(page.location(), "/");
    assert!(browser.cookies.is_empty());
    assert_eq!(fakes.done(), [format!("sign out {SESSION}")]);
}

#[tokio::test]
async fn an_access_token_is_no_session() {
    let mut browser = Browser::visitor(&Fakes::default());
    browser
        .cookies
        .insert("__Host-heliograph-session".into(), "access-token".into());
    assert_eq!(
        browser.get("/settings").await.location(),
        "/login?next=%2Fsettings"
    );
}

#[tokio::test]
async fn signing_up_says_what_is_wrong_where_it_is_wrong() {
    let fakes = Fakes::default();
    let mut browser = Browser::visitor(&fakes);
    let csrf = browser.get("/signup").await.hidden("csrf");
    let fields = |name| {
        [
            ("csrf", csrf.clone()),
            ("username", name),
            ("email", "a@b.example".into()),
            ("password", "right".into()),
        ]
    };
    let taken = fields("taken".to_owned());
    let page = browser
        .post(
            "/signup",
            &taken
                .each_ref()
                .map(|(name, value)| (*name, value.as_str())),
        )
        .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.body
            .contains("id=\"wrong-username\">That name is taken.")
            && page.body.contains("value=\"a@b.example\"")
    );
    let free = fields("ada".to_owned());
    let page = browser
        .post(
            "/signup",
            &free.each_ref().map(|(name, value)| (*name, value.as_str())),
        )
        .await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(fakes.done(), ["register ada token="]);
    assert_eq!(browser.cookies["__Host-heliograph-session"], SESSION);
}

#[tokio::test]
async fn the_first_admins_secret_goes_on_in_the_body_and_is_named_to_nobody() {
    let fakes = Fakes::default();
    let mut browser = Browser::visitor(&fakes);
    assert_eq!(
        browser.get("/setup").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let page = browser.get("/setup?token=s3cret").await;
    assert_eq!(page.header("referrer-policy"), "strict-origin");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.body.contains("action=\"/setup\""));
    let (csrf, token) = (page.hidden("csrf"), page.hidden("setup_token"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("setup_token", &token),
        ("username", "ada"),
        ("email", "a@b.example"),
        ("password", "right"),
    ];
    let page = browser.post("/setup", &fields).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(fakes.done(), ["register ada token=s3cret"]);
    let page = Browser::visitor(&fakes).get("/setup?token=s3cret").await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.body.contains("used already"));
}

#[tokio::test]
async fn forms_of_other_sites_spend_nothing_of_a_members_limit() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/new").await.hidden("csrf");
    browser.fetch_site = "cross-site";
    let max = presentation_kit::LimitSettings::default().writes_per_account_max;
    for _ in 0..=max {
        let page = browser.post("/@bob/follow", &[]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
    }
    browser.fetch_site = "same-origin";
    let page = browser.post("/@bob/follow", &[("csrf", &csrf)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
}
