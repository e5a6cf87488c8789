use business_accounts_gateway::{Account as Known, ProfileField};
use business_graph_gateway::GraphStats;
use business_media_gateway::{MediaItem, MediaState, Rendition};
use business_posts_gateway::{AuthorStats, Post, PostHead};
use presentation_kit::{Person, Surfaced};
use serde_json::{Value, from_slice, json, to_string};

use super::*;

const NOON_US: i64 = 1_772_357_400_125_900;
const DAY_US: i64 = 86_400_000_000;

pub(crate) fn site() -> Site {
    Site {
        base_url: "http://p.example".into(),
        domain: "p.example".into(),
        title: "Photos".into(),
        description: "A place".into(),
        contact_email: String::new(),
        registrations_open: true,
        version: "0.1.0".into(),
        post_characters_max: 500,
        post_media_max: 10,
        signer: presentation_kit::Signer::new(
            &[7; 32],
            std::time::Duration::from_secs(86_400),
            std::sync::Arc::new(infra_kernel::SystemClock),
        ),
    }
}

pub(crate) fn person() -> Person {
    Person {
        account: Known {
            id: 7,
            username: "ada".into(),
            display_name: "Ada L.".into(),
            note: "Light & shadow".into(),
            fields: vec![ProfileField {
                name: "Web".into(),
                value: "https://a.example".into(),
            }],
            discoverable: true,
            created_at_us: NOON_US,
            default_visibility: "unlisted".into(),
            default_language: "en".into(),
            ..Known::default()
        },
        avatar: None,
        header: None,
        graph: GraphStats {
            account_id: 7,
            followers: 3,
            following: 2,
        },
        posts: AuthorStats {
            author_id: 7,
            posts: 5,
            last_posted_at_us: NOON_US + DAY_US,
        },
        surfaced: Surfaced::default(),
    }
}

pub(crate) fn picture() -> MediaItem {
    let rendition = |name: &str, key: &str, width, height| Rendition {
        name: name.into(),
        key: key.into(),
        content_type: "image/jpeg".into(),
        width,
        height,
        bytes: 1_000,
    };
    MediaItem {
        id: 40,
        owner_id: 7,
        state: MediaState::Ready.into(),
        open: true,
        description: "A \"lake\"".into(),
        focus_x: 0.1,
        focus_y: -0.5,
        blurhash: "LEHV6nWB2yk8".into(),
        renditions: vec![
            rendition("grid", "cc33.jpg", 400, 200),
            rendition("feed", "bb22.jpg", 1_080, 540),
            rendition("full", "aa11.jpg", 2_048, 1_024),
        ],
        ..MediaItem::default()
    }
}

pub(crate) fn card() -> Card {
    let post = Post {
        id: 99,
        author_id: 7,
        visibility: Visibility::Private.into(),
        text: "Hello @bob\n<&>".into(),
        sensitive: true,
        spoiler_text: "lake".into(),
        media_ids: vec![40],
        mentions: vec![Mention {
            account_id: 8,
            username: "bob".into(),
        }],
        in_reply_to_id: 98,
        in_reply_to_author_id: 8,
        created_at_us: NOON_US,
        replies_count: 4,
        ..Post::default()
    };
    Card {
        head: PostHead {
            id: 99,
            author_id: 7,
            ..PostHead::default()
        },
        post,
        author: Arc::new(person()),
        media: vec![picture()],
        application: Some(("Toot".into(), String::new())),
        surfaced: Surfaced::default(),
    }
}

fn by_serde(card: &Card, signed_in: bool) -> String {
    let status = Status {
        shared: Shared::of(&site(), card),
        text: None,
        marks: signed_in.then(Marks::default),
    };
    to_string(&status).unwrap()
}

#[test]
fn what_is_put_together_is_what_serde_writes() {
    let cards = [Arc::new(card()), Arc::new(card())];
    for signed_in in [true, false] {
        let one = by_serde(&cards[0], signed_in);
        let mut written = Vec::with_capacity(length(&site(), &cards[0]));
        let room = written.capacity();
        write(&site(), signed_in, &cards[0], &mut written);
        assert_eq!(String::from_utf8(written.clone()).unwrap(), one);
        assert_eq!(written.capacity(), room, "the buffer had to grow");
        assert_eq!(
            list(&site(), signed_in, &cards),
            format!("[{one},{one}]").as_bytes()
        );
        assert_eq!(list(&site(), signed_in, &[]), b"[]".as_slice());
        assert_eq!(
            context(&site(), signed_in, &cards[..1], &[]),
            format!("{{\"ancestors\":[{one}],\"descendants\":[]}}").as_bytes()
        );
    }
}

#[test]
fn a_status_has_every_field_that_clients_read() {
    let mut value: Value = from_slice(by_serde(&card(), true).as_bytes()).unwrap();
    let status = value.as_object_mut().unwrap();
    assert_eq!(status.remove("account").unwrap()["acct"], "ada");
    let media = status.remove("media_attachments").unwrap();
    assert_eq!(media[0]["id"], "40");
    let expected = json!({
        "id": "99", "created_at": "2026-03-01T09:30:00.125Z", "in_reply_to_id": "98", "in_reply_to_account_id": "8",
        "sensitive": true, "spoiler_text": "lake", "visibility": "private", "language": null,
        "uri": "http://p.example/users/ada/statuses/99", "url": "http://p.example/@ada/99",
        "replies_count": 4, "reblogs_count": 0, "favourites_count": 0, "edited_at": null,
        "content": "<p>Hello <span class=\"h-card\"><a href=\"http://p.example/@bob\" class=\"u-url mention\">@<span>bob\
                    </span></a></span><br />&lt;&amp;&gt;</p>",
        "reblog": null, "application": {"name": "Toot", "website": null},
        "mentions": [{"id": "8", "username": "bob", "url": "http://p.example/@bob", "acct": "bob"}],
        "tags": [], "emojis": [], "card": null, "poll": null,
        "favourited": false, "reblogged": false, "muted": false, "bookmarked": false, "pinned": false, "filtered": [],
    });
    assert_eq!(value, expected);
}

#[test]
fn only_a_deleted_status_carries_its_text() {
    let value = serde_json::to_value(Status::deleted(&site(), &card())).unwrap();
    assert_eq!(value["text"], "Hello @bob\n<&>");
    let shown: Value = from_slice(by_serde(&card(), false).as_bytes()).unwrap();
    assert_eq!(shown.get("text"), None);
    assert_eq!(
        shown.get("favourited"),
        None,
        "a visitor has no marks of their own"
    );
}
