//! Records that something shows items.

use std::sync::Arc;

use business_media_gateway::{AttachRequest, MediaId, MediaItem};
use infra_blob::BlobKey;
use infra_db::Connection;
use infra_kernel::Error;

use crate::error::MediaError;
use crate::library::Library;
use crate::rules::requests;
use crate::store::{holders, items, renditions};

/// Who will show the items, and to whom.
struct Holder {
    name: String,
    owner_id: u64,
    open: bool,
}

/// All of the items or none: one that is not there, not the owner's, or failed refuses the
/// request.
pub(crate) async fn attach(
    library: &Arc<Library>,
    request: AttachRequest,
) -> Result<(), MediaError> {
    requests::id_count(request.ids.len())?;
    requests::holder(&request.holder)?;
    let mut ids: Vec<MediaId> = request.ids.into_iter().map(MediaId::new).collect();
    // As many rows have to be found as were asked for, so each is asked for once.
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(());
    }
    let holder = Holder {
        name: request.holder,
        owner_id: request.owner_id,
        open: request.open,
    };
    let held = ids.clone();
    library
        .write_then(
            move |connection| Box::pin(hold(connection, holder, held)),
            move |library, turned: &Vec<BlobKey>| library.invalidate(&ids, turned),
        )
        .await?;
    Ok(())
}

/// Returns the keys of the renditions that are open now and were not, or the other way round.
async fn hold(
    connection: &mut Connection,
    holder: Holder,
    wanted: Vec<MediaId>,
) -> Result<Vec<BlobKey>, MediaError> {
    let found = items::load(connection, &wanted).await?;
    check_all(&found, wanted.len(), holder.owner_id)?;
    holders::insert(connection, &holder.name, &wanted, holder.open).await?;
    items::mark_attached(connection, &wanted).await?;
    // Last: whether an item is open follows from its holders.
    let turned = holders::settle_openness(connection, &wanted).await?;
    renditions::keys_of(connection, &turned).await
}

fn check_all(found: &[MediaItem], wanted: usize, owner_id: u64) -> Result<(), Error> {
    // Another's photo is as good as none: nobody learns which ids there are.
    if found.len() != wanted || found.iter().any(|item| item.owner_id != owner_id) {
        return Err(Error::not_found("photo").for_field("media_ids"));
    }
    match found.iter().find(|item| item.has_failed()) {
        Some(failed) => Err(Error::invalid(
            "media_ids",
            format!(
                "A photo cannot be used because it could not be processed. {}",
                failed.failure
            ),
        )),
        None => Ok(()),
    }
}
