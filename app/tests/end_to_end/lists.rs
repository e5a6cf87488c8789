//! Lists of accounts that somebody follows, and their timelines.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server, eventually};

struct List<'a> {
    owner: &'a Person,
    id: String,
}

impl<'a> List<'a> {
    async fn of(owner: &'a Person, list: &Value) -> Self {
        let created = owner.post("/api/v1/lists", list).await.expect(200);
        Self {
            owner,
            id: text(&created, "/id"),
        }
    }

    fn members_path(&self) -> String {
        format!("/api/v1/lists/{}/accounts", self.id)
    }

    async fn add(&self, members: &[&Person]) {
        let ids: Vec<&str> = members.iter().map(|member| &*member.id).collect();
        let body = json!({"account_ids": ids});
        let added = self.owner.post(&self.members_path(), &body).await;
        assert_eq!(added.expect(200), json!({}));
    }

    async fn members(&self) -> Vec<String> {
        ids(&self.owner.get(&self.members_path()).await.list())
    }

    async fn timeline(&self) -> Vec<String> {
        let path = format!("/api/v1/timelines/list/{}", self.id);
        ids(&self.owner.get(&path).await.list())
    }

    async fn change(&self, change: &Value) -> Value {
        let path = format!("/api/v1/lists/{}", self.id);
        let request = self.owner.request(Method::PUT, &path).json(change);
        self.owner.send(request).await.expect(200)
    }
}

#[tokio::test]
async fn a_list_shows_what_those_on_it_post_by_the_rules() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let cleo = server.person("cleo").await;
    let before = text(&bob.say("from before").await, "/id");
    for followee in [&bob, &cleo] {
        ada.follow(followee).await;
    }
    let friends = List::of(&ada, &json!({"title": "Friends"})).await;
    friends.add(&[&bob]).await;
    assert_eq!(friends.timeline().await, [&*before]);
    let by_cleo = text(&cleo.say("a hill").await, "/id");
    let private = json!({"status": "a lake", "visibility": "private"});
    let by_bob = text(&bob.publish(&private).await, "/id");
    assert_eq!(friends.timeline().await, [&*by_bob, &*before]);
    let path = format!("/api/v1/statuses/{by_cleo}/reblog");
    let reshared = text(&bob.post(&path, &json!({})).await.expect(200), "/id");
    let all = [&*reshared, &*by_bob, &*before];
    assert_eq!(friends.timeline().await, all);
    let path = format!("/api/v1/timelines/list/{}?limit=1", friends.id);
    assert_eq!(ada.every_page(&path).await, all);
    bob.get(&path).await.expect(404);
    let reply = json!({"status": "oh", "in_reply_to_id": by_cleo});
    let reply = text(&bob.publish(&reply).await, "/id");
    assert_eq!(friends.timeline().await, all, "Cleo is not on the list");
    friends.change(&json!({"replies_policy": "followed"})).await;
    assert_eq!(friends.timeline().await[0], reply);
    friends.change(&json!({"replies_policy": "none"})).await;
    assert_eq!(friends.timeline().await, all);
    let mute = format!("/api/v1/accounts/{}/mute", bob.id);
    ada.post(&mute, &json!({})).await.expect(200);
    assert!(friends.timeline().await.is_empty());
    let unmute = format!("/api/v1/accounts/{}/unmute", bob.id);
    ada.post(&unmute, &json!({})).await.expect(200);
    assert_eq!(friends.timeline().await, all);
    ada.unfollow(&bob).await;
    assert!(friends.timeline().await.is_empty());
    assert!(friends.members().await.is_empty());
}

#[tokio::test]
async fn who_is_on_an_exclusive_list_is_read_there_and_not_at_home() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let cleo = server.person("cleo").await;
    for followee in [&bob, &cleo] {
        ada.follow(followee).await;
    }
    let by_bob = text(&bob.say("a lake").await, "/id");
    let by_cleo = text(&cleo.say("a hill").await, "/id");
    ada.finds_at_home(&by_bob).await;
    ada.finds_at_home(&by_cleo).await;
    let list = List::of(&ada, &json!({"title": "Loud", "exclusive": true})).await;
    list.add(&[&bob]).await;
    let home = async || ids(&ada.home().await);
    assert_eq!(home().await, [&*by_cleo]);
    assert_eq!(list.timeline().await, [&*by_bob]);
    // Pages go on past what is left out.
    let later = text(&bob.say("a wood").await, "/id");
    eventually("the list to have it", async || {
        list.timeline().await.contains(&later).then_some(())
    })
    .await;
    let pages = ada.every_page("/api/v1/timelines/home?limit=1").await;
    assert_eq!(pages, [&*by_cleo]);
    let changed = list.change(&json!({"exclusive": false})).await;
    assert_eq!(changed["exclusive"], false);
    ada.finds_at_home(&later).await;
    list.change(&json!({"exclusive": true})).await;
    assert_eq!(home().await, [&*by_cleo]);
    let path = format!("/api/v1/lists/{}", list.id);
    assert_eq!(ada.delete(&path).await.expect(200), json!({}));
    ada.get(&path).await.expect(404);
    assert_eq!(home().await, [&*later, &*by_cleo, &*by_bob]);
}

#[tokio::test]
async fn lists_and_who_may_be_on_them_are_refused_in_mastodons_words() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let untitled = ada.post("/api/v1/lists", &json!({"title": ""})).await;
    assert_eq!(
        untitled.expect(422)["error"],
        "Validation failed: Title can't be blank"
    );
    let list = List::of(
        &ada,
        &json!({"title": "Friends", "replies_policy": "followed"}),
    )
    .await;
    let path = list.members_path();
    let body = json!({"account_ids": [bob.id]});
    ada.post(&path, &body).await.expect(404);
    bob.post(&path, &body).await.expect(404);
    ada.follow(&bob).await;
    list.add(&[&bob]).await;
    let again = ada.post(&path, &body).await.expect(422);
    assert_eq!(
        again["error"],
        "Validation failed: Account has already been taken"
    );
    let with_bob = format!("/api/v1/accounts/{}/lists", bob.id);
    assert_eq!(ids(&ada.get(&with_bob).await.list()), [&*list.id]);
    assert_eq!(ids(&ada.get("/api/v1/lists").await.list()), [&*list.id]);
    assert!(bob.get("/api/v1/lists").await.list().is_empty());
    assert_eq!(list.members().await, [&*bob.id]);
    let request = ada.request(Method::DELETE, &path).json(&body);
    assert_eq!(ada.send(request).await.expect(200), json!({}));
    assert!(list.members().await.is_empty());
}
