//! Posts and follows as their contracts describe them, held in memory; and a feed on top.

mod stubs;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use business_graph_gateway as graph;
use business_posts_gateway as posts;
use infra_bus::Event;
use infra_kernel::{Context, Direction, IdGenerator, ManualClock, Result, Timestamp};
use posts::{PostHead, Visibility};

use crate::gate::Gate;

/// 2026-06-01.
const START: Timestamp = Timestamp::from_milliseconds(1_780_272_000_000);

pub(crate) const NOTHING: [u64; 0] = [];

pub(crate) fn context() -> Context {
    Context::background(Duration::from_secs(60))
}

/// A list of accounts.
pub(crate) struct List {
    pub(crate) owner: u64,
    pub(crate) policy: graph::RepliesPolicy,
    pub(crate) members: Vec<u64>,
}

/// Who follows whom, and who posted what.
pub(crate) struct World {
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) clock: Arc<ManualClock>,
    follows: Mutex<BTreeMap<u64, (u64, u64)>>,
    pub(crate) posts: Mutex<BTreeMap<u64, PostHead>>,
    /// The hashtag of a post, by the post; and who follows which.
    pub(crate) tags: Mutex<BTreeMap<u64, &'static str>>,
    pub(crate) followed_tags: Mutex<Vec<(u64, &'static str)>>,
    /// By their ids.
    pub(crate) lists: Mutex<BTreeMap<u64, List>>,
    pub(crate) followers_listed: AtomicUsize,
    pub(crate) following_listed: AtomicUsize,
    pub(crate) posts_listed: AtomicUsize,
    pub(crate) followers_gate: Gate,
    pub(crate) posts_gate: Gate,
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        let clock = Arc::new(ManualClock::at(START));
        Arc::new(Self {
            ids: Arc::new(IdGenerator::new(0, clock.clone())),
            clock,
            follows: Mutex::default(),
            posts: Mutex::default(),
            tags: Mutex::default(),
            lists: Mutex::default(),
            followed_tags: Mutex::default(),
            followers_listed: AtomicUsize::new(0),
            following_listed: AtomicUsize::new(0),
            posts_listed: AtomicUsize::new(0),
            followers_gate: Gate::default(),
            posts_gate: Gate::default(),
        })
    }

    fn event(&self, topic: &str, key: u64, message: &impl prost::Message) -> Event {
        Event::new(&context(), &self.ids, topic, key, message)
    }

    pub(crate) fn follows(&self, follower: u64, followee: u64) -> bool {
        self.follows
            .lock()
            .unwrap()
            .values()
            .any(|pair| *pair == (follower, followee))
    }

    pub(crate) fn follow(&self, follower: u64, followee: u64) -> Event {
        let follow_id = self.ids.next_raw();
        if !self.follows(follower, followee) {
            self.follows
                .lock()
                .unwrap()
                .insert(follow_id, (follower, followee));
        }
        let message = graph::Followed {
            follow_id,
            follower_id: follower,
            followee_id: followee,
        };
        self.event("graph.followed", follower, &message)
    }

    pub(crate) fn unfollow(&self, follower: u64, followee: u64) -> Event {
        self.follows
            .lock()
            .unwrap()
            .retain(|_, pair| *pair != (follower, followee));
        let message = graph::Unfollowed {
            follow_id: 0,
            follower_id: follower,
            followee_id: followee,
        };
        self.event("graph.unfollowed", follower, &message)
    }

    pub(crate) fn publish(&self, author: u64) -> (u64, Event) {
        self.publish_as(author, Visibility::Public, &[], None)
    }

    /// Edits a post, which mentions these too since.
    pub(crate) fn edit(&self, post: u64, newly_mentioned: &[u64]) -> Event {
        let mut posts = self.posts.lock().unwrap();
        let head = posts.get_mut(&post).unwrap();
        head.mentioned_ids.extend(newly_mentioned);
        let message = posts::PostEdited {
            head: Some(head.clone()),
            newly_mentioned_ids: newly_mentioned.to_vec(),
            ..posts::PostEdited::default()
        };
        self.event("posts.edited", post, &message)
    }

    pub(crate) fn publish_as(
        &self,
        author: u64,
        visibility: Visibility,
        mentioned: &[u64],
        replies: Option<u64>,
    ) -> (u64, Event) {
        let id = self.ids.next_raw();
        let mut posts = self.posts.lock().unwrap();
        let parent = replies.and_then(|post| posts.get(&post));
        let head = PostHead {
            id,
            author_id: author,
            visibility: visibility.into(),
            mentioned_ids: mentioned.to_vec(),
            in_reply_to_id: parent.map_or(0, |post| post.id),
            in_reply_to_author_id: parent.map_or(0, |post| post.author_id),
            ..PostHead::default()
        };
        posts.insert(id, head.clone());
        let message = posts::PostPublished {
            head: Some(head),
            media_ids: vec![],
        };
        (id, self.event("posts.published", id, &message))
    }

    pub(crate) fn delete(&self, post: u64) -> Event {
        let head = self.posts.lock().unwrap().remove(&post);
        let message = posts::PostDeleted {
            head: head.or(Some(PostHead {
                id: post,
                ..PostHead::default()
            })),
            media_ids: vec![],
            tag_names: Vec::new(),
        };
        self.event("posts.deleted", post, &message)
    }

    /// Whether a post has a hashtag that the reader follows.
    fn is_tagged_for(&self, reader: u64, post: u64) -> bool {
        let tags = self.tags.lock().unwrap();
        let followed = self.followed_tags.lock().unwrap();
        let tag = tags.get(&post);
        tag.is_some_and(|tag| followed.contains(&(reader, *tag)))
    }

    /// What a reader's home timeline should be, newest first, worked out the plain way.
    pub(crate) fn expected(&self, reader: u64) -> Vec<u64> {
        let posts = self.posts.lock().unwrap();
        let mine = posts.values().rev().filter(|post| {
            let author = post.author_id;
            let replied_to = post.in_reply_to_author_id;
            let replies_to_unfollowed = replied_to != 0
                && replied_to != author
                && replied_to != reader
                && !self.follows(reader, replied_to);
            let direct = post.visibility() == Visibility::Direct;
            let left_out = direct && !post.mentioned_ids.contains(&reader);
            author == reader
                || self.is_tagged_for(reader, post.id)
                || (self.follows(reader, author) && !replies_to_unfollowed && !left_out)
        });
        mine.map(|post| post.id).collect()
    }

    fn page_of<T: Clone>(
        rows: impl DoubleEndedIterator<Item = (u64, T)>,
        page: Option<infra_rpc::v1::Page>,
        limit_max: u32,
    ) -> Result<Vec<T>> {
        let page = infra_rpc::v1::Page::required(page, limit_max)?;
        let within = rows.filter(|(id, _)| *id > page.after && *id < page.before);
        let limit = page.limit as usize;
        let mut found: Vec<T> = match page.direction {
            Direction::Older => return Ok(within.rev().take(limit).map(|(_, row)| row).collect()),
            Direction::Newer => within.take(limit).map(|(_, row)| row).collect(),
        };
        found.reverse();
        Ok(found)
    }

    fn list_follows(
        &self,
        request: graph::ListFollowsRequest,
        wanted: impl Fn(u64, u64) -> bool,
    ) -> Result<graph::ListFollowsReply> {
        let follows = self.follows.lock().unwrap();
        let rows = follows
            .iter()
            .filter(|(_, (follower, followee))| wanted(*follower, *followee));
        let rows = rows.map(|(id, (follower, followee))| {
            let follow = graph::Follow {
                id: *id,
                follower_id: *follower,
                followee_id: *followee,
                ..graph::Follow::default()
            };
            (*id, follow)
        });
        let follows = Self::page_of(rows, request.page, graph::PAGE_LIMIT_MAX)?;
        Ok(graph::ListFollowsReply { follows })
    }
}
