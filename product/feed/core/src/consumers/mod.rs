//! What the feed acts on. Every one of these may see an event twice, late, and in any order.

mod fan_out_edits;
mod fan_out_posts;
mod reconcile_follows;
mod remove_posts;

use std::sync::Arc;

use business_graph_gateway as graph;
use business_posts_gateway as posts;
use infra_bus::{Consumer, Handler, HandlerError, RetryPolicy, Subscription};

use crate::state::State;

/// How many events of a subscription are handled concurrently.
const CONCURRENCY: usize = 4;

pub(crate) fn all(state: &Arc<State>) -> Vec<Consumer> {
    vec![
        consumer(
            "feed.fan-out",
            &[posts::topics::PUBLISHED],
            fan_out_posts::FanOutPosts::new(state),
        ),
        consumer(
            "feed.edits",
            &[posts::topics::EDITED],
            fan_out_edits::FanOutEdits::new(state),
        ),
        consumer(
            "feed.follow-changes",
            &[graph::topics::FOLLOWED, graph::topics::UNFOLLOWED],
            reconcile_follows::ReconcileFollows::new(state),
        ),
        consumer(
            "feed.deletions",
            &[posts::topics::DELETED],
            remove_posts::RemovePosts::new(state),
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

/// An event that announces nothing can never be acted on.
fn empty_event() -> HandlerError {
    HandlerError::Reject("the event does not say what it is about".into())
}
