//! Lets in everyone who asked, once an account no longer decides about each follower.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use business_accounts_gateway::{GetAccountHeadsRequest, ProfileChanged, topics};
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_db::DbError;
use infra_kernel::{AccountId, Context, Error, Page};

use crate::error::GraphError;
use crate::service::request::accept_some;
use crate::state::State;
use crate::store::requests;

/// What has to be left of an attempt for one more batch.
const TIME_LEFT_MIN: Duration = Duration::from_secs(5);
/// How many are let in by one write: few enough that other writes do not wait for it.
const BATCH_MAX: u32 = 20;

pub(crate) fn consumer(state: &Arc<State>) -> Consumer {
    Consumer {
        subscription: Subscription {
            name: "graph.accept-requests",
            topics: &[topics::PROFILE_CHANGED],
            concurrency: 4,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(AcceptRequests(Arc::clone(state))),
    }
}

struct AcceptRequests(Arc<State>);

#[async_trait]
impl Handler for AcceptRequests {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let changed: ProfileChanged = event.decode()?;
        let accepted = accept_all(&self.0, context, changed.account_id).await;
        accepted.map_err(|error| Error::from(error).into())
    }

    // Before the event is acknowledged (ADR 0032).
    async fn sync(&self) -> Result<(), DbError> {
        self.0.database.sync().await
    }
}

async fn accept_all(
    state: &Arc<State>,
    context: &Context,
    account_id: u64,
) -> Result<(), GraphError> {
    let account = AccountId::new(account_id);
    let mut page = Page::newest(BATCH_MAX);
    loop {
        let asked = requests::list(&state.database, account, &page).await?;
        let Some(oldest) = asked.last() else {
            return Ok(());
        };
        page.before = oldest.id;
        // Handled once more from where it is, and never given up for how many there are.
        if context.remaining() < TIME_LEFT_MIN {
            return Err(GraphError::OutOfTime);
        }
        // At each batch: the account may be locked again meanwhile.
        let request = GetAccountHeadsRequest {
            ids: vec![account_id],
        };
        let reply = state.accounts.get_account_heads(context, request).await?;
        if reply.heads.first().is_none_or(|head| head.locked) {
            return Ok(());
        }
        // One who follows as many as can be goes on asking; the others are let in.
        let asking = asked.iter().map(|follow| follow.follower_id).collect();
        accept_some(state, context, account_id, asking).await?;
    }
}
