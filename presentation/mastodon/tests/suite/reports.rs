//! Reports: sending them, and looking after them.

use business_accounts_gateway::Role;
use business_moderation_gateway::POSTS_MAX;
use business_posts_gateway::Visibility;
use http::Method;
use serde_json::{Value, json};

use crate::world::{ADA, BOB, Client, World};

const REPORTS: &str = "/api/v1/reports";
const QUEUE: &str = "/api/v1/admin/reports";

/// Bob reports Ada with these fields more.
async fn reported(client: &Client, more: &str) -> Value {
    let form = format!("account_id={ADA}&{more}");
    client.post_form("bob", REPORTS, &form).await.expect(200)
}

#[tokio::test]
async fn a_report_says_what_was_reported() {
    let world = World::new();
    let client = world.client();
    let post = world.posted(ADA, "look", Visibility::Public);
    let form = format!("status_ids[]={post}&comment=so+it+is&forward=true&category=spam");
    let report = reported(&client, &form).await;
    assert_eq!(report["target_account"]["username"], "ada");
    let mut rest = report.clone();
    rest.as_object_mut().unwrap().remove("target_account");
    let id = rest["id"].take();
    assert!(id.is_string());
    assert_eq!(
        rest,
        json!({
            "id": null, "action_taken": false, "action_taken_at": null, "category": "spam",
            "comment": "so it is", "forwarded": false, "created_at": "2026-03-01T09:30:00.125Z",
            "status_ids": [post.to_string()], "rule_ids": [],
        })
    );
    // Neither a status nor a word is needed, and it is JSON as well.
    let body = json!({"account_id": ADA.to_string()});
    let report = client.json(Method::POST, "bob", REPORTS, &body).await;
    assert_eq!(report.expect(200)["category"], "other");
}

#[tokio::test]
async fn only_what_one_may_see_can_be_reported() {
    let world = World::new();
    let client = world.client();
    let seen = world.posted(ADA, "for all", Visibility::Public);
    let hidden = world.posted(ADA, "for followers", Visibility::Private);
    let another = world.posted(BOB, "mine", Visibility::Public);
    let try_report = async |form: String| client.post_form("bob", REPORTS, &form).await;
    let mut said = Vec::new();
    for status in [hidden.to_string(), "99".to_owned(), "x".to_owned()] {
        let form = format!("account_id={ADA}&status_ids[]={seen}&status_ids[]={status}");
        said.push(try_report(form).await.error(404));
    }
    // Nothing tells one from the other.
    assert!(said.iter().all(|text| *text == said[0]));
    let form = format!("account_id={ADA}&status_ids[]={another}");
    try_report(form).await.error(404);
    for account in ["", "99", "x"] {
        try_report(format!("account_id={account}")).await.error(404);
    }
    assert!(world.cases.lock().unwrap().is_empty());
    // Who follows sees it, and may report it; the same twice is once.
    let follow = format!("/api/v1/accounts/{ADA}/follow");
    client.post_form("bob", &follow, "").await.expect(200);
    let form = format!("status_ids[]={hidden}&status_ids[]={hidden}");
    let report = reported(&client, &form).await;
    assert_eq!(report["status_ids"], json!([hidden.to_string()]));
}

#[tokio::test]
async fn what_is_wrong_with_a_report_is_said_in_mastodons_words() {
    let world = World::new();
    let client = world.client();
    for (more, field, words) in [
        (
            "category=nonsense",
            "category",
            "'nonsense' is not a valid category",
        ),
        (
            "rule_ids[]=1",
            "rule_ids",
            "Validation failed: Rule ids does not reference valid rules",
        ),
    ] {
        let form = format!("account_id={ADA}&{more}");
        let refused = client.post_form("bob", REPORTS, &form).await.expect(422);
        assert_eq!(
            (&refused["field"], &refused["error"]),
            (&json!(field), &json!(words))
        );
    }
    let posts = (0..=POSTS_MAX).map(|_| world.posted(ADA, "x", Visibility::Public));
    let posts: Vec<String> = posts.map(|id| format!("status_ids[]={id}")).collect();
    let form = format!("account_id={ADA}&{}", posts.join("&"));
    let refused = client.post_form("bob", REPORTS, &form).await.expect(422);
    assert_eq!(refused["field"], "status_ids");
    for (token, status) in [("", 401), ("app", 401), ("ada-reads", 403)] {
        let form = format!("account_id={BOB}");
        client.post_form(token, REPORTS, &form).await.error(status);
    }
}

