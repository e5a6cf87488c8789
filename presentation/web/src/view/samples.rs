//! Cards for tests.

use std::sync::Arc;

use business_accounts_gateway::Account;
use business_graph_gateway::GraphStats;
use business_media_gateway::{Camera, MediaItem, MediaState, Rendition};
use business_posts_gateway::{AuthorStats, Post, PostHead, Visibility};
use infra_kernel::Timestamp;
use presentation_kit::rules::ViewerRelation;
use presentation_kit::{Card, Marks, Person, Renderings, Shown, Site};

/// 2026-06-15T12:00:00Z
pub(crate) const NOW: Timestamp = Timestamp::from_milliseconds(1_781_524_800_000);

pub(crate) fn site() -> Site {
    Site {
        base_url: "https://photos.example".into(),
        domain: "photos.example".into(),
        title: "Harbour Light".into(),
        description: "Photographs from people who live by the sea.".into(),
        contact_email: "keeper@photos.example".into(),
        registrations_open: true,
        version: "0.1.0".into(),
        post_characters_max: 2_000,
        post_media_max: 20,
        push_key: "BKey=".into(),
        signer: presentation_kit::Signer::new(
            &[7; 32],
            std::time::Duration::from_secs(86_400),
            std::sync::Arc::new(infra_kernel::SystemClock),
        ),
    }
}

pub(crate) fn photo(id: u64, width: u32, height: u32) -> MediaItem {
    let rendition = |name: &str, edge: u32| {
        let scale = f64::from(edge) / f64::from(width.max(height));
        let scaled = |length: u32| (f64::from(length) * scale).round() as u32;
        Rendition {
            name: name.into(),
            key: format!("{id}-{name}.jpg"),
            content_type: "image/jpeg".into(),
            width: scaled(width),
            height: scaled(height),
            bytes: 1,
        }
    };
    MediaItem {
        id,
        state: MediaState::Ready.into(),
        open: true,
        description: format!("A photo, {width} by {height}"),
        blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj".into(),
        dominant_color: "#806040".into(),
        width,
        height,
        renditions: vec![
            rendition("grid", 400),
            rendition("feed", 1_080),
            rendition("full", 2_048),
        ],
        attached: true,
        ..MediaItem::default()
    }
}

pub(crate) fn camera() -> Camera {
    Camera {
        make: "Canon".into(),
        model: "Canon EOS R5".into(),
        lens: "RF85mm F2 MACRO IS STM".into(),
        exposure_time: "1/250".into(),
        aperture: 2.0,
        iso: 100,
        focal_length_mm: 85.0,
    }
}

/// The moving picture of an animation.
pub(crate) fn animation(id: u64) -> Rendition {
    Rendition {
        name: "full".into(),
        key: format!("{id}-moving.webp"),
        content_type: "image/webp".into(),
        width: 480,
        height: 320,
        bytes: 1,
    }
}

pub(crate) fn person(id: u64, username: &str, name: &str) -> Person {
    Person {
        account: Account {
            id,
            username: username.into(),
            display_name: name.into(),
            ..Account::default()
        },
        avatar: None,
        header: None,
        graph: GraphStats {
            account_id: id,
            followers: 1_204,
            following: 87,
        },
        posts: AuthorStats {
            author_id: id,
            posts: 42,
            last_posted_at_us: 0,
            top_level_posts: 42,
        },
    }
}

/// A card as a visitor is shown it.
pub(crate) fn shown(card: Card) -> Shown {
    let head = card.head.clone();
    Shown::new(
        Arc::new(card),
        &head,
        ViewerRelation::VISITOR,
        0,
        Marks::default(),
    )
}

pub(crate) fn card(id: u64, text: &str, photos: &[(u32, u32)]) -> Card {
    let head = PostHead {
        id,
        author_id: 1,
        visibility: Visibility::Public.into(),
        ..PostHead::default()
    };
    Card {
        post: Post {
            id,
            author_id: 1,
            visibility: Visibility::Public.into(),
            text: text.into(),
            created_at_us: NOW.microseconds() - 3 * 3_600 * 1_000_000,
            ..Post::default()
        },
        head,
        author: Arc::new(person(1, "ada", "Ada Lovelace")),
        media: photos
            .iter()
            .zip(id * 100..)
            .map(|((width, height), id)| photo(id, *width, *height))
            .collect(),
        application: None,
        renderings: Renderings::default(),
    }
}
