//! Takes what happens and tells it to those who listen, each as they would find it in a list.
//!
//! One after the other, so that everyone hears in order. When that takes too long, some of what
//! happens is left out before it comes here, and what is no news any more is left out here.

use std::sync::Arc;
use std::time::Duration;

use business_posts_gateway::{PostHead, Visibility};
use futures::{StreamExt as _, stream};
use infra_kernel::{AccountId, Clock as _, Context, Error, ErrorCode, Page, Result, SystemClock};
use presentation_kit::happenings::{Happening, Heard, Watch};
use product_notifications_gateway::NotificationId;

use super::audience::{self, Target};
use super::hub::Hub;
use super::keeper;
use super::listener::{Subscriber, Told};
use super::stream::Channel;
use crate::entities::{conversation, notification, status};

/// How many listeners are told of one thing concurrently.
const AT_ONCE: usize = 8;
/// How long the reads for one of them may take.
const BUDGET: Duration = Duration::from_secs(5);
/// How long it may take to tell all of one thing: the next is waited for by others.
const TELLING_MAX: Duration = Duration::from_secs(10);
/// What happened so long ago is not told as if it happened now; clients read the lists when they
/// come.
const NEWS_FOR: Duration = Duration::from_secs(30);
/// Among how many conversations that of a direct post is looked for: others may have gone on since.
const CONVERSATIONS_MAX: u32 = 20;
/// After how many failures in a row new listeners are refused rather than told nothing.
const FAILURES_MAX: u32 = 3;
/// The pause after a failure to see what happens.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked whether anybody listens still.
const LOOK_ROUND: Duration = Duration::from_secs(10);

/// What became of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Became {
    Published,
    Edited,
    Deleted,
}

impl Became {
    const fn event(self) -> &'static str {
        match self {
            Self::Published => "update",
            Self::Edited => "status.update",
            Self::Deleted => "delete",
        }
    }
}

