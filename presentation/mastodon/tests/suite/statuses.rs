use axum::body::Body;
use business_posts_gateway::Visibility;
use http::{Method, Request, header};
use serde_json::json;

use crate::world::{ADA, BOB, Client, Processing, World};

#[tokio::test]
async fn a_status_is_posted_and_answered() {
    let world = World::new();
    let client = world.client();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/statuses")
        .header(header::AUTHORIZATION, "Bearer ada")
        .header(header::CONTENT_TYPE, "application/json")
        .header("Idempotency-Key", "abc")
        .body(Body::from(
            r#"{"status": "hi", "visibility": "unlisted", "media_ids": ["40"]}"#,
        ));
    let status = client.send(request.unwrap()).await.expect(200);
    assert_eq!(status["content"], "<p>hi</p>");
    assert_eq!(status["visibility"], "unlisted");
    assert_eq!(status["account"]["acct"], "ada");
    assert_eq!(
        status["application"],
        json!({"name": "Toot", "website": null})
    );
    let asked = world.created.lock().unwrap().pop().unwrap();
    assert_eq!(asked.author_id, ADA);
    assert_eq!(asked.idempotency_key, "abc");
    assert_eq!(asked.application_id, 3);
    assert_eq!(asked.media_ids, [40]);
}

#[tokio::test]
async fn what_is_answered_must_be_visible_to_who_answers() {
    let world = World::new();
    let secret = world.posted(BOB, "for followers", Visibility::Private);
    let open = world.posted(BOB, "for all", Visibility::Public);
    let client = world.client();
    for (id, status) in [(secret, 404), (999_999, 404), (open, 200)] {
        let form = format!("status=hi&in_reply_to_id={id}");
        client
            .post_form("ada", "/api/v1/statuses", &form)
            .await
            .expect(status);
    }
    client
        .post_form("ada", "/api/v1/statuses", "status=hi&in_reply_to_id=x")
        .await
        .error(404);
    assert_eq!(world.created.lock().unwrap().len(), 1);
    let context = client
        .get("", &format!("/api/v1/statuses/{open}/context"))
        .await
        .expect(200);
    assert_eq!(context["ancestors"], json!([]));
    assert_eq!(
        context["descendants"][0]["in_reply_to_id"],
        open.to_string()
    );
}

