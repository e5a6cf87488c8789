//! Filters, and what of a status they match.

use business_posts_gateway::Visibility;
use http::Method;
use serde_json::{Value, json};

use crate::world::{ADA, BOB, Client, World};

const FILTERS: &str = "/api/v2/filters";

async fn create(client: &Client, form: &str) -> Value {
    client.post_form("ada", FILTERS, form).await.expect(200)
}

fn text<'a>(value: &'a Value, at: &str) -> &'a str {
    value.pointer(at).and_then(Value::as_str).unwrap()
}

async fn put(client: &Client, path: &str, change: &Value) -> Value {
    client
        .json(Method::PUT, "ada", path, change)
        .await
        .expect(200)
}

#[tokio::test]
async fn a_filter_is_made_however_clients_write_it() {
    let client = World::new().client();
    let form = "title=Lakes&context[]=home&context[]=public&filter_action=hide&expires_in=600\
                &keywords_attributes[][keyword]=lake&keywords_attributes[][whole_word]=false\
                &keywords_attributes[][keyword]=sea&keywords_attributes[][keyword]=";
    let made = create(&client, form).await;
    let keywords = made["keywords"].as_array().unwrap();
    let said: Vec<_> = keywords
        .iter()
        .map(|one| (one["keyword"].clone(), one["whole_word"].clone()))
        .collect();
    assert_eq!(
        said,
        [(json!("lake"), json!(false)), (json!("sea"), json!(true))]
    );
    assert_eq!(made["expires_at"], "2026-03-01T09:40:00.125Z");
    assert_eq!(made["context"], json!(["home", "public"]));
    assert_eq!(
        (&made["filter_action"], &made["statuses"]),
        (&json!("hide"), &json!([]))
    );
    let as_json = json!({
        "title": "Lakes", "context": ["home", "public"], "filter_action": "hide", "expires_in": 600,
        "keywords_attributes": [{"keyword": "lake", "whole_word": false}, {"keyword": "sea"}, {"keyword": ""}],
    });
    let second = client.json(Method::POST, "ada", FILTERS, &as_json).await;
    let mut second = second.expect(200);
    let numbered = "title=Lakes&context[0]=home&context[1]=public&filter_action=hide&expires_in=600\
                    &keywords_attributes[0][keyword]=lake&keywords_attributes[0][whole_word]=0\
                    &keywords_attributes[1][keyword]=sea&keywords_attributes[2][keyword]=";
    let mut third = create(&client, numbered).await;
    for (place, same) in [&mut second, &mut third].into_iter().enumerate() {
        same["id"] = made["id"].clone();
        for (index, keyword) in keywords.iter().enumerate() {
            same["keywords"][index]["id"] = keyword["id"].clone();
        }
        assert_eq!(*same, made, "{place}");
    }
    let all = client.get("ada", FILTERS).await.expect(200);
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert_eq!(client.get("bob", FILTERS).await.expect(200), json!([]));
    client.get("", FILTERS).await.error(401);
}

