//! What happens, for surfaces that tell it as it happens: the live end of the bus's log, decoded.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use business_accounts_gateway::{self as accounts, SessionsRevoked};
use business_posts_gateway::{self as posts, PostDeleted, PostEdited, PostPublished};
use infra_bus::{Bus, Event, PayloadError, Tail};
use infra_kernel::{AccountId, Context, CorrelationId, Error, ErrorCode, Result};
use presentation_kit::happenings::{Happening, Happenings, Heard, Watch};
use product_notifications_gateway::{self as notifications, NotificationId, Told};

/// What is worth hearing of at once.
const TOPICS: &[&str] = &[
    accounts::topics::SESSIONS_REVOKED,
    notifications::topics::TOLD,
    posts::topics::DELETED,
    posts::topics::EDITED,
    posts::topics::PUBLISHED,
];

/// How long it may take to tell of one thing.
const BUDGET: Duration = Duration::from_secs(5);

/// The bus as surfaces hear it.
pub(super) struct BusHappenings(pub(super) Arc<dyn Bus>);

struct TailWatch(Box<dyn Tail>);

#[async_trait]
impl Happenings for BusHappenings {
    async fn watch(&self) -> Result<Box<dyn Watch>> {
        let tail = self.0.tail(TOPICS).await.map_err(unseen)?;
        Ok(Box::new(TailWatch(tail)))
    }
}

#[async_trait]
impl Watch for TailWatch {
    async fn next(&mut self) -> Result<Vec<Heard>> {
        let events = self.0.next().await.map_err(unseen)?;
        let mut heard = Vec::with_capacity(events.len());
        for event in &events {
            let correlation_id = CorrelationId::from_caller(&event.headers.correlation_id);
            let correlation_id = correlation_id.unwrap_or_else(CorrelationId::fresh);
            let context = Context::system(correlation_id, BUDGET);
            match happenings_of(event) {
                Ok(some) => heard.extend(some.into_iter().map(|happening| Heard {
                    context: context.clone(),
                    at: event.occurred_at,
                    happening,
                })),
                // The subscriptions report it, and keep it.
                Err(error) => tracing::debug!(%error, topic = event.topic, "an event is not told"),
            }
        }
        Ok(heard)
    }
}

fn unseen(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    let text = "What happens cannot be seen just now.";
    Error::new(ErrorCode::Unavailable, text).with_source(cause)
}

fn happenings_of(event: &Event) -> Result<Vec<Happening>, PayloadError> {
    let happening = match event.topic.as_str() {
        posts::topics::PUBLISHED => {
            let published: PostPublished = event.decode()?;
            published.head.map(Happening::Published)
        }
        posts::topics::EDITED => {
            let edited: PostEdited = event.decode()?;
            edited.head.map(|head| Happening::Edited {
                head,
                newly_mentioned_ids: edited.newly_mentioned_ids,
            })
        }
        posts::topics::DELETED => {
            let deleted: PostDeleted = event.decode()?;
            deleted.head.map(|head| Happening::Deleted {
                head,
                tag_names: deleted.tag_names,
            })
        }
        accounts::topics::SESSIONS_REVOKED => {
            let revoked: SessionsRevoked = event.decode()?;
            Some(Happening::SignedOut(AccountId::new(revoked.account_id)))
        }
        notifications::topics::TOLD => {
            let told: Told = event.decode()?;
            let each = told.notifications.into_iter().map(|one| {
                let account = AccountId::new(one.account_id);
                Happening::Told(account, NotificationId::new(one.notification_id))
            });
            return Ok(each.collect());
        }
        _ => None,
    };
    Ok(happening.into_iter().collect())
}