#[tokio::test]
async fn a_moderator_sees_whom_and_what_a_report_is_about() {
    let world = World::new();
    let client = world.client();
    world.appoint(ADA, Role::Moderator);
    let private = world.posted(BOB, "for followers", Visibility::Private);
    // As if Bob's follower had reported.
    let form = format!("account_id={BOB}&status_ids[]={private}&comment=see");
    let sent = client.post_form("bob", REPORTS, &form).await.expect(200);
    // Whom a moderator blocks, or is blocked by, is no matter.
    world.blocks.lock().unwrap().push((BOB, ADA));
    let path = format!("{QUEUE}/{}", sent["id"].as_str().unwrap());
    client
        .get("ada", &format!("/api/v1/statuses/{private}"))
        .await
        .error(404);
    let shown = client.get("ada-moderates", &path).await.expect(200);
    let listed = client.get("ada-moderates", QUEUE).await.expect(200);
    assert_eq!(listed, json!([shown]));
    assert_eq!(shown["statuses"][0]["id"], private.to_string());
    assert_eq!(shown["statuses"][0]["visibility"], "private");
    for who in ["account", "target_account"] {
        let account = &shown[who];
        assert_eq!(account["username"], "bob");
        assert_eq!(account["account"]["acct"], "bob");
        assert_eq!(
            (&account["email"], &account["ip"]),
            (&json!(""), &json!(null))
        );
        assert_eq!(account["role"]["permissions"], "0");
    }
    for nobody in ["assigned_account", "action_taken_by_account"] {
        assert_eq!(shown[nobody], json!(null));
    }
    assert_eq!(
        (&shown["rules"], &shown["comment"]),
        (&json!([]), &json!("see"))
    );
    // A status that is deleted is no longer shown.
    world.posts.lock().unwrap().clear();
    let shown = client.get("ada-moderates", &path).await.expect(200);
    assert_eq!(shown["statuses"], json!([]));
}

#[tokio::test]
async fn a_report_is_taken_closed_and_opened_again() {
    let world = World::new();
    let client = world.client();
    world.appoint(ADA, Role::Admin);
    let id = reported(&client, "").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let act = async |verb: &str| {
        let path = format!("{QUEUE}/{id}/{verb}");
        client
            .post_form("ada-moderates", &path, "")
            .await
            .expect(200)
    };
    let assigned = act("assign_to_self").await;
    assert_eq!(assigned["assigned_account"]["username"], "ada");
    assert_eq!(assigned["assigned_account"]["role"]["permissions"], "16");
    assert_eq!(act("unassign").await["assigned_account"], json!(null));
    let resolved = act("resolve").await;
    assert_eq!(resolved["action_taken"], true);
    assert_eq!(resolved["action_taken_at"], "2026-03-01T09:30:00.125Z");
    assert_eq!(resolved["action_taken_by_account"]["username"], "ada");
    let in_queue = async |query: &str| {
        let listed = client
            .get("ada-moderates", &format!("{QUEUE}{query}"))
            .await;
        listed.expect(200).as_array().unwrap().len()
    };
    assert_eq!(
        (in_queue("").await, in_queue("?resolved=true").await),
        (0, 1)
    );
    let reopened = act("reopen").await;
    assert_eq!(reopened["action_taken"], false);
    assert_eq!(reopened["action_taken_by_account"], json!(null));
    let path = format!("{QUEUE}/{id}");
    let change = json!({"category": "legal", "rule_ids": []});
    let changed = client
        .json(Method::PUT, "ada-moderates", &path, &change)
        .await;
    assert_eq!(changed.expect(200)["category"], "legal");
    let same = client
        .json(Method::PUT, "ada-moderates", &path, &json!({}))
        .await;
    assert_eq!(same.expect(200)["category"], "legal");
    for wrong in [json!({"category": "x"}), json!({"rule_ids": ["1"]})] {
        client
            .json(Method::PUT, "ada-moderates", &path, &wrong)
            .await
            .error(422);
    }
}

