//! Notes that something shows items.

use std::sync::Arc;

use business_media_gateway::{AttachRequest, MediaItem};
use infra_blob::BlobKey;
use infra_kernel::{Error, MediaId};

use crate::error::MediaError;
use crate::service::check;
use crate::store::{holders, items, renditions};
use crate::{Core, to_the_end};

/// Who will show the items, and to whom.
struct Holder {
    name: String,
    owner_id: u64,
    open: bool,
}

impl Core {
    /// All of the items or none: one that is not there, not the owner's, or failed refuses the request.
    pub(crate) async fn attach(self: &Arc<Self>, request: AttachRequest) -> Result<(), MediaError> {
        check::id_count(request.ids.len())?;
        check::holder(&request.holder)?;
        let mut ids: Vec<MediaId> = request.ids.into_iter().map(MediaId::new).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        let core = Arc::clone(self);
        let holder = Holder {
            name: request.holder,
            owner_id: request.owner_id,
            open: request.open,
        };
        to_the_end(async move {
            let turned = core.hold(holder, ids.clone()).await?;
            core.caches.forget(&ids, &turned);
            Ok(())
        })
        .await
    }

    /// Answers the keys of the renditions that are open now and were not, or the other way round.
    async fn hold(&self, holder: Holder, wanted: Vec<MediaId>) -> Result<Vec<BlobKey>, MediaError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let found = items::load(connection, &wanted).await?;
                    check_all(&found, wanted.len(), holder.owner_id)?;
                    holders::insert(connection, &holder.name, &wanted, holder.open).await?;
                    items::mark_attached(connection, &wanted).await?;
                    let turned = holders::settle_openness(connection, &wanted).await?;
                    renditions::keys_of(connection, &turned).await
                })
            })
            .await
    }
}

fn check_all(found: &[MediaItem], wanted: usize, owner_id: u64) -> Result<(), Error> {
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
