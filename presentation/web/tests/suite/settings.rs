//! One's own profile, and forms that try to fill the memory.

use bytes::Bytes;
use http::StatusCode;

use crate::browser::Browser;
use crate::fakes::Fakes;

/// Sends the settings with a picture.
async fn save(browser: &mut Browser, display_name: &str) -> crate::browser::Page {
    let csrf = browser.get("/settings").await.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("avatar/me.jpg", "1234"),
        ("display_name", display_name),
        ("note", "x"),
    ];
    browser.post_files("/settings", &fields).await
}

#[tokio::test]
async fn a_new_picture_is_kept_and_the_old_one_let_go() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    for _ in 0..2 {
        let page = save(&mut browser, " Ada L ").await;
        assert_eq!(
            (page.status, page.location()),
            (StatusCode::SEE_OTHER, "/settings?saved")
        );
    }
    assert_eq!(
        fakes.done(),
        [
            "upload me.jpg 4",
            "attach [500] account:1:avatar:500",
            "profile \"Ada L\" avatar=Some(500)",
            "upload me.jpg 4",
            "attach [501] account:1:avatar:501",
            "profile \"Ada L\" avatar=Some(501)",
            "release account:1:avatar:500",
        ]
    );
}

#[tokio::test]
async fn a_refused_change_leaves_no_picture_behind() {
    let fakes = Fakes::default();
    let page = save(&mut Browser::member(&fakes), "too long").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("The name is too long."));
    assert_eq!(
        fakes.done(),
        [
            "upload me.jpg 4",
            "attach [500] account:1:avatar:500",
            "release account:1:avatar:500",
        ]
    );
}

#[tokio::test]
async fn a_change_of_which_nobody_knows_whether_it_was_made_keeps_its_picture() {
    let fakes = Fakes::default();
    let page = save(&mut Browser::member(&fakes), "answer lost").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        fakes.done(),
        [
            "upload me.jpg 4",
            "attach [500] account:1:avatar:500",
            "profile \"answer lost\" avatar=Some(500)",
        ]
    );
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let begin = "------boundary\r\nContent-Disposition: form-data; name=\"";
    let rest = std::iter::repeat_n(Bytes::from(vec![b'a'; 16 * 1024]), 20);
    let frames: Vec<_> = std::iter::once(Bytes::from(begin)).chain(rest).collect();
    for path in ["/new", "/new/photos", "/settings"] {
        let page = browser.post_frames(path, frames.clone()).await;
        assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert!(page.body.contains("more than 65536 bytes"), "{path}");
    }
    assert!(fakes.done().is_empty(), "{:?}", fakes.done());
}

#[tokio::test]
async fn a_form_may_have_as_many_fields_as_is_said() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let csrf = browser.get("/settings").await.hidden("csrf");
    for (path, fields_max, taken) in [
        ("/settings", 20, StatusCode::SEE_OTHER),
        ("/new", 200, StatusCode::OK),
    ] {
        let mut fields = vec![("other", "x"); fields_max];
        fields[0] = ("csrf", csrf.as_str());
        fields[1] = ("add", "1");
        let page = browser.post_files(path, &fields).await;
        assert_eq!(page.status, taken, "{path}: {}", page.body);
        fields.push(("other", "x"));
        let page = browser.post_files(path, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        let words = format!("at most {fields_max} fields");
        assert!(page.body.contains(&words), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn who_asks_to_follow_is_let_in_or_turned_away() {
    let fakes = Fakes::default();
    let mut browser = Browser::member(&fakes);
    let page = browser.get("/settings").await;
    assert!(page.body.contains("Who asks to follow you (1)"));
    let page = browser.get("/requests").await;
    assert!(page.body.contains("@bob"), "{}", page.body);
    let csrf = page.hidden("csrf");
    for answer in ["accept", "reject"] {
        let fields = [("csrf", csrf.as_str()), ("answer", answer)];
        let page = browser.post("/requests/bob", &fields).await;
        assert_eq!(
            (page.status, page.location()),
            (StatusCode::SEE_OTHER, "/requests")
        );
    }
    assert_eq!(fakes.done(), ["let in 2", "turn away 2"]);
    let fields = [("csrf", csrf.as_str()), ("answer", "perhaps")];
    let page = browser.post("/requests/bob", &fields).await;
    assert!(page.status.is_client_error());
    let fields = [("csrf", "wrong"), ("answer", "accept")];
    let page = browser.post("/requests/bob", &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(fakes.done().len(), 2);
    // Only for the member.
    let page = Browser::visitor(&fakes).get("/requests").await;
    assert_eq!(page.location(), "/login?next=%2Frequests");
}
