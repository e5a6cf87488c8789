//! Notes that something shows items.

use std::sync::Arc;

use business_media_gateway::{AttachRequest, MediaItem, MediaState};
use infra_kernel::{Error, MediaId};

use crate::error::MediaError;
use crate::service::check;
use crate::store::{holders, items};
use crate::{Core, to_the_end};

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
        let (core, owner_id, holder) = (Arc::clone(self), request.owner_id, request.holder);
        to_the_end(async move {
            core.hold(holder, owner_id, ids.clone()).await?;
            core.caches.forget(&ids, &[]);
            Ok(())
        })
        .await
    }

    async fn hold(
        &self,
        holder: String,
        owner_id: u64,
        wanted: Vec<MediaId>,
    ) -> Result<(), MediaError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let found = items::load(connection, &wanted).await?;
                    check_all(&found, wanted.len(), owner_id)?;
                    holders::insert(connection, &holder, &wanted).await?;
                    items::mark_attached(connection, &wanted).await
                })
            })
            .await
    }
}

fn check_all(found: &[MediaItem], wanted: usize, owner_id: u64) -> Result<(), Error> {
    if found.len() != wanted || found.iter().any(|item| item.owner_id != owner_id) {
        return Err(Error::not_found("photo").for_field("media_ids"));
    }
    match found.iter().find(|item| item.state() == MediaState::Failed) {
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
