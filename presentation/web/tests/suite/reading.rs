//! Pages that are read, and what every one of them carries.

use http::StatusCode;

use crate::browser::Browser;
use crate::fakes::Fakes;

#[tokio::test]
async fn every_page_keeps_to_itself() {
    let mut visitor = Browser::visitor(&Fakes::default());
    for path in [
        "/",
        "/@bob",
        "/@bob/100",
        "/@bob/followers",
        "/login",
        "/signup",
        "/nowhere",
        "/@nobody",
        "/@bob/7",
    ] {
        let page = visitor.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(
            page.header("content-type"),
            "text/html; charset=utf-8",
            "{path}"
        );
        assert!(page.body.contains("<main"), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let mut visitor = Browser::visitor(&Fakes::default());
    for path in [
        "/nowhere",
        "/@nobody",
        "/@bob/7",
        "/@bob/x",
        "/@bob/100/x/y",
        "/@nobody/followers",
        "/@%FF",
        "/@%FF/100",
        "/@bob/%FF",
        "/@%FF/followers",
        "/tags/%FF",
        "/tags/1984",
        "/tags/a b",
    ] {
        let page = visitor.get(&path.replace(' ', "%20")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.body.contains("Nothing hangs here"), "{path}");
    }
    let page = visitor.get("/logout").await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        visitor.get("/?before=x").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn a_private_post_is_on_no_page_of_those_who_may_not_see_it() {
    let fakes = Fakes::default();
    for mut browser in [Browser::visitor(&fakes), Browser::member(&fakes)] {
        assert_eq!(browser.get("/@bob/101").await.status, StatusCode::NOT_FOUND);
        let profile = browser.get("/@bob").await;
        assert!(profile.body.contains("/@bob/100") && !profile.body.contains("/@bob/101"));
    }
}

#[tokio::test]
async fn the_front_page_is_for_visitors_and_the_feed_for_members() {
    let fakes = Fakes::default();
    let page = Browser::visitor(&fakes).get("/").await;
    assert!(page.body.contains("class=\"mosaic\"") && page.body.contains("href=\"/signup\""));
    assert_eq!(
        page.header("set-cookie"),
        "",
        "a page without a form needs no cookie"
    );
    let page = Browser::member(&fakes).get("/").await;
    assert!(page.body.contains("class=\"card\"") && page.body.contains("words of the post"));
    assert!(page.body.contains("https://photos.example/media/abc.jpg"));
}

#[tokio::test]
async fn a_post_under_another_name_is_found_under_its_own() {
    let mut visitor = Browser::visitor(&Fakes::default());
    let page = visitor.get("/@ada/100").await;
    assert_eq!(
        (page.status, page.location()),
        (StatusCode::SEE_OTHER, "/@bob/100")
    );
}

#[tokio::test]
async fn addresses_as_others_write_them_lead_where_they_are_meant_to() {
    let mut visitor = Browser::visitor(&Fakes::default());
    for (path, expected) in [
        ("/%40bob", "/@bob"),
        ("/%40bob/100", "/@bob/100"),
        ("/%40bob?before=7", "/@bob?before=7"),
        ("/@bob.", "/@bob"),
        ("/@bob/100).", "/@bob/100"),
        ("/@bob@photos.example", "/@bob"),
        ("/users/bob", "/@bob"),
        ("/users/bob/statuses/100", "/@bob/100"),
        ("/web/@bob/100", "/@bob/100"),
        ("/security.txt", "/.well-known/security.txt"),
    ] {
        let page = visitor.get(path).await;
        assert_eq!(
            (page.status, page.location()),
            (StatusCode::MOVED_PERMANENTLY, expected),
            "{path}"
        );
    }
    for path in ["/@bob@elsewhere.example", "/%40nobody%2F%2Fx", "/users"] {
        let page = visitor.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    let page = visitor.post("/%40bob/follow", &[]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_member_saw_is_stored_nowhere() {
    let fakes = Fakes::default();
    let (mut member, mut visitor) = (Browser::member(&fakes), Browser::visitor(&fakes));
    for path in [
        "/",
        "/@bob",
        "/@bob/100",
        "/settings",
        "/new",
        "/nowhere",
        "/about",
    ] {
        let page = member.get(path).await;
        assert!(
            page.header("cache-control").contains("no-store"),
            "{path}: {}",
            page.header("cache-control")
        );
    }
    for path in ["/", "/@bob", "/@bob/100"] {
        let page = visitor.get(path).await;
        assert_eq!(page.header("cache-control"), "private, no-cache", "{path}");
    }
}

#[tokio::test]
async fn the_first_photo_of_a_page_does_not_wait() {
    let fakes = Fakes::default();
    for (path, mut browser) in [
        ("/", Browser::member(&fakes)),
        ("/", Browser::visitor(&fakes)),
        ("/@bob", Browser::visitor(&fakes)),
        ("/@bob/100", Browser::visitor(&fakes)),
    ] {
        let page = browser.get(path).await;
        let photos: Vec<_> = page
            .body
            .split("<img ")
            .filter(|image| image.contains("srcset="))
            .collect();
        assert!(photos[0].contains("fetchpriority=\"high\""), "{path}");
        assert!(photos[0].contains("loading=\"eager\""), "{path}");
        for photo in &photos[1..] {
            assert!(photo.contains("loading=\"lazy\""), "{path}: {photo}");
            assert!(!photo.contains("fetchpriority"), "{path}: {photo}");
        }
    }
}

#[tokio::test]
async fn a_missing_security_contact_is_said_plainly() {
    let page = Browser::visitor(&Fakes::default())
        .get("/.well-known/security.txt")
        .await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.header("content-type").starts_with("text/plain"));
    assert!(page.body.contains("no contact address"), "{}", page.body);
}

#[tokio::test]
async fn what_pages_need_is_served_for_good() {
    let mut visitor = Browser::visitor(&Fakes::default());
    let page = visitor.get("/").await;
    for part in page
        .body
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
    {
        let asset = visitor.get(part).await;
        assert_eq!(asset.status, StatusCode::OK, "{part}");
        assert!(
            asset.header("cache-control").contains("immutable"),
            "{part}"
        );
    }
    assert_eq!(
        visitor
            .get("/assets/avatar.png")
            .await
            .header("content-type"),
        "image/png"
    );
    assert_eq!(
        visitor.get("/assets/style.css").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn camera_and_original_are_on_the_page_as_the_post_says() {
    let fakes = Fakes::default();
    let camera = "<p class=\"camera\">X100V · ISO 160</p>";
    let others = "Download original</a> <span>without place and camera data</span>";
    let own = "Download original</a> <span>as you uploaded it</span>";
    for (path, browser, expected) in [
        ("/@bob/100", Browser::visitor(&fakes), [false, false, false]),
        ("/@bob/100", Browser::member(&fakes), [false, false, false]),
        ("/@bob/102", Browser::visitor(&fakes), [true, true, false]),
        ("/@bob/102", Browser::member(&fakes), [true, true, false]),
        // The owner has the upload, whatever the post says, and nobody else does.
        ("/@ada/103", Browser::member(&fakes), [false, false, true]),
        ("/@ada/103", Browser::visitor(&fakes), [false, false, false]),
    ] {
        let mut browser = browser;
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let found = [camera, others, own].map(|text| page.body.contains(text));
        assert_eq!(found, expected, "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn a_photo_that_was_lost_has_a_figure_and_its_owner_the_reason() {
    let fakes = Fakes::default();
    fakes.lose_photos();
    let reason = "It is damaged. Export it again.";
    let neutral = "This photo is not available.";
    for (path, browser, [told, not_told]) in [
        ("/@ada/103", Browser::member(&fakes), [reason, neutral]),
        ("/@ada/103", Browser::visitor(&fakes), [neutral, reason]),
        ("/@bob/102", Browser::member(&fakes), [neutral, reason]),
    ] {
        let mut browser = browser;
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let figure = page.body.split("<figure class=\"missing\">").nth(1);
        let figure = figure.unwrap_or_else(|| panic!("{path}: {}", page.body));
        let figure = figure.split("</figure>").next().unwrap();
        assert!(figure.contains(told), "{path}: {figure}");
        assert!(!page.body.contains(not_told), "{path}: {}", page.body);
        assert!(!page.body.contains("Download original"), "{path}");
        assert!(!page.body.contains("og:image"), "{path}");
    }
    // Feed, front page and grid go on.
    let feed = Browser::member(&fakes).get("/").await;
    assert!(feed.body.contains(neutral) && !feed.body.contains(reason));
    assert!(feed.body.contains("words of the post"));
    let front = Browser::visitor(&fakes).get("/").await;
    assert_eq!(front.status, StatusCode::OK);
    let profile = Browser::visitor(&fakes).get("/@bob").await;
    assert!(
        profile.body.contains("href=\"/@bob/100\""),
        "{}",
        profile.body
    );
}

#[tokio::test]
async fn a_hashtag_has_a_page_also_where_no_photo_is_found() {
    let mut visitor = Browser::visitor(&Fakes::default());
    let found = visitor.get("/tags/harbour").await;
    assert_eq!(found.status, StatusCode::OK);
    assert!(found.body.contains("href=\"/@bob/100\""));
    let none = visitor.get("/tags/lake").await;
    assert_eq!(none.status, StatusCode::OK);
    assert!(none.body.contains("No public photo has this hashtag"));
}
