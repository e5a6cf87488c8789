//! Forgets what the caches hold of items that another process has changed: a command beside the one
//! that serves. What this process changes, it forgets by itself and at once.

use std::sync::Arc;

use async_trait::async_trait;
use business_media_gateway::{MediaDeleted, MediaId, topics};
use infra_blob::BlobKey;
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_kernel::Context;

use crate::Core;
use crate::store::{items, renditions};

pub(crate) fn consumer(core: Arc<Core>) -> Consumer {
    Consumer {
        subscription: Subscription {
            name: "media.forget-changed",
            topics: &[topics::READY, topics::FAILED, topics::DELETED],
            concurrency: 1,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(ForgetChanged { core }),
    }
}

struct ForgetChanged {
    core: Arc<Core>,
}

#[async_trait]
impl Handler for ForgetChanged {
    async fn handle(&self, _: &Context, event: &Event) -> Result<(), HandlerError> {
        // The key of each of these events is the item's id.
        let id = MediaId::new(event.key);
        let names = if event.topic == topics::DELETED {
            event.decode::<MediaDeleted>()?.keys
        } else {
            let items = items::read(&self.core.database, &[id])
                .await
                .map_err(|error| HandlerError::Retry(Box::new(error)))?;
            let forms = items.into_iter().flat_map(|item| item.renditions);
            forms.map(|rendition| rendition.key).collect()
        };
        let keys: Vec<BlobKey> = names
            .iter()
            .filter_map(|name| renditions::key_of_file_name(name))
            .map(|(key, _)| key)
            .collect();
        self.core.caches.invalidate(&[id], &keys);
        Ok(())
    }
}
