//! What is written, and what everyone makes of it: who is reached, what is linked, how long it is,
//! what numbers tell.

use serde_json::{Value, json};

use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server};

async fn direct(author: &Person, words: &str) -> Value {
    author
        .publish(&json!({"status": words, "visibility": "direct"}))
        .await
}

#[tokio::test]
async fn a_direct_post_reaches_whom_its_reader_would_think() {
    let server = Server::start().await;
    let (ada, bea) = (server.person("ada").await, server.person("bea").await);
    let domain = ada.base().split_once("://").unwrap().1.to_owned();
    for words in [
        "@beaさん、こんにちは".to_owned(),
        "@bea님 안녕하세요".to_owned(),
        "写真は@bea".to_owned(),
        format!("@bea@{domain} hi"),
    ] {
        let post = direct(&ada, &words).await;
        assert_eq!(post["mentions"][0]["username"], "bea", "{words}");
        assert!(text(&post, "/content").contains("u-url mention"), "{words}");
        let path = format!("/api/v1/statuses/{}", text(&post, "/id"));
        bea.get(&path).await.expect(200);
    }
    for words in [
        "https://a.example/#@bea",
        "https://a.example/maps,@bea",
        "ssh://host/a.@bea",
        "mail@bea",
        "@bea@elsewhere.example",
    ] {
        let post = direct(&ada, words).await;
        assert_eq!(post["mentions"], json!([]), "{words}");
        let path = format!("/api/v1/statuses/{}", text(&post, "/id"));
        bea.get(&path).await.expect(404);
    }
}

#[tokio::test]
async fn links_hashtags_and_lengths_are_as_announced() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let instance = ada.get("/api/v2/instance").await.expect(200);
    let limits = &instance["configuration"]["statuses"];
    let count = |name: &str| usize::try_from(limits[name].as_u64().unwrap()).unwrap();
    let (most, per_link) = (
        count("max_characters"),
        count("characters_reserved_per_url"),
    );
    let fits = format!(
        "{} https://a.example/{}",
        "a".repeat(most - per_link - 1),
        "x".repeat(200)
    );
    let fits = json!({"status": fits});
    ada.publish(&fits).await;
    let too_long =
        json!({"status": format!("{} https://a.example/x", "a".repeat(most - per_link))});
    let refused = ada.post("/api/v1/statuses", &too_long).await;
    assert_eq!(refused.expect(422)["field"], "status");

    let words = "「https://a.example/a_(b)」を見て #Sunset";
    let post = ada
        .publish(&json!({"status": words, "language": "zh_hant_tw"}))
        .await;
    let content = text(&post, "/content");
    assert!(
        content.contains("href=\"https://a.example/a_(b)\""),
        "{content}"
    );
    assert!(
        content.contains("/tags/sunset\" class=\"mention hashtag\" rel=\"tag\""),
        "{content}"
    );
    assert_eq!(post["tags"][0]["name"], "sunset");
    assert_eq!(post["language"], "zh-Hant-TW");
    let id = text(&post["account"], "/id");
    for (tag, found) in [("SUNSET", 1), ("night", 0)] {
        let path = format!("/api/v1/accounts/{id}/statuses?tagged={tag}");
        assert_eq!(ada.get(&path).await.list().len(), found, "{tag}");
    }
}

#[tokio::test]
async fn no_number_and_no_cursor_reveals_what_is_hidden() {
    let server = Server::start().await;
    let (ada, bea) = (server.person("ada").await, server.person("bea").await);
    let (mut open, mut addressed) = (Vec::new(), String::new());
    for (visibility, words) in [
        ("public", "one"),
        ("direct", "to nobody"),
        ("direct", "@bea hi"),
        ("private", "for followers"),
        ("unlisted", "two"),
        ("direct", "once more"),
    ] {
        let post = json!({"status": words, "visibility": visibility});
        let id = text(&ada.publish(&post).await, "/id");
        match (visibility, words) {
            ("direct", "@bea hi") => addressed = id,
            ("public" | "unlisted", _) => open.push(id),
            _ => {}
        }
    }
    open.reverse();
    let reply = json!({"status": "psst", "visibility": "direct", "in_reply_to_id": open[1]});
    ada.publish(&reply).await;
    let first = bea.get(&format!("/api/v1/statuses/{}", open[1])).await;
    assert_eq!(first.expect(200)["replies_count"], 0);

    let account = bea
        .get("/api/v1/accounts/lookup?acct=ada")
        .await
        .expect(200);
    assert_eq!(account["statuses_count"], 2);
    let stats = bea.get("/api/v1/instance").await.expect(200);
    assert_eq!(stats["stats"]["status_count"], 2);

    // One at a time, so that a page that is empty would reveal each that is left out.
    let mut path = format!(
        "/api/v1/accounts/{}/statuses?limit=1",
        text(&account, "/id")
    );
    let mut shown = Vec::new();
    loop {
        let page = bea.get(&path).await;
        let listed = page.list();
        if listed.is_empty() {
            break;
        }
        assert_eq!(listed.len(), 1);
        shown.extend(ids(&listed));
        match page.link("next") {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(shown, [open[0].clone(), addressed, open[1].clone()]);
}
