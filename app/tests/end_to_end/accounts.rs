//! Accounts through the API: signing up, profiles, following.

use serde_json::{Value, json};
use testing_kit::{charts, jpeg};

use crate::harness::caller::{Upload, ids, text};
use crate::harness::person::{App, OUT_OF_BAND, PASSWORD, SCOPES, sign_up};
use crate::harness::{Person, Server, eventually};

#[tokio::test]
async fn signing_up_gives_a_token_that_works_at_once() {
    let server = Server::start().await;
    let app = App::register(&server, SCOPES, OUT_OF_BAND).await;
    let as_app = app.token(SCOPES).await;
    let token = sign_up(&as_app, "Ada_1").await.expect(200);
    assert_eq!(token["token_type"], "Bearer");
    let ada = Person::bearing(server.anyone().bearing(&text(&token, "/access_token"))).await;
    assert_eq!(ada.username.to_lowercase(), "ada_1");
    ada.say("at once").await;
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_up_is_said_field_by_field() {
    let server = Server::start().await;
    let as_app = App::register(&server, SCOPES, OUT_OF_BAND)
        .await
        .token(SCOPES)
        .await;
    sign_up(&as_app, "taken").await.expect(200);
    let long = "x".repeat(200);
    let cases: [(&str, Value, &str); 12] = [
        ("username", json!("taken"), "name"),
        ("username", json!("TAKEN"), "name"),
        ("username", json!(""), "name"),
        ("username", json!("with space"), "name"),
        ("username", json!("ünïcode"), "name"),
        ("username", json!(long), "name"),
        ("email", json!("nonsense"), "mail"),
        ("email", json!("taken@example.org"), "mail"),
        ("password", json!("short"), "password"),
        ("password", json!("x".repeat(100_000)), "password"),
        ("agreement", json!(false), "agree"),
        ("username", json!(["a", "list"]), ""),
    ];
    for (field, value, word) in cases {
        let mut body = json!({
            "username": "fresh", "email": "fresh@example.org", "password": PASSWORD, "agreement": true, "locale": "en",
        });
        body[field] = value.clone();
        let reply = as_app.post("/api/v1/accounts", &body).await;
        let said = reply.refused(422).to_lowercase();
        assert!(said.contains(word), "{field} = {}: {said}", short(&value));
    }
    let reply = as_app
        .post("/api/v1/accounts", &json!({"password": "password1"}))
        .await;
    reply.refused(422);
    let details = &reply.json()["details"];
    for (field, error) in [
        ("username", "ERR_BLANK"),
        ("email", "ERR_BLANK"),
        ("password", "ERR_BLOCKED"),
        ("agreement", "ERR_ACCEPTED"),
    ] {
        assert_eq!(details[field][0]["error"], error, "{details}");
        assert!(
            details[field][0]["description"].as_str().is_some(),
            "{details}"
        );
    }
    // None of them was made.
    as_app
        .get("/api/v1/accounts/lookup?acct=fresh")
        .await
        .refused(404);
    server
        .anyone()
        .post("/api/v1/accounts", &json!({}))
        .await
        .refused(401);
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}

#[tokio::test]
async fn sign_up_can_be_closed() {
    let server = Server::with(&[("HELIOGRAPH_ACCOUNTS__REGISTRATIONS_OPEN", "false")]).await;
    let as_app = App::register(&server, SCOPES, OUT_OF_BAND)
        .await
        .token(SCOPES)
        .await;
    sign_up(&as_app, "ada").await.refused(403);
    let instance = server.anyone().get("/api/v2/instance").await.expect(200);
    assert_eq!(instance["registrations"]["enabled"], false);
}

#[tokio::test]
async fn a_profile_is_changed_and_everyone_sees_it() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let post = ada.say("before the change").await;
    let changes = json!({
        "display_name": "Ada Nymous",
        "note": "Light, mostly.\nhttps://example.org <b>",
        "fields_attributes": [{"name": "Camera", "value": "A box"}],
        "bot": false,
        "discoverable": true,
        "source": {"privacy": "unlisted", "sensitive": false, "language": "en"},
    });
    let mine = ada
        .patch("/api/v1/accounts/update_credentials", &changes)
        .await
        .expect(200);
    assert_eq!(mine["source"]["privacy"], "unlisted");
    assert_eq!(mine["source"]["note"], changes["note"]);

    let seen = server
        .anyone()
        .get(&format!("/api/v1/accounts/{}", ada.id))
        .await
        .expect(200);
    assert_eq!(seen["display_name"], "Ada Nymous");
    assert_eq!(seen["fields"][0]["name"], "Camera");
    let note = text(&seen, "/note");
    assert!(
        note.contains("&lt;b&gt;") && !note.contains("<b>"),
        "{note}"
    );
    let post = ada
        .get(&format!("/api/v1/statuses/{}", text(&post, "/id")))
        .await
        .expect(200);
    assert_eq!(
        post["account"]["display_name"], "Ada Nymous",
        "an old post shows the old name"
    );
    assert_eq!(ada.say("after").await["visibility"], "unlisted");
}

