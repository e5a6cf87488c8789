//! Reports: from who sends them to who looks after them, and what is known of them afterwards.

use serde_json::{Value, json};

use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server};

const QUEUE: &str = "/api/v1/admin/reports";
const SCOPES: &str = "read write follow admin:read:reports admin:write:reports";

/// A server with somebody who moderates it.
async fn moderated() -> (Server, Person) {
    let mut server = Server::start().await;
    let moderator = server.person_with_scopes("iris", SCOPES).await;
    moderator.get(QUEUE).await.refused(403);
    server.appoint("iris", "moderator").await;
    (server, moderator)
}

async fn report(by: &Person, about: &Person, more: Value) -> Value {
    let mut body = json!({"account_id": about.id});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    by.post("/api/v1/reports", &body).await.expect(200)
}

async fn act(moderator: &Person, report: &str, verb: &str) -> Value {
    let path = format!("{QUEUE}/{report}/{verb}");
    moderator.post(&path, &json!({})).await.expect(200)
}

/// The ids of the reports that are listed, with a blank between.
async fn queue(moderator: &Person, query: &str) -> String {
    ids(&moderator.get(&format!("{QUEUE}{query}")).await.list()).join(" ")
}

#[tokio::test]
async fn a_report_is_looked_after_and_survives_a_kill() {
    let (mut server, moderator) = moderated().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    let hidden = json!({"status": "for friends", "visibility": "private"});
    let hidden = text(&ada.publish(&hidden).await, "/id");
    let why =
        json!({"status_ids": [hidden], "comment": "not nice", "category": "spam", "forward": true});
    let sent = report(&bob, &ada, why).await;
    assert_eq!(sent["status_ids"], json!([hidden]));
    assert_eq!(
        (&sent["forwarded"], &sent["action_taken"]),
        (&json!(false), &json!(false))
    );
    let id = text(&sent, "/id");

    server.kill();
    server.start_again().await;
    assert_eq!(queue(&moderator, "").await, id);
    let shown = moderator.get(&format!("{QUEUE}/{id}")).await.expect(200);
    assert_eq!(text(&shown, "/account/username"), "bob");
    assert_eq!(text(&shown, "/target_account/account/acct"), "ada");
    assert_eq!(text(&shown, "/comment"), "not nice");
    // Seen as evidence, and nowhere else.
    assert_eq!(text(&shown, "/statuses/0/id"), hidden);
    let status = format!("/api/v1/statuses/{hidden}");
    moderator.get(&status).await.refused(404);

    let assigned = act(&moderator, &id, "assign_to_self").await;
    assert_eq!(text(&assigned, "/assigned_account/username"), "iris");
    let resolved = act(&moderator, &id, "resolve").await;
    assert_eq!(text(&resolved, "/action_taken_by_account/username"), "iris");
    assert!(queue(&moderator, "").await.is_empty());
    assert_eq!(queue(&moderator, "?resolved=true").await, id);

    server.kill();
    server.start_again().await;
    assert_eq!(queue(&moderator, "?resolved=true").await, id);
    assert_eq!(act(&moderator, &id, "reopen").await["action_taken"], false);
    assert_eq!(
        act(&moderator, &id, "unassign").await["assigned_account"],
        json!(null)
    );
    let change = json!({"category": "legal"});
    let changed = moderator.put(&format!("{QUEUE}/{id}"), &change).await;
    assert_eq!(changed.expect(200)["category"], "legal");
    // What its author deletes is gone from the report, too.
    ada.delete(&status).await.expect(200);
    let shown = moderator.get(&format!("{QUEUE}/{id}")).await.expect(200);
    assert_eq!(shown["statuses"], json!([]));
}

