//! Relationships, lists and numbers.

use business_graph_gateway::{
    ACCOUNTS_MAX, GetRelationshipsReply, GetRelationshipsRequest, GetStatsReply, GetStatsRequest,
    GraphStats, ListFollowsReply, ListFollowsRequest, PAGE_LIMIT_MAX, Relationship,
};
use infra_db::DbError;
use infra_kernel::{AccountId, Error};
use infra_rpc::v1;

use crate::error::GraphError;
use crate::relationships::{FollowState, Known};
use crate::state::State;
use crate::store::follows::{self, End};
use crate::store::stats;

pub(crate) async fn relationships(
    state: &State,
    request: &GetRelationshipsRequest,
) -> Result<GetRelationshipsReply, GraphError> {
    let (viewer, targets) = (request.viewer_id, request.target_ids.as_slice());
    check_count("target_ids", targets)?;
    let follow_states = match known(&state.relationships.get(viewer), targets) {
        Some(follow_states) => follow_states,
        None => read_standings(state, viewer, targets).await?,
    };
    let pairs = targets.iter().zip(follow_states);
    let relationships = pairs.map(|(target, follow_state)| relationship(*target, follow_state));
    Ok(GetRelationshipsReply {
        relationships: relationships.collect(),
    })
}

/// How the viewer stands to each target; none unless all are known.
fn known(known: &Known, targets: &[u64]) -> Option<Vec<FollowState>> {
    targets.iter().map(|target| known.get(*target)).collect()
}

async fn read_standings(
    state: &State,
    viewer: u64,
    targets: &[u64],
) -> Result<Vec<FollowState>, DbError> {
    // Before what is known, which is inserted again with what is read.
    let version = state.relationships.version(viewer);
    let known = state.relationships.get(viewer);
    let unknown: Vec<u64> = targets
        .iter()
        .copied()
        .filter(|target| known.get(*target).is_none())
        .collect();
    let read = follows::follow_states(&state.database, AccountId::new(viewer), &unknown).await?;
    state.relationships.insert(viewer, version, &known, &read);
    let follow_state = |target: &u64| known.get(*target).or_else(|| read.get(target).copied());
    let follow_states = targets.iter().map(follow_state);
    Ok(follow_states.map(Option::unwrap_or_default).collect())
}

fn relationship(target_id: u64, follow_state: FollowState) -> Relationship {
    Relationship {
        target_id,
        following: follow_state.following,
        followed_by: follow_state.followed_by,
        show_reblogs: follow_state.show_reblogs,
        notify: follow_state.notify,
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
    let read = async |ids: Vec<u64>| -> Result<_, DbError> {
        let mut counts = stats::get(&state.database, &ids).await?;
        for id in ids {
            // Who follows nobody and is followed by nobody has no row, and that is worth knowing
            // too.
            counts.entry(id).or_default();
        }
        Ok(counts)
    };
    let counts = state.counts.get_or_load_many(accounts, read).await?;
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
