//! Accounts that decide about each follower: asking, letting in, turning away, opening.

use serde_json::{Value, json};

use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server, eventually};

async fn set_locked(person: &Person, locked: bool) {
    let change = json!({ "locked": locked });
    let path = "/api/v1/accounts/update_credentials";
    let changed = person.patch(path, &change).await.expect(200);
    assert_eq!(changed["locked"], locked);
}

async fn act(person: &Person, path: &str) -> Value {
    person.post(path, &json!({})).await.expect(200)
}

async fn ask(person: &Person, whom: &Person) -> Value {
    act(person, &format!("/api/v1/accounts/{}/follow", whom.id)).await
}

async fn asking(person: &Person) -> Vec<String> {
    ids(&person.get("/api/v1/follow_requests").await.list())
}

/// Waits until somebody was told of these types by these people.
async fn is_told(person: &Person, expected: &[(&str, &str)]) {
    let mut expected: Vec<_> = expected.to_vec();
    expected.sort_unstable();
    eventually("what is told", async || {
        let all = person.get("/api/v1/notifications").await.list();
        let of = |one: &Value| (text(one, "/type"), text(one, "/account/username"));
        let mut told: Vec<_> = all.iter().map(of).collect();
        told.sort_unstable();
        let told = told.iter().map(|(kind, who)| (&**kind, &**who));
        told.eq(expected.iter().copied()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn posts_for_followers_are_for_those_who_were_let_in() {
    let mut server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    set_locked(&ada, true).await;
    let hidden = json!({"status": "for friends", "visibility": "private"});
    let hidden = text(&ada.publish(&hidden).await, "/id");
    for person in [&bob, &eve] {
        let asked = ask(person, &ada).await;
        assert_eq!(
            (&asked["requested"], &asked["following"]),
            (&json!(true), &json!(false))
        );
        person
            .get(&format!("/api/v1/statuses/{hidden}"))
            .await
            .expect(404);
    }
    assert_eq!(asking(&ada).await, [eve.id.clone(), bob.id.clone()]);
    is_told(
        &ada,
        &[("follow_request", "bob"), ("follow_request", "eve")],
    )
    .await;
    let own = ada
        .get("/api/v1/accounts/verify_credentials")
        .await
        .expect(200);
    assert_eq!(own["source"]["follow_requests_count"], 2);
    assert_eq!(own["followers_count"], 0);

    server.kill();
    server.start_again().await;
    let let_in = act(
        &ada,
        &format!("/api/v1/follow_requests/{}/authorize", bob.id),
    )
    .await;
    assert_eq!(
        (&let_in["followed_by"], &let_in["requested_by"]),
        (&json!(true), &json!(false))
    );
    let turned_away = act(&ada, &format!("/api/v1/follow_requests/{}/reject", eve.id)).await;
    assert_eq!(turned_away["followed_by"], false);
    for verb in ["authorize", "reject"] {
        let path = format!("/api/v1/follow_requests/{}/{verb}", eve.id);
        ada.post(&path, &json!({})).await.expect(404);
    }
    bob.finds_at_home(&hidden).await;
    eve.get(&format!("/api/v1/statuses/{hidden}"))
        .await
        .expect(404);
    assert!(asking(&ada).await.is_empty());
    is_told(&ada, &[("follow", "bob")]).await;
}

#[tokio::test]
async fn what_is_taken_back_is_gone_and_who_waits_is_let_in_when_the_account_opens() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    set_locked(&ada, true).await;
    for person in [&bob, &eve] {
        ask(person, &ada).await;
    }
    let back = act(&bob, &format!("/api/v1/accounts/{}/unfollow", ada.id)).await;
    assert_eq!(
        (&back["requested"], &back["following"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(asking(&ada).await, std::slice::from_ref(&eve.id));
    is_told(&ada, &[("follow_request", "eve")]).await;
    set_locked(&ada, false).await;
    eventually("who waited to be let in", async || {
        let followers = format!("/api/v1/accounts/{}/followers", ada.id);
        let followers = ids(&ada.get(&followers).await.list());
        (followers == std::slice::from_ref(&eve.id)).then_some(())
    })
    .await;
    assert!(asking(&ada).await.is_empty());
    is_told(&ada, &[("follow", "eve")]).await;
    assert_eq!(ask(&bob, &ada).await["following"], true);
}