#[tokio::test]
async fn the_queue_pages_and_is_asked_for_by_account() {
    let world = World::new();
    let client = world.client();
    world.appoint(ADA, Role::Moderator);
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(
            reported(&client, "").await["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let first = client
        .get("ada-moderates", &format!("{QUEUE}?limit=2"))
        .await;
    let link = first.header("link");
    assert!(link.contains(&format!("max_id={}", sent[1])), "{link}");
    assert_eq!(first.expect(200).as_array().unwrap().len(), 2);
    for (query, count) in [
        (format!("account_id={BOB}"), 3),
        (format!("account_id={ADA}"), 0),
        (format!("target_account_id={ADA}"), 3),
        (format!("target_account_id={BOB}"), 0),
        ("target_account_id=x".to_owned(), 0),
        ("limit=0".to_owned(), 0),
    ] {
        let listed = client
            .get("ada-moderates", &format!("{QUEUE}?{query}"))
            .await;
        assert_eq!(
            listed.expect(200).as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
}

#[tokio::test]
async fn nobody_else_sees_the_queue() {
    let world = World::new();
    let client = world.client();
    world.appoint(ADA, Role::Moderator);
    let id = reported(&client, "").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let paths = [
        QUEUE.to_owned(),
        format!("{QUEUE}?limit=0"),
        format!("{QUEUE}/{id}"),
    ];
    // Of a moderator's tokens those without the scopes, and the scopes without the role.
    for (token, status) in [
        ("", 401),
        ("app", 403),
        ("app-moderates", 401),
        ("ada", 403),
        ("ada-reads", 403),
        ("bob-moderates", 403),
    ] {
        for path in &paths {
            client.get(token, path).await.error(status);
        }
        for verb in ["assign_to_self", "unassign", "resolve", "reopen"] {
            let path = format!("{QUEUE}/{id}/{verb}");
            client.post_form(token, &path, "").await.error(status);
        }
        let change = json!({"category": "legal"});
        let path = format!("{QUEUE}/{id}");
        client
            .json(Method::PUT, token, &path, &change)
            .await
            .error(status);
        client
            .json(Method::PUT, token, &path, &json!({}))
            .await
            .error(status);
    }
    assert!(!world.cases.lock().unwrap()[0].resolved);
    client
        .get("ada-moderates", &format!("{QUEUE}/99"))
        .await
        .error(404);
    client
        .get("ada-moderates", &format!("{QUEUE}/x"))
        .await
        .error(404);
}

#[tokio::test]
async fn a_moderator_is_shown_how_a_report_was() {
    let world = World::new();
    let client = world.client();
    world.appoint(ADA, Role::Moderator);
    let post = world.posted(ADA, "look", Visibility::Public);
    let sent = reported(&client, &format!("status_ids[]={post}&comment=see")).await;
    let id = sent["id"].as_str().unwrap();
    let own = format!("/api/heliograph/v1/admin/reports/{id}");
    let assign = format!("{QUEUE}/{id}/assign_to_self");
    client
        .post_form("ada-moderates", &assign, "")
        .await
        .expect(200);

    let now = client.get("ada-moderates", &own).await.expect(200);
    assert_eq!(now["assigned_account"]["username"], "ada");
    let at = async |time: &str| {
        client
            .get("ada-moderates", &format!("{own}?at={time}"))
            .await
    };
    let then = at("2026-03-01T09:30:00.125Z").await.expect(200);
    assert_eq!(then["assigned_account"], json!(null));
    at("2026-03-01T09:30:00.124Z").await.error(404);
    assert_eq!(at("noon").await.expect(422)["field"], "at");
}

#[tokio::test]
async fn a_moderator_is_shown_who_did_what_and_adds_a_note() {
    let world = World::new();
    let client = world.client();
    world.appoint(ADA, Role::Moderator);
    let post = world.posted(ADA, "look", Visibility::Public);
    let sent = reported(&client, &format!("status_ids[]={post}&comment=see")).await;
    let own = format!(
        "/api/heliograph/v1/admin/reports/{}",
        sent["id"].as_str().unwrap()
    );
    let history = client.get("ada-moderates", &format!("{own}/history")).await;
    let mut history = history.expect(200);
    for (number, who) in [(0, json!("bob")), (1, json!("ada")), (2, json!(null))] {
        let account = history[number]
            .as_object_mut()
            .unwrap()
            .remove("account")
            .unwrap();
        assert_eq!(account["username"], who);
    }
    let at = "2026-03-01T09:30:00.125Z";
    assert_eq!(
        history,
        json!([
            {"number": 1, "created_at": at, "type": "report", "assigned_account_id": null, "category": "other",
             "text": "see", "statuses": [{"id": post.to_string(), "revision": "1"}]},
            {"number": 2, "created_at": at, "type": "assign", "assigned_account_id": ADA.to_string(),
             "category": null, "text": null, "statuses": []},
            {"number": 3, "created_at": at, "type": "note", "assigned_account_id": null, "category": null,
             "text": "seen before", "statuses": []},
        ])
    );
    let notes = format!("{own}/notes");
    client
        .post_form("ada-moderates", &notes, "text=hm")
        .await
        .expect(200);
    assert_eq!(world.cases.lock().unwrap()[0].notes_count, 1);
    for (token, status) in [("", 401), ("ada", 403), ("bob-moderates", 403)] {
        client.get(token, &own).await.error(status);
        client
            .get(token, &format!("{own}/history"))
            .await
            .error(status);
        client
            .post_form(token, &notes, "text=hm")
            .await
            .error(status);
    }
}