#[tokio::test]
async fn what_is_not_built_is_refused_rather_than_forgotten() {
    let world = World::new();
    let client = world.client();
    for (body, field) in [
        (
            json!({"status": "a", "scheduled_at": "2027-01-01T00:00:00Z"}),
            "scheduled_at",
        ),
        (
            json!({"status": "a", "poll": {"options": ["x", "y"], "expires_in": 60}}),
            "poll",
        ),
        (
            json!({"status": "a", "visibility": "everyone"}),
            "visibility",
        ),
        (json!({"status": ""}), "status"),
    ] {
        let response = client
            .json(Method::POST, "ada", "/api/v1/statuses", &body)
            .await;
        assert_eq!(response.expect(422)["field"], field, "{body}");
    }
    assert!(world.created.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_deleted_status_comes_back_with_its_text_once() {
    let world = World::new();
    let id = world.posted(ADA, "hello\nthere", Visibility::Public);
    let client = world.client();
    let path = format!("/api/v1/statuses/{id}");
    client.delete("bob", &path).await.error(404);
    let shown = client.get("bob", &path).await.expect(200);
    assert_eq!(shown.get("text"), None);
    let deleted = client.delete("ada", &path).await.expect(200);
    assert_eq!(deleted["text"], "hello\nthere");
    assert_eq!(deleted["id"], id.to_string());
    client.delete("ada", &path).await.error(404);
    client.get("ada", &path).await.error(404);
}

#[tokio::test]
async fn several_are_asked_for_by_id() {
    let world = World::new();
    let open = world.posted(BOB, "for all", Visibility::Public);
    let secret = world.posted(BOB, "for followers", Visibility::Private);
    let client = world.client();
    let path = format!("/api/v1/statuses?id[]={secret}&id[]={open}&id[]=x&id[]=5");
    let found = client.get("ada", &path).await.expect(200);
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["id"], open.to_string());
    client
        .get("", &format!("/api/v1/statuses/{secret}"))
        .await
        .error(404);
    let many: String = (1..=101).map(|id| format!("id[]={id}&")).collect();
    let response = client.get("ada", &format!("/api/v1/statuses?{many}")).await;
    assert_eq!(response.expect(422)["field"], "id");
}

#[tokio::test]
async fn hashtags_are_listed_linked_and_filtered_by() {
    let world = World::new();
    let client = world.client();
    let text = json!({"status": "#Sunset at #caf\u{e9}, see https://a.example/#x"});
    let status = client
        .json(Method::POST, "ada", "/api/v1/statuses", &text)
        .await
        .expect(200);
    let expected = json!([
        {"name": "sunset", "url": "http://p.example/tags/sunset"},
        {"name": "caf\u{e9}", "url": "http://p.example/tags/caf%C3%A9"},
    ]);
    assert_eq!(status["tags"], expected);
    let link = "<a href=\"http://p.example/tags/sunset\" class=\"mention hashtag\" rel=\"tag\">#<span>Sunset</span></a> at";
    let content = status["content"].as_str().unwrap();
    assert!(content.contains(link), "{content}");
    world.posted(ADA, "no hashtag", Visibility::Public);
    for (query, found) in [
        ("tagged=SUNSET", 1),
        ("tagged=%23sunset", 1),
        ("tagged=caf%C3%A9", 1),
        ("tagged=night", 0),
        ("tagged=x", 0),
        ("tagged=", 2),
    ] {
        let path = format!("/api/v1/accounts/{ADA}/statuses?{query}");
        let listed = client.get("", &path).await.expect(200);
        assert_eq!(listed.as_array().unwrap().len(), found, "{query}");
    }
}

#[tokio::test]
async fn nobody_is_mentioned_whom_the_author_does_not_expect() {
    let world = World::new();
    let client = world.client();
    for (allowed, words, status) in [
        (json!(null), "@bob hi", 200),
        (json!([BOB.to_string()]), "@bob hi", 200),
        (json!([BOB]), "@BOB@p.example hi", 200),
        (json!([]), "hi, @nobody", 200),
        (json!([]), "@bob hi", 422),
        (json!([ADA.to_string()]), "@ada, @bob", 422),
    ] {
        let body = json!({"status": words, "allowed_mentions": allowed});
        let response = client
            .json(Method::POST, "ada", "/api/v1/statuses", &body)
            .await;
        let response = response.expect(status);
        if status == 422 {
            assert_eq!(response["field"], "allowed_mentions", "{words}");
        }
    }
    for (form, status) in [
        ("status=@bob&allowed_mentions[]=", 422),
        ("status=@bob&allowed_mentions[]=8", 200),
    ] {
        client
            .post_form("ada", "/api/v1/statuses", form)
            .await
            .expect(status);
    }
}

#[tokio::test]
async fn texts_that_are_no_texts_are_refused() {
    let world = World::new();
    let client = world.client();
    for body in [
        r#"{"status": "\ud800"}"#,
        r#"{"status": "\udc00\ud800"}"#,
        r#"{"status": "a", "spoiler_text": "\ud83d"}"#,
    ] {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/statuses")
            .header(header::AUTHORIZATION, "Bearer ada")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body));
        client.send(request.unwrap()).await.error(422);
    }
    assert!(world.created.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_names_of_things_lead_to_their_pages() {
    let world = World::new();
    let id = world.posted(ADA, "hi", Visibility::Public);
    let client = world.client();
    let status = client.get("", &format!("/api/v1/statuses/{id}")).await;
    let status = status.expect(200);
    for (uri, page) in [
        (&status["uri"], format!("/@ada/{id}")),
        (&status["account"]["uri"], "/@ada".to_owned()),
    ] {
        let path = uri
            .as_str()
            .unwrap()
            .strip_prefix("http://p.example")
            .unwrap();
        let response = client.get("", path).await;
        assert_eq!(
            (response.status.as_u16(), response.header(header::LOCATION)),
            (307, &*page)
        );
        let request = Request::builder()
            .uri(path)
            .header(header::ACCEPT, "application/activity+json")
            .body(Body::empty());
        client.send(request.unwrap()).await.error(404);
    }
}

/// Uploads a picture and posts it with these choices; returns the ids of both.
async fn posted(client: &Client, choices: &serde_json::Value) -> (String, serde_json::Value) {
    let form = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\nbytes\r\n--X--\r\n";
    let media = client
        .multipart(Method::POST, "ada", "/api/v2/media", form)
        .await
        .expect(200);
    let id = media["id"].as_str().unwrap().to_owned();
    let mut body = json!({"status": "hi", "media_ids": [id]});
    body.as_object_mut()
        .unwrap()
        .extend(choices.as_object().unwrap().clone());
    let status = client
        .json(Method::POST, "ada", "/api/v1/statuses", &body)
        .await;
    (id, status.expect(200))
}

#[tokio::test]
async fn what_others_get_of_the_photos_is_the_posts_choice_or_the_accounts_default() {
    let world = World::new();
    let client = world.client();
    let shown = |status: &serde_json::Value| {
        let picture = &status["media_attachments"][0];
        let camera = picture["meta"]["camera"]["model"] == "X100V";
        (picture["original_url"].is_string(), camera)
    };
    let (_, nothing_said) = posted(&client, &json!({})).await;
    assert_eq!(shown(&nothing_said), (false, false));
    let (_, said) = posted(&client, &json!({"camera_shown": true})).await;
    assert_eq!(shown(&said), (false, true));
    let source = json!({"source": {"originals_shared": true, "camera_shown": "1"}});
    let path = "/api/v1/accounts/update_credentials";
    let changed = client.json(Method::PATCH, "ada", path, &source).await;
    let changed = changed.expect(200);
    assert_eq!(changed["source"]["originals_shared"], true);
    assert_eq!(changed["source"]["camera_shown"], true);
    let preferences = client.get("ada", "/api/v1/preferences").await.expect(200);
    assert_eq!(preferences["posting:default:originals_shared"], true);
    assert_eq!(preferences["posting:default:camera_shown"], true);
    let (_, by_default) = posted(&client, &json!({})).await;
    assert_eq!(shown(&by_default), (true, true));
    let (_, against) = posted(&client, &json!({"originals_shared": false})).await;
    assert_eq!(shown(&against), (false, true));
    // What everyone is shown is the same for everyone: the owner is offered what others are.
    let path = format!("/api/v1/statuses/{}", said["id"].as_str().unwrap());
    for viewer in ["ada", "bob", ""] {
        let status = client.get(viewer, &path).await.expect(200);
        assert_eq!(shown(&status), (false, true), "{viewer}");
    }
}

#[tokio::test]
async fn the_owner_can_have_the_original_whatever_the_post_says() {
    let world = World::new();
    let client = world.client();
    let (id, status) = posted(&client, &json!({"originals_shared": false})).await;
    assert_eq!(status["media_attachments"][0].get("original_url"), None);
    let own = client.get("ada", &format!("/api/v1/media/{id}")).await;
    let own = own.expect(200);
    assert!(own["original_url"].as_str().unwrap().contains(&id), "{own}");
}

#[tokio::test]
async fn a_photo_that_was_lost_stays_in_its_status_and_its_owner_hears_why() {
    let world = World::new();
    let id = world.posted(BOB, "a lake", Visibility::Public);
    world.set(Processing::Failing);
    world.illustrate(id, 1);
    let client = world.client();
    let path = format!("/api/v1/statuses/{id}");
    for (who, told) in [
        ("", None),
        ("bob", Some("This is not a picture.")),
        ("ada", None),
        ("bob", Some("This is not a picture.")),
    ] {
        let attachments = client.get(who, &path).await.expect(200)["media_attachments"].take();
        assert_eq!(attachments.as_array().unwrap().len(), 1, "{who}");
        let missing = &attachments[0];
        assert_eq!(missing["type"], "unknown", "{who}");
        assert_eq!(
            (&missing["url"], &missing["preview_url"]),
            (&json!(null), &json!(null))
        );
        let failure = missing.get("failure").and_then(serde_json::Value::as_str);
        assert_eq!(failure, told, "{who}");
        assert_eq!(
            missing.get("failure_code").is_some(),
            told.is_some(),
            "{who}"
        );
        let public = client
            .get(who, "/api/v1/timelines/public")
            .await
            .expect(200);
        assert_eq!(public[0]["media_attachments"], attachments, "{who}");
    }
}
