//! How pages conduct themselves: what they list, what their headers say, and where odd addresses
//! lead.

use serde_json::json;

use crate::harness::caller::text;
use crate::harness::{Reply, Server};

#[tokio::test]
async fn comments_are_below_what_they_comment_on_and_nowhere_else() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follow(&bob).await;
    let post = bob
        .publish(&json!({"status": "the post itself", "media_ids": [bob.small_photo().await]}))
        .await;
    let post_id = text(&post, "/id");
    let mut newest = String::new();
    // More than a page of the feed holds.
    for number in 0..30 {
        let media = if number == 0 {
            vec![bob.small_photo().await]
        } else {
            Vec::new()
        };
        let comment = json!({"status": format!("comment {number}"), "in_reply_to_id": post_id, "media_ids": media});
        newest = text(&bob.publish(&comment).await, "/id");
    }
    // Apps are told of them, as Mastodon does.
    ada.finds_at_home(&newest).await;

    let web = server.web();
    web.sign_in("ada", crate::harness::person::PASSWORD).await;
    let home = web.open("/").await.text();
    assert_eq!(home.matches("<article class=\"card").count(), 1, "{home}");
    assert!(home.contains("the post itself") && !home.contains("comment 29"));
    assert!(!home.contains("rel=\"next\""), "nothing is older: {home}");
    let profile = web.open("/@bob").await.text();
    let tiles = profile
        .matches(&format!("href=\"/@bob/{post_id}\""))
        .count();
    assert_eq!(tiles, 1, "{profile}");
    assert_eq!(
        profile.matches("<li><a href=\"/@bob/").count(),
        1,
        "{profile}"
    );
    let page = web.open(&format!("/@bob/{post_id}")).await.text();
    assert!(page.contains("comment 0") && page.contains("comment 29"));
}

/// Responses of every kind: pages, errors, files, calls.
async fn of_every_kind(server: &Server) -> Vec<Reply> {
    let ada = server.person("ada").await;
    let photo = ada.small_photo().await;
    let media = ada.get(&format!("/api/v1/media/{photo}")).await.expect(200);
    let url = text(&media, "/url");
    let (_, path) = url.split_once("/media/").unwrap();
    let mut replies = Vec::new();
    for path in [
        "/",
        "/login",
        "/settings",
        "/nowhere",
        "/@nobody",
        "/assets/avatar.png",
        "/assets/nothing.css",
        "/favicon.ico",
        "/.well-known/security.txt",
        "/api/v2/instance",
        "/api/v1/nothing",
        "/oauth/authorize",
        "/nodeinfo/2.0",
        "/media/nothing.jpg",
        &format!("/media/{path}"),
    ] {
        replies.push(server.anyone().get(path).await);
    }
    replies.push(server.anyone().delete("/").await);
    replies.push(server.anyone().delete("/api/v2/instance").await);
    replies
}

#[tokio::test]
async fn every_response_carries_what_keeps_it_to_itself() {
    let server = Server::known_as("https://photos.example").await;
    for reply in of_every_kind(&server).await {
        let what = reply.describe();
        let header = |name| reply.header(name);
        assert_eq!(
            header("strict-transport-security"),
            "max-age=31536000",
            "{what}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(header("x-frame-options"), "DENY", "{what}");
        assert!(!header("referrer-policy").is_empty(), "{what}");
        assert!(
            header("permissions-policy").contains("geolocation=()"),
            "{what}"
        );
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}: {what}");
        assert!(!policy.contains("unsafe"), "{policy}: {what}");
    }
    let of = async |path: &str| {
        let reply = server.anyone().get(path).await;
        reply.header("cross-origin-opener-policy").to_owned()
    };
    assert_eq!(of("/").await, "same-origin");
    // A client that opened these in a window of its own waits for that window.
    assert_eq!(of("/oauth/authorize").await, "");
    assert_eq!(of("/login").await, "");
}

#[tokio::test]
async fn without_https_no_browser_is_asked_to_insist_on_it() {
    let server = Server::start().await;
    for reply in of_every_kind(&server).await {
        assert_eq!(
            reply.header("strict-transport-security"),
            "",
            "{}",
            reply.describe()
        );
    }
}

