use axum::body::Body;
use bytes::Bytes;
use http::Method;
use serde_json::json;

use crate::world::{Processing, World, request};

/// A form with a file of so many bytes between its fields.
fn form(before: &[(&str, &str)], file_bytes: usize, after: &[(&str, &str)]) -> String {
    let text = |(name, value): &(&str, &str)| {
        format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let before: String = before.iter().map(text).collect();
    let after: String = after.iter().map(text).collect();
    let file = "a".repeat(file_bytes);
    format!(
        "{before}--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"lake.jpg\"\r\n\
         Content-Type: image/jpeg\r\n\r\n{file}\r\n{after}--X--\r\n"
    )
}

#[tokio::test]
async fn a_picture_is_streamed_to_the_media_domain() {
    let world = World::new();
    let client = world.client();
    let form = form(
        &[("description", "A lake"), ("focus", "0.5,-0.25")],
        10_000,
        &[],
    );
    let response = client
        .multipart(Method::POST, "ada", "/api/v2/media", &form)
        .await;
    let attachment = response.expect(200);
    assert_eq!(attachment["description"], "A lake");
    assert_eq!(attachment["meta"]["focus"], json!({"x": 0.5, "y": -0.25}));
    let url = attachment["url"].as_str().unwrap();
    assert!(url.starts_with("http://p.example/media/full"), "{url}");
    assert_eq!(world.uploads.lock().unwrap()[0].len(), 10_000);
    // The line brought frames of 50 bytes, all of them ready at once; only a few may be held
    // together.
    let notes = world.notes();
    assert_eq!(notes[0], "upload lake.jpg");
    let largest = notes[1].strip_prefix("in chunks of at most ").unwrap();
    assert!(
        largest.parse::<usize>().unwrap() <= 200,
        "{largest} bytes were held at once"
    );
}

#[tokio::test]
async fn a_form_may_have_as_many_fields_as_is_said() {
    let world = World::new();
    let client = world.client();
    // The file is a field, too.
    let mut fields = vec![("other", "x"); 199];
    let full = form(&[], 10, &fields);
    client
        .multipart(Method::POST, "ada", "/api/v2/media", &full)
        .await
        .expect(200);
    fields.push(("other", "x"));
    let too_many = form(&[], 10, &fields);
    let refused = client
        .multipart(Method::POST, "ada", "/api/v2/media", &too_many)
        .await;
    let text = refused.error(422);
    assert!(text.contains("at most 200 fields"), "{text}");
}

#[tokio::test]
async fn what_is_said_after_the_file_counts_too() {
    let world = World::new();
    let client = world.client();
    let form = form(
        &[("description", "A")],
        10,
        &[("description", "A lake"), ("focus", "1,1")],
    );
    // The same field twice is what it was last.
    let attachment = client
        .multipart(Method::POST, "ada", "/api/v1/media", &form)
        .await
        .expect(200);
    assert_eq!(attachment["description"], "A lake");
    let form = self::form(&[], 10, &[("description", "A lake"), ("focus", "1,1")]);
    let attachment = client
        .multipart(Method::POST, "ada", "/api/v1/media", &form)
        .await
        .expect(200);
    assert_eq!(attachment["description"], "A lake");
    assert_eq!(attachment["meta"]["focus"]["x"], 1.0);
}

#[tokio::test]
async fn a_picture_that_is_processed_is_asked_for_again() {
    let world = World::new();
    world.set(Processing::Slow);
    let client = world.client();
    let response = client
        .multipart(Method::POST, "ada", "/api/v2/media", &form(&[], 10, &[]))
        .await;
    let attachment = response.expect(202);
    assert_eq!(attachment["url"], json!(null));
    assert_eq!(attachment["type"], "image");
    let path = format!("/api/v1/media/{}", attachment["id"].as_str().unwrap());
    client.get("ada", &path).await.expect(206);
    client.get("bob", &path).await.error(404);
    let change = json!({"description": "Later", "focus": "0,1"});
    let changed = client.json(Method::PUT, "ada", &path, &change).await;
    assert_eq!(changed.expect(200)["description"], "Later");
    client
        .json(Method::PUT, "bob", &path, &change)
        .await
        .error(404);
    let bad = json!({"focus": "0,2"});
    let response = client.json(Method::PUT, "ada", &path, &bad).await;
    assert_eq!(response.expect(422)["field"], "focus");
}

#[tokio::test]
async fn a_picture_that_fails_says_why() {
    let world = World::new();
    world.set(Processing::Failing);
    let client = world.client();
    let response = client
        .multipart(Method::POST, "ada", "/api/v2/media", &form(&[], 10, &[]))
        .await;
    let refused = response.expect(422);
    assert_eq!(refused["error"], "This is not a picture.");
    assert_eq!(refused["failure_code"], "broken");
    let id = refused["id"].as_str().unwrap();
    let path = format!("/api/v1/media/{id}");
    let expected = json!({
        "error": "This is not a picture.", "code": "invalid", "field": "file", "id": id, "failure_code": "broken",
    });
    assert_eq!(client.get("ada", &path).await.expect(422), expected);
    client.get("bob", &path).await.error(404);
    // Who describes it hears why it will not be shown.
    let change = json!({"description": "Later"});
    let changed = client.json(Method::PUT, "ada", &path, &change).await;
    let changed = changed.expect(200);
    assert_eq!(changed["failure"], "This is not a picture.");
    assert_eq!(changed["failure_code"], "broken");
}

#[tokio::test]
async fn what_no_post_uses_can_be_deleted_by_its_owner() {
    let world = World::new();
    let client = world.client();
    let upload = || async {
        let (path, form) = ("/api/v2/media", form(&[], 10, &[]));
        let response = client.multipart(Method::POST, "ada", path, &form);
        let id = response.await.expect(200)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        (id.parse::<u64>().unwrap(), format!("/api/v1/media/{id}"))
    };
    let ((_, unused), (used_id, used)) = (upload().await, upload().await);
    for item in world.media.lock().unwrap().iter_mut() {
        item.attached |= item.id == used_id;
    }
    let nothing = json!({});
    let delete = |who: &'static str, path: String| {
        let (client, nothing) = (&client, &nothing);
        async move { client.json(Method::DELETE, who, &path, nothing).await }
    };
    delete("bob", unused.clone()).await.error(404);
    delete("", unused.clone()).await.error(401);
    delete("ada-reads", unused.clone()).await.error(403);
    client.get("ada", &unused).await.expect(200);
    assert_eq!(delete("ada", unused.clone()).await.expect(200), json!({}));
    client.get("ada", &unused).await.error(404);
    delete("ada", unused).await.error(404);
    let refused = delete("ada", used.clone()).await.error(422);
    assert!(refused.contains("in use"), "{refused}");
    client.get("ada", &used).await.expect(200);
}

