//! Replies against the Mastodon API's own document, which is stricter than real clients are.

use serde_json::{Value, json};

use crate::harness::caller::text;
use crate::harness::schema::Document;
use crate::harness::{Caller, Person, Reply, Server, eventually};

/// What differs on purpose: the end of the place, and why.
const ALLOWED: &[(&str, &str)] = &[];

struct Checker {
    document: Document,
    faults: Vec<String>,
}

impl Checker {
    /// Checks a reply against the schema of an operation, or of a part when the document names none
    /// for it.
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
    let post = write(&ada, &bob, checker).await;
    read_about_people(&ada, &bob, checker).await;
    read_lists(&ada, &bob, checker).await;
    read_filters(&bob, &post, checker).await;
    read_about_the_place(&server.anyone(), checker).await;
    read_posts(&bob, &post, checker).await;
    read_notifications(&ada, &bob, &post, checker).await;
}

/// Writes a little of everything; returns a post's id.
async fn write(ada: &Person, bob: &Person, checker: &mut Checker) -> String {
    let body = json!({"client_name": "x", "redirect_uris": "a://b"});
    let app = ada.post("/api/v1/apps", &body).await;
    checker.check("post", "/api/v1/apps", &app);
    let path = format!("/api/v1/accounts/{}/follow", ada.id);
    let follow = bob.post(&path, &json!({})).await;
    checker.check("post", "/api/v1/accounts/{id}/follow", &follow);
    for (verb, list) in [("mute", "mutes"), ("block", "blocks")] {
        for verb in [verb, &format!("un{verb}")] {
            let path = format!("/api/v1/accounts/{}/{verb}", bob.id);
            let operation = format!("/api/v1/accounts/{{id}}/{verb}");
            let reply = ada.post(&path, &json!({})).await;
            checker.check("post", &operation, &reply);
            let list = format!("/api/v1/{list}");
            checker.get(ada, &list, &list).await;
        }
    }
    let path = format!("/api/v1/accounts/{}/note", ada.id);
    let noted = bob.post(&path, &json!({"comment": "by the sea"})).await;
    checker.check("post", "/api/v1/accounts/{id}/note", &noted);
    bob.follow(ada).await;
    let photo = ada.small_photo().await;
    let media = ada.get(&format!("/api/v1/media/{photo}")).await;
    checker.check("get", "/api/v1/media/{id}", &media);
    let profile = json!({"note": "x"});
    let profile = ada
        .patch("/api/v1/accounts/update_credentials", &profile)
        .await;
    checker.check("patch", "/api/v1/accounts/update_credentials", &profile);
    let post = json!({"status": "@bob look #light", "media_ids": [photo], "spoiler_text": "Light"});
    let post = ada.post("/api/v1/statuses", &post).await;
    checker.check("post", "/api/v1/statuses", &post);
    let id = text(&post.json(), "/id");
    bob.finds_at_home(&id).await;
    id
}

async fn read_about_people(ada: &Person, bob: &Person, checker: &mut Checker) {
    for (operation, path) in [
        (
            "/api/v1/accounts/verify_credentials",
            "/api/v1/accounts/verify_credentials".to_owned(),
        ),
        (
            "/api/v1/apps/verify_credentials",
            "/api/v1/apps/verify_credentials".to_owned(),
        ),
        (
            "/api/v1/accounts/{id}",
            format!("/api/v1/accounts/{}", ada.id),
        ),
        (
            "/api/v1/accounts/lookup",
            "/api/v1/accounts/lookup?acct=ada".to_owned(),
        ),
        (
            "/api/v1/accounts/relationships",
            format!("/api/v1/accounts/relationships?id[]={}", ada.id),
        ),
        (
            "/api/v1/accounts/{id}/statuses",
            format!("/api/v1/accounts/{}/statuses", ada.id),
        ),
        (
            "/api/v1/accounts/{id}/followers",
            format!("/api/v1/accounts/{}/followers", ada.id),
        ),
        (
            "/api/v1/accounts/{id}/following",
            format!("/api/v1/accounts/{}/following", bob.id),
        ),
    ] {
        let reply = checker.get(bob, operation, &path).await;
        assert_ne!(reply, json!([]), "nothing to check at {path}");
    }
}

