//! The contract, call by call.

mod add_entry;
mod list_entries;

use std::sync::Arc;

use async_trait::async_trait;
use business_engagement_gateway::{
    AddEntryReply, AddEntryRequest, Engagement, ListEntriesReply, ListEntriesRequest,
};
use infra_kernel::{AccountId, Context, Result};

use crate::state::State;

pub(crate) struct EngagementService {
    state: Arc<State>,
}

impl EngagementService {
    pub(crate) const fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

#[async_trait]
impl Engagement for EngagementService {
    async fn add_entry(
        &self,
        context: &Context,
        request: AddEntryRequest,
    ) -> Result<AddEntryReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(add_entry::add_entry(&self.state, context, request).await?)
    }

    async fn list_entries(
        &self,
        context: &Context,
        request: ListEntriesRequest,
    ) -> Result<ListEntriesReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(list_entries::list_entries(&self.state, &request).await?)
    }
}
