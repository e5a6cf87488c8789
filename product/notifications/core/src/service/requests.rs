//! What is held: looking at it, accepting it, and removing it.

use std::cmp::Reverse;
use std::collections::HashMap;

use infra_db::DbError;
use infra_kernel::Error;
use infra_rpc::v1;
use product_notifications_gateway::{
    AcceptRequestsReply, AcceptRequestsRequest, DismissRequestsReply, DismissRequestsRequest,
    GetRequestReply, GetRequestRequest, ListRequestsReply, ListRequestsRequest, Notification,
    REQUESTS_LIMIT_MAX, Request,
};

use crate::error::NotificationsError;
use crate::state::State;
use crate::store::{held, notifications, policies};

/// Of how many others an account may accept all: more than anybody looks at one by one.
const ACCEPTED_MAX: u32 = 10_000;

pub(super) async fn page(
    state: &State,
    request: ListRequestsRequest,
) -> Result<ListRequestsReply, NotificationsError> {
    let page = v1::Page::required(request.page, REQUESTS_LIMIT_MAX).map_err(Error::from)?;
    let senders = held::senders(&state.database, request.account_id, &page).await?;
    let requests = of_senders(state, request.account_id, senders).await?;
    Ok(ListRequestsReply { requests })
}

pub(super) async fn one(
    state: &State,
    request: GetRequestRequest,
) -> Result<GetRequestReply, NotificationsError> {
    let found = of_senders(state, request.account_id, vec![request.from_id]).await?;
    let request = Some(
        found
            .into_iter()
            .next()
            .ok_or(NotificationsError::NoRequest)?,
    );
    Ok(GetRequestReply { request })
}

/// The requests of these senders, in their order; of none where nothing is held any more.
async fn of_senders(
    state: &State,
    account: u64,
    senders: Vec<u64>,
) -> Result<Vec<Request>, DbError> {
    if senders.is_empty() {
        return Ok(Vec::new());
    }
    let mut theirs: HashMap<u64, Vec<Notification>> = HashMap::new();
    for one in held::of_senders(&state.database, account, &senders).await? {
        theirs.entry(one.from_id).or_default().push(one);
    }
    let request = |from_id| {
        let mut notifications = theirs.remove(&from_id)?;
        notifications.sort_unstable_by_key(|one| Reverse(one.id));
        Some(Request {
            from_id,
            notifications,
        })
    };
    Ok(senders.into_iter().filter_map(request).collect())
}

pub(super) async fn accept(
    state: &State,
    request: AcceptRequestsRequest,
) -> Result<AcceptRequestsReply, NotificationsError> {
    let (account, ids) = (request.account_id, bounded(request.from_ids)?);
    let kept_max = state.settings.kept_max();
    let senders = state
        .database
        .write::<_, NotificationsError, _>(move |connection| {
            Box::pin(async move {
                let senders = held::among(connection, account, &ids).await?;
                for sender in &senders {
                    policies::accept(connection, account, *sender).await?;
                    held::tell(connection, account, *sender).await?;
                }
                let limit = ACCEPTED_MAX + 1;
                if policies::count_accepted(connection, account, limit).await? > ACCEPTED_MAX {
                    return Err(NotificationsError::TooManyAccepted { max: ACCEPTED_MAX });
                }
                notifications::trim(connection, account, kept_max).await?;
                Ok(senders)
            })
        })
        .await?;
    Ok(AcceptRequestsReply {
        accepted_count: count(&senders),
    })
}

pub(super) async fn dismiss(
    state: &State,
    request: DismissRequestsRequest,
) -> Result<DismissRequestsReply, NotificationsError> {
    let (account, ids) = (request.account_id, bounded(request.from_ids)?);
    let senders = state
        .database
        .write::<_, NotificationsError, _>(move |connection| {
            Box::pin(async move {
                let senders = held::among(connection, account, &ids).await?;
                for sender in &senders {
                    held::delete_of_sender(connection, account, *sender).await?;
                }
                Ok(senders)
            })
        })
        .await?;
    Ok(DismissRequestsReply {
        dismissed_count: count(&senders),
    })
}

fn count(senders: &[u64]) -> u32 {
    // No more than can be named at once.
    u32::try_from(senders.len()).unwrap_or(REQUESTS_LIMIT_MAX)
}

fn bounded(senders: Vec<u64>) -> Result<Vec<u64>, Error> {
    if senders.len() > REQUESTS_LIMIT_MAX as usize {
        let text = format!("At most {REQUESTS_LIMIT_MAX} requests can be named at once.");
        return Err(Error::invalid("id", text));
    }
    Ok(senders)
}
