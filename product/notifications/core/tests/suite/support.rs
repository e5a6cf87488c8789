//! The domain over a database of its own, and events as the bus delivers them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use business_engagement_gateway::{Liked, Unliked, topics as engagement};
use business_graph_gateway::{
    FollowRequestEnded, FollowRequested, Followed, Unfollowed, topics as graph,
};
use business_posts_gateway::{PostDeleted, PostEdited, PostHead, PostPublished, topics as posts};
use infra_bus::{Event, HandlerError};
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{
    AccountId, Caller, CallerKey, Clock, Context, Error, ErrorCode, IdGenerator, Identity,
    ManualClock, Page, Result, SystemClock, Timestamp,
};
use product_notifications::{DATABASE, Dependencies, NotificationsCore, Settings};
use product_notifications_gateway::{
    Filter, Kind, ListNotificationsRequest, Notification, Notifications,
};
use prost::Message;
use tempfile::TempDir;
use testing_stubs::Stub;

use crate::neighbours::{Followers, Heads};

/// Who is told.
pub(crate) const ADA: u64 = 1;
pub(crate) const BOB: u64 = 2;
pub(crate) const EVE: u64 = 3;

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) database: Database,
    pub(crate) core: NotificationsCore,
    pub(crate) followers: Arc<Followers>,
    heads: Arc<Heads>,
    pub(crate) notifications: Arc<dyn Notifications>,
}

/// A call for somebody who signed in.
pub(crate) fn signed_in(account_id: u64) -> Context {
    let key = CallerKey::new(&[1; 32], Arc::new(SystemClock));
    by(key.mint(Identity {
        account_id: Some(AccountId::new(account_id)),
        ..Identity::default()
    }))
}

/// A call by this caller.
pub(crate) fn by(caller: Caller) -> Context {
    Context::background(Duration::from_secs(60)).with_caller(caller)
}

pub(crate) fn over(
    database: Database,
    settings: Settings,
    heard_for: Duration,
) -> NotificationsCore {
    let asked = (Arc::default(), Arc::default());
    at(Arc::new(SystemClock), database, settings, heard_for, &asked)
}

/// The same by this clock.
fn at(
    clock: Arc<dyn Clock>,
    database: Database,
    settings: Settings,
    heard_for: Duration,
    (followers, heads): &(Arc<Followers>, Arc<Heads>),
) -> NotificationsCore {
    NotificationsCore::new(Dependencies {
        database,
        accounts: Stub::of(followers),
        graph: Stub::of(followers),
        posts: Stub::of(heads),
        clock,
        ids: Arc::new(IdGenerator::new(0, Arc::new(SystemClock))),
        heard_for,
        settings,
        outbound: infra_outbound::Settings::default(),
        push_contact: "mailto:ada@photos.example".to_owned(),
    })
}

/// Hands an event to the consumers that take its topic.
pub(crate) async fn deliver(
    core: &NotificationsCore,
    topic: &str,
    message: &impl Message,
) -> Result<()> {
    deliver_at(core, topic, message, SystemClock.now()).await
}

/// The same of what happened at this time.
async fn deliver_at(
    core: &NotificationsCore,
    topic: &str,
    message: &impl Message,
    at: Timestamp,
) -> Result<()> {
    let context = by(Caller::system());
    let ids = IdGenerator::new(1, Arc::new(SystemClock));
    let event = Event {
        occurred_at: at,
        ..Event::new(&context, &ids, topic, 1, message)
    };
    for consumer in core.consumers() {
        if consumer.subscription.topics.contains(&topic) {
            let handled = consumer.handler.handle(&context, &event).await;
            handled.map_err(as_error)?;
        }
    }
    Ok(())
}

/// Why an event was not handled, as a call would have failed.
fn as_error(error: HandlerError) -> Error {
    match error {
        HandlerError::Unavailable(source) => {
            Error::new(ErrorCode::Unavailable, "not now").with_source(source)
        }
        HandlerError::Retry(source) | HandlerError::Reject(source) => Error::internal(source),
    }
}

/// That one account follows another.
pub(crate) fn followed(follow_id: u64, follower_id: u64, followee_id: u64) -> Followed {
    Followed {
        follow_id,
        follower_id,
        followee_id,
    }
}

impl World {
    async fn open(folder: TempDir, settings: Settings, heard_for: Duration) -> Self {
        let database = open(folder.path()).await;
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let asked = (Arc::<Followers>::default(), Arc::<Heads>::default());
        let core = at(clock.clone(), database.clone(), settings, heard_for, &asked);
        let (followers, heads) = asked;
        let notifications = core.gateway();
        Self {
            folder,
            clock,
            database,
            core,
            followers,
            heads,
            notifications,
        }
    }

    pub(crate) async fn with(settings: Settings, heard_for: Duration) -> Self {
        Self::open(tempfile::tempdir().unwrap(), settings, heard_for).await
    }

    pub(crate) async fn new() -> Self {
        Self::with(Settings::default(), Duration::from_hours(24)).await
    }

    /// The same database after a stop.
    pub(crate) async fn restarted(self) -> Self {
        self.database.close().await;
        Self::open(self.folder, Settings::default(), Duration::from_hours(24)).await
    }

    async fn hears(&self, topic: &str, message: &impl Message) {
        deliver(&self.core, topic, message).await.unwrap();
    }

    /// Somebody likes a post of Ada's.
    pub(crate) async fn liked(&self, like_id: u64, account_id: u64, post_id: u64) {
        let liked = Liked {
            like_id,
            account_id,
            post_id,
            author_id: ADA,
        };
        self.hears(engagement::LIKED, &liked).await;
    }

