//! Lists of accounts.

use business_posts_gateway::Visibility;
use http::{Method, header};
use serde_json::{Value, json};

use crate::world::{ADA, BOB, Client, World};

async fn create(client: &Client, form: &str) -> String {
    let created = client.post_form("ada", "/api/v1/lists", form).await;
    created.expect(200)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_list_is_made_shown_changed_and_deleted() {
    let client = World::new().client();
    let id = create(&client, "title=Friends").await;
    let path = format!("/api/v1/lists/{id}");
    let expected = json!({
        "id": id, "title": "Friends", "replies_policy": "list", "exclusive": false,
    });
    assert_eq!(client.get("ada", &path).await.expect(200), expected);
    let all = client.get("ada", "/api/v1/lists").await.expect(200);
    assert_eq!(all, json!([expected]));
    let change = json!({"replies_policy": "none", "exclusive": true});
    let changed = client.json(Method::PUT, "ada", &path, &change).await;
    let expected = json!({
        "id": id, "title": "Friends", "replies_policy": "none", "exclusive": true,
    });
    assert_eq!(changed.expect(200), expected);
    let change = json!({"title": "Close friends", "replies_policy": ""});
    let changed = client.json(Method::PUT, "ada", &path, &change).await;
    let changed = changed.expect(200);
    assert_eq!(
        (&changed["title"], &changed["replies_policy"]),
        (&json!("Close friends"), &json!("none"))
    );
    let refused = json!({"replies_policy": "some"});
    let refused = client.json(Method::PUT, "ada", &path, &refused).await;
    assert_eq!(
        refused.error(422),
        "Validation failed: Replies policy is not included in the list"
    );
    assert_eq!(
        client.get("bob", "/api/v1/lists").await.expect(200),
        json!([])
    );
    client.get("bob", &path).await.error(404);
    client.get("ada-writes", "/api/v1/lists").await.error(403);
    assert_eq!(client.delete("ada", &path).await.expect(200), json!({}));
    client.delete("ada", &path).await.error(404);
}

async fn on_list(client: &Client, path: &str) -> Vec<String> {
    let listed: Value = client.get("ada", path).await.expect(200);
    let listed = listed.as_array().unwrap().iter();
    listed
        .map(|account| account["username"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn accounts_are_put_on_a_list_and_taken_off_however_clients_name_them() {
    let world = World::new();
    let client = world.client();
    let id = create(&client, "title=Friends").await;
    let path = format!("/api/v1/lists/{id}/accounts");
    let form = format!("account_ids[]={BOB}&account_ids[]={BOB}");
    let added = client.post_form("ada", &path, &form).await;
    assert_eq!(added.expect(200), json!({}));
    assert_eq!(on_list(&client, &path).await, ["bob"]);
    let with_bob = format!("/api/v1/accounts/{BOB}/lists");
    let lists = client.get("ada", &with_bob).await.expect(200);
    assert_eq!(lists[0]["id"], id);
    let with_ada = format!("/api/v1/accounts/{ADA}/lists");
    let lists = client.get("ada", &with_ada).await.expect(200);
    assert_eq!(lists, json!([]));
    client
        .get("ada", "/api/v1/accounts/99/lists")
        .await
        .error(404);
    // By the address, too.
    let address = format!("{path}?account_ids[]={BOB}");
    let removed = client.delete("ada", &address).await;
    assert_eq!(removed.expect(200), json!({}));
    assert!(on_list(&client, &path).await.is_empty());
    let both = json!({"account_ids": [BOB.to_string(), ADA.to_string()]});
    client
        .json(Method::POST, "ada", &path, &both)
        .await
        .expect(200);
    let first = client.get("ada", &format!("{path}?limit=1")).await;
    assert_eq!(first.expect(200)[0]["username"], "ada");
    let member = world.lists.lock().unwrap()[0].1[0].id;
    let link = first.header(header::LINK);
    assert!(link.contains(&format!("max_id={member}")), "{link}");
    let all = on_list(&client, &format!("{path}?limit=0")).await;
    assert_eq!(all, ["ada", "bob"], "a limit of 0 asks for all");
    let one = json!({"account_ids": [BOB.to_string(), "x"]});
    let refused = client.json(Method::POST, "ada", &path, &one).await;
    refused.error(404);
    let removed = client.json(Method::DELETE, "ada", &path, &one).await;
    removed.expect(200);
    assert_eq!(on_list(&client, &path).await, ["ada"]);
    let many = json!({"account_ids": vec!["5"; 101]});
    let refused = client.json(Method::POST, "ada", &path, &many).await;
    assert_eq!(refused.json()["field"], "account_ids");
    client.get("bob", &path).await.error(404);
}

#[tokio::test]
async fn the_timeline_of_a_list_is_that_of_its_owner_by_the_rules() {
    let world = World::new();
    let client = world.client();
    let id = create(&client, "title=Friends").await;
    let path = format!("/api/v1/lists/{id}/accounts");
    let form = format!("account_ids[]={BOB}");
    client.post_form("ada", &path, &form).await.expect(200);
    let older = world.posted(BOB, "a lake", Visibility::Public);
    world.posted(BOB, "for others", Visibility::Direct);
    world.posted(ADA, "a hill", Visibility::Public);
    let newer = world.posted(BOB, "a wood", Visibility::Public);
    let path = format!("/api/v1/timelines/list/{id}");
    let listed = client.get("ada", &path).await.expect(200);
    let listed = listed.as_array().unwrap();
    let ids: Vec<&str> = listed
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [newer.to_string(), older.to_string()]);
    let first = client.get("ada", &format!("{path}?limit=1")).await;
    let link = first.header(header::LINK).to_owned();
    assert!(link.contains(&format!("max_id={newer}")), "{link}");
    client.get("bob", &path).await.error(404);
    client.get("", &path).await.error(401);
    let mute = format!("/api/v1/accounts/{BOB}/mute");
    client.post_form("ada", &mute, "").await.expect(200);
    assert_eq!(client.get("ada", &path).await.expect(200), json!([]));
}