#[tokio::test]
async fn a_filter_is_shown_changed_and_deleted() {
    let client = World::new().client();
    let form = "title=Lakes&context[]=home&expires_in=600&keywords_attributes[][keyword]=lake";
    let made = create(&client, form).await;
    let path = format!("{FILTERS}/{}", text(&made, "/id"));
    assert_eq!(client.get("ada", &path).await.expect(200), made);
    client.get("bob", &path).await.error(404);
    assert_eq!(put(&client, &path, &json!({})).await, made);
    let keyword = text(&made, "/keywords/0/id");
    let change = json!({
        "title": "Water", "context": ["thread"], "filter_action": "blur",
        "keywords_attributes": [{"id": keyword, "keyword": "lakes"}, {"keyword": "sea"}],
    });
    let changed = put(&client, &path, &change).await;
    assert_eq!(
        (&changed["title"], &changed["filter_action"]),
        (&json!("Water"), &json!("blur"))
    );
    assert_eq!(changed["keywords"][0]["keyword"], "lakes");
    assert_eq!(changed["keywords"][1]["keyword"], "sea");
    assert_eq!(changed["expires_at"], made["expires_at"]);
    for never in [
        json!({"expires_in": null}),
        json!({"expires_in": 0}),
        json!({"expires_in": ""}),
    ] {
        put(&client, &path, &json!({"expires_in": 600})).await;
        let changed = put(&client, &path, &never).await;
        assert_eq!(changed["expires_at"], Value::Null, "{never}");
    }
    let change = json!({"keywords_attributes": [{"id": keyword, "_destroy": true}]});
    let changed = put(&client, &path, &change).await;
    assert_eq!(changed["keywords"].as_array().unwrap().len(), 1);
    for odd in ["x", "99"] {
        let change = json!({"keywords_attributes": [{"id": odd, "keyword": "a"}]});
        client
            .json(Method::PUT, "ada", &path, &change)
            .await
            .error(404);
    }
    for odd in [
        json!({"filter_action": "burn"}),
        json!({"expires_in": "soon"}),
    ] {
        client
            .json(Method::PUT, "ada", &path, &odd)
            .await
            .error(422);
    }
    client.delete("bob", &path).await.error(404);
    assert_eq!(client.delete("ada", &path).await.expect(200), json!({}));
    client.delete("ada", &path).await.error(404);
}

#[tokio::test]
async fn who_may_only_change_a_filter_does_not_learn_what_is_in_it() {
    let client = World::new().client();
    let made = create(
        &client,
        "title=Lakes&context[]=home&keywords_attributes[][keyword]=lake",
    );
    let path = format!("{FILTERS}/{}", text(&made.await, "/id"));
    for (token, is_shown) in [("ada", true), ("ada-writes", false)] {
        let changed = client.json(Method::PUT, token, &path, &json!({})).await;
        let changed = changed.expect(200);
        assert_eq!(changed["title"], "Lakes");
        let shown = (
            changed.get("keywords").is_some(),
            changed.get("statuses").is_some(),
        );
        assert_eq!(shown, (is_shown, is_shown), "{token}");
    }
    client.get("ada-writes", &path).await.error(403);
}

#[tokio::test]
async fn keywords_and_statuses_are_added_shown_and_removed_one_by_one() {
    let world = World::new();
    let client = world.client();
    let seen = world.posted(BOB, "a lake", Visibility::Public);
    let hidden = world.posted(BOB, "for others", Visibility::Direct);
    let made = create(&client, "title=Lakes&context[]=home").await;
    let path = format!("{FILTERS}/{}", text(&made, "/id"));
    let keywords = format!("{path}/keywords");
    let added = client.post_form("ada", &keywords, "keyword=lake").await;
    let added = added.expect(200);
    let keyword = format!("{FILTERS}/keywords/{}", text(&added, "/id"));
    assert_eq!(
        (&added["keyword"], &added["whole_word"]),
        (&json!("lake"), &json!(true))
    );
    assert_eq!(
        client.get("ada", &keywords).await.expect(200),
        json!([added])
    );
    assert_eq!(client.get("ada", &keyword).await.expect(200), added);
    let changed = put(&client, &keyword, &json!({"whole_word": false})).await;
    assert_eq!(
        (&changed["keyword"], &changed["whole_word"]),
        (&json!("lake"), &json!(false))
    );
    for path in [&keyword, &keywords] {
        client.get("bob", path).await.error(404);
    }
    assert_eq!(client.delete("ada", &keyword).await.expect(200), json!({}));
    client.get("ada", &keyword).await.error(404);

    let statuses = format!("{path}/statuses");
    for odd in [hidden.to_string(), "99".into(), "x".into(), String::new()] {
        let refused = client
            .post_form("ada", &statuses, &format!("status_id={odd}"))
            .await;
        assert_eq!(
            refused.expect(422)["error"],
            "Validation failed: Status is invalid",
            "{odd}"
        );
    }
    let added = client
        .post_form("ada", &statuses, &format!("status_id={seen}"))
        .await;
    let added = added.expect(200);
    assert_eq!(added["status_id"], seen.to_string());
    let status = format!("{FILTERS}/statuses/{}", text(&added, "/id"));
    assert_eq!(
        client.get("ada", &statuses).await.expect(200),
        json!([added])
    );
    assert_eq!(client.get("ada", &status).await.expect(200), added);
    client.get("bob", &status).await.error(404);
    assert_eq!(client.delete("ada", &status).await.expect(200), json!({}));
    client.delete("ada", &status).await.error(404);
}

