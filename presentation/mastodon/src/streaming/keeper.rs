//! Looks at the tokens of those who listen again and again: a stream ends a bounded time after its
//! token was revoked, its session signed out or its account gone, in whichever process that was.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use infra_kernel::{Context, CorrelationId, ErrorCode};
use presentation_kit::access::grant_of;

use super::hub::Hub;
use super::listener::{Ended, Listener};

/// How often all tokens are looked at: the longest that one is believed.
const EVERY: Duration = Duration::from_secs(15);
/// How many are looked at concurrently.
const AT_ONCE: usize = 8;
/// How long a look may take.
const BUDGET: Duration = Duration::from_secs(5);

pub(super) async fn run(hub: &Hub) {
    loop {
        tokio::time::sleep(EVERY).await;
        check(hub, hub.listeners()).await;
    }
}

/// Lets those go whose tokens stand for nobody any more.
pub(super) async fn check(hub: &Hub, listeners: Vec<Arc<Listener>>) {
    let each = stream::iter(listeners).for_each_concurrent(AT_ONCE, |listener| async move {
        let context = Context::anonymous(CorrelationId::fresh(), BUDGET);
        let secret = String::from(&*listener.secret);
        match grant_of(hub.surface(), &context, secret).await {
            Err(error) if error.code() == ErrorCode::Unauthenticated => {
                listener.let_go(Ended::SignedOut);
            }
            // Where nobody can say it now, nobody can revoke it either: the next look tells.
            _ => {}
        }
    });
    each.await;
}
