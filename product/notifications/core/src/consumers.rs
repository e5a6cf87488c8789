//! What this domain makes notifications of. Every one of these may see an event twice, late, and in
//! any order; what was heard is noted in the transaction of its effect.

mod admission;
mod edits;
mod follow_requests;
mod follows;
mod likes;
mod new_posts;
mod posts;

use std::sync::Arc;

use business_engagement_gateway as engagement;
use business_graph_gateway as graph;
use business_posts_gateway as of_posts;
use business_posts_gateway::{PostHead, Visibility};
use infra_bus::{Consumer, Event, Handler, RetryPolicy, Subscription, outbox};
use infra_db::{Connection, DbError};
use infra_kernel::{Context, Result as KernelResult};
use product_notifications_gateway::{self as of_told, Kind, Notification, NotificationId};

use self::admission::Admitted;
use crate::state::State;
use crate::store::heard::{self, What};
use crate::store::{groups, held, notifications, policies, push_queue};

/// How many events of a subscription are handled concurrently.
const CONCURRENCY: usize = 4;
/// How many hours of likes or reshares of one post, or of follows, are told as one.
const GROUP_HOURS: u32 = 12;
const MICROSECONDS_PER_HOUR: i64 = 60 * 60 * 1_000_000;
/// The fewest accounts among whom all that is kept of one kind is divided when it is full.
const SENDERS_MIN: u32 = 10;

pub(crate) fn all(state: &Arc<State>) -> Vec<Consumer> {
    vec![
        consumer(
            "notifications.likes",
            &[engagement::topics::LIKED, engagement::topics::UNLIKED],
            likes::Likes(Arc::clone(state)),
        ),
        consumer(
            "notifications.follows",
            &[graph::topics::FOLLOWED, graph::topics::UNFOLLOWED],
            follows::Follows(Arc::clone(state)),
        ),
        consumer(
            "notifications.follow-requests",
            &[
                graph::topics::FOLLOW_REQUESTED,
                graph::topics::FOLLOW_REQUEST_ENDED,
            ],
            follow_requests::FollowRequests(Arc::clone(state)),
        ),
        consumer(
            "notifications.posts",
            &[of_posts::topics::PUBLISHED, of_posts::topics::DELETED],
            posts::Posts(Arc::clone(state)),
        ),
        consumer(
            "notifications.edits",
            &[of_posts::topics::EDITED],
            edits::Edits(Arc::clone(state)),
        ),
    ]
}

