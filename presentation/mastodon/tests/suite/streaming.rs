//! What is told to those who listen, whatever else is said about who should hear it.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, BodyDataStream};
use business_posts_gateway::{PostHead, Visibility};
use futures::StreamExt as _;
use http::Method;
use infra_kernel::{AccountId, Clock as _, Context, Result, SystemClock};
use presentation_kit::happenings::{Happening, Happenings, Heard, Watch};
use presentation_mastodon::streaming::{self, Streaming, StreamingSettings};
use product_notifications_gateway::{Kind, Notification, NotificationId};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::ServiceExt as _;

use crate::world::{ADA, BOB, NOON_US, World, request};

/// The longest that anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that tells, and what happens to it.
struct Stage {
    router: Router,
    happen: mpsc::UnboundedSender<Happening>,
    _stop: DropGuard,
}

/// What a test says happens.
struct Told(Mutex<Option<mpsc::UnboundedReceiver<Happening>>>);

struct Watching(mpsc::UnboundedReceiver<Happening>);

#[async_trait]
impl Happenings for Told {
    async fn watch(&self) -> Result<Box<dyn Watch>> {
        let happening = self.0.lock().unwrap().take();
        Ok(Box::new(Watching(happening.expect("it is watched once"))))
    }
}

#[async_trait]
impl Watch for Watching {
    async fn next(&mut self) -> Result<Vec<Heard>> {
        match self.0.recv().await {
            Some(happening) => Ok(vec![Heard {
                context: Context::background(PATIENCE),
                at: SystemClock.now(),
                happening,
            }]),
            None => std::future::pending().await,
        }
    }
}

/// Somebody who listens.
struct Listener(Pin<Box<BodyDataStream>>);

impl Stage {
    fn of(world: &Arc<World>) -> Self {
        let surface = world.surface();
        let (happen, happening) = mpsc::unbounded_channel();
        let told = Arc::new(Told(Mutex::new(Some(happening))));
        let stop = CancellationToken::new();
        let settings = StreamingSettings::default();
        let streaming = Streaming::start(&surface, told, &settings, stop.clone());
        Self {
            router: streaming::router(&streaming).with_state(surface),
            happen,
            _stop: stop.drop_guard(),
        }
    }

    async fn listen(&self, token: &str, stream: &str) -> Listener {
        let path = format!("/api/v1/streaming/{stream}");
        let request = request(Method::GET, token, &path).body(Body::empty());
        let response = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut listener = Listener(Box::pin(response.into_body().into_data_stream()));
        assert_eq!(listener.next().await.unwrap(), ":)\n\n");
        listener
    }
}

impl Listener {
    async fn next(&mut self) -> Option<String> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
        let bytes = next.expect("something is told")?.unwrap();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The event, and the id of what it is about.
    async fn brief(&mut self) -> (String, u64) {
        let text = self.next().await.unwrap();
        let (event, data) = text.trim_end().split_once("\ndata: ").unwrap();
        let event = event.strip_prefix("event: ").unwrap().to_owned();
        let json: serde_json::Value = serde_json::from_str(data).unwrap();
        let id = json["id"].as_str().unwrap_or(data);
        (event, id.parse().unwrap())
    }
}

fn head(id: u64, author_id: u64, visibility: Visibility) -> PostHead {
    PostHead {
        id,
        author_id,
        visibility: visibility.into(),
        ..PostHead::default()
    }
}

const EVERY: [Visibility; 4] = [
    Visibility::Public,
    Visibility::Unlisted,
    Visibility::Private,
    Visibility::Direct,
];

