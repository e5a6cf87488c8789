//! What an account has uploaded and nothing shows.

use business_media_gateway::{IDS_MAX, ListUnusedReply, ListUnusedRequest, MediaItem};
use infra_kernel::AccountId;

use crate::error::MediaError;
use crate::library::Library;
use crate::store::items;

pub(crate) async fn list_unused(
    library: &Library,
    request: &ListUnusedRequest,
) -> Result<ListUnusedReply, MediaError> {
    let owner = AccountId::new(request.owner_id);
    let limit = i64::from(request.limit).min(IDS_MAX as i64);
    let since = library.clock.now().minus(library.unattached_lifetime);
    let ids = items::unattached_of(&library.database, owner, since, limit).await?;
    let items = library.items(&ids).await?;
    // One that a post took in between is left out.
    let unused = items.iter().filter(|item| !item.attached);
    Ok(ListUnusedReply {
        items: unused.map(|item| MediaItem::clone(item)).collect(),
        lifetime_s: library.unattached_lifetime.as_secs(),
        failed_lifetime_s: library.failed_lifetime.as_secs(),
    })
}