#[tokio::test]
async fn a_refusal_is_heard_though_the_file_still_comes() {
    let world = World::new();
    world.set(Processing::Refusing);
    let client = world.client();
    let response = client
        .multipart(
            Method::POST,
            "ada",
            "/api/v2/media",
            &form(&[], 3_000_000, &[]),
        )
        .await;
    assert_eq!(response.error(413), "The picture is too large.");
}

#[tokio::test]
async fn an_upload_that_is_cut_off_is_none() {
    let world = World::new();
    let client = world.client();
    let whole = form(&[], 1_000, &[]);
    let response = client
        .multipart(Method::POST, "ada", "/api/v2/media", &whole[..700])
        .await;
    response.error(422);
    assert!(world.uploads.lock().unwrap().is_empty());
    assert!(world.media.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_upload_is_refused_with_a_reason() {
    let world = World::new();
    let client = world.client();
    let only_text =
        "--X\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\nA\r\n--X--\r\n";
    let wrong_field = form(&[], 10, &[]).replace("name=\"file\"", "name=\"picture\"");
    let one = form(&[], 10, &[]);
    let twice = one.replace("--X--\r\n", "") + &one;
    for (form, field) in [
        (only_text, "file"),
        (&wrong_field, "picture"),
        (&twice, "file"),
        (&form(&[("focus", "x")], 10, &[]), "focus"),
    ] {
        let response = client
            .multipart(Method::POST, "ada", "/api/v2/media", form)
            .await;
        assert_eq!(response.expect(422)["field"], field);
    }
    client
        .json(Method::POST, "ada", "/api/v2/media", &json!({}))
        .await
        .error(422);
    let long = form(&[("description", &"a".repeat(300_000))], 10, &[]);
    client
        .multipart(Method::POST, "ada", "/api/v2/media", &long)
        .await
        .error(413);
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let world = World::new();
    let client = world.client();
    let begin = "--X\r\nContent-Disposition: form-data; name=\"";
    let frames = std::iter::once(Bytes::from(begin))
        .chain(std::iter::repeat_n(Bytes::from(vec![b'a'; 16 * 1024]), 20))
        .map(Ok::<_, std::io::Error>);
    for (method, path) in [
        (Method::POST, "/api/v2/media"),
        (Method::PATCH, "/api/v1/accounts/update_credentials"),
    ] {
        let request = request(method, "ada", path)
            .header("content-type", "multipart/form-data; boundary=X")
            .body(Body::from_stream(futures::stream::iter(frames.clone())));
        let response = client.send(request.unwrap()).await;
        assert!(response.error(413).contains("more than 65536 bytes"));
    }
}
