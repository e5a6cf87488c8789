//! Relationships, lists and numbers.

use business_graph_gateway::{
    ACCOUNTS_MAX, GetRelationshipsReply, GetRelationshipsRequest, GetStatsReply, GetStatsRequest,
    GraphStats, ListFollowsReply, ListFollowsRequest, PAGE_LIMIT_MAX, Relationship,
};
use infra_kernel::{AccountId, Error};
use infra_rpc::v1;

use crate::error::GraphError;
use crate::relationships::Standing;
use crate::state::State;
use crate::store::follows::{self, End};
use crate::store::stats::{self, Counts};

pub(crate) async fn relationships(
    state: &State,
    request: &GetRelationshipsRequest,
) -> Result<GetRelationshipsReply, GraphError> {
    let (viewer, targets) = (request.viewer_id, request.target_ids.as_slice());
    check_count("target_ids", targets)?;
    let (mut standings, seen) = state.relationships.get(viewer, targets);
    if standings.contains(&None) {
        let unknown: Vec<u64> = targets
            .iter()
            .zip(&standings)
            .filter_map(|(target, standing)| standing.is_none().then_some(*target))
            .collect();
        let read = follows::standings(&state.database, AccountId::new(viewer), &unknown).await?;
        state.relationships.put(seen, viewer, &read);
        for (target, standing) in targets.iter().zip(&mut standings) {
            *standing = standing.or_else(|| read.get(target).copied());
        }
    }
    let pairs = targets.iter().zip(standings);
    let relationships = pairs.map(|(target, standing)| relationship(*target, standing));
    Ok(GetRelationshipsReply {
        relationships: relationships.collect(),
    })
}

fn relationship(target_id: u64, standing: Option<Standing>) -> Relationship {
    let standing = standing.unwrap_or_default();
    Relationship {
        target_id,
        following: standing.following,
        followed_by: standing.followed_by,
        show_reblogs: standing.show_reblogs,
        notify: standing.notify,
    }
}

pub(crate) async fn list(
    state: &State,
    end: End,
    request: &ListFollowsRequest,
) -> Result<ListFollowsReply, GraphError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let account = AccountId::new(request.account_id);
    let follows = follows::list(&state.database, end, account, &page).await?;
    Ok(ListFollowsReply { follows })
}

pub(crate) async fn stats(
    state: &State,
    request: &GetStatsRequest,
) -> Result<GetStatsReply, GraphError> {
    let accounts = request.account_ids.as_slice();
    check_count("account_ids", accounts)?;
    let mut counts: Vec<Option<Counts>> = accounts.iter().map(|id| state.counts.get(id)).collect();
    if counts.contains(&None) {
        let unknown: Vec<_> = accounts
            .iter()
            .zip(&counts)
            .filter(|(_, counts)| counts.is_none())
            .map(|(id, _)| (*id, state.counts.ticket(id)))
            .collect();
        let ids: Vec<u64> = unknown.iter().map(|(id, _)| *id).collect();
        let read = stats::get(&state.database, &ids).await?;
        for (id, ticket) in unknown {
            state
                .counts
                .put(ticket, id, read.get(&id).copied().unwrap_or_default());
        }
        for (id, counts) in accounts.iter().zip(&mut counts) {
            *counts = counts.or_else(|| read.get(id).copied());
        }
    }
    let stats = accounts.iter().zip(counts).map(|(account_id, counts)| {
        let counts = counts.unwrap_or_default();
        GraphStats {
            account_id: *account_id,
            followers: counts.followers,
            following: counts.following,
        }
    });
    Ok(GetStatsReply {
        stats: stats.collect(),
    })
}

fn check_count(field: &str, ids: &[u64]) -> Result<(), Error> {
    if ids.len() > ACCOUNTS_MAX {
        let sentence = format!("At most {ACCOUNTS_MAX} accounts can be asked for at once.");
        return Err(Error::invalid(field, sentence));
    }
    Ok(())
}
