//! Reporting an account, which opens a case.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use business_accounts_gateway::GetAccountHeadsRequest;
use business_moderation_gateway::case_event::What;
use business_moderation_gateway::{
    COMMENT_CHARACTERS_MAX, Case, CaseEvent, CaseId, CaseOpened, POSTS_MAX, PostEvidence,
    ReportRequest,
};
use business_posts_gateway::GetPostHeadsRequest;
use infra_db::Connection;
use infra_kernel::Context;

use super::change::append;
use crate::error::ModerationError;
use crate::history;
use crate::state::State;
use crate::store::cases;

/// Over which time an account's reports are counted.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) async fn report(
    state: &Arc<State>,
    context: &Context,
    mut request: ReportRequest,
) -> Result<Case, ModerationError> {
    let mut seen = HashSet::new();
    request.post_ids.retain(|id| seen.insert(*id));
    check(&request)?;
    require_account(state, context, request.target_id).await?;
    let opened = CaseOpened {
        target_id: request.target_id,
        category: history::known(request.category()).into(),
        evidence: evidence(state, context, &request).await?,
        comment: request.comment,
    };
    let reporter = request.reporter_id;
    let (writing, context) = (Arc::clone(state), context.clone());
    let write = state.database.write(move |connection| {
        Box::pin(async move { write(connection, &writing, &context, reporter, opened).await })
    });
    write.await
}

fn check(request: &ReportRequest) -> Result<(), ModerationError> {
    if request.reporter_id == request.target_id {
        return Err(ModerationError::OwnAccount);
    }
    if request.post_ids.len() > POSTS_MAX {
        return Err(ModerationError::TooManyPosts);
    }
    if request.comment.chars().count() > COMMENT_CHARACTERS_MAX {
        return Err(ModerationError::CommentTooLong);
    }
    if request.comment.contains('\0') {
        return Err(ModerationError::Unstorable { field: "comment" });
    }
    Ok(())
}

async fn require_account(state: &State, context: &Context, id: u64) -> Result<(), ModerationError> {
    let request = GetAccountHeadsRequest { ids: vec![id] };
    let reply = state.accounts.get_account_heads(context, request).await?;
    match reply.heads.is_empty() {
        true => Err(ModerationError::NoAccount),
        false => Ok(()),
    }
}

/// The posts that are named, at the revisions that they have now; all of them must be there, and
/// the account's. One that is deleted before the case is written stays named in it.
async fn evidence(
    state: &State,
    context: &Context,
    request: &ReportRequest,
) -> Result<Vec<PostEvidence>, ModerationError> {
    let ids = request.post_ids.clone();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let heads = GetPostHeadsRequest { ids: ids.clone() };
    let heads = state.posts.get_post_heads(context, heads).await?.heads;
    let named = ids.into_iter().map(|id| {
        let head = heads.iter().find(|head| head.id == id);
        head.filter(|head| head.author_id == request.target_id)
            .map(|head| PostEvidence {
                post_id: id,
                revision: head.revision,
            })
            .ok_or(ModerationError::NoPost)
    });
    named.collect()
}

async fn write(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    reporter: u64,
    opened: CaseOpened,
) -> Result<Case, ModerationError> {
    let now = state.clock.now();
    let since = now.minus(DAY).microseconds();
    let max = state.settings.reports_per_day_max;
    // Where reports come one after another, so that no two are counted as the last.
    if cases::count_since(connection, reporter, since, max).await? >= max {
        return Err(ModerationError::TooManyReports);
    }
    let event = CaseEvent {
        // Single writer (ADR 0026): the id is made in here, where writes come one after another, so
        // that a moderator who pages on from the newest case misses none.
        case_id: state.ids.next::<CaseId>().get(),
        number: 1,
        actor_id: reporter,
        occurred_at_us: now.microseconds(),
        what: Some(What::Opened(opened)),
    };
    append(connection, state, context, None, &event).await
}
