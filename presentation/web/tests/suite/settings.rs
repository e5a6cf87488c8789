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