fn consumer(
    name: &'static str,
    topics: &'static [&'static str],
    handler: impl Handler,
) -> Consumer {
    Consumer {
        subscription: Subscription {
            name,
            topics,
            concurrency: CONCURRENCY,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(handler),
    }
}

/// What one account is to be told.
#[derive(Debug, Clone, Copy)]
struct Told {
    account: u64,
    kind: Kind,
    from: u64,
    /// 0 for none.
    post: u64,
    /// The like, the follow, the post or the reshare that it comes of.
    source: u64,
}

/// What has happened, so that somebody may be told.
#[derive(Debug, Clone, Copy)]
struct Happened {
    what: What,
    id: u64,
    at_us: i64,
    /// The post that it is about, which may have been deleted; 0 for none.
    post: u64,
    /// What a direct post replies to, 0 for nothing; none of what is not direct.
    direct_reply_to: Option<u64>,
}

impl Happened {
    fn new(event: &Event, what: What, id: u64, post: u64) -> Self {
        Self {
            what,
            id,
            at_us: event.occurred_at.microseconds(),
            post,
            direct_reply_to: None,
        }
    }

    /// What happened to this post.
    fn to_post(event: &Event, what: What, id: u64, head: &PostHead) -> Self {
        let is_direct = head.visibility() == Visibility::Direct;
        Self {
            direct_reply_to: is_direct.then_some(head.in_reply_to_id),
            ..Self::new(event, what, id, head.id)
        }
    }
}

/// Tells those who are to be told, once, and nobody what was taken back or deleted already.
async fn tell(
    state: &Arc<State>,
    context: &Context,
    happened: Happened,
    told: Vec<Told>,
) -> KernelResult<()> {
    // Nobody is told of what they did themselves.
    let told: Vec<Told> = told
        .into_iter()
        .filter(|told| told.account != told.from)
        .collect();
    let admitted = admission::admitted(state, context, happened, told).await?;
    if admitted.is_empty() {
        return Ok(());
    }
    let (writing, context) = (Arc::clone(state), context.clone());
    state
        .database
        .write::<_, DbError, _>(move |connection| {
            Box::pin(
                async move { write(connection, &writing, &context, happened, &admitted).await },
            )
        })
        .await?;
    Ok(())
}

async fn write(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    happened: Happened,
    admitted: &[Admitted],
) -> Result<(), DbError> {
    let now = state.clock.now();
    // A dead letter that is replayed late: whether it was taken back may be forgotten by now.
    if state.is_forgotten(happened.at_us) {
        return Ok(());
    }
    if !heard::note(connection, happened.what, happened.id, now).await? {
        return Ok(());
    }
    if happened.post != 0 && heard::is_heard(connection, What::Deleted, happened.post).await? {
        return Ok(());
    }
    let mut to_store = Vec::with_capacity(admitted.len());
    for Admitted { told, is_held } in admitted {
        // Accepted since it was asked for, it is told.
        let is_held =
            *is_held && !policies::is_accepted_now(connection, told.account, told.from).await?;
        match is_held {
            true => hold(connection, state, told, happened).await?,
            false => to_store.push(*told),
        }
    }
    store_all(connection, state, context, happened, &to_store).await
}

/// Holds what somebody is not told before they accept it.
async fn hold(
    connection: &mut Connection,
    state: &State,
    told: &Told,
    happened: Happened,
) -> Result<(), DbError> {
    let notification = made(state, told, happened);
    // What was told already is not held as well: it comes of the newer source from now on.
    if notifications::has_same(connection, &notification).await? {
        notifications::insert(connection, &notification, told.source).await?;
        return Ok(());
    }
    held::insert(connection, &notification, told.source).await?;
    let kept_max = state.settings.kept_max();
    let kept = (kept_max, (kept_max / SENDERS_MIN).max(1));
    held::trim(connection, told.account, told.from, kept).await
}

/// The notification that somebody is sent, by itself.
fn made(state: &State, told: &Told, happened: Happened) -> Notification {
    // Single writer (ADR 0026): the id is made within a write, where writes come one after another,
    // so notifications are numbered in the order of their commits, and a caller that pages on from
    // the newest id misses none.
    Notification {
        id: state.ids.next::<NotificationId>().get(),
        account_id: told.account,
        kind: told.kind.into(),
        from_id: told.from,
        post_id: told.post,
        created_at_us: happened.at_us,
        group_hour: 0,
    }
}

/// Stores what some are told, and announces it.
async fn store_all(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    happened: Happened,
    told: &[Told],
) -> Result<(), DbError> {
    let mut notifications = Vec::new();
    for told in told {
        notifications.extend(store(connection, state, told, happened).await?);
    }
    let Some(first) = notifications.first() else {
        return Ok(());
    };
    let (key, ids) = (first.notification_id, &state.ids);
    let event = of_told::Told { notifications };
    let event = Event::new(context, ids, of_told::topics::TOLD, key, &event);
    // With what it announces: who hears of it finds it.
    outbox::append(connection, &event).await
}

/// Stores what somebody is told, and removes what is too many for it. Returns what is new.
async fn store(
    connection: &mut Connection,
    state: &State,
    told: &Told,
    happened: Happened,
) -> Result<Option<of_told::ToldOne>, DbError> {
    let group_hour = group_hour(connection, told, happened.at_us).await?;
    let notification = Notification {
        group_hour,
        ..made(state, told, happened)
    };
    held::delete_same(connection, &notification).await?;
    let kept_max = state.settings.kept_max();
    // First those of one account: one that fills the list is not to push out what others did.
    let of_one_max = (kept_max / SENDERS_MIN).max(1);
    let is_edited = happened.what == What::Edited;
    if told.kind == Kind::Edit {
        // Each change is news.
        notifications::delete_same(connection, &notification).await?;
    }
    if is_edited {
        // Before it, with room for one: what is about an older post would be the first to go.
        notifications::trim_sender(connection, &notification, of_one_max - 1).await?;
    }
    let is_new = notifications::insert(connection, &notification, told.source).await?;
    if !is_edited {
        notifications::trim_sender(connection, &notification, of_one_max).await?;
    }
    notifications::trim(connection, told.account, kept_max).await?;
    if is_new {
        push_queue::add(connection, &notification, state.clock.now()).await?;
    }
    Ok(is_new.then_some(of_told::ToldOne {
        account_id: told.account,
        notification_id: notification.id,
    }))
}

/// The hour of the group that this belongs to; 0 for what is told by itself. A group is as long as
/// Mastodon's: who came back to it within twelve hours of its first belongs to it.
async fn group_hour(connection: &mut Connection, told: &Told, at_us: i64) -> Result<u32, DbError> {
    if !told.kind.is_grouped() {
        return Ok(0);
    }
    // Of a time before 1970, which only a wrong clock says, nothing is grouped.
    let hour = u32::try_from(at_us / MICROSECONDS_PER_HOUR).unwrap_or(0);
    let latest = groups::latest_hour(connection, told.account, told.kind, told.post).await?;
    // What is heard of late joins the group that is there.
    let belongs = hour < latest.saturating_add(GROUP_HOURS);
    Ok(if belongs { latest } else { hour })
}

/// Takes back what came of a like, a follow or a reshare, also when it is heard of before the thing
/// itself.
async fn take_back(state: &Arc<State>, what: What, kind: Kind, source: u64) -> Result<(), DbError> {
    let now = state.clock.now();
    state
        .database
        .write(move |connection| {
            Box::pin(async move {
                heard::note(connection, what, source, now).await?;
                held::delete_of_source(connection, kind, source).await?;
                notifications::delete_of_source(connection, kind, source).await
            })
        })
        .await
}
