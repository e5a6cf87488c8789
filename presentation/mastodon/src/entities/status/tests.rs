use business_accounts_gateway::{Account as Known, ProfileField};
use business_graph_gateway::{AccountFilter, GraphStats};
use business_media_gateway::{MediaItem, MediaState, Rendition};
use business_posts_gateway::{AuthorStats, Post, PostHead};
use std::sync::Arc;

use presentation_kit::rules::ViewerRelation;
use presentation_kit::{FilterMatch, Person, Renderings};
use serde_json::{Value, from_slice, json, to_string};

use super::json::SharedJson;
use super::*;

const NOON_US: i64 = 1_772_357_400_125_900;
/// Whose the card is.
const AUTHOR: AccountId = AccountId::new(7);
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
        push_key: "BKey=".into(),
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
            ..AuthorStats::default()
        },
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
        text: "Hello @bob\n<&> #Café".into(),
        tags: business_posts_gateway::Tag::all_of("#Café"),
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
        renderings: Renderings::default(),
    }
}

/// The card as this viewer is shown it, after four replies.
fn shown_to(viewer: Option<AccountId>, card: &Arc<Card>) -> Shown {
    let relation = ViewerRelation::of(viewer, AUTHOR, None);
    let head = PostHead {
        replies_count: 4,
        ..card.head.clone()
    };
    Shown::new(Arc::clone(card), &head, relation, 0, card::Marks::default())
}

fn by_serde(shown: &Shown) -> String {
    to_string(&Status::of(&site(), shown, MediaAttachment::of_post)).unwrap()
}

fn written(shown: &Shown) -> String {
    let mut json = Vec::with_capacity(length(&site(), shown));
    let room = json.capacity();
    write(&site(), shown, &mut json);
    assert_eq!(json.capacity(), room, "the buffer had to grow");
    String::from_utf8(json).unwrap()
}

#[test]
fn what_is_put_together_is_what_serde_writes() {
    let card = Arc::new(card());
    for viewer in [Some(AUTHOR), Some(AccountId::new(8)), None] {
        let posts = [shown_to(viewer, &card), shown_to(viewer, &card)];
        let one = by_serde(&posts[0]);
        assert_eq!(written(&posts[0]), one);
        assert_eq!(list(&site(), &posts), format!("[{one},{one}]").as_bytes());
        assert_eq!(list(&site(), &[]), b"[]".as_slice());
        assert_eq!(
            context(&site(), &posts[..1], &[]),
            format!("{{\"ancestors\":[{one}],\"descendants\":[]}}").as_bytes()
        );
    }
}

#[test]
fn counts_and_marks_move_round_what_is_kept() {
    let card = Arc::new(card());
    let mut shown = shown_to(Some(AccountId::new(8)), &card);
    written(&shown);
    let kept: *const SharedJson = shown.renderings.of(|| unreachable!("made already"));
    for (count, likes, liked) in [(0, 0, false), (5, 1, true), (u64::MAX, u64::MAX, false)] {
        shown.counts = card::Counts {
            replies: count,
            likes,
            reshares: count,
        };
        shown.marks = Some(card::Marks {
            liked,
            bookmarked: !liked,
            reshared: liked,
            pinned: !liked,
        });
        let status: Value = from_slice(written(&shown).as_bytes()).unwrap();
        assert_eq!(written(&shown), by_serde(&shown));
        assert_eq!(status["replies_count"], count);
        assert_eq!(status["reblogs_count"], count);
        assert_eq!(status["reblogged"], liked);
        assert_eq!(status["pinned"], !liked);
        assert_eq!(status["favourites_count"], likes);
        assert_eq!(status["favourited"], liked);
        assert_eq!(status["bookmarked"], !liked);
        let still: *const SharedJson = shown.renderings.of(|| unreachable!("made already"));
        assert_eq!(still, kept);
    }
}

#[test]
fn filters_that_match_are_put_in_as_serde_writes_them() {
    let card = Arc::new(card());
    let mut shown = shown_to(Some(AccountId::new(8)), &card);
    let filter = AccountFilter {
        id: u64::MAX,
        title: "\u{1}\"".repeat(8),
        contexts: (1..=5).collect(),
        action: 3,
        expires_at_us: NOON_US,
        ..AccountFilter::default()
    };
    let matching = |keyword: Option<&str>, posts: &[u64]| FilterMatch {
        filter: Arc::new(filter.clone()),
        keyword: keyword.map(str::to_owned),
        posts: posts.to_vec(),
    };
    shown.filtered.push(matching(Some(&"\u{1}".repeat(8)), &[]));
    assert_eq!(written(&shown), by_serde(&shown));
    shown.filtered = vec![matching(None, &[u64::MAX, u64::MAX]); 5];
    assert_eq!(written(&shown), by_serde(&shown));
    let status: Value = from_slice(written(&shown).as_bytes()).unwrap();
    let told = &status["filtered"][4];
    let all = json!(["home", "notifications", "public", "thread", "account"]);
    assert_eq!(told["filter"]["context"], all);
    assert_eq!(told["filter"]["expires_at"], "2026-03-01T09:30:00.125Z");
    assert_eq!(told["filter"].get("keywords"), None);
    assert_eq!(told["keyword_matches"], json!([]));
}

