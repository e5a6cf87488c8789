//! What an account has uploaded and nothing shows.

use business_media_gateway::{IDS_MAX, ListUnusedReply, ListUnusedRequest, MediaItem};
use infra_kernel::AccountId;

use crate::Core;
use crate::error::MediaError;
use crate::store::items;

impl Core {
    pub(crate) async fn list_unused(
        &self,
        request: &ListUnusedRequest,
    ) -> Result<ListUnusedReply, MediaError> {
        let owner = AccountId::new(request.owner_id);
        let limit = i64::from(request.limit).min(IDS_MAX as i64);
        let since = self.clock.now().minus(self.settings.unattached_lifetime());
        let ids = items::unattached_of(&self.database, owner, since, limit).await?;
        let items = self.items(&ids).await?;
        // One that a post took in between is left out.
        let unused = items.iter().filter(|item| !item.attached);
        Ok(ListUnusedReply {
            items: unused.map(|item| MediaItem::clone(item)).collect(),
            lifetime_s: self.settings.unattached_lifetime().as_secs(),
            failed_lifetime_s: self.settings.failed_lifetime().as_secs(),
        })
    }
}
