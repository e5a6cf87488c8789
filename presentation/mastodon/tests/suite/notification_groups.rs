//! What one was told, with likes and reshares of one status and follows as one each.

use business_accounts_gateway::Account;
use business_posts_gateway::Visibility;
use product_notifications_gateway::Kind;
use serde_json::{Value, json};

use crate::world::{ADA, BOB, Client, World};

const EVE: u64 = 9;
const LIST: &str = "/api/v2/notifications";
const HOUR: u32 = 490_000;

async fn listed(client: &Client, query: &str) -> Value {
    client
        .get("ada-is-told", &format!("{LIST}{query}"))
        .await
        .expect(200)
}

/// The key, the count and the accounts of each group.
fn groups(listed: &Value) -> Vec<(String, u64, Vec<&str>)> {
    let groups = listed["notification_groups"].as_array().unwrap().iter();
    groups
        .map(|group| {
            let accounts = group["sample_account_ids"].as_array().unwrap().iter();
            (
                group["group_key"].as_str().unwrap().to_owned(),
                group["notifications_count"].as_u64().unwrap(),
                accounts.map(|id| id.as_str().unwrap()).collect(),
            )
        })
        .collect()
}

fn ids(listed: &Value, list: &str) -> Vec<String> {
    let listed = listed[list].as_array().unwrap().iter();
    listed
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn unread(client: &Client, query: &str) -> Value {
    let path = format!("{LIST}/unread_count{query}");
    client.get("ada-is-told", &path).await.expect(200)["count"].clone()
}

/// Bob and Eve like a status and follow Ada; Bob reshares it, and mentions her. The status, and
/// what was told.
fn much(world: &World) -> (u64, [u64; 6]) {
    world.accounts.lock().unwrap().push(Account {
        id: EVE,
        revision: 1,
        username: "eve".into(),
        ..Account::default()
    });
    let own = world.posted(ADA, "a lake", Visibility::Public);
    let mention = world.posted(BOB, "how still", Visibility::Public);
    let told = [
        world.notify_in(HOUR, Kind::Favourite, BOB, own),
        world.notify_in(HOUR, Kind::Follow, BOB, 0),
        world.notify(Kind::Mention, BOB, mention),
        world.notify_in(HOUR, Kind::Favourite, EVE, own),
        world.notify_in(HOUR, Kind::Reshare, BOB, own),
        world.notify_in(HOUR, Kind::Follow, EVE, 0),
    ];
    (own, told)
}

#[tokio::test]
async fn groups_are_shown_with_their_accounts_and_statuses_once() {
    let world = World::new();
    let client = world.client();
    let (own, told) = much(&world);
    let all = listed(&client, "").await;
    let (bob, eve) = (BOB.to_string(), EVE.to_string());
    let expected = [
        (format!("follow-{HOUR}"), 2, vec![&*eve, &*bob]),
        (format!("reblog-{own}-{HOUR}"), 1, vec![&*bob]),
        (format!("favourite-{own}-{HOUR}"), 2, vec![&*eve, &*bob]),
        (format!("ungrouped-{}", told[2]), 1, vec![&*bob]),
    ];
    assert_eq!(groups(&all), expected);
    assert_eq!(ids(&all, "accounts"), [&*eve, &*bob]);
    assert_eq!(ids(&all, "statuses").len(), 2);
    assert_eq!(all.get("partial_accounts"), None);
    let likes = &all["notification_groups"][2];
    let expected = json!({
        "group_key": format!("favourite-{own}-{HOUR}"), "notifications_count": 2,
        "type": "favourite", "most_recent_notification_id": told[3],
        "page_min_id": told[0].to_string(), "page_max_id": told[3].to_string(),
        "latest_page_notification_at": "2026-03-01T09:30:00.125Z",
        "sample_account_ids": [eve, bob], "status_id": own.to_string(),
    });
    assert_eq!(*likes, expected);
    assert_eq!(all["notification_groups"][0].get("status_id"), None);
    // The same key as where each is shown by itself.
    let each = client.get("ada", "/api/v1/notifications").await.expect(200);
    assert_eq!(each[0]["group_key"], format!("follow-{HOUR}"));
    assert_eq!(each[3]["group_key"], format!("ungrouped-{}", told[2]));
}

#[tokio::test]
async fn accounts_are_shown_in_part_where_that_is_asked_for() {
    let world = World::new();
    let client = world.client();
    let (own, _) = much(&world);
    let likes = "?types[]=favourite";
    let all = listed(&client, &format!("{likes}&expand_accounts=partial_avatars")).await;
    assert_eq!(ids(&all, "accounts"), [EVE.to_string()]);
    assert_eq!(ids(&all, "partial_accounts"), [BOB.to_string()]);
    let partial = all["partial_accounts"][0].as_object().unwrap();
    let names: Vec<_> = partial.keys().collect();
    let expected = [
        "acct",
        "avatar",
        "avatar_description",
        "avatar_static",
        "bot",
        "id",
        "locked",
        "url",
    ];
    assert_eq!(names, expected);
    assert_eq!(ids(&all, "statuses"), [own.to_string()]);
    let full = listed(&client, &format!("{likes}&expand_accounts=full")).await;
    assert_eq!(ids(&full, "accounts").len(), 2);
    let refused = client
        .get("ada", &format!("{LIST}?expand_accounts=some"))
        .await;
    assert!(refused.error(422).contains("expand_accounts"));
}

#[tokio::test]
async fn pages_and_filters() {
    let world = World::new();
    let client = world.client();
    let (_, told) = much(&world);
    for (query, expected) in [
        ("", 4),
        ("?types[]=favourite&types[]=follow", 2),
        ("?exclude_types[]=mention", 3),
        ("?types[]=poll", 0),
        (&*format!("?account_id={EVE}"), 2),
        ("?grouped_types[]=favourite", 5),
        ("?grouped_types[]=mention", 6),
        ("?grouped_types[]=nonsense", 6),
        ("?include_filtered=true", 4),
        ("?limit=0", 0),
    ] {
        assert_eq!(
            groups(&listed(&client, query).await).len(),
            expected,
            "{query}"
        );
        assert_eq!(unread(&client, query).await, expected, "{query}");
    }
    let page = client
        .get("ada", &format!("{LIST}?limit=2&exclude_types[]=mention"))
        .await;
    let links = page.header("link").to_owned();
    assert!(
        links.contains(&format!("max_id={}>; rel=\"next\"", told[4])),
        "{links}"
    );
    assert!(
        links.contains(&format!("min_id={}>; rel=\"prev\"", told[5])),
        "{links}"
    );
    assert!(links.contains("exclude_types[]=mention"), "{links}");
    // A page has of a group what is on it, and counts what is below.
    let next = listed(&client, &format!("?max_id={}&limit=1", told[4])).await;
    let likes = &next["notification_groups"][0];
    assert_eq!(
        (&likes["notifications_count"], &likes["page_min_id"]),
        (&json!(2), &json!(told[3].to_string()))
    );
    let marker = format!("notifications[last_read_id]={}", told[3]);
    client
        .post_form("ada", "/api/v1/markers", &marker)
        .await
        .expect(200);
    assert_eq!(unread(&client, "").await, 2);
    assert_eq!(unread(&client, "?limit=1").await, 1);
}

#[tokio::test]
async fn what_one_may_not_see_is_neither_named_nor_counted() {
    let world = World::new();
    let client = world.client();
    let (own, told) = much(&world);
    let path = format!("/api/v1/accounts/{EVE}/block");
    client.post_form("ada", &path, "").await.expect(200);
    let bob = BOB.to_string();
    let all = listed(&client, "").await;
    let expected = [
        (format!("follow-{HOUR}"), 1, vec![&*bob]),
        (format!("reblog-{own}-{HOUR}"), 1, vec![&*bob]),
        (format!("favourite-{own}-{HOUR}"), 1, vec![&*bob]),
        (format!("ungrouped-{}", told[2]), 1, vec![&*bob]),
    ];
    assert_eq!(groups(&all), expected);
    assert_eq!(ids(&all, "accounts"), [&*bob]);
    let likes = &all["notification_groups"][2];
    assert_eq!(likes["most_recent_notification_id"], told[0]);
    assert_eq!(likes["page_max_id"], told[0].to_string());
    assert_eq!(unread(&client, "").await, 4);
    let path = format!("{LIST}/favourite-{own}-{HOUR}");
    let one = client.get("ada", &path).await.expect(200);
    assert_eq!(groups(&one)[0].1, 1);
    let accounts = client
        .get("ada", &format!("{path}/accounts"))
        .await
        .expect(200);
    assert_eq!(accounts.as_array().unwrap().len(), 1);
    // A page whose only group has nothing to be seen on it goes on below.
    let page = listed(&client, "?limit=1").await;
    assert_eq!(groups(&page)[0].0, format!("reblog-{own}-{HOUR}"));
    let path = format!("/api/v1/accounts/{BOB}/block");
    client.post_form("ada", &path, "").await.expect(200);
    let none = listed(&client, "").await;
    for list in ["accounts", "statuses", "notification_groups"] {
        assert_eq!(none[list], json!([]), "{list}");
    }
    assert_eq!(unread(&client, "").await, 0);
    client
        .get("ada", &format!("{LIST}/favourite-{own}-{HOUR}"))
        .await
        .error(404);
    client
        .get("ada", &format!("{LIST}/ungrouped-{}", told[2]))
        .await
        .error(404);
}

#[tokio::test]
async fn one_group_is_shown_and_dismissed() {
    let world = World::new();
    let client = world.client();
    let (own, told) = much(&world);
    let (bob, eve) = (BOB.to_string(), EVE.to_string());
    for (key, count, accounts) in [
        (format!("favourite-{own}-{HOUR}"), 2, vec![&*eve, &*bob]),
        (format!("follow-{HOUR}"), 2, vec![&*eve, &*bob]),
        (format!("ungrouped-{}", told[2]), 1, vec![&*bob]),
        // As one asks who does not want it grouped.
        (format!("ungrouped-{}", told[3]), 1, vec![&*eve]),
    ] {
        let path = format!("{LIST}/{key}");
        let shown = client.get("ada-is-told", &path).await.expect(200);
        assert_eq!(groups(&shown), [(key.clone(), count, accounts.clone())]);
        assert_eq!(shown["notification_groups"][0].get("page_min_id"), None);
        let listed = client.get("ada-is-told", &format!("{path}/accounts")).await;
        let listed = json!({"accounts": listed.expect(200)});
        assert_eq!(ids(&listed, "accounts"), accounts, "{key}");
        client.get("bob", &path).await.error(404);
        client
            .post_form("bob", &format!("{path}/dismiss"), "")
            .await
            .expect(200);
    }
    let page = format!("{LIST}/follow-{HOUR}/accounts?limit=1");
    let page = client.get("ada", &page).await;
    assert!(
        page.header("link")
            .contains(&format!("max_id={}>", told[5]))
    );
    for key in [
        "follow-1",
        "favourite-1-1",
        "mention-1-1",
        "ungrouped-x",
        "nonsense",
        "1",
    ] {
        client.get("ada", &format!("{LIST}/{key}")).await.error(404);
        let path = format!("{LIST}/{key}/dismiss");
        assert_eq!(
            client.post_form("ada", &path, "").await.expect(200),
            json!({})
        );
    }
    assert_eq!(unread(&client, "").await, 4);
    for (key, left) in [
        (format!("follow-{HOUR}"), 3),
        (format!("ungrouped-{}", told[2]), 2),
    ] {
        for _ in 0..2 {
            let path = format!("{LIST}/{key}/dismiss");
            let dismissed = client.post_form("ada-is-told", &path, "").await;
            assert_eq!(dismissed.expect(200), json!({}));
            assert_eq!(unread(&client, "").await, left);
        }
    }
}

#[tokio::test]
async fn each_asks_for_its_own_scope() {
    let world = World::new();
    let client = world.client();
    for path in ["", "/unread_count", "/follow-1", "/follow-1/accounts"] {
        let refused = client.get("ada-likes", &format!("{LIST}{path}")).await;
        assert!(refused.error(403).contains("read:notifications"), "{path}");
    }
    let path = format!("{LIST}/follow-1/dismiss");
    let refused = client.post_form("ada-reads", &path, "").await.error(403);
    assert!(refused.contains("write:notifications"), "{refused}");
}
