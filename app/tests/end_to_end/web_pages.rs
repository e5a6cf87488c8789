//! The web page as a browser without scripts uses it.

use reqwest::Method;
use serde_json::json;
use testing_kit::jpeg::Extras;
use testing_kit::{charts, jpeg, scan};

use crate::harness::caller::{Reply, Upload, text};
use crate::harness::html;
use crate::harness::person::PASSWORD;
use crate::harness::web::form_in;
use crate::harness::{Server, WebSession, eventually};

fn check_page(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.describe());
    let policy = reply.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") || policy.contains("default-src 'self'"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_ne!(reply.header("referrer-policy"), "");
    // Nothing is fetched from anywhere else.
    for attribute in ["src", "href"] {
        for address in html::attributes(&reply.text(), attribute) {
            let local = !address.contains("//")
                || address.starts_with("http://127.0.0.1")
                || attribute == "href";
            assert!(local, "{address} is elsewhere");
        }
    }
    assert!(!reply.text().contains("onclick="), "an inline handler");
}

#[tokio::test]
async fn everything_can_be_done_without_scripts() {
    let server = Server::start().await;
    let (ada, bob) = (server.web(), server.web());
    ada.sign_up("ada").await;
    bob.sign_up("bob").await;
    check_page(&bob.open("/@ada").await);
    let follow = bob.form("/@ada", "/@ada/follow").await;
    let reply = bob.submit(&follow).await;
    assert!((300..400).contains(&reply.status), "{}", reply.describe());

    let chart = charts::corners(900, 600).stored_with_orientation(8);
    let photo = jpeg::write(&chart, 90, &Extras::everything(8));
    let form = ada
        .form("/new", "/new")
        .await
        .fill("text", "From a page without scripts")
        .fill("alt", "Four colours");
    let form = if form.buttons.iter().any(|(name, _)| name == "share") {
        form.fill("share", "1")
    } else {
        form
    };
    let reply = ada
        .submit_with(&form, Some(("file", Upload::jpeg(photo))))
        .await;
    assert!((300..400).contains(&reply.status), "{}", reply.describe());

    let page = eventually("the photo in Bob's feed", async || {
        let page = bob.open("/").await;
        page.text()
            .contains("From a page without scripts")
            .then_some(page)
    })
    .await;
    check_page(&page);
    assert_eq!(scan::mark_findings(&page.body), []);
    assert!(
        page.text().contains("alt=\"Four colours\""),
        "the description is missing"
    );
    let sources = html::attributes(&page.text(), "src");
    let photo = sources
        .iter()
        .find(|source| source.contains("/media/"))
        .expect("a photo on the page");
    let picture = bob.open(photo).await;
    let picture = testing_kit::picture::Picture::decode(&picture.body).unwrap();
    assert_eq!(charts::faults(&picture), Vec::<String>::new());
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let server = Server::start().await;
    let web = server.web();
    web.sign_up("ada").await;
    let stolen = web.cookies();
    let form = form_in(&web.open("/").await, "/logout");
    web.submit(&form).await;
    assert!(!web.is_signed_in().await);
    // The old cookie opens nothing either.
    let cookies: Vec<String> = stolen
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let anyone = server.anyone();
    let page = anyone
        .send(
            anyone
                .request(Method::GET, "/")
                .header("cookie", cookies.join("; ")),
        )
        .await;
    assert!(
        !page.text().contains("/logout"),
        "a session that was ended still works"
    );
    let reply = web.sign_in("ada@example.org", PASSWORD).await;
    assert!(
        (300..400).contains(&reply.status),
        "the e-mail address signs in too: {}",
        reply.describe()
    );
    assert!(web.is_signed_in().await);
}

#[tokio::test]
async fn the_session_cookie_is_kept_from_scripts_and_other_sites() {
    let server = Server::start().await;
    let web = server.web();
    let form = web.form("/signup", "/signup").await;
    let form = form
        .fill("username", "ada")
        .fill("email", "ada@example.org")
        .fill("password", PASSWORD);
    let reply = web.submit(&form).await;
    let cookies: Vec<&str> = reply
        .headers
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let session = cookies
        .iter()
        .find(|cookie| cookie.split(';').next().is_some_and(|pair| pair.len() > 24));
    let session = session
        .unwrap_or_else(|| panic!("no session in {cookies:?}"))
        .to_lowercase();
    assert!(session.contains("httponly"), "{session}");
    assert!(
        session.contains("samesite=lax") || session.contains("samesite=strict"),
        "{session}"
    );
    assert!(session.contains("path=/"), "{session}");
}