#[test]
fn a_status_has_every_field_that_clients_read() {
    let mut value: Value =
        from_slice(by_serde(&shown_to(Some(AUTHOR), &Arc::new(card()))).as_bytes()).unwrap();
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
                    </span></a></span><br />&lt;&amp;&gt; <a href=\"http://p.example/tags/caf%C3%A9\" \
                    class=\"mention hashtag\" rel=\"tag\">#<span>Café</span></a></p>",
        "application": {"name": "Toot", "website": null},
        "mentions": [{"id": "8", "username": "bob", "url": "http://p.example/@bob", "acct": "bob"}],
        "tags": [{"name": "café", "url": "http://p.example/tags/caf%C3%A9"}], "emojis": [], "card": null, "poll": null,
        "favourited": false, "reblogged": false, "muted": false, "bookmarked": false, "pinned": false, "filtered": [],
        "reblog": null,
    });
    assert_eq!(value, expected);
}

#[test]
fn a_reshare_holds_what_it_shows_again() {
    let original = Arc::new(card());
    let reshare = Arc::new(Card {
        head: PostHead {
            id: 120,
            author_id: 8,
            reshare_of_id: 99,
            ..PostHead::default()
        },
        post: Post {
            id: 120,
            author_id: 8,
            visibility: Visibility::Public.into(),
            reshare_of_id: 99,
            ..Post::default()
        },
        media: Vec::new(),
        application: None,
        ..card()
    });
    for viewer in [Some(AUTHOR), Some(AccountId::new(8)), None] {
        let reshared = Some(Box::new(shown_to(viewer, &original)));
        let shown = Shown {
            reshared,
            ..shown_to(viewer, &reshare)
        };
        assert_eq!(written(&shown), by_serde(&shown));
        let status: Value = from_slice(written(&shown).as_bytes()).unwrap();
        let itself: Value = from_slice(by_serde(&shown_to(viewer, &original)).as_bytes()).unwrap();
        assert_eq!((&status["id"], &status["reblog"]), (&json!("120"), &itself));
    }
}

#[test]
fn only_a_deleted_status_carries_its_text() {
    let card = Arc::new(card());
    let deleted = Status::deleted(&site(), &shown_to(Some(AUTHOR), &card));
    let value = serde_json::to_value(deleted).unwrap();
    assert_eq!(value["text"], "Hello @bob\n<&> #Café");
    let shown: Value = from_slice(by_serde(&shown_to(None, &card)).as_bytes()).unwrap();
    assert_eq!(shown.get("text"), None);
    assert_eq!(
        shown.get("favourited"),
        None,
        "a visitor has no marks of their own"
    );
}

#[test]
fn only_the_author_hears_why_a_picture_of_a_status_is_missing() {
    let mut card = card();
    let lost = MediaItem {
        id: 41,
        state: MediaState::Failed.into(),
        failure: "The files were lost. Please upload it again.".into(),
        failure_code: "lost".into(),
        ..picture()
    };
    card.media.push(lost);
    card.post.originals_shared = true;
    let card = Arc::new(card);
    let shown = |viewer| -> Value {
        let json = written(&shown_to(viewer, &card));
        from_slice::<Value>(json.as_bytes()).unwrap()["media_attachments"].clone()
    };
    // Each before and after the others: what is kept for everyone must not be the author's.
    for viewer in [
        None,
        Some(AUTHOR),
        Some(AccountId::new(8)),
        Some(AUTHOR),
        None,
    ] {
        let pictures = shown(viewer);
        assert_eq!(pictures[0]["type"], "image");
        let missing = &pictures[1];
        assert_eq!(
            (&missing["type"], &missing["id"]),
            (&json!("unknown"), &json!("41"))
        );
        for nothing in ["url", "preview_url", "remote_url"] {
            assert_eq!(missing[nothing], json!(null), "{nothing}");
        }
        assert_eq!(missing["description"], "A \"lake\"");
        assert_eq!(missing.get("original_url"), None);
        let told = missing.get("failure").and_then(Value::as_str);
        let code = missing.get("failure_code").and_then(Value::as_str);
        if viewer == Some(AUTHOR) {
            assert_eq!(told, Some("The files were lost. Please upload it again."));
            assert_eq!(code, Some("lost"));
        } else {
            assert_eq!((told, code), (None, None), "{viewer:?}");
        }
    }
}
