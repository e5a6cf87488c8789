//! Domains in memory, just enough of each, and a client that calls the router.

mod accounts;
mod client;
mod engagement;
mod feed;
mod filters;
mod graph;
mod lists;
mod media;
mod moderation;
mod notifications;
mod posts;
mod uploads;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use business_accounts_gateway::Account;
use business_engagement_gateway::{PostBookmark, PostLike};
use business_graph_gateway::{AccountFilter, AccountList, AccountMute, Follow, ListMember};
use business_media_gateway::MediaItem;
use business_moderation_gateway::Case;
use business_posts_gateway::{CreatePostRequest, FollowedTag, Post, Visibility};
use bytes::Bytes;
use presentation_kit::{Gateways, Site, Surface};
use product_notifications_gateway::{Marker, Notification};
use testing_stubs::Stub;

pub(crate) use client::{Client, TestResponse, request};

pub(crate) const ADA: u64 = 7;
pub(crate) const BOB: u64 = 8;
/// 2026-03-01T09:30:00.125Z
pub(crate) const NOON_US: i64 = 1_772_357_400_125_000;

/// What the domains hold and what they were told.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) accounts: Mutex<Vec<Account>>,
    pub(crate) follows: Mutex<Vec<Follow>>,
    /// Who blocks whom.
    pub(crate) blocks: Mutex<Vec<(u64, u64)>>,
    pub(crate) mutes: Mutex<Vec<AccountMute>>,
    /// Who wrote down what about whom.
    pub(crate) account_notes: Mutex<BTreeMap<(u64, u64), String>>,
    /// Lists, each with who is on it: the latest first.
    pub(crate) lists: Mutex<Vec<(AccountList, Vec<ListMember>)>>,
    pub(crate) filters: Mutex<Vec<AccountFilter>>,
    pub(crate) posts: Mutex<Vec<Post>>,
    /// Who follows which hashtag, each with the id of the follow.
    pub(crate) followed_tags: Mutex<Vec<(u64, FollowedTag)>>,
    pub(crate) likes: Mutex<Vec<PostLike>>,
    pub(crate) bookmarks: Mutex<Vec<PostBookmark>>,
    pub(crate) cases: Mutex<Vec<Case>>,
    pub(crate) notifications: Mutex<Vec<Notification>>,
    pub(crate) markers: Mutex<Vec<Marker>>,
    pub(crate) media: Mutex<Vec<MediaItem>>,
    /// The bytes of every upload that came to its end.
    pub(crate) uploads: Mutex<Vec<Bytes>>,
    /// Uploads in parts.
    pub(crate) in_parts: Mutex<Vec<uploads::InParts>>,
    /// Renditions by key, in the chunks in which they are sent.
    pub(crate) files: Mutex<Vec<(&'static str, Vec<Bytes>)>>,
    /// Whether the renditions are for those with a signature only.
    pub(crate) closed: AtomicBool,
    /// Whether no other forms are made of any.
    pub(crate) no_forms: AtomicBool,
    /// Posts as they were asked for.
    pub(crate) created: Mutex<Vec<CreatePostRequest>>,
    /// What happened, in words.
    pub(crate) log: Mutex<Vec<String>>,
    /// Whether uploads stay unprocessed, fail, or are refused while they arrive or, in parts, when
    /// they are whole.
    pub(crate) processing: Mutex<Processing>,
    next_id: AtomicU64,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processing {
    #[default]
    Quick,
    Slow,
    Failing,
    Refusing,
}

impl World {
    /// Ada and Bob, who do not follow each other.
    pub(crate) fn new() -> Arc<Self> {
        let world = Self::default();
        world.next_id.store(1_000, Ordering::Relaxed);
        for (id, username) in [(ADA, "ada"), (BOB, "bob")] {
            world.accounts.lock().unwrap().push(Account {
                id,
                revision: 1,
                username: username.into(),
                created_at_us: NOON_US,
                default_visibility: "public".into(),
                ..Account::default()
            });
        }
        Arc::new(world)
    }

    pub(crate) fn client(self: &Arc<Self>) -> Client {
        Client::new(&self.surface())
    }

    pub(crate) fn surface(self: &Arc<Self>) -> Surface {
        let gateways = Gateways {
            accounts: Stub::of(self),
            graph: Stub::of(self),
            media: Stub::of(self),
            posts: Stub::of(self),
            engagement: Stub::of(self),
            moderation: Stub::of(self),
            feed: Stub::of(self),
            notifications: Stub::of(self),
        };
        let site = Site {
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
        };
        Surface::new(gateways, site)
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap().push(what.into());
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn set(&self, processing: Processing) {
        *self.processing.lock().unwrap() = processing;
    }

    /// Changes a post that is there.
    pub(crate) fn change(&self, id: u64, change: impl FnOnce(&mut Post)) {
        let mut posts = self.posts.lock().unwrap();
        change(posts.iter_mut().find(|post| post.id == id).unwrap());
    }

    /// Puts a post there and returns its id.
    pub(crate) fn posted(&self, author_id: u64, text: &str, visibility: Visibility) -> u64 {
        let id = self.next_id();
        self.posts.lock().unwrap().push(Post {
            id,
            author_id,
            revision: 1,
            visibility: visibility.into(),
            text: text.into(),
            tags: business_posts_gateway::Tag::all_of(text),
            created_at_us: NOON_US,
            ..Post::default()
        });
        id
    }
}
