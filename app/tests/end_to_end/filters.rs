//! Filters, and what of statuses they match wherever those are shown.

use serde_json::{Value, json};

use crate::harness::caller::text;
use crate::harness::{Person, Server, eventually};

const FILTERS: &str = "/api/v2/filters";

async fn filter(owner: &Person, title: &str, keyword: &str) -> Value {
    let body = json!({
        "title": title, "context": ["home"], "filter_action": "hide",
        "keywords_attributes": [{"keyword": keyword}],
    });
    owner.post(FILTERS, &body).await.expect(200)
}

/// Which filters match a status, by their titles.
fn titles(status: &Value) -> Vec<String> {
    let filtered = status["filtered"].as_array().unwrap().iter();
    filtered.map(|one| text(one, "/filter/title")).collect()
}

async fn filtered(viewer: &Person, status: &str) -> Vec<String> {
    let shown = viewer.get(&format!("/api/v1/statuses/{status}")).await;
    titles(&shown.expect(200))
}

#[tokio::test]
async fn what_filters_match_is_said_wherever_a_status_is_shown() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follow(&bob).await;
    filter(&ada, "Lakes", "lake").await;
    let lake = json!({"status": "@ada A LAKE #water", "spoiler_text": "Look"});
    let lake = text(&bob.publish(&lake).await, "/id");
    let hill = text(&bob.say("a hill").await, "/id");
    assert_eq!(titles(&ada.finds_at_home(&lake).await), ["Lakes"]);
    assert!(titles(&ada.finds_at_home(&hill).await).is_empty());
    let reply = json!({"status": "my lake, too", "in_reply_to_id": lake});
    let reply = text(&ada.publish(&reply).await, "/id");
    let around = ada.get(&format!("/api/v1/statuses/{reply}/context")).await;
    assert_eq!(titles(&around.expect(200)["ancestors"][0]), ["Lakes"]);
    assert!(filtered(&ada, &reply).await.is_empty(), "it is her own");
    let by_bob = format!("/api/v1/accounts/{}/statuses", bob.id);
    for path in [
        &*by_bob,
        "/api/v1/timelines/public",
        "/api/v1/timelines/tag/water",
    ] {
        let shown = ada.get(path).await.list();
        let shown = shown.iter().find(|one| one["id"] == lake);
        assert_eq!(titles(shown.unwrap()), ["Lakes"], "{path}");
    }
    let told = eventually("the mention", async || {
        let told = ada.get("/api/v1/notifications?types[]=mention").await;
        told.list().into_iter().next()
    })
    .await;
    assert_eq!(titles(&told["status"]), ["Lakes"]);
    let cleo = server.person("cleo").await;
    let path = format!("/api/v1/statuses/{lake}/reblog");
    let reshared = cleo.post(&path, &json!({})).await.expect(200);
    assert!(titles(&reshared).is_empty(), "Cleo has no filters");
    let path = format!("/api/v1/statuses/{}", text(&reshared, "/id"));
    let reshared = ada.get(&path).await.expect(200);
    assert_eq!(
        (titles(&reshared), titles(&reshared["reblog"])),
        (vec!["Lakes".into()], vec!["Lakes".into()])
    );
    let visitor = server.anyone().get(&path).await.expect(200);
    assert_eq!(visitor.get("filtered"), None);
}

#[tokio::test]
async fn a_change_of_a_filter_is_seen_at_the_next_read() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let lake = text(&bob.say("a lakeside").await, "/id");
    assert!(filtered(&ada, &lake).await.is_empty());
    let made = filter(&ada, "Lakes", "lake").await;
    assert!(filtered(&ada, &lake).await.is_empty(), "a longer word");
    let keyword = format!("{FILTERS}/keywords/{}", text(&made, "/keywords/0/id"));
    let changed = ada.put(&keyword, &json!({"whole_word": false})).await;
    changed.expect(200);
    assert_eq!(filtered(&ada, &lake).await, ["Lakes"]);
    assert_eq!(ada.delete(&keyword).await.expect(200), json!({}));
    assert!(filtered(&ada, &lake).await.is_empty());
    let statuses = format!("{FILTERS}/{}/statuses", text(&made, "/id"));
    let added = ada.post(&statuses, &json!({"status_id": lake})).await;
    assert_eq!(added.expect(200)["status_id"], lake);
    assert_eq!(filtered(&ada, &lake).await, ["Lakes"]);
    let again = ada.post(&statuses, &json!({"status_id": lake})).await;
    assert_eq!(
        again.expect(422)["error"],
        "Validation failed: Status has already been taken"
    );
    let path = format!("{FILTERS}/{}", text(&made, "/id"));
    let renamed = ada.put(&path, &json!({"title": "Water"})).await;
    renamed.expect(200);
    assert_eq!(filtered(&ada, &lake).await, ["Water"]);
    bob.delete(&format!("/api/v1/statuses/{lake}"))
        .await
        .expect(200);
    eventually("the status to leave the filter", async || {
        ada.get(&statuses).await.list().is_empty().then_some(())
    })
    .await;
    assert_eq!(ada.delete(&path).await.expect(200), json!({}));
    ada.get(&path).await.expect(404);
}

