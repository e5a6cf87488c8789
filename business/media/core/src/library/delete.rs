//! Deletes an item that its owner does not want to use.

use std::sync::Arc;

use business_media_gateway::{DeleteMediaRequest, MediaId};
use infra_kernel::{AccountId, Context, Error};

use crate::error::MediaError;
use crate::library::Library;
use crate::store::deletion::{Leftovers, delete_items};
use crate::store::items;

/// Its rows are gone when this returns, and nobody can read its bytes any more; should the
/// store fail to delete the bytes themselves, the sweeper continues. An attempt that is under
/// way finds at its end that nothing is leased to it, and leaves nothing.
pub(crate) async fn delete(
    library: &Arc<Library>,
    context: &Context,
    request: DeleteMediaRequest,
) -> Result<(), MediaError> {
    let (ids, now) = (Arc::clone(&library.ids), library.clock.now());
    let (id, owner) = (MediaId::new(request.id), AccountId::new(request.owner_id));
    let context = context.clone();
    let deleted = library.write_then(
        move |connection| {
            Box::pin(async move {
                // Asked in the transaction: a post may be taking it just now.
                if items::load_own(connection, id, owner).await?.attached {
                    return Err(in_use().into());
                }
                delete_items(connection, &context, &ids, now, &[id]).await
            })
        },
        |library, leftovers: &Leftovers| {
            library.invalidate_deleted(leftovers);
            // Its waiters learn that it is gone.
            for id in &leftovers.items {
                library.publish_processed(*id);
            }
        },
    );
    let leftovers = deleted.await?;
    library.blobs.collect(&leftovers.blobs).await;
    Ok(())
}

fn in_use() -> Error {
    Error::invalid(
        "id",
        "This photo is in use, in a post or on your profile. Delete the post or change the profile: the photo goes with it.",
    )
}
