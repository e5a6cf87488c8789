//! Cases as they are, as they were, and what happened to them.

use business_moderation_gateway::{
    Case, CaseEvent, GetCaseRequest, ListCaseEventsReply, ListCaseEventsRequest, ListCasesReply,
    ListCasesRequest, PAGE_LIMIT_MAX,
};
use infra_rpc::v1;

use crate::error::ModerationError;
use crate::history;
use crate::rights::may_see;
use crate::state::State;
use crate::store::cases::{self, Filter};
use crate::store::events as stored;

pub(crate) async fn cases(
    state: &State,
    request: &ListCasesRequest,
) -> Result<ListCasesReply, ModerationError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX);
    let page = page.map_err(infra_kernel::Error::from)?;
    let filter = Filter {
        resolved: request.resolved,
        reporter: request.reporter_id,
        target: request.target_id,
    };
    let mut cases = cases::list(&state.database, filter, &page).await?;
    for case in &mut cases {
        if !may_see(request.moderator_id, case) {
            // It keeps its place, by which the list goes on, and says nothing.
            *case = Case {
                id: case.id,
                ..Case::default()
            };
        }
    }
    Ok(ListCasesReply { cases })
}

pub(crate) async fn case(state: &State, request: &GetCaseRequest) -> Result<Case, ModerationError> {
    let case = match request.at_us {
        None => cases::get(state.database.reader(), request.case_id).await?,
        Some(at_us) => history::at(&of_case(state, request.case_id).await?, at_us)?,
    };
    let seen = case.filter(|case| may_see(request.moderator_id, case));
    seen.ok_or(ModerationError::NoCase)
}

pub(crate) async fn events(
    state: &State,
    request: &ListCaseEventsRequest,
) -> Result<ListCaseEventsReply, ModerationError> {
    let events = of_case(state, request.case_id).await?;
    let case = history::fold_all(&events)?;
    if !case.is_some_and(|case| may_see(request.moderator_id, &case)) {
        return Err(ModerationError::NoCase);
    }
    Ok(ListCaseEventsReply { events })
}

async fn of_case(state: &State, case: u64) -> Result<Vec<CaseEvent>, ModerationError> {
    let events = stored::of_case(state.database.reader(), case).await?;
    match events.is_empty() {
        true => Err(ModerationError::NoCase),
        false => Ok(events),
    }
}
