use async_trait::async_trait;
use business_accounts_gateway::Role;
use business_moderation_gateway::case_event::What;
use business_moderation_gateway::change_case_request::Change;
use business_moderation_gateway::*;
use infra_kernel::{Error, ErrorCode, Result};
use testing_stubs::StubModeration;

use super::{NOON_US, World};

type Context = infra_kernel::Context;

impl World {
    /// Gives an account a role.
    pub(crate) fn appoint(&self, id: u64, role: Role) {
        let mut accounts = self.accounts.lock().unwrap();
        let account = accounts.iter_mut().find(|account| account.id == id);
        account.unwrap().role = role.into();
    }

    fn require_moderator(&self, context: &Context, id: u64) -> Result<()> {
        assert_eq!(context.caller().account_id().map(u64::from), Some(id));
        let accounts = self.accounts.lock().unwrap();
        let account = accounts.iter().find(|account| account.id == id);
        if account.is_some_and(|account| account.role().is_moderator()) {
            return Ok(());
        }
        let text = "This action is not allowed";
        Err(Error::new(ErrorCode::Forbidden, text))
    }
}

#[async_trait]
impl StubModeration for World {
    async fn report(&self, _: &Context, request: ReportRequest) -> Result<Case> {
        if request.post_ids.len() > POSTS_MAX {
            return Err(Error::invalid("status_ids", "They are too many."));
        }
        let posts = self.posts.lock().unwrap();
        let is_of_target = |id: &u64| {
            let mut posts = posts.iter();
            posts.any(|post| post.id == *id && post.author_id == request.target_id)
        };
        if !request.post_ids.iter().all(is_of_target) {
            return Err(Error::not_found("post"));
        }
        let category = request.category();
        let named = request.post_ids.into_iter();
        let case = Case {
            id: self.next_id(),
            reporter_id: request.reporter_id,
            target_id: request.target_id,
            category: category.into(),
            comment: request.comment,
            evidence: named
                .map(|post_id| PostEvidence {
                    post_id,
                    revision: 1,
                })
                .collect(),
            created_at_us: NOON_US,
            updated_at_us: NOON_US,
            ..Case::default()
        };
        self.cases.lock().unwrap().push(case.clone());
        Ok(case)
    }

    async fn list_cases(
        &self,
        context: &Context,
        request: ListCasesRequest,
    ) -> Result<ListCasesReply> {
        self.require_moderator(context, request.moderator_id)?;
        let page = request.page.unwrap_or_default();
        let cases = self.cases.lock().unwrap();
        let is_listed = |case: &&Case| {
            case.resolved == request.resolved
                && [0, case.reporter_id].contains(&request.reporter_id)
                && [0, case.target_id].contains(&request.target_id)
                && (page.before == 0 || case.id < page.before)
                && case.id > page.after
        };
        let cases = cases.iter().rev().filter(is_listed).cloned();
        Ok(ListCasesReply {
            cases: cases.take(page.limit as usize).collect(),
        })
    }

    async fn get_case(&self, context: &Context, request: GetCaseRequest) -> Result<Case> {
        self.require_moderator(context, request.moderator_id)?;
        let cases = self.cases.lock().unwrap();
        let case = cases.iter().find(|case| case.id == request.case_id);
        let case = case.filter(|case| request.at_us.is_none_or(|at| at >= case.created_at_us));
        let case = case.cloned().ok_or_else(|| Error::not_found("report"))?;
        Ok(match request.at_us {
            None => case,
            // As it was.
            Some(_) => Case {
                assignee_id: 0,
                ..case
            },
        })
    }

    async fn list_case_events(
        &self,
        context: &Context,
        request: ListCaseEventsRequest,
    ) -> Result<ListCaseEventsReply> {
        let case = GetCaseRequest {
            moderator_id: request.moderator_id,
            case_id: request.case_id,
            at_us: None,
        };
        let case = StubModeration::get_case(self, context, case).await?;
        let opened = CaseOpened {
            target_id: case.target_id,
            category: case.category,
            comment: case.comment,
            evidence: case.evidence,
        };
        let assigned = CaseAssigned {
            assignee_id: request.moderator_id,
        };
        let text = "seen before".to_owned();
        let happened = [
            (case.reporter_id, What::Opened(opened)),
            (request.moderator_id, What::Assigned(assigned)),
            (404, What::NoteAdded(NoteAdded { text })),
        ];
        let event = |(number, (actor_id, what))| CaseEvent {
            case_id: case.id,
            number,
            actor_id,
            occurred_at_us: NOON_US,
            what: Some(what),
        };
        Ok(ListCaseEventsReply {
            events: (1..).zip(happened).map(event).collect(),
        })
    }

    async fn change_case(&self, context: &Context, request: ChangeCaseRequest) -> Result<Case> {
        let moderator = request.moderator_id;
        self.require_moderator(context, moderator)?;
        let mut cases = self.cases.lock().unwrap();
        let case = cases.iter_mut().find(|case| case.id == request.case_id);
        let case = case.ok_or_else(|| Error::not_found("report"))?;
        match request.change.unwrap() {
            Change::Assign(_) => case.assignee_id = moderator,
            Change::Unassign(_) => case.assignee_id = 0,
            Change::Resolve(_) => {
                (case.resolved, case.resolver_id) = (true, moderator);
                case.resolved_at_us = NOON_US;
            }
            Change::Reopen(_) => {
                (case.resolved, case.resolver_id) = (false, 0);
                case.resolved_at_us = 0;
            }
            Change::Categorise(change) => case.category = change.category,
            Change::AddNote(_) => case.notes_count += 1,
        }
        Ok(case.clone())
    }
}
