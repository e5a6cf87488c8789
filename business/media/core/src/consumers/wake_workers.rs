//! Wakes the workers when something was uploaded, perhaps by another process. The event carries no
//! work: what waits is in the database, and is looked for now and then besides.

use std::sync::Arc;

use async_trait::async_trait;
use business_media_gateway::topics;
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_kernel::Context;

use crate::queue::Queue;

pub(crate) fn consumer(queue: Arc<Queue>) -> Consumer {
    Consumer {
        subscription: Subscription {
            // Its name of old, so that it continues where it stands in the log.
            name: "media.process",
            topics: &[topics::UPLOADED],
            concurrency: 1,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(WakeWorkers { queue }),
    }
}

struct WakeWorkers {
    queue: Arc<Queue>,
}

#[async_trait]
impl Handler for WakeWorkers {
    async fn handle(&self, _: &Context, _: &Event) -> Result<(), HandlerError> {
        self.queue.wake();
        Ok(())
    }
}
