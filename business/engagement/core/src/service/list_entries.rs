//! Listing entries.

use business_engagement_gateway::{ListEntriesReply, ListEntriesRequest, PAGE_LIMIT_MAX};
use infra_kernel::{AccountId, Error};
use infra_rpc::v1;

use crate::error::EngagementError;
use crate::state::State;
use crate::store::entries;

pub(crate) async fn list_entries(
    state: &State,
    request: &ListEntriesRequest,
) -> Result<ListEntriesReply, EngagementError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let account = AccountId::new(request.account_id);
    let entries = entries::list(&state.database, account, &page).await?;
    Ok(ListEntriesReply { entries })
}