#[tokio::test]
async fn no_form_is_taken_from_another_site() {
    let server = Server::start().await;
    let web = server.web();
    web.sign_up("ada").await;
    server.web().sign_up("bob").await;
    let good = web.form("/@bob", "/@bob/follow").await;
    for form in [
        good.clone().fill("csrf", ""),
        good.clone().fill("csrf", "forged"),
    ] {
        let reply = web.submit(&form).await;
        assert!((400..500).contains(&reply.status), "{}", reply.describe());
    }
    // Another person's token is no good either.
    let mallory = server.web();
    mallory.sign_up("mallory").await;
    let theirs = mallory.form("/@bob", "/@bob/follow").await;
    let crossed = good.clone().fill("csrf", theirs.value("csrf").unwrap());
    let reply = web.submit(&crossed).await;
    assert!((400..500).contains(&reply.status), "{}", reply.describe());
    let reply = web.submit(&good).await;
    assert!((300..400).contains(&reply.status), "{}", reply.describe());
}

#[tokio::test]
async fn after_signing_in_one_is_not_sent_to_another_site() {
    let server = Server::start().await;
    server.person("ada").await;
    for next in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
    ] {
        let web = server.web();
        let form = web.form("/login", "/login").await;
        let form = form
            .fill("username", "ada")
            .fill("password", PASSWORD)
            .fill("next", next);
        let reply = web.submit(&form).await;
        let to = reply.header("location");
        assert!(
            !to.contains("evil") && !to.contains("javascript"),
            "{next} leads to {to}"
        );
    }
}

#[tokio::test]
async fn the_one_time_link_makes_the_first_admin_once() {
    let server = Server::start().await;
    let token = server.setup_token().await;
    let path = format!("/setup?token={token}");
    let first = server.web();
    let form = first.form(&path, "/setup").await;
    let form = form
        .fill("username", "keeper")
        .fill("email", "keeper@example.org")
        .fill("password", PASSWORD);
    let reply = first.submit(&form).await;
    assert!((300..400).contains(&reply.status), "{}", reply.describe());
    assert!(first.is_signed_in().await);

    let second = server.web();
    let page = second.open(&path).await;
    assert!(
        (400..500).contains(&page.status),
        "the link works twice: {}",
        page.describe()
    );
    let reply = second
        .submit(
            &form
                .fill("username", "second")
                .fill("email", "second@example.org"),
        )
        .await;
    assert!((400..500).contains(&reply.status), "{}", reply.describe());
    let wrong = server.web().open("/setup?token=wrong").await;
    assert!((400..500).contains(&wrong.status), "{}", wrong.describe());
}

#[tokio::test]
async fn wrong_forms_are_shown_again_with_the_reason() {
    let server = Server::start().await;
    let web: WebSession = server.web();
    let form = web.form("/signup", "/signup").await;
    let wrong = form
        .fill("username", "not a name!")
        .fill("email", "a@example.org")
        .fill("password", PASSWORD);
    let reply = web.submit(&wrong).await;
    assert_eq!(reply.status, 422, "{}", reply.describe());
    let again = form_in(&reply, "/signup");
    assert_eq!(
        again.value("email"),
        Some("a@example.org"),
        "what was typed is lost"
    );
    assert_eq!(
        again.value("password").unwrap_or_default(),
        "",
        "a password is written into a page"
    );

    let reply = web.sign_in("nobody", "nothing at all").await;
    assert!([401, 422].contains(&reply.status), "{}", reply.describe());
    web.sign_up("ada").await;
    let form = web
        .form("/new", "/new")
        .await
        .fill("text", "not a photo")
        .fill("share", "1");
    let page = Upload::new(testing_kit::hostile::SCRIPT.into(), "a.jpg", "image/jpeg");
    let reply = web.submit_with(&form, Some(("file", page))).await;
    assert!((400..500).contains(&reply.status), "{}", reply.describe());
    assert!(form_in(&reply, "/new").value("text").is_some());
}

#[tokio::test]
async fn pages_of_nothing_say_so() {
    let server = Server::start().await;
    server.person("ada").await.say("something").await;
    for path in [
        "/@nobody",
        "/@ada/1",
        "/@ada/x",
        "/nothing",
        "/assets/nothing.css",
        "/@ada/followers/x",
    ] {
        let reply = server.anyone().get(path).await;
        assert_eq!(reply.status, 404, "{}", reply.describe());
    }
    let other = server.person("bob").await;
    let post = text(&other.publish(&json!({"status": "mine"})).await, "/id");
    // A post under another's name is not there, or leads to where it is.
    let reply = server.anyone().get(&format!("/@ada/{post}")).await;
    assert!(
        [301, 302, 303, 307, 308, 404].contains(&reply.status),
        "{}",
        reply.describe()
    );
}
