//! Records that something no longer shows items, and deletes those that nothing shows.

use std::sync::Arc;

use business_media_gateway::{MediaId, ReleaseRequest};
use infra_blob::BlobKey;
use infra_kernel::{AccountId, Context};

use crate::error::MediaError;
use crate::library::Library;
use crate::rules::requests;
use crate::store::deletion::{Leftovers, delete_items};
use crate::store::{holders, renditions};

/// Items that not everyone may see any more, and the keys of their renditions.
struct Turned {
    items: Vec<MediaId>,
    renditions: Vec<BlobKey>,
}

/// Returns how many items were deleted. Their rows are gone when this returns, and nobody can
/// read their bytes any more; should the store fail to delete the bytes themselves, the sweeper
/// continues.
pub(crate) async fn release(
    library: &Arc<Library>,
    context: &Context,
    request: ReleaseRequest,
) -> Result<u32, MediaError> {
    requests::holder(&request.holder)?;
    requests::id_count(request.ids.len())?;
    let (leftovers, _) = let_go(library, context.clone(), request).await?;
    library.blobs.collect(&leftovers.blobs).await;
    Ok(u32::try_from(leftovers.items.len()).unwrap_or(u32::MAX))
}

async fn let_go(
    library: &Arc<Library>,
    context: Context,
    request: ReleaseRequest,
) -> Result<(Leftovers, Turned), MediaError> {
    let (ids, now) = (Arc::clone(&library.ids), library.clock.now());
    let (holder, owner) = (request.holder, AccountId::new(request.owner_id));
    let only: Vec<MediaId> = request.ids.into_iter().map(MediaId::new).collect();
    library
        .write_then(
            move |connection| {
                Box::pin(async move {
                    let let_go = holders::remove(connection, &holder, owner, &only).await?;
                    // Only those that something else shows: the others are deleted below.
                    let items = holders::settle_openness(connection, &let_go.held).await?;
                    let renditions = renditions::keys_of(connection, &items).await?;
                    let turned = Turned { items, renditions };
                    let leftovers =
                        delete_items(connection, &context, &ids, now, &let_go.free).await?;
                    Ok((leftovers, turned))
                })
            },
            |library, (leftovers, turned): &(Leftovers, Turned)| {
                library.invalidate(&turned.items, &turned.renditions);
                library.invalidate_deleted(leftovers);
            },
        )
        .await
}
