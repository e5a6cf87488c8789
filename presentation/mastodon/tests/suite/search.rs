//! Searching, and hashtags.

use business_posts_gateway::Visibility;
use serde_json::{Value, json};

use crate::world::{ADA, BOB, Client, World};

async fn found(client: &Client, query: &str) -> Value {
    let path = format!("/api/v2/search?{query}");
    client.get("ada", &path).await.expect(200)
}

fn names(found: &Value, kind: &str, field: &str) -> Vec<String> {
    let found = found[kind].as_array().unwrap().iter();
    found
        .map(|one| one[field].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn people_and_hashtags_are_found_by_the_beginning_of_their_names() {
    let world = World::new();
    let client = world.client();
    world.posted(BOB, "#adagio #sea", Visibility::Public);
    let all = found(&client, "q=ada").await;
    assert_eq!(names(&all, "accounts", "acct"), ["ada"]);
    assert_eq!(names(&all, "hashtags", "name"), ["adagio"]);
    assert_eq!(all["statuses"], json!([]));
    let day = json!({"day": "1772357400", "uses": "1", "accounts": "1"});
    assert_eq!(all["hashtags"][0]["history"], json!([day]));
    assert_eq!(all["hashtags"][0]["url"], "http://p.example/tags/adagio");
    for (query, accounts, hashtags) in [
        ("q=ada&type=accounts", 1, 0),
        ("q=ada&type=hashtags", 0, 1),
        ("q=ada&type=statuses", 0, 0),
        ("q=ada&type=accounts&offset=1", 0, 0),
        // Without a kind there is one page.
        ("q=ada&offset=1", 1, 1),
        ("q=%23ada", 0, 1),
        ("q=%40ada", 1, 0),
        ("q=%40ada%40p.example", 1, 0),
        ("q=ada&following=true", 0, 1),
        ("q=ada&limit=0", 1, 1),
        ("q=ada&limit=9999", 1, 1),
        ("q=ada&limit=x&resolve=true", 1, 1),
        ("q=", 0, 0),
        ("", 0, 0),
        ("q=nobody", 0, 0),
    ] {
        let all = found(&client, query).await;
        assert_eq!(
            all["accounts"].as_array().unwrap().len(),
            accounts,
            "{query}"
        );
        assert_eq!(
            all["hashtags"].as_array().unwrap().len(),
            hashtags,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_status_is_found_by_its_address_by_those_who_may_see_it() {
    let world = World::new();
    let client = world.client();
    let open = world.posted(BOB, "a lake", Visibility::Public);
    let hidden = world.posted(BOB, "for followers", Visibility::Private);
    for address in [format!("@bob/{open}"), format!("users/bob/statuses/{open}")] {
        let query = format!("q=http://p.example/{address}");
        let all = found(&client, &query).await;
        assert_eq!(names(&all, "statuses", "id"), [open.to_string()]);
        assert_eq!(all["accounts"], json!([]));
        assert_eq!(all["hashtags"], json!([]));
        let others = found(&client, &format!("{query}&type=accounts")).await;
        assert_eq!(others["statuses"], json!([]));
    }
    for id in [hidden, 5] {
        let all = found(&client, &format!("q=http://p.example/@bob/{id}")).await;
        assert_eq!(all["statuses"], json!([]));
    }
    let person = found(&client, "q=http://p.example/@bob").await;
    assert_eq!(names(&person, "accounts", "acct"), ["bob"]);
}

#[tokio::test]
async fn a_visitor_sees_the_first_page_and_a_token_needs_its_scope() {
    let world = World::new();
    let client = world.client();
    let hidden = world.posted(BOB, "for followers", Visibility::Private);
    for token in ["", "app"] {
        let all = client.get(token, "/api/v2/search?q=ada").await.expect(200);
        assert_eq!(names(&all, "accounts", "acct"), ["ada"]);
        let path = format!("/api/v2/search?q=http://p.example/@bob/{hidden}");
        assert_eq!(
            client.get(token, &path).await.expect(200)["statuses"],
            json!([])
        );
        for further in ["resolve=true", "following=1", "offset=1&type=accounts"] {
            let path = format!("/api/v2/search?q=ada&{further}");
            client.get(token, &path).await.error(401);
        }
        client
            .get(token, "/api/v2/search?q=ada&resolve=false&offset=0")
            .await
            .expect(200);
    }
    let refused = client.get("ada-likes", "/api/v2/search?q=ada").await;
    assert!(refused.error(403).contains("read:search"));
}

#[tokio::test]
async fn a_hashtag_has_a_timeline_of_public_posts() {
    let world = World::new();
    let client = world.client();
    let older = world.posted(BOB, "#Sea", Visibility::Public);
    let newer = world.posted(ADA, "more #sea", Visibility::Public);
    world.posted(ADA, "#sea for me", Visibility::Private);
    world.posted(ADA, "#seaside", Visibility::Public);
    world.illustrate(older, 1);
    let path = "/api/v1/timelines/tag/SEA";
    let ids = async |path: &str| {
        let listed = client.get("", path).await.expect(200);
        let ids = listed.as_array().unwrap().iter();
        ids.map(|status| status["id"].as_str().unwrap().parse::<u64>().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(path).await, [newer, older]);
    assert_eq!(ids(&format!("{path}?max_id={newer}")).await, [older]);
    assert_eq!(ids(&format!("{path}?only_media=true")).await, [older]);
    assert_eq!(ids(&format!("{path}?remote=true")).await, [0; 0]);
    assert_eq!(
        ids(&format!("{path}?any[]=&local=true")).await,
        [newer, older]
    );
    assert_eq!(ids("/api/v1/timelines/tag/nowhere").await, [0; 0]);
    let first = client.get("", &format!("{path}?limit=1")).await;
    assert!(first.header("link").contains(&format!("max_id={newer}")));
    for field in ["any", "all", "none"] {
        let refused = client.get("", &format!("{path}?{field}[]=lake")).await;
        assert_eq!(refused.expect(422)["field"], field);
    }
}

#[tokio::test]
async fn a_hashtag_is_shown_by_its_name() {
    let world = World::new();
    let client = world.client();
    world.posted(BOB, "#Sea", Visibility::Public);
    let shown = client.get("", "/api/v1/tags/SEA").await.expect(200);
    assert_eq!(shown["name"], "sea");
    assert_eq!(shown["history"][0]["uses"], "1");
    let unused = client.get("", "/api/v1/tags/lake").await.expect(200);
    assert_eq!(unused["history"][0]["uses"], "0");
    client.get("", "/api/v1/tags/two%20words").await.error(404);
}