#[tokio::test]
async fn in_the_first_version_each_keyword_is_a_filter() {
    let client = World::new().client();
    let v1 = "/api/v1/filters";
    let form = "phrase=lake&context[]=home&context[]=thread&irreversible=true&whole_word=false";
    let made = client.post_form("ada", v1, form).await.expect(200);
    let expected = json!({
        "id": made["id"], "phrase": "lake", "context": ["home", "thread"], "whole_word": false,
        "expires_at": null, "irreversible": true,
    });
    assert_eq!(made, expected);
    let refused = client.post_form("ada", v1, "context[]=home").await;
    assert_eq!(
        refused.expect(422)["error"],
        "Validation failed: Phrase can't be blank"
    );
    let path = format!("{v1}/{}", text(&made, "/id"));
    assert_eq!(client.get("ada", &path).await.expect(200), made);
    client.get("bob", &path).await.error(404);
    let change =
        json!({"phrase": "sea", "context": ["public"], "irreversible": false, "expires_in": 60});
    let changed = put(&client, &path, &change).await;
    assert_eq!(
        (&changed["phrase"], &changed["irreversible"]),
        (&json!("sea"), &json!(false))
    );
    assert_eq!(changed["context"], json!(["public"]));
    assert_eq!(changed["expires_at"], "2026-03-01T09:31:00.125Z");
    assert_eq!(client.get("ada", v1).await.expect(200), json!([changed]));
    let group = client.get("ada", FILTERS).await.expect(200);
    assert_eq!(
        (&group[0]["title"], &group[0]["filter_action"]),
        (&json!("sea"), &json!("warn"))
    );
    assert_eq!(client.delete("ada", &path).await.expect(200), json!({}));
    assert_eq!(client.get("ada", v1).await.expect(200), json!([]));
}

#[tokio::test]
async fn a_status_is_shown_with_the_filters_that_match_it_and_only_to_who_has_them() {
    let world = World::new();
    let client = world.client();
    let post = world.posted(BOB, "A Lake by night", Visibility::Public);
    let path = format!("/api/v1/statuses/{post}");
    let filtered = async |who: &str| client.get(who, &path).await.expect(200)["filtered"].clone();
    assert_eq!(filtered("ada").await, json!([]));
    assert!(
        !world.notes().contains(&"reading filters".to_owned()),
        "she has none"
    );
    let form = "title=\"Lakes\"&context[]=home&keywords_attributes[][keyword]=lake";
    let made = create(&client, form).await;
    create(
        &client,
        "title=Seas&context[]=home&keywords_attributes[][keyword]=sea",
    )
    .await;
    let expected = json!([{
        "filter": {
            "id": made["id"], "title": "\"Lakes\"", "context": ["home"], "expires_at": null,
            "filter_action": "warn",
        },
        "keyword_matches": ["lake"], "status_matches": [],
    }]);
    assert_eq!(filtered("ada").await, expected);
    assert_eq!(filtered("bob").await, json!([]));
    assert_eq!(
        client.get("", &path).await.expect(200).get("filtered"),
        None
    );
    let statuses = format!("{FILTERS}/{}/statuses", text(&made, "/id"));
    let added = client
        .post_form("ada", &statuses, &format!("status_id={post}"))
        .await;
    added.expect(200);
    assert_eq!(
        filtered("ada").await[0]["status_matches"],
        json!([post.to_string()])
    );
    let own = world.posted(ADA, "My lake", Visibility::Public);
    let own = client.get("ada", &format!("/api/v1/statuses/{own}")).await;
    assert_eq!(own.expect(200)["filtered"], json!([]));
}