    /// The same at this time.
    pub(crate) async fn liked_at(
        &self,
        like_id: u64,
        account_id: u64,
        post_id: u64,
        at: Timestamp,
    ) {
        let liked = Liked {
            like_id,
            account_id,
            post_id,
            author_id: ADA,
        };
        let liked = deliver_at(&self.core, engagement::LIKED, &liked, at);
        liked.await.unwrap();
    }

    pub(crate) async fn unliked(&self, like_id: u64, account_id: u64, post_id: u64) {
        let unliked = Unliked {
            like_id,
            account_id,
            post_id,
        };
        self.hears(engagement::UNLIKED, &unliked).await;
    }

    /// Somebody follows Ada.
    pub(crate) async fn followed(&self, follow_id: u64, follower_id: u64) {
        self.hears(graph::FOLLOWED, &followed(follow_id, follower_id, ADA))
            .await;
    }

    pub(crate) async fn unfollowed(&self, follow_id: u64, follower_id: u64) {
        let unfollowed = Unfollowed {
            follow_id,
            follower_id,
            followee_id: ADA,
        };
        self.hears(graph::UNFOLLOWED, &unfollowed).await;
    }

    /// Somebody asks to follow Ada.
    pub(crate) async fn asked(&self, request_id: u64, follower_id: u64) {
        let asked = FollowRequested {
            request_id,
            follower_id,
            followee_id: ADA,
        };
        self.hears(graph::FOLLOW_REQUESTED, &asked).await;
    }

    pub(crate) async fn asked_no_longer(&self, request_id: u64, follower_id: u64) {
        let ended = FollowRequestEnded {
            request_id,
            follower_id,
            followee_id: ADA,
        };
        self.hears(graph::FOLLOW_REQUEST_ENDED, &ended).await;
    }

    pub(crate) async fn published(&self, head: PostHead) {
        let head = Some(head);
        let media_ids = Vec::new();
        self.hears(posts::PUBLISHED, &PostPublished { head, media_ids })
            .await;
    }

    /// That a post was changed, which mentions these since and is shown again by those.
    pub(crate) async fn edited(&self, head: PostHead, mentioned: &[u64], reshared_by: &[u64]) {
        let edited = PostEdited {
            head: Some(head),
            newly_mentioned_ids: mentioned.to_vec(),
            reshared_by_ids: reshared_by.to_vec(),
            ..PostEdited::default()
        };
        self.hears(posts::EDITED, &edited).await;
    }

    /// The same where it may fail.
    pub(crate) async fn try_published(&self, head: PostHead) -> Result<()> {
        let published = PostPublished {
            head: Some(head),
            media_ids: Vec::new(),
        };
        deliver(&self.core, posts::PUBLISHED, &published).await
    }

    /// Somebody wants to be told of each post of somebody whom they follow.
    pub(crate) fn wants_to_be_told(&self, follow_id: u64, follower_id: u64, followee_id: u64) {
        let mut notified = self.followers.notified.lock().unwrap();
        notified.insert(follow_id, (follower_id, followee_id));
    }

    /// Somebody follows somebody, of which nobody is told.
    pub(crate) fn follows(&self, follower: u64, followed: u64) {
        let mut relations = self.followers.relations.lock().unwrap();
        let known = relations.entry((follower, followed)).or_default();
        (known.target_id, known.following) = (followed, true);
        let known = relations.entry((followed, follower)).or_default();
        (known.target_id, known.followed_by) = (follower, true);
    }

    /// An account that was made so long ago.
    pub(crate) fn account_since(&self, age: Duration) -> u64 {
        let age_us = i64::try_from(age.as_micros()).unwrap();
        let then = Timestamp::from_microseconds(self.clock.now().microseconds() - age_us);
        let ids = IdGenerator::new(2, Arc::new(ManualClock::at(then)));
        ids.next::<AccountId>().get()
    }

    /// There is this post, of which nobody is told.
    pub(crate) fn has_post(&self, head: PostHead) {
        self.heads.0.lock().unwrap().insert(head.id, head);
    }

    pub(crate) async fn deleted(&self, post: u64) {
        self.deleted_as(mentioning(post, 0, &[])).await;
    }

    pub(crate) async fn deleted_as(&self, head: PostHead) {
        let deleted = PostDeleted {
            head: Some(head),
            ..PostDeleted::default()
        };
        self.hears(posts::DELETED, &deleted).await;
    }

    pub(crate) async fn list(
        &self,
        account: u64,
        page: Page,
        filter: Filter,
    ) -> Result<Vec<Notification>> {
        let request = ListNotificationsRequest::new(AccountId::new(account), page, filter);
        let context = signed_in(account);
        let reply = self
            .notifications
            .list_notifications(&context, request)
            .await?;
        Ok(reply.notifications)
    }

    /// What an account was told, newest first: of which kind, by whom, about which post.
    pub(crate) async fn notified(&self, account: u64) -> Vec<(Kind, u64, u64)> {
        let all = self
            .list(account, Page::newest(200), Filter::default())
            .await
            .unwrap();
        assert!(all.is_sorted_by(|one, other| one.id > other.id));
        assert!(all.iter().all(|one| one.account_id == account));
        let all = all.iter().map(|one| (one.kind(), one.from_id, one.post_id));
        all.collect()
    }

    /// What such a query counts in the database.
    pub(crate) async fn number(&self, query: &'static str) -> i64 {
        let number = infra_db::query_scalar(query).fetch_one(self.database.reader());
        number.await.unwrap()
    }
}

async fn open(folder: &Path) -> Database {
    testing_databases::open(&DATABASE, folder).await
}

/// A post that mentions these.
pub(crate) fn mentioning(id: u64, author_id: u64, mentioned: &[u64]) -> PostHead {
    PostHead {
        id,
        author_id,
        mentioned_ids: mentioned.to_vec(),
        ..PostHead::default()
    }
}
