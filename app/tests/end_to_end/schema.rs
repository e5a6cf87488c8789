//! Replies against the Mastodon API's own document, which is stricter than real clients are.

use serde_json::{Value, json};

use crate::harness::caller::text;
use crate::harness::schema::Document;
use crate::harness::{Caller, Reply, Server};

/// What differs on purpose: the end of the place, and why.
const ALLOWED: &[(&str, &str)] = &[];

struct Checker {
    document: Document,
    faults: Vec<String>,
}

impl Checker {
    /// Checks a reply against the schema of an operation, or of a part when the document names none for it.
    fn check(&mut self, method: &str, operation: &str, reply: &Reply) {
        let value = reply.ok();
        let schema = self.document.reply_schema(method, operation).cloned();
        let schema =
            schema.unwrap_or_else(|| panic!("the document does not know {method} {operation}"));
        for fault in self.document.faults(&schema, &value) {
            if !is_allowed(&fault) {
                self.faults.push(format!("{method} {operation} {fault}"));
            }
        }
    }

    async fn get(&mut self, caller: &Caller, operation: &str, path: &str) -> Value {
        let reply = caller.get(path).await;
        self.check("get", operation, &reply);
        reply.json()
    }
}

fn is_allowed(fault: &str) -> bool {
    ALLOWED.iter().any(|(place, _)| {
        fault
            .split(':')
            .next()
            .is_some_and(|at| at.ends_with(place))
    })
}

#[tokio::test]
async fn replies_fit_the_mastodon_document() {
    let Some(path) = testing_kit::require::shared("api/mastodon-openapi.json") else {
        return;
    };
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut checker = Checker {
        document: Document(document),
        faults: Vec::new(),
    };
    let server = Server::start().await;
    read_and_write(&server, &mut checker).await;
    assert!(checker.faults.is_empty(), "{}", checker.faults.join("\n"));
}

async fn read_and_write(server: &Server, checker: &mut Checker) {
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let app = ada
        .post(
            "/api/v1/apps",
            &json!({"client_name": "x", "redirect_uris": "a://b"}),
        )
        .await;
    checker.check("post", "/api/v1/apps", &app);
    let follow = bob
        .post(&format!("/api/v1/accounts/{}/follow", ada.id), &json!({}))
        .await;
    checker.check("post", "/api/v1/accounts/{id}/follow", &follow);
    let photo = ada.small_photo().await;
    let media = ada.get(&format!("/api/v1/media/{photo}")).await;
    checker.check("get", "/api/v1/media/{id}", &media);
    let post = json!({"status": "@bob look", "media_ids": [photo], "spoiler_text": "Light"});
    let post = ada.post("/api/v1/statuses", &post).await;
    checker.check("post", "/api/v1/statuses", &post);
    let id = text(&post.json(), "/id");
    bob.finds_at_home(&id).await;
    let answer = bob
        .publish(&json!({"status": "@ada fine", "in_reply_to_id": id}))
        .await;

    let anyone = server.anyone();
    checker
        .get(&anyone, "/api/v1/instance", "/api/v1/instance")
        .await;
    checker
        .get(&anyone, "/api/v2/instance", "/api/v2/instance")
        .await;
    checker
        .get(
            &bob,
            "/api/v1/accounts/verify_credentials",
            "/api/v1/accounts/verify_credentials",
        )
        .await;
    checker
        .get(
            &bob,
            "/api/v1/apps/verify_credentials",
            "/api/v1/apps/verify_credentials",
        )
        .await;
    checker
        .get(
            &bob,
            "/api/v1/accounts/{id}",
            &format!("/api/v1/accounts/{}", ada.id),
        )
        .await;
    checker
        .get(
            &bob,
            "/api/v1/accounts/lookup",
            "/api/v1/accounts/lookup?acct=ada",
        )
        .await;
    checker
        .get(
            &bob,
            "/api/v1/accounts/relationships",
            &format!("/api/v1/accounts/relationships?id[]={}", ada.id),
        )
        .await;
    for list in ["statuses", "followers", "following"] {
        let (who, operation) = (
            if list == "following" {
                &bob.id
            } else {
                &ada.id
            },
            format!("/api/v1/accounts/{{id}}/{list}"),
        );
        let items = checker
            .get(&bob, &operation, &format!("/api/v1/accounts/{who}/{list}"))
            .await;
        assert_ne!(items, json!([]), "nothing to check in {list}");
    }
    checker
        .get(&bob, "/api/v1/timelines/home", "/api/v1/timelines/home")
        .await;
    checker
        .get(
            &anyone,
            "/api/v1/timelines/public",
            "/api/v1/timelines/public",
        )
        .await;
    checker
        .get(
            &bob,
            "/api/v1/statuses/{id}",
            &format!("/api/v1/statuses/{id}"),
        )
        .await;
    checker
        .get(
            &bob,
            "/api/v1/statuses/{id}/context",
            &format!("/api/v1/statuses/{id}/context"),
        )
        .await;
    let deleted = bob
        .delete(&format!("/api/v1/statuses/{}", text(&answer, "/id")))
        .await;
    checker.check("delete", "/api/v1/statuses/{id}", &deleted);
    let profile = ada
        .patch("/api/v1/accounts/update_credentials", &json!({"note": "x"}))
        .await;
    checker.check("patch", "/api/v1/accounts/update_credentials", &profile);
}
