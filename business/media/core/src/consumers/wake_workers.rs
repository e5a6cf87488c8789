//! Wakes the workers when something was uploaded, perhaps by another process. The event carries no
//! work: what waits is in the database, and is looked for now and then besides.

use std::sync::Arc;

use async_trait::async_trait;
use business_media_gateway::topics;
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_kernel::Context;

use crate::Core;

pub(crate) fn consumer(core: Arc<Core>) -> Consumer {
    Consumer {
        subscription: Subscription {
            // Its name of old, so that it continues where it stands in the log.
            name: "media.process",
            topics: &[topics::UPLOADED],
            concurrency: 1,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(WakeWorkers { core }),
    }
}

struct WakeWorkers {
    core: Arc<Core>,
}

#[async_trait]
impl Handler for WakeWorkers {
    async fn handle(&self, _: &Context, _: &Event) -> Result<(), HandlerError> {
        self.core.queue.wake();
        Ok(())
    }
}