#[tokio::test]
async fn one_reports_what_one_sees_and_not_oneself() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let open = text(&ada.say("for all").await, "/id");
    let hidden = json!({"status": "for friends", "visibility": "private"});
    let hidden = text(&ada.publish(&hidden).await, "/id");
    let mine = text(&bob.say("mine").await, "/id");
    let try_report = async |account: &str, more: Value| {
        let mut body = more;
        body["account_id"] = json!(account);
        bob.post("/api/v1/reports", &body).await
    };
    for statuses in [json!([open, hidden]), json!([mine]), json!(["1"])] {
        let reply = try_report(&ada.id, json!({"status_ids": statuses})).await;
        reply.refused(404);
    }
    try_report("1", json!({})).await.refused(404);
    let oneself = try_report(&bob.id, json!({})).await.refused(422);
    assert!(oneself.starts_with("Validation failed: "), "{oneself}");
    let long = "x".repeat(1_001);
    let long = try_report(&ada.id, json!({"comment": long}))
        .await
        .refused(422);
    assert_eq!(
        long,
        "Validation failed: Comment is too long (maximum is 1000 characters)"
    );
    // Also whom one is blocked by, but not their posts.
    ada.post(&format!("/api/v1/accounts/{}/block", bob.id), &json!({}))
        .await
        .expect(200);
    let reply = try_report(&ada.id, json!({"status_ids": [open]})).await;
    reply.refused(404);
    try_report(&ada.id, json!({})).await.expect(200);
    server
        .anyone()
        .post("/api/v1/reports", &json!({}))
        .await
        .refused(401);
}

#[tokio::test]
async fn the_queue_is_for_moderators_as_long_as_they_are() {
    let (mut server, moderator) = moderated().await;
    let (ada, bob) = (
        server.person_with_scopes("ada", SCOPES).await,
        server.person("bob").await,
    );
    let about_ada = text(&report(&bob, &ada, json!({})).await, "/id");
    let about_moderator = text(&report(&bob, &moderator, json!({})).await, "/id");
    for person in [&ada, &bob] {
        for path in [QUEUE.to_owned(), format!("{QUEUE}/{about_ada}")] {
            person.get(&path).await.refused(403);
        }
        let path = format!("{QUEUE}/{about_ada}/resolve");
        person.post(&path, &json!({})).await.refused(403);
    }
    server.anyone().get(QUEUE).await.refused(401);
    let every_page = moderator.every_page(&format!("{QUEUE}?limit=1")).await;
    assert_eq!(every_page, [&*about_ada]);
    assert_eq!(
        queue(&moderator, &format!("?target_account_id={}", ada.id)).await,
        about_ada
    );
    assert!(
        queue(&moderator, &format!("?account_id={}", ada.id))
            .await
            .is_empty()
    );
    // Nobody sees what is about themselves, nor who sent it.
    moderator
        .get(&format!("{QUEUE}/{about_moderator}"))
        .await
        .refused(404);
    let path = format!("{QUEUE}/{about_moderator}/resolve");
    moderator.post(&path, &json!({})).await.refused(404);
    server.appoint("iris", "member").await;
    moderator.get(QUEUE).await.refused(403);
}

#[tokio::test]
async fn what_is_edited_since_stands_in_a_case_as_it_was_reported() {
    let (server, moderator) = moderated().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let photo = ada.small_photo().await;
    let post = json!({"status": "an insult", "media_ids": [photo]});
    let post = text(&ada.publish(&post).await, "/id");
    let case = report(&bob, &ada, json!({"status_ids": [post]})).await;
    let added = ada.small_photo().await;
    let edited = json!({"status": "hello", "media_ids": [photo, added]});
    let path = format!("/api/v1/statuses/{post}");
    ada.put(&path, &edited).await.expect(200);
    let case = format!("{QUEUE}/{}", text(&case, "/id"));
    let shown = moderator.get(&case).await.expect(200);
    assert!(text(&shown, "/statuses/0/content").contains("an insult"));
    let media = shown["statuses"][0]["media_attachments"].as_array();
    assert_eq!(ids(media.unwrap()), [&*photo]);
    let now = moderator.get(&path).await.expect(200);
    assert!(text(&now, "/content").contains("hello"));
    let again = report(&bob, &ada, json!({"status_ids": [post]})).await;
    let case = format!("{QUEUE}/{}", text(&again, "/id"));
    let shown = moderator.get(&case).await.expect(200);
    assert!(text(&shown, "/statuses/0/content").contains("hello"));
}