#[tokio::test]
async fn nothing_is_told_of_a_post_that_the_listener_would_not_find() {
    let world = World::new();
    let stage = Stage::of(&world);
    // The feed of this world says that all posts are for all.
    let mut bobs = stage.listen("bob", "user").await;
    let mut expected = Vec::new();
    for visibility in EVERY {
        let id = world.posted(ADA, "a post", visibility);
        let head = head(id, ADA, visibility);
        let may_see = world
            .client()
            .get("bob", &format!("/api/v1/statuses/{id}"))
            .await;
        for (event, happening) in [
            ("update", Happening::Published(head.clone())),
            (
                "status.update",
                Happening::Edited {
                    head: head.clone(),
                    newly_mentioned_ids: vec![],
                },
            ),
            (
                "delete",
                Happening::Deleted {
                    head,
                    tag_names: vec![],
                },
            ),
        ] {
            stage.happen.send(happening).unwrap();
            if may_see.status == 200 {
                expected.push((event.to_owned(), id));
            }
        }
    }
    assert_eq!(expected.len(), 6, "{expected:?}");
    let last = world.posted(BOB, "the last", Visibility::Private);
    let happening = Happening::Published(head(last, BOB, Visibility::Private));
    stage.happen.send(happening).unwrap();
    expected.push(("update".to_owned(), last));
    for expected in expected {
        assert_eq!(bobs.brief().await, expected);
    }
}

#[tokio::test]
async fn who_is_blocked_hears_nothing_from_that_moment_on() {
    let world = World::new();
    let stage = Stage::of(&world);
    let mut bobs = stage.listen("bob", "public").await;
    let publish = |author| {
        let id = world.posted(author, "a post", Visibility::Public);
        let happening = Happening::Published(head(id, author, Visibility::Public));
        stage.happen.send(happening).unwrap();
        ("update".to_owned(), id)
    };
    let first = publish(ADA);
    assert_eq!(bobs.brief().await, first);
    world.blocks.lock().unwrap().push((ADA, BOB));
    publish(ADA);
    let last = publish(BOB);
    assert_eq!(bobs.brief().await, last);
}

#[tokio::test]
async fn a_notification_is_told_to_whom_it_is_for_in_the_words_of_the_list() {
    let world = World::new();
    let stage = Stage::of(&world);
    let post = world.posted(ADA, "a post", Visibility::Public);
    world.notifications.lock().unwrap().push(Notification {
        id: 50,
        account_id: ADA,
        kind: Kind::Favourite.into(),
        from_id: BOB,
        post_id: post,
        created_at_us: NOON_US,
        group_hour: 0,
    });
    let mut adas = stage.listen("ada-is-told", "user/notification").await;
    let mut bobs = stage.listen("bob", "user").await;
    for account in [BOB, ADA] {
        let told = Happening::Told(AccountId::new(account), NotificationId::new(50));
        stage.happen.send(told).unwrap();
    }
    let told = adas.next().await.unwrap();
    let listed = world.client().get("ada", "/api/v1/notifications/50").await;
    let listed = String::from_utf8(listed.body.to_vec()).unwrap();
    assert_eq!(told, format!("event: notification\ndata: {listed}\n\n"));
    let last = world.posted(BOB, "the last", Visibility::Direct);
    let happening = Happening::Published(head(last, BOB, Visibility::Direct));
    stage.happen.send(happening).unwrap();
    assert_eq!(bobs.brief().await, ("update".to_owned(), last));
}

#[tokio::test]
async fn a_line_of_text_is_no_line_of_the_stream() {
    let world = World::new();
    let stage = Stage::of(&world);
    let mut adas = stage.listen("ada", "user").await;
    let text = "one\n\nevent: delete\ndata: 7\r\n\r\ntwo";
    let id = world.posted(ADA, text, Visibility::Public);
    let happening = Happening::Published(head(id, ADA, Visibility::Public));
    stage.happen.send(happening).unwrap();
    let told = adas.next().await.unwrap();
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(!told.contains('\r'));
}

#[tokio::test]
async fn when_the_server_stops_streams_end_and_none_begins() {
    let world = World::new();
    let stage = Stage::of(&world);
    let mut adas = stage.listen("ada", "user").await;
    let Stage {
        router,
        happen: _happen,
        _stop,
    } = stage;
    drop(_stop);
    assert_eq!(adas.next().await, None);
    let late = request(Method::GET, "ada", "/api/v1/streaming/user");
    let late = router.oneshot(late.body(Body::empty()).unwrap()).await;
    assert_eq!(late.unwrap().status(), 503);
}