#[tokio::test]
async fn what_may_be_seen_of_hidden_statuses_and_of_others_filters_is_nothing() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let made = filter(&ada, "Lakes", "lake").await;
    let path = format!("{FILTERS}/{}", text(&made, "/id"));
    let keyword = format!("{FILTERS}/keywords/{}", text(&made, "/keywords/0/id"));
    for path in [
        &path,
        &keyword,
        &format!("{path}/keywords"),
        &format!("{path}/statuses"),
    ] {
        bob.get(path).await.expect(404);
    }
    bob.put(&path, &json!({"title": "Mine"})).await.expect(404);
    bob.put(&keyword, &json!({"keyword": "mine"}))
        .await
        .expect(404);
    bob.delete(&path).await.expect(404);
    let hidden = json!({"status": "a lake", "visibility": "direct"});
    let hidden = text(&bob.publish(&hidden).await, "/id");
    for odd in [&*hidden, "1"] {
        let refused = ada
            .post(&format!("{path}/statuses"), &json!({"status_id": odd}))
            .await;
        assert_eq!(
            refused.expect(422)["error"],
            "Validation failed: Status is invalid"
        );
    }
    let nothing = ada.post(FILTERS, &json!({})).await.expect(422);
    assert_eq!(
        nothing["error"],
        "Validation failed: Title can't be blank, Context can't be blank, \
         Context None or invalid context supplied"
    );
    let odd = json!({"title": "Lakes", "context": ["kitchen"]});
    let odd = ada.post(FILTERS, &odd).await.expect(422);
    assert_eq!(
        odd["error"],
        "Validation failed: Context None or invalid context supplied"
    );
}

#[tokio::test]
async fn who_may_change_filters_need_not_be_allowed_to_read_them() {
    let server = Server::start().await;
    let scopes = "write:filters write:accounts read:accounts read:statuses";
    let ada = server.person_with_scopes("ada", scopes).await;
    let bob = server.person("bob").await;
    let lake = text(&bob.say("a lake").await, "/id");
    let made = filter(&ada, "Lakes", "lake").await;
    let path = format!("{FILTERS}/{}", text(&made, "/id"));
    let id = text(&made, "/keywords/0/id");
    let (keyword, first) = (
        format!("{FILTERS}/keywords/{id}"),
        format!("/api/v1/filters/{id}"),
    );
    for path in [FILTERS, &path, &keyword, &first, "/api/v1/filters"] {
        ada.get(path).await.expect(403);
    }
    assert_eq!(filtered(&ada, &lake).await, ["Lakes"]);
    let renamed = ada.put(&path, &json!({"title": "Water"})).await.expect(200);
    assert_eq!(
        (&renamed["title"], renamed.get("keywords")),
        (&json!("Water"), None)
    );
    ada.put(&keyword, &json!({"whole_word": false}))
        .await
        .expect(200);
    ada.put(&first, &json!({"whole_word": true}))
        .await
        .expect(200);
    let statuses = format!("{path}/statuses");
    ada.post(&statuses, &json!({"status_id": lake}))
        .await
        .expect(200);
    ada.delete(&keyword).await.expect(200);
    assert_eq!(filtered(&ada, &lake).await, ["Water"]);
    let reader = server
        .person_with_scopes("dora", "read write:accounts")
        .await;
    assert_eq!(reader.get(FILTERS).await.list(), Vec::<Value>::new());
    reader.post(FILTERS, &json!({})).await.expect(403);
}

#[tokio::test]
async fn the_first_version_and_the_second_show_the_same_filters() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let lake = text(&bob.say("a lake").await, "/id");
    let v1 = "/api/v1/filters";
    let body = json!({"phrase": "lake", "context": ["home"], "irreversible": true});
    let made = ada.post(v1, &body).await.expect(200);
    assert_eq!(
        (&made["whole_word"], &made["expires_at"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(filtered(&ada, &lake).await, ["lake"]);
    let group = &ada.get(FILTERS).await.list()[0];
    assert_eq!(
        (&group["title"], &group["filter_action"]),
        (&json!("lake"), &json!("hide"))
    );
    let keywords = format!("{FILTERS}/{}/keywords", text(group, "/id"));
    let sea = ada
        .post(&keywords, &json!({"keyword": "sea"}))
        .await
        .expect(200);
    let path = format!("{v1}/{}", text(&made, "/id"));
    let change = json!({"phrase": "lakes", "context": ["home"], "irreversible": true});
    let refused = ada.put(&path, &change).await.expect(422);
    assert_eq!(
        refused["error"],
        "These parameters cannot be changed from this application because they apply to more than \
         one filter keyword. Use a more recent application or the web interface."
    );
    assert_eq!(ada.get(v1).await.list().len(), 2);
    ada.delete(&format!("{v1}/{}", text(&sea, "/id")))
        .await
        .expect(200);
    let changed = ada.put(&path, &change).await.expect(200);
    assert_eq!(changed["phrase"], "lakes");
    assert!(filtered(&ada, &lake).await.is_empty());
    ada.delete(&path).await.expect(200);
    assert!(
        ada.get(FILTERS).await.list().is_empty(),
        "with its last keyword"
    );
}
