//! Apps that listen hear what happens as it happens: what they would find in the list of the same
//! name, and nothing else.
//!
//! That something is not told is seen by what is told after it: everyone follows Gus, who speaks
//! last.

use serde_json::{Value, json};

use crate::harness::caller::text;
use crate::harness::stream::{Events, Socket, Told};
use crate::harness::{Person, Server};

/// Someone who listens to a stream as events.
async fn listen(person: &Person, stream: &str) -> Events {
    // As browsers ask, for whom it is not to be gathered all the same.
    let events = Events::encoded(person, stream, "gzip, br");
    events.await.unwrap()
}

async fn hears(events: &mut Events, event: &str, id: &str) -> Told {
    let told = of_posts(events).await;
    assert_eq!(told.brief(), (event.to_owned(), id.to_owned()));
    told
}

/// What is told next of posts: that somebody follows may be told of at any time.
async fn of_posts(events: &mut Events) -> Told {
    loop {
        let told = events.next().await.expect("the stream goes on");
        if told.event != "notification" {
            return told;
        }
    }
}

async fn do_to(person: &Person, other: &Person, what: &str) {
    let path = format!("/api/v1/accounts/{}/{what}", other.id);
    person.post(&path, &json!({})).await.expect(200);
}

async fn id_of(person: &Person, post: &Value) -> String {
    text(&person.publish(post).await, "/id")
}

/// A list of somebody's that somebody else is on; returns its id.
async fn list_of(owner: &Person, member: &Person, list: &Value) -> String {
    let list = text(&owner.post("/api/v1/lists", list).await.ok(), "/id");
    let members = json!({"account_ids": [member.id]});
    let path = format!("/api/v1/lists/{list}/accounts");
    owner.post(&path, &members).await.ok();
    list
}