#[tokio::test]
async fn an_avatar_and_a_header_are_photos_like_any_other() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let plain = ada
        .get(&format!("/api/v1/accounts/{}", ada.id))
        .await
        .expect(200);
    for picture in ["/avatar", "/avatar_static", "/header", "/header_static"] {
        let reply = server.anyone().get(&text(&plain, picture)).await;
        assert_eq!(
            reply.status,
            200,
            "the default {picture}: {}",
            reply.describe()
        );
    }
    for field in ["avatar", "header"] {
        let extras = testing_kit::jpeg::Extras::everything(3);
        let stored = charts::corners(400, 300).stored_with_orientation(3);
        let upload = Upload::jpeg(jpeg::write(&stored, 90, &extras));
        let path = "/api/v1/accounts/update_credentials";
        let reply = ada
            .send_file(reqwest::Method::PATCH, path, field, upload)
            .await;
        reply.expect(200);
        let pointer = format!("/{field}");
        let url = eventually("the new picture", async || {
            let account = server
                .anyone()
                .get(&format!("/api/v1/accounts/{}", ada.id))
                .await
                .expect(200);
            let url = text(&account, &pointer);
            (url != text(&plain, &pointer)).then_some(url)
        })
        .await;
        let reply = server.anyone().get(&url).await;
        assert_eq!(reply.status, 200, "{}", reply.describe());
        assert_eq!(testing_kit::scan::findings(&reply.body), [], "{field}");
    }
    let page = Upload::new(testing_kit::hostile::SCRIPT.into(), "me.jpg", "image/jpeg");
    let path = "/api/v1/accounts/update_credentials";
    let refused = ada
        .send_file(reqwest::Method::PATCH, path, "avatar", page)
        .await;
    refused.refused(422);
}

#[tokio::test]
async fn following_is_seen_from_both_sides_and_counted() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    for _ in 0..2 {
        bob.follow(&ada).await;
    }
    let relations = bob
        .get(&format!(
            "/api/v1/accounts/relationships?id[]={}&id[]={}",
            ada.id, bob.id
        ))
        .await
        .list();
    assert_eq!(ids(&relations), [ada.id.clone(), bob.id.clone()]);
    assert_eq!(relations[0]["following"], true);
    let other_way = ada
        .get(&format!("/api/v1/accounts/relationships?id[]={}", bob.id))
        .await
        .list();
    assert_eq!(other_way[0]["followed_by"], true);
    assert_eq!(other_way[0]["following"], false);

    let followers = ada
        .get(&format!("/api/v1/accounts/{}/followers", ada.id))
        .await
        .list();
    assert_eq!(ids(&followers), [bob.id.as_str()]);
    let following = server
        .anyone()
        .get(&format!("/api/v1/accounts/{}/following", bob.id))
        .await
        .list();
    assert_eq!(ids(&following), [ada.id.as_str()]);
    eventually("the counts", async || {
        let account = ada
            .get(&format!("/api/v1/accounts/{}", ada.id))
            .await
            .expect(200);
        (account["followers_count"] == 1).then_some(())
    })
    .await;

    bob.unfollow(&ada).await;
    bob.unfollow(&ada).await;
    let followers = ada
        .get(&format!("/api/v1/accounts/{}/followers", ada.id))
        .await
        .list();
    assert!(followers.is_empty());
    bob.post(&format!("/api/v1/accounts/{}/follow", bob.id), &json!({}))
        .await
        .refusal();
}

#[tokio::test]
async fn accounts_are_found_by_name_in_any_case() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    for name in ["ada", "ADA", "@ada"] {
        let found = server
            .anyone()
            .get(&format!("/api/v1/accounts/lookup?acct={name}"))
            .await
            .expect(200);
        assert_eq!(text(&found, "/id"), ada.id, "{name}");
    }
    server
        .anyone()
        .get("/api/v1/accounts/lookup?acct=nobody")
        .await
        .refused(404);
    server
        .anyone()
        .get("/api/v1/accounts/lookup?acct=ada@elsewhere.example")
        .await
        .refused(404);
    server
        .anyone()
        .get("/api/v1/accounts/lookup")
        .await
        .refusal();
}

#[tokio::test]
async fn nothing_private_of_an_account_is_shown_to_others() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.say("hello").await;
    for path in [
        format!("/api/v1/accounts/{}", ada.id),
        format!("/api/v1/accounts/{}/statuses", ada.id),
        "/api/v1/accounts/lookup?acct=ada".to_owned(),
        "/@ada".to_owned(),
    ] {
        let reply = bob.get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.describe());
        assert!(
            !reply.text().contains("ada@example.org"),
            "{path} shows the e-mail address"
        );
        assert!(
            !reply.text().contains("argon2"),
            "{path} shows a password's hash"
        );
    }
}
