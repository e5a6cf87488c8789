//! Forgets what the caches hold of items that another process has changed: a command beside the one
//! that serves. What this process changes, it forgets by itself and at once.

use std::sync::Arc;

use async_trait::async_trait;
use business_media_gateway::{MediaDeleted, MediaId, topics};
use infra_blob::BlobKey;
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription};
use infra_kernel::Context;

use crate::library::Library;
use crate::store::renditions;

pub(crate) fn consumer(library: Arc<Library>) -> Consumer {
    Consumer {
        subscription: Subscription {
            name: "media.forget-changed",
            topics: &[topics::READY, topics::FAILED, topics::DELETED],
            concurrency: 1,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(ForgetChanged { library }),
    }
}

struct ForgetChanged {
    library: Arc<Library>,
}

#[async_trait]
impl Handler for ForgetChanged {
    async fn handle(&self, _: &Context, event: &Event) -> Result<(), HandlerError> {
        // The key of each of these events is the item's id.
        let id = MediaId::new(event.key);
        let names = if event.topic == topics::DELETED {
            // The rows that named the files are gone, so the event does.
            event.decode::<MediaDeleted>()?.keys
        } else {
            // Asked of the database: what the caches say is what may be stale.
            let names = self.library.file_names(id).await;
            names.map_err(|error| HandlerError::Retry(Box::new(error)))?
        };
        let keys: Vec<BlobKey> = names
            .iter()
            .filter_map(|name| renditions::key_of_file_name(name))
            .map(|(key, _)| key)
            .collect();
        self.library.invalidate(&[id], &keys);
        Ok(())
    }
}
