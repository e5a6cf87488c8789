//! The contract, call by call.

mod change;
mod read;
mod rebuild;
mod report;

use std::sync::Arc;

use async_trait::async_trait;
use business_moderation_gateway::{
    Case, ChangeCaseRequest, GetCaseRequest, ListCaseEventsReply, ListCaseEventsRequest,
    ListCasesReply, ListCasesRequest, Moderation, RebuildCasesReply, RebuildCasesRequest,
    ReportRequest,
};
use infra_kernel::{AccountId, Context, Result};

use crate::state::State;

pub(crate) use rebuild::check;

pub(crate) struct ModerationService {
    state: Arc<State>,
}

impl ModerationService {
    pub(crate) const fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

#[async_trait]
impl Moderation for ModerationService {
    async fn report(&self, context: &Context, request: ReportRequest) -> Result<Case> {
        let reporter = AccountId::new(request.reporter_id);
        context.caller().require_account(reporter)?;
        Ok(report::report(&self.state, context, request).await?)
    }

    async fn list_cases(
        &self,
        context: &Context,
        request: ListCasesRequest,
    ) -> Result<ListCasesReply> {
        let moderator = AccountId::new(request.moderator_id);
        self.state.require_moderator(context, moderator).await?;
        Ok(read::cases(&self.state, &request).await?)
    }

    async fn get_case(&self, context: &Context, request: GetCaseRequest) -> Result<Case> {
        let moderator = AccountId::new(request.moderator_id);
        self.state.require_moderator(context, moderator).await?;
        Ok(read::case(&self.state, &request).await?)
    }

    async fn list_case_events(
        &self,
        context: &Context,
        request: ListCaseEventsRequest,
    ) -> Result<ListCaseEventsReply> {
        let moderator = AccountId::new(request.moderator_id);
        self.state.require_moderator(context, moderator).await?;
        Ok(read::events(&self.state, &request).await?)
    }

    async fn change_case(&self, context: &Context, request: ChangeCaseRequest) -> Result<Case> {
        let moderator = AccountId::new(request.moderator_id);
        // First, so that who may not see cases does not learn which there are.
        self.state.require_moderator(context, moderator).await?;
        Ok(change::change(&self.state, context, request).await?)
    }

    async fn rebuild_cases(
        &self,
        context: &Context,
        _: RebuildCasesRequest,
    ) -> Result<RebuildCasesReply> {
        context.caller().require_system()?;
        let count = rebuild::rebuild(&self.state.database).await?;
        Ok(RebuildCasesReply { count })
    }
}