/// What a socket says to a request for a stream that it does not get.
async fn refusal_of(socket: &mut Socket, stream: &str) -> Value {
    socket
        .send(&json!({"type": "subscribe", "stream": stream}))
        .await;
    socket.receive().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_is_told_to_those_who_find_it_at_home_and_to_nobody_else() {
    let server = Server::start().await;
    let (ada, gus) = (server.person("ada").await, server.person("gus").await);
    let (bob, cleo) = (server.person("bob").await, server.person("cleo").await);
    let others = [
        server.person("stranger").await,
        server.person("blocked").await,
        server.person("muting").await,
        server.person("sorting").await,
    ];
    let [_, blocked, muting, sorting] = &others;
    for person in others.iter().chain([&bob, &cleo]) {
        person.follow(&gus).await;
    }
    for person in [&bob, &cleo, muting, sorting] {
        person.follow(&ada).await;
    }
    do_to(&ada, blocked, "block").await;
    do_to(muting, &ada, "mute").await;
    let aside = json!({"title": "aside", "exclusive": true});
    list_of(sorting, &ada, &aside).await;

    let mut bobs = listen(&bob, "user").await;
    let mut cleos = Socket::open(&cleo, "stream=user").await;
    let mut of_others = Vec::new();
    for person in &others {
        of_others.push(listen(person, "user").await);
    }
    let post = id_of(&ada, &json!({"status": "first", "visibility": "private"})).await;
    let whisper = json!({"status": "@bob psst", "visibility": "direct"});
    let whispered = id_of(&ada, &whisper).await;
    let last = id_of(&gus, &json!({"status": "last"})).await;

    let told = hears(&mut bobs, "update", &post).await.json();
    assert_eq!(told, bob.finds_at_home(&post).await);
    // The whisper, that it mentions him, which its own domain says, and what comes after it.
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(bobs.next().await.unwrap());
    }
    let (mentions, posts): (Vec<_>, Vec<_>) =
        heard.iter().partition(|told| told.event == "notification");
    assert_eq!(text(&mentions[0].json(), "/status/id"), whispered);
    let posts = [posts[0].brief(), posts[1].brief()];
    let update = |id: &String| ("update".to_owned(), id.clone());
    assert_eq!(posts, [update(&whispered), update(&last)]);
    let told = cleos.next().await;
    assert_eq!(told.brief(), ("update".to_owned(), post));
    assert_eq!(told.stream, ["user"]);
    assert_eq!(cleos.next().await.id(), last);
    for events in &mut of_others {
        hears(events, "update", &last).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_of_a_post_is_told_too() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let (cleo, dan) = (server.person("cleo").await, server.person("dan").await);
    bob.follow(&ada).await;
    for person in [&cleo, &dan] {
        person.follow(&bob).await;
    }
    let path = format!("/api/v1/accounts/{}/follow", bob.id);
    dan.post(&path, &json!({"reblogs": false})).await.ok();
    let mut bobs = listen(&bob, "user").await;
    let mut cleos = listen(&cleo, "user").await;
    let mut dans = listen(&dan, "user").await;
    let post = text(&ada.say("a word").await, "/id");
    hears(&mut bobs, "update", &post).await;
    bob.post(&format!("/api/v1/statuses/{post}/favourite"), &json!({}))
        .await
        .ok();
    let edit = json!({"status": "another word"});
    ada.put(&format!("/api/v1/statuses/{post}"), &edit)
        .await
        .ok();
    let told = hears(&mut bobs, "status.update", &post).await.json();
    assert!(text(&told, "/content").contains("another word"));
    // As he would find it: with his own mark.
    assert_eq!(told["favourited"], true);
    let reshare = bob
        .post(&format!("/api/v1/statuses/{post}/reblog"), &json!({}))
        .await;
    let reshare = text(&reshare.ok(), "/id");
    hears(&mut bobs, "update", &reshare).await;
    let told = hears(&mut cleos, "update", &reshare).await.json();
    assert_eq!(text(&told, "/reblog/id"), post);
    ada.delete(&format!("/api/v1/statuses/{post}")).await.ok();
    let mut gone = [of_posts(&mut bobs).await, of_posts(&mut bobs).await];
    gone.sort_by_key(Told::id);
    let mut expected = [post, reshare.clone()];
    expected.sort();
    assert_eq!(
        gone.map(|told| told.brief()),
        expected.map(|id| ("delete".to_owned(), id))
    );
    hears(&mut cleos, "delete", &reshare).await;
    // Dan wants none of Bob's reshares: neither that it was there nor that it has gone.
    let last = text(&bob.say("last").await, "/id");
    hears(&mut dans, "update", &last).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notifications_are_told_to_those_who_may_read_them() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let cleo = server
        .person_with_scopes("cleo", "read:accounts read:statuses write")
        .await;
    let mut adas = listen(&ada, "user/notification").await;
    let mut both = Socket::open(&ada, "stream=user:notification").await;
    both.send(&json!({"type": "subscribe", "stream": "user"}))
        .await;
    let mut cleos = listen(&cleo, "user").await;
    let posts = [
        text(&ada.say("one").await, "/id"),
        text(&cleo.say("two").await, "/id"),
    ];
    // So that it listens to both by now.
    assert_eq!(
        both.next().await.brief(),
        ("update".to_owned(), posts[0].clone())
    );
    hears(&mut cleos, "update", &posts[1]).await;
    for post in &posts {
        bob.post(&format!("/api/v1/statuses/{post}/favourite"), &json!({}))
            .await
            .ok();
    }
    let told = adas.next().await.unwrap();
    let listed = ada.get("/api/v1/notifications").await.list();
    assert_eq!(
        (told.event.as_str(), told.json()),
        ("notification", listed[0].clone())
    );
    assert_eq!(told.json()["type"], "favourite");
    let mut heard = [both.next().await, both.next().await];
    heard.sort_by(|one, other| one.stream.cmp(&other.stream));
    assert_eq!(
        heard.clone().map(|told| told.stream),
        [["user"], ["user:notification"]]
    );
    assert_eq!(heard.map(|told| told.id()), [told.id(), told.id()]);
    let last = text(&cleo.say("three").await, "/id");
    hears(&mut cleos, "update", &last).await;
    // What one may not be told of is not told here either.
    do_to(&ada, &bob, "mute").await;
    let third = text(&ada.say("three").await, "/id");
    bob.post(&format!("/api/v1/statuses/{third}/favourite"), &json!({}))
        .await
        .ok();
    cleo.post(&format!("/api/v1/statuses/{third}/favourite"), &json!({}))
        .await
        .ok();
    let told = adas.next().await.unwrap().json();
    assert_eq!(told["account"]["id"], *cleo.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_socket_hears_lists_hashtags_and_the_public_as_each_of_them_is() {
    let server = Server::start().await;
    let (ada, bob, eve) = (
        server.person("ada").await,
        server.person("bob").await,
        server.person("eve").await,
    );
    bob.follow(&ada).await;
    do_to(&bob, &eve, "block").await;
    let list = list_of(&bob, &ada, &json!({"title": "near"})).await;
    let mut socket = Socket::open(&bob, "stream=hashtag&tag=Sea").await;
    for stream in [
        json!({"type": "subscribe", "stream": "list", "list": list}),
        json!({"type": "subscribe", "stream": "public:local:media"}),
        json!({"type": "subscribe", "stream": "public:remote"}),
        json!({"type": "subscribe", "stream": "public"}),
    ] {
        socket.send(&stream).await;
    }
    // The last of them has begun when it refuses the next.
    let refused = refusal_of(&mut socket, "nothing").await;
    let expected = json!({"error": "Unknown stream type", "status": 400});
    assert_eq!(refused, expected);
    id_of(&eve, &json!({"status": "not by the one I block #sea"})).await;
    let whisper = json!({"status": "@eve #sea", "visibility": "direct"});
    id_of(&ada, &whisper).await;
    let photo = ada.small_photo().await;
    let post = json!({"status": "the #sea", "media_ids": [photo]});
    let post = id_of(&ada, &post).await;
    let mut heard = Vec::new();
    for _ in 0..4 {
        let told = socket.next().await;
        assert_eq!(told.brief(), ("update".to_owned(), post.clone()));
        heard.push(told.stream.join(" "));
    }
    heard.sort();
    let of_list = format!("list {list}");
    assert_eq!(
        heard,
        ["hashtag Sea", &of_list, "public", "public:local:media"]
    );
    for stream in ["public", "public:local:media"] {
        let message = json!({"type": "unsubscribe", "stream": stream});
        socket.send(&message).await;
    }
    let message = json!({"type": "unsubscribe", "stream": "list", "list": list});
    socket.send(&message).await;
    refusal_of(&mut socket, "nothing").await;
    ada.delete(&format!("/api/v1/statuses/{post}")).await.ok();
    let told = socket.next().await;
    assert_eq!(
        (told.brief(), told.stream.join(" ")),
        (("delete".to_owned(), post), "hashtag Sea".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followed_hashtags_and_conversations_are_told_to_their_people() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let eve = server.person("eve").await;
    bob.post("/api/v1/tags/sea/follow", &json!({})).await.ok();
    let mut at_home = listen(&bob, "user").await;
    let mut direct = listen(&bob, "direct").await;
    let mut eves = listen(&eve, "direct").await;
    let tagged = text(&ada.say("by the #Sea").await, "/id");
    hears(&mut at_home, "update", &tagged).await;
    let first = json!({"status": "@bob look", "visibility": "direct"});
    let first = id_of(&ada, &first).await;
    let told = direct.next().await.unwrap();
    assert_eq!(told.event, "conversation");
    let listed = bob.get("/api/v1/conversations").await.list();
    assert_eq!(told.json(), listed[0]);
    assert_eq!(text(&told.json(), "/last_status/id"), first);
    let answer = json!({"status": "@eve @ada and you", "visibility": "direct"});
    let answer = id_of(&bob, &answer).await;
    for events in [&mut direct, &mut eves] {
        let told = events.next().await.unwrap().json();
        assert_eq!(text(&told, "/last_status/id"), answer);
    }
}