#[tokio::test]
async fn a_token_that_may_only_report_tries_out_no_posts() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let writer = server.person_with_scopes("wil", "write profile").await;
    let hidden = json!({"status": "@wil psst", "visibility": "direct"});
    let hidden = text(&ada.publish(&hidden).await, "/id");
    let open = text(&ada.say("in the open").await, "/id");
    for (post, status) in [(&hidden, 404), (&open, 200)] {
        let body = json!({"account_id": ada.id, "status_ids": [post]});
        writer.post("/api/v1/reports", &body).await.expect(status);
    }
}

/// What a command says that works.
fn run(server: &Server, arguments: &[&str]) -> String {
    let output = server.operate(arguments);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

/// A report by Bob of a post of Ada's that Iris has taken and closed: its id, and the post's.
async fn closed(server: &Server, moderator: &Person) -> (String, String) {
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let post = text(&ada.say("look").await, "/id");
    let why = json!({"status_ids": [post], "comment": "it \"is\" so"});
    let id = text(&report(&bob, &ada, why).await, "/id");
    act(moderator, &id, "assign_to_self").await;
    act(moderator, &id, "resolve").await;
    (id, post)
}

#[tokio::test]
async fn the_history_of_a_report_is_printed_beside_the_server() {
    let (server, moderator) = moderated().await;
    let (id, post) = closed(&server, &moderator).await;
    let printed = run(&server, &["moderation", "case", &id]);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 4, "{printed}");
    for (line, end) in [
        (0, "closed by iris, other, looked after by iris"),
        (1, ": \"it \\\"is\\\" so\""),
        (2, "iris gave it to iris"),
        (3, "iris closed it"),
    ] {
        assert!(lines[line].ends_with(end), "{printed}");
    }
    let named = format!("bob reported ada (other), post {post} at revision");
    assert!(lines[1].contains(&named), "{printed}");
    let unknown = server.operate(&["moderation", "case", "1"]);
    assert!(!unknown.status.success());
}

#[tokio::test]
async fn a_report_is_shown_as_it_was() {
    let (server, moderator) = moderated().await;
    let (id, _) = closed(&server, &moderator).await;
    let own = format!("/api/heliograph/v1/admin/reports/{id}");
    let history = moderator.get(&format!("{own}/history")).await.list();
    let kinds: Vec<_> = history.iter().map(|event| text(event, "/type")).collect();
    assert_eq!(kinds, ["report", "assign", "resolve"]);
    let printed = |arguments: &[&str]| -> Value {
        let all = [&["moderation", "case", &id, "--json"], arguments].concat();
        serde_json::from_str(&run(&server, &all)).unwrap()
    };
    let now = printed(&[]);
    assert_eq!(now["report"]["closed_by"], "iris");
    // To the microsecond, which the API does not write.
    let opened_at = text(&now, "/report/opened_at");
    let then = printed(&["--at", &opened_at]);
    assert_eq!(then["report"]["closed"], false);
    assert_eq!(then["report"]["looked_after_by"], json!(null));
    assert_eq!(then["events"].as_array().unwrap().len(), 1);
    let then = moderator.get(&format!("{own}?at={opened_at}")).await;
    let then = then.expect(200);
    assert_eq!(then["action_taken"], false);
    assert_eq!(then["assigned_account"], json!(null));
    let empty = json!({"text": ""});
    moderator
        .post(&format!("{own}/notes"), &empty)
        .await
        .refused(422);
}

#[tokio::test]
async fn the_list_of_reports_is_made_again() {
    let (mut server, moderator) = moderated().await;
    let (id, _) = closed(&server, &moderator).await;
    let path = format!("{QUEUE}/{id}");
    let before = moderator.get(&path).await.expect(200);
    server.ask_to_stop();
    server.ended().await;
    assert!(run(&server, &["moderation", "rebuild"]).starts_with("1 reports "));
    run(&server, &["doctor"]);
    server.start_again().await;
    assert_eq!(moderator.get(&path).await.expect(200), before);
}
