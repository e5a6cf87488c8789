use std::sync::Arc;
use std::time::Duration;

use business_accounts_gateway::Account;
use business_graph_gateway::GraphStats;
use business_posts_gateway::{AuthorStats, Post, PostHead};
use infra_kernel::SystemClock;
use infra_webpush::MESSAGE_BYTES_MAX;
use presentation_kit::rules::ViewerRelation;
use presentation_kit::{Card, Marks, Renderings, Signer};
use product_notifications_gateway::Notification;
use serde_json::{Value, json};

use super::*;

fn site() -> Site {
    Site {
        base_url: "https://p.example".into(),
        domain: "p.example".into(),
        title: "Photos".into(),
        description: String::new(),
        contact_email: String::new(),
        registrations_open: true,
        version: "0.1.0".into(),
        post_characters_max: 500,
        post_media_max: 10,
        push_key: "BKey=".into(),
        signer: Signer::new(&[7; 32], Duration::from_secs(86_400), Arc::new(SystemClock)),
    }
}

fn person(name: &str, note: &str) -> Arc<Person> {
    Arc::new(Person {
        account: Account {
            username: "ada".into(),
            display_name: name.into(),
            note: note.into(),
            ..Account::default()
        },
        avatar: None,
        header: None,
        graph: GraphStats::default(),
        posts: AuthorStats::default(),
    })
}

fn notification_of(kind: Kind, from: Arc<Person>, post: Option<Post>) -> Told {
    let shown = post.map(|post| {
        let head = PostHead::default();
        let card = Card {
            head: head.clone(),
            post,
            author: Arc::clone(&from),
            media: Vec::new(),
            application: None,
            renderings: Renderings::default(),
        };
        Shown::new(
            Arc::new(card),
            &head,
            ViewerRelation::VISITOR,
            0,
            Marks::default(),
        )
    });
    Told {
        notification: Notification {
            id: u64::MAX / 2,
            kind: kind.into(),
            ..Notification::default()
        },
        from,
        post: shown,
    }
}

fn said(told: &Told) -> Value {
    serde_json::from_slice(&write(&site(), told).unwrap()).unwrap()
}

#[test]
fn it_says_who_did_what_in_the_fields_that_clients_know() {
    let post = Post {
        text: "a lake\n\nat  dusk".into(),
        ..Post::default()
    };
    let expected = json!({
        "access_token": "", "preferred_locale": "en", "notification_id": u64::MAX / 2,
        "notification_type": "favourite", "icon": "https://p.example/assets/avatar.png",
        "title": "Ada likes your post", "body": "a lake at dusk",
    });
    assert_eq!(
        said(&notification_of(
            Kind::Favourite,
            person("Ada", ""),
            Some(post)
        )),
        expected
    );
    let followed = said(&notification_of(
        Kind::Follow,
        person("", "by the sea"),
        None,
    ));
    assert_eq!(followed["title"], "ada follows you");
    assert_eq!(followed["body"], "by the sea");
    assert_eq!(followed["notification_type"], "follow");
}

#[test]
fn a_warning_stands_before_what_it_warns_of() {
    let post = Post {
        text: "the end".into(),
        spoiler_text: "a spoiler".into(),
        media_ids: vec![1, 2],
        ..Post::default()
    };
    let warned = notification_of(Kind::Mention, person("Ada", ""), Some(post.clone()));
    assert_eq!(said(&warned)["body"], "a spoiler");
    for (media_ids, expected) in [(vec![], ""), (vec![1], "A photo"), (vec![1, 2], "2 photos")] {
        let post = Post {
            media_ids,
            ..Post::default()
        };
        let shown = notification_of(Kind::NewPost, person("Ada", ""), Some(post));
        assert_eq!(said(&shown)["body"], expected);
    }
}

#[test]
fn the_longest_fits() {
    for sign in ["\u{1}", "🌅", "\"", "é"] {
        let long = sign.repeat(2_000);
        let post = Post {
            text: long.clone(),
            ..Post::default()
        };
        let longest = notification_of(Kind::FollowRequest, person(&long, &long), Some(post));
        let message = write(&site(), &longest).unwrap();
        // An address of a picture may be longer than that of none.
        assert!(
            message.len() + ICON_BYTES_MAX <= MESSAGE_BYTES_MAX,
            "{}",
            message.len()
        );
        let body = said(&longest)["body"].as_str().unwrap().to_owned();
        assert_eq!(body.chars().count(), BODY_CHARACTERS_MAX);
        assert!(body.ends_with('…'));
    }
}
