//! What becomes of an item, as the events that announce it: each is appended to the outbox in the
//! transaction that it is about.

use std::time::Duration;

use business_media_gateway::{MediaFailed, MediaId, MediaReady, MediaUploaded, topics};
use infra_bus::Event;
use infra_kernel::{AccountId, Context, IdGenerator};

/// How long the notice of an end may take that no request waits for.
pub(crate) const EVENT_BUDGET: Duration = Duration::from_secs(60);

/// A file was taken in, and waits for its renditions.
pub(crate) fn uploaded(
    context: &Context,
    ids: &IdGenerator,
    id: MediaId,
    owner: AccountId,
) -> Event {
    let message = MediaUploaded {
        media_id: id.get(),
        owner_id: owner.get(),
    };
    Event::new(context, ids, topics::UPLOADED, id.get(), &message)
}

/// An item can be shown, or is shown with other files than before.
pub(crate) fn ready(context: &Context, ids: &IdGenerator, id: MediaId, owner: AccountId) -> Event {
    let message = MediaReady {
        media_id: id.get(),
        owner_id: owner.get(),
    };
    Event::new(context, ids, topics::READY, id.get(), &message)
}

/// An item cannot be shown. `reason` is a sentence for its owner.
pub(crate) fn failed(
    context: &Context,
    ids: &IdGenerator,
    (id, owner): (MediaId, AccountId),
    reason: String,
) -> Event {
    let message = MediaFailed {
        media_id: id.get(),
        owner_id: owner.get(),
        reason,
    };
    Event::new(context, ids, topics::FAILED, id.get(), &message)
}