#[tokio::test]
async fn the_security_contact_is_where_one_looks() {
    let settings = [("HELIOGRAPH_INSTANCE__CONTACT_EMAIL", "us@photos.example")];
    let server = Server::with(&settings).await;
    let reply = server.anyone().get("/.well-known/security.txt").await;
    assert_eq!(reply.status, 200, "{}", reply.describe());
    assert!(reply.header("content-type").starts_with("text/plain"));
    let told = reply.text();
    let line = |name: &str| {
        let found = told.lines().find_map(|line| line.strip_prefix(name));
        found
            .unwrap_or_else(|| panic!("no {name} in {told}"))
            .to_owned()
    };
    assert_eq!(line("Contact: "), "mailto:us@photos.example");
    assert_eq!(
        line("Canonical: "),
        format!("{}/.well-known/security.txt", server.base())
    );
    let expires: jiff::Timestamp = line("Expires: ").parse().unwrap();
    let days = expires.duration_since(jiff::Timestamp::now()).as_hours() / 24;
    assert!((1..366).contains(&days), "{days}");
}

#[tokio::test]
async fn names_in_other_letters_and_addresses_of_other_programs_lead_to_the_page() {
    let server = Server::start().await;
    let ada = server.person("Ada_L").await;
    let id = text(&ada.say("x").await, "/id");
    let anyone = server.web();
    let (domain, name) = (server.base().trim_start_matches("http://"), &ada.username);
    for (path, expected) in [
        (format!("/@{}", name.to_uppercase()), format!("/@{name}")),
        (format!("/@{}/", name.to_lowercase()), format!("/@{name}")),
        (format!("/%40{name}"), format!("/@{name}")),
        (format!("/%40{name}/{id}"), format!("/@{name}/{id}")),
        (
            format!("/%40{}/{id}.", name.to_lowercase()),
            format!("/@{name}/{id}"),
        ),
        (format!("/@{name}@{domain}"), format!("/@{name}")),
        (format!("/@{name}/{id}/"), format!("/@{name}/{id}")),
        (
            format!("/users/{name}/statuses/{id}"),
            format!("/@{name}/{id}"),
        ),
    ] {
        let page = anyone.open(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.describe());
        let canonical = format!("rel=\"canonical\" href=\"{}{expected}\"", server.base());
        assert!(page.text().contains(&canonical), "{path}");
    }
}

#[tokio::test]
async fn a_hashtag_leads_to_the_photos_that_have_it() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let post = async |text: &str, visibility: &str| {
        let media = [ada.small_photo().await];
        let post = json!({"status": text, "media_ids": media, "visibility": visibility});
        ada.publish(&post).await
    };
    let shown = post("Over the roofs #Café", "public").await;
    let other = post("Nothing", "public").await;
    let hidden = post("For few #café", "private").await;
    let anyone = server.web();
    let page = anyone.open(&format!("/@ada/{}", text(&shown, "/id"))).await;
    let link = format!("{}/tags/caf%C3%A9", server.base());
    assert!(page.text().contains(&link), "{}", page.text());
    for path in ["/tags/caf%C3%A9", "/tags/CAF%C3%89", "/tags/%23caf%C3%A9"] {
        let page = anyone.open(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.describe());
        let has = |post: &serde_json::Value| page.text().contains(&text(post, "/id"));
        assert!(has(&shown) && !has(&other) && !has(&hidden), "{path}");
    }
    // Page by page, as far back as there are photos with it.
    let mut ids = vec![text(&shown, "/id")];
    for _ in 0..36 {
        ids.push(text(&post("#café", "public").await, "/id"));
    }
    let page = anyone.open("/tags/caf%C3%A9").await;
    assert!(!page.text().contains(&ids[0]));
    let last = anyone
        .open(&format!("/tags/caf%C3%A9?before={}", ids[1]))
        .await;
    assert!(
        page.text()
            .contains(&format!("href=\"?before={}\"", ids[1]))
    );
    assert!(last.text().contains(&ids[0]) && !last.text().contains("rel=\"next\""));
    // A hashtag is one also where no photo has it; what is no hashtag is not there.
    let page = anyone.open("/tags/nothing").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("#nothing"), "{}", page.text());
    assert_eq!(anyone.open("/tags/%23%23").await.status, 404);
}