/// A list of Bob's, with Ada on it.
async fn read_lists(ada: &Person, bob: &Person, checker: &mut Checker) {
    let lists = "/api/v1/lists";
    let list = bob.post(lists, &json!({"title": "Friends"})).await;
    checker.check("post", lists, &list);
    let id = text(&list.json(), "/id");
    let path = format!("{lists}/{id}");
    let body = json!({"account_ids": [ada.id]});
    let added = bob.post(&format!("{path}/accounts"), &body).await;
    assert_eq!(added.expect(200), json!({}));
    for (operation, path) in [
        (lists, lists.to_owned()),
        ("/api/v1/lists/{id}", path.clone()),
        ("/api/v1/lists/{id}/accounts", format!("{path}/accounts")),
        (
            "/api/v1/accounts/{id}/lists",
            format!("/api/v1/accounts/{}/lists", ada.id),
        ),
        (
            "/api/v1/timelines/list/{list_id}",
            format!("/api/v1/timelines/list/{id}"),
        ),
    ] {
        let reply = checker.get(bob, operation, &path).await;
        assert_ne!(reply, json!([]), "nothing to check at {path}");
    }
    let change = bob.request(reqwest::Method::PUT, &path);
    let changed = bob.send(change.json(&json!({"exclusive": true}))).await;
    checker.check("put", "/api/v1/lists/{id}", &changed);
    assert_eq!(bob.delete(&path).await.expect(200), json!({}));
}

/// A filter of Bob's that matches a post.
async fn read_filters(bob: &Person, post: &str, checker: &mut Checker) {
    let filters = "/api/v2/filters";
    let body = json!({
        "title": "Lights", "context": ["home"], "filter_action": "blur", "expires_in": 600,
        "keywords_attributes": [{"keyword": "look"}],
    });
    let filter = bob.post(filters, &body).await;
    checker.check("post", filters, &filter);
    let (id, keyword) = (
        text(&filter.json(), "/id"),
        text(&filter.json(), "/keywords/0/id"),
    );
    let path = format!("{filters}/{id}");
    for (part, body) in [
        ("statuses", json!({"status_id": post})),
        ("keywords", json!({"keyword": "light"})),
    ] {
        let added = bob.post(&format!("{path}/{part}"), &body).await;
        checker.check("post", &format!("{filters}/{{filter_id}}/{part}"), &added);
        let added = format!("{filters}/{part}/{}", text(&added.json(), "/id"));
        checker
            .get(bob, &format!("{filters}/{part}/{{id}}"), &added)
            .await;
        let (all, of_filter) = (
            format!("{path}/{part}"),
            format!("{filters}/{{filter_id}}/{part}"),
        );
        assert_ne!(checker.get(bob, &of_filter, &all).await, json!([]));
    }
    let status = format!("/api/v1/statuses/{post}");
    let shown = checker.get(bob, "/api/v1/statuses/{id}", &status).await;
    assert_ne!(shown["filtered"], json!([]), "nothing to check");
    let first = "/api/v1/filters";
    // Not the list of the first version, which the document takes for one of them.
    for (operation, path) in [
        (filters, filters.to_owned()),
        ("/api/v2/filters/{id}", path.clone()),
        ("/api/v1/filters/{id}", format!("{first}/{keyword}")),
    ] {
        let reply = checker.get(bob, operation, &path).await;
        assert_ne!(reply, json!([]), "nothing to check at {path}");
    }
    let changed = bob.put(&path, &json!({"title": "Light"})).await;
    checker.check("put", "/api/v2/filters/{id}", &changed);
    let word = format!("{filters}/keywords/{keyword}");
    let changed = bob.put(&word, &json!({"whole_word": false})).await;
    checker.check("put", "/api/v2/filters/keywords/{id}", &changed);
    let same = bob.put(&format!("{first}/{keyword}"), &json!({})).await;
    checker.check("put", "/api/v1/filters/{id}", &same);
    let body = json!({"phrase": "lake", "context": ["home"]});
    checker.check("post", first, &bob.post(first, &body).await);
    assert_eq!(bob.delete(&path).await.expect(200), json!({}));
}

async fn read_about_the_place(anyone: &Caller, checker: &mut Checker) {
    for path in [
        "/api/v1/instance",
        "/api/v2/instance",
        "/api/v1/timelines/public",
    ] {
        checker.get(anyone, path, path).await;
    }
}