/// Tells for ever. While nobody listens it costs nothing.
pub(super) async fn run(hub: &Hub) {
    loop {
        hub.somebody_listens().await;
        match hub.happenings().watch().await {
            Ok(watch) => {
                hub.begin_watching();
                follow(hub, watch).await;
            }
            Err(error) => {
                tracing::warn!(causes = error.causes(), "streams cannot begin just now");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Tells what happens until nobody listens any more.
async fn follow(hub: &Hub, mut watch: Box<dyn Watch>) {
    let mut failures = 0;
    while !hub.end_watching() {
        let looked = tokio::time::timeout(LOOK_ROUND, watch.next()).await;
        if !matches!(looked, Ok(Err(_))) {
            // Also where nothing happens, which is seen.
            if failures >= FAILURES_MAX {
                hub.begin_watching();
            }
            failures = 0;
        }
        match looked {
            Ok(Ok(heard)) => {
                for heard in heard.into_iter().filter(is_told) {
                    // Of a sign-out that is cut off, the next round of looks takes care.
                    if tokio::time::timeout(TELLING_MAX, tell(hub, heard))
                        .await
                        .is_err()
                    {
                        tracing::debug!("not everyone was told of something in time");
                    }
                }
            }
            Ok(Err(error)) => {
                failures += 1;
                if failures == FAILURES_MAX {
                    tracing::warn!(causes = error.causes(), "streams do not see what happens");
                    hub.pause_watching();
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(_) => {}
        }
    }
}

/// Whether it is news still. That somebody signed out holds whenever it is heard of.
fn is_told(heard: &Heard) -> bool {
    let age_us = SystemClock.now().microseconds() - heard.at.microseconds();
    let is_news = Duration::from_micros(u64::try_from(age_us).unwrap_or_default()) < NEWS_FOR;
    is_news || matches!(heard.happening, Happening::SignedOut(_))
}

async fn tell(hub: &Hub, heard: Heard) {
    // A time of its own: others were told before.
    let context = heard.context.with_budget(BUDGET);
    let told = match heard.happening {
        Happening::Published(head) => published(hub, &context, &head).await,
        Happening::Edited {
            head,
            newly_mentioned_ids,
        } => edited(hub, &context, &head, &newly_mentioned_ids).await,
        Happening::Deleted { head, tag_names } => deleted(hub, &context, &head, &tag_names).await,
        Happening::Told(account, notification) => {
            notified(hub, &context, account, notification).await;
            Ok(())
        }
        Happening::SignedOut(account) => {
            let mut listeners = hub.listeners();
            listeners.retain(|listener| listener.account == account);
            keeper::check(hub, listeners).await;
            Ok(())
        }
    };
    if let Err(error) = told {
        not_told(&error);
    }
}

/// They find it in the lists.
fn not_told(error: &Error) {
    tracing::debug!(
        causes = error.causes(),
        "somebody was not told of something"
    );
}

async fn published(hub: &Hub, context: &Context, head: &PostHead) -> Result<()> {
    let tag_names = audience::tag_names(hub, context, head).await?;
    let targets = audience::of(hub, context, head, &tag_names).await?;
    tell_all(hub, context, head, targets, |_| Became::Published).await;
    if head.visibility() == Visibility::Direct {
        let mentioned = head.mentioned_ids.iter().copied();
        conversations(hub, context, head, mentioned.chain([head.author_id])).await;
    }
    Ok(())
}

async fn edited(
    hub: &Hub,
    context: &Context,
    head: &PostHead,
    newly_mentioned: &[u64],
) -> Result<()> {
    let tag_names = audience::tag_names(hub, context, head).await?;
    let targets = audience::of(hub, context, head, &tag_names).await?;
    let is_direct = head.visibility() == Visibility::Direct;
    // To those whom a direct post mentions since then it is new.
    let is_new = |account: AccountId| is_direct && newly_mentioned.contains(&account.get());
    let became = |account| match is_new(account) {
        true => Became::Published,
        false => Became::Edited,
    };
    tell_all(hub, context, head, targets, became).await;
    if is_direct {
        conversations(hub, context, head, newly_mentioned.iter().copied()).await;
    }
    Ok(())
}

async fn deleted(
    hub: &Hub,
    context: &Context,
    head: &PostHead,
    tag_names: &[String],
) -> Result<()> {
    let targets = audience::of(hub, context, head, tag_names).await?;
    tell_all(hub, context, head, targets, |_| Became::Deleted).await;
    Ok(())
}

async fn tell_all(
    hub: &Hub,
    context: &Context,
    head: &PostHead,
    targets: Vec<Target>,
    became: impl Fn(AccountId) -> Became,
) {
    let became = &became;
    let each = stream::iter(targets).for_each_concurrent(AT_ONCE, |target| async move {
        let became = became(target.account);
        let context = on_behalf_of(hub, context, target.account);
        match as_seen(hub, &context, head, &target, became).await {
            Ok(Some(payload)) => send(&target.subscribers, became.event(), payload),
            Ok(None) => {}
            Err(error) => not_told(&error),
        }
    });
    each.await;
}

/// A post as somebody would find it, or what of one that has gone; none when they would not.
async fn as_seen(
    hub: &Hub,
    context: &Context,
    head: &PostHead,
    target: &Target,
    became: Became,
) -> Result<Option<String>> {
    let (surface, viewer) = (hub.surface(), target.account);
    let reader = &surface.reader;
    if became == Became::Deleted {
        let was_shown = reader.was_shown_in(target.place, context, viewer, head);
        return Ok(was_shown.await?.then(|| head.id.to_string()));
    }
    let shown = reader.shown_in(target.place, context, viewer, head.post());
    let Some(shown) = shown.await? else {
        return Ok(None);
    };
    let mut json = Vec::with_capacity(status::length(&surface.site, &shown));
    status::write(&surface.site, &shown, &mut json);
    Ok(Some(text(json)?))
}

/// Tells those of a direct post how their conversation is now.
async fn conversations(
    hub: &Hub,
    context: &Context,
    head: &PostHead,
    accounts: impl Iterator<Item = u64>,
) {
    for account in accounts.map(AccountId::new) {
        let subscribers = hub.subscribers(&Channel::Direct, account);
        if subscribers.is_empty() {
            continue;
        }
        match conversation_of(hub, &on_behalf_of(hub, context, account), head, account).await {
            Ok(Some(payload)) => send(&subscribers, "conversation", payload),
            Ok(None) => {}
            Err(error) => not_told(&error),
        }
    }
}

/// The conversation that a post is the latest of, as one of its people finds it.
async fn conversation_of(
    hub: &Hub,
    context: &Context,
    head: &PostHead,
    viewer: AccountId,
) -> Result<Option<String>> {
    let surface = hub.surface();
    let page = Page::newest(CONVERSATIONS_MAX);
    let listed = surface.reader.direct_conversations(context, viewer, page);
    let mut shown = listed.await?.items.into_iter();
    let Some(shown) = shown.find(|shown| shown.last.head.id == head.id) else {
        return Ok(None);
    };
    let mut json = Vec::new();
    conversation::write(&surface.site, &shown, true, &mut json).map_err(Error::internal)?;
    Ok(Some(text(json)?))
}

async fn notified(hub: &Hub, context: &Context, account: AccountId, id: NotificationId) {
    let subscribers = hub.subscribers(&Channel::Told, account);
    if subscribers.is_empty() {
        return;
    }
    let context = on_behalf_of(hub, context, account);
    match notification_of(hub, &context, account, id).await {
        Ok(payload) => send(&subscribers, "notification", payload),
        // Dismissed, taken back, or about what they may not see.
        Err(error) if error.code() == ErrorCode::NotFound => {}
        Err(error) => not_told(&error),
    }
}

async fn notification_of(
    hub: &Hub,
    context: &Context,
    viewer: AccountId,
    id: NotificationId,
) -> Result<String> {
    let surface = hub.surface();
    let told = surface.reader.notification(context, viewer, id).await?;
    let mut json = Vec::new();
    notification::write(&surface.site, &told, &mut json).map_err(Error::internal)?;
    text(json)
}

fn send(subscribers: &[Subscriber], event: &'static str, payload: String) {
    let told = Arc::new(Told { event, payload });
    for subscriber in subscribers {
        subscriber.tell(&told);
    }
}

/// The context in which something is read for somebody who listens.
fn on_behalf_of(hub: &Hub, context: &Context, viewer: AccountId) -> Context {
    let context = context.with_budget(BUDGET);
    context.with_caller(hub.caller_of(viewer))
}

fn text(json: Vec<u8>) -> Result<String> {
    String::from_utf8(json).map_err(Error::internal)
}
