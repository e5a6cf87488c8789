//! The consent page.

use http::StatusCode;

use crate::browser::Browser;
use crate::fakes::Fakes;

const ASKED: &str = "/oauth/authorize?response_type=code&client_id=client&redirect_uri=ivory%3A%2F%2Fback&scope=read&state=a%26b";

fn asked(change: (&str, &str)) -> String {
    assert!(ASKED.contains(change.0));
    ASKED.replace(change.0, change.1)
}

#[tokio::test]
async fn a_visitor_logs_in_first_and_comes_back() {
    let mut visitor = Browser::visitor(&Fakes::default());
    let page = visitor.get(ASKED).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert!(
        page.location()
            .starts_with("/login?next=%2Foauth%2Fauthorize%3F")
    );
    let next = visitor.get(page.location()).await.hidden("next");
    assert_eq!(next.replace("&#38;", "&"), ASKED);
}

#[tokio::test]
async fn a_member_allows_and_goes_back_with_a_code() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let page = browser.get(ASKED).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("Ivory &#60;b&#62;") && page.body.contains("@ada"),
        "{}",
        page.body
    );
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self' ivory:;")
    );
    let (csrf, state) = (
        page.hidden("csrf"),
        page.hidden("state").replace("&#38;", "&"),
    );
    let fields = |decision| {
        [
            ("csrf", csrf.as_str()),
            ("response_type", "code"),
            ("client_id", "client"),
            ("redirect_uri", "ivory://back"),
            ("scope", "read"),
            ("state", state.as_str()),
            ("decision", decision),
        ]
    };
    let no = browser.post("/oauth/authorize", &fields("deny")).await;
    assert!(
        no.location()
            .starts_with("ivory://back?error=access_denied&"),
        "{}",
        no.location()
    );
    assert!(fakes.done().is_empty());
    let yes = browser.post("/oauth/authorize", &fields("allow")).await;
    assert_eq!(yes.status, StatusCode::SEE_OTHER);
    assert_eq!(yes.location(), "ivory://back?code=the%20code&state=a%26b");
    assert_eq!(fakes.done(), ["authorize 1 read"]);
}

#[tokio::test]
async fn out_of_band_the_code_is_shown() {
    let mut browser = Browser::member(&Fakes::default());
    let path = asked(("ivory%3A%2F%2Fback", "urn%3Aietf%3Awg%3Aoauth%3A2.0%3Aoob"));
    let page = browser.get(&path).await;
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self';")
    );
    let csrf = page.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("response_type", "code"),
        ("client_id", "client"),
        ("redirect_uri", "urn:ietf:wg:oauth:2.0:oob"),
        ("decision", "allow"),
    ];
    let page = browser.post("/oauth/authorize", &fields).await;
    assert!(page.body.contains("value=\"the code\""), "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn nobody_is_sent_where_the_application_has_not_registered() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    for change in [
        ("ivory%3A%2F%2Fback", "https%3A%2F%2Fevil.example"),
        ("client_id=client", "client_id=other"),
        ("client_id=client", ""),
    ] {
        let page = browser.get(&asked(change)).await;
        assert_eq!(
            (page.status, page.location()),
            (StatusCode::UNPROCESSABLE_ENTITY, ""),
            "{change:?}"
        );
    }
    let csrf = browser.get(ASKED).await.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("response_type", "code"),
        ("client_id", "client"),
        ("redirect_uri", "https://evil.example"),
        ("decision", "allow"),
    ];
    let page = browser.post("/oauth/authorize", &fields).await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::UNPROCESSABLE_ENTITY, "")
    );
    assert!(fakes.done().is_empty());
}

#[tokio::test]
async fn nobody_is_led_away_by_a_request_that_is_not_in_order() {
    let mut browser = Browser::member(&Fakes::default());
    for change in [
        ("scope=read", "scope=write"),
        ("scope=read", "scope=nonsense"),
        ("response_type=code", "response_type=token"),
        ("scope=read", "code_challenge=x"),
    ] {
        let page = browser.get(&asked(change)).await;
        assert_eq!(
            (page.status, page.location()),
            (StatusCode::UNPROCESSABLE_ENTITY, ""),
            "{change:?}"
        );
    }
}