async fn read_posts(bob: &Person, post: &str, checker: &mut Checker) {
    let reply_post = json!({"status": "@ada fine", "in_reply_to_id": post});
    let reply_post = text(&bob.publish(&reply_post).await, "/id");
    checker
        .get(bob, "/api/v1/timelines/home", "/api/v1/timelines/home")
        .await;
    let path = format!("/api/v1/statuses/{post}");
    checker.get(bob, "/api/v1/statuses/{id}", &path).await;
    checker
        .get(
            bob,
            "/api/v1/statuses/{id}/context",
            &format!("{path}/context"),
        )
        .await;
    for verb in ["favourite", "bookmark", "unfavourite", "unbookmark"] {
        let operation = format!("/api/v1/statuses/{{id}}/{verb}");
        let reply = bob.post(&format!("{path}/{verb}"), &json!({})).await;
        checker.check("post", &operation, &reply);
        for list in ["/api/v1/favourites", "/api/v1/bookmarks"] {
            checker.get(bob, list, list).await;
        }
        let likers = format!("{path}/favourited_by");
        checker
            .get(bob, "/api/v1/statuses/{id}/favourited_by", &likers)
            .await;
    }
    for (operation, path) in [
        ("/api/v2/search", "/api/v2/search?q=light"),
        ("/api/v2/search", "/api/v2/search?q=ada"),
        ("/api/v1/tags/{name}", "/api/v1/tags/light"),
        (
            "/api/v1/timelines/tag/{hashtag}",
            "/api/v1/timelines/tag/light",
        ),
    ] {
        checker.get(bob, operation, path).await;
    }
    for verb in ["follow", "unfollow"] {
        let operation = format!("/api/v1/tags/{{name}}/{verb}");
        let path = format!("/api/v1/tags/light/{verb}");
        let reply = bob.post(&path, &json!({})).await;
        checker.check("post", &operation, &reply);
        let list = "/api/v1/followed_tags";
        checker.get(bob, list, list).await;
    }
    let deleted = bob.delete(&format!("/api/v1/statuses/{reply_post}")).await;
    checker.check("delete", "/api/v1/statuses/{id}", &deleted);
}

/// The same with what is told as one, of which one is this.
async fn read_groups(ada: &Person, key: &str, checker: &mut Checker) {
    let list = "/api/v2/notifications";
    let partial = format!("{list}?expand_accounts=partial_avatars");
    for path in [list, &partial] {
        let all = checker.get(ada, list, path).await;
        assert_ne!(all["notification_groups"], json!([]));
    }
    for (operation, path) in [
        ("/unread_count", "/unread_count"),
        ("/{group_key}", &*format!("/{key}")),
        ("/{group_key}/accounts", &format!("/{key}/accounts")),
    ] {
        let (operation, path) = (format!("{list}{operation}"), format!("{list}{path}"));
        checker.get(ada, &operation, &path).await;
    }
}

/// What Ada was told by Bob: that he follows her, and likes her post.
async fn read_notifications(ada: &Person, bob: &Person, post: &str, checker: &mut Checker) {
    let liked = format!("/api/v1/statuses/{post}/favourite");
    bob.post(&liked, &json!({})).await.expect(200);
    let list = "/api/v1/notifications";
    let told = eventually("both to be told", async || {
        let told = ada.get(&format!("{list}?exclude_types[]=mention")).await;
        Some(told.list()).filter(|told| told.len() == 2)
    })
    .await;
    let told = text(&told[0], "/id");
    let reply = ada.get(list).await;
    checker.check("get", list, &reply);
    let one = format!("{list}/{told}");
    checker.get(ada, "/api/v1/notifications/{id}", &one).await;
    let unread = "/api/v1/notifications/unread_count";
    checker.get(ada, unread, unread).await;
    read_groups(ada, &text(&reply.json()[0], "/group_key"), checker).await;
    let markers = "/api/v1/markers";
    let body = json!({"home": {"last_read_id": post}, "notifications": {"last_read_id": told}});
    let set = ada.post(markers, &body).await;
    checker.check("post", markers, &set);
    let query = format!("{markers}?timeline[]=home&timeline[]=notifications");
    let shown = checker.get(ada, markers, &query).await;
    assert_eq!(shown, set.json());
    // The document does not say what these return.
    for path in [format!("{one}/dismiss"), format!("{list}/clear")] {
        let reply = ada.post(&path, &json!({})).await;
        assert_eq!(reply.expect(200), json!({}));
    }
}
