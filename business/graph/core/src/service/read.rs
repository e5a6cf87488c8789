//! Relationships, lists and numbers.

use business_graph_gateway::{
    ACCOUNTS_MAX, GetRelationshipsReply, GetRelationshipsRequest, GetStatsReply, GetStatsRequest,
    GraphStats, ListBlocksReply, ListBlocksRequest, ListFollowsReply, ListFollowsRequest,
    ListMutesReply, ListMutesRequest, PAGE_LIMIT_MAX, Relationship,
};
use infra_db::DbError;
use infra_kernel::{AccountId, Error, Timestamp};
use infra_rpc::v1;

use crate::error::GraphError;
use crate::relationships::{Known, RelationState};
use crate::state::State;
use crate::store::follows::{self, End};
use crate::store::{blocks, mutes, relations, stats};

pub(crate) async fn relationships(
    state: &State,
    request: &GetRelationshipsRequest,
) -> Result<GetRelationshipsReply, GraphError> {
    let (viewer, targets) = (request.viewer_id, request.target_ids.as_slice());
    check_count("target_ids", targets)?;
    let relations = match known(&state.relationships.get(viewer), targets) {
        Some(relations) => relations,
        None => read_relations(state, viewer, targets).await?,
    };
    let filters_revision = match request.with_filters {
        true => super::filters::known(state, viewer).await?.revision,
        false => 0,
    };
    let now = state.clock.now();
    let pairs = targets.iter().zip(relations);
    let relationships = pairs.map(|(target, relation)| relationship(*target, relation, now));
    Ok(GetRelationshipsReply {
        relationships: relationships.collect(),
        filters_revision,
    })
}

/// How the viewer stands to each target; none unless all are known.
fn known(known: &Known, targets: &[u64]) -> Option<Vec<RelationState>> {
    targets.iter().map(|target| known.get(*target)).collect()
}

async fn read_relations(
    state: &State,
    viewer: u64,
    targets: &[u64],
) -> Result<Vec<RelationState>, DbError> {
    // Before what is known, which is inserted again with what is read.
    let version = state.relationships.version(viewer);
    let known = state.relationships.get(viewer);
    let unknown: Vec<u64> = targets
        .iter()
        .copied()
        .filter(|target| known.get(*target).is_none())
        .collect();
    let read = relations::read(&state.database, AccountId::new(viewer), &unknown).await?;
    state.relationships.insert(viewer, version, &known, &read);
    let relation = |target: &u64| known.get(*target).or_else(|| read.get(target).copied());
    let relations = targets.iter().map(relation);
    Ok(relations.map(Option::unwrap_or_default).collect())
}

fn relationship(target_id: u64, relation: RelationState, now: Timestamp) -> Relationship {
    let mute = relation.mute_at(now);
    let mute_ends = mute.and_then(|mute| mute.expires_at);
    Relationship {
        target_id,
        following: relation.following,
        followed_by: relation.followed_by,
        show_reblogs: relation.show_reblogs,
        notify: relation.notify,
        blocking: relation.blocking,
        blocked_by: relation.blocked_by,
        muting: mute.is_some(),
        muting_notifications: mute.is_some_and(|mute| mute.notifications),
        mute_expires_at_us: mute_ends.map_or(0, Timestamp::microseconds),
        requested: relation.requested,
        requested_by: relation.requested_by,
        kept_out_of_home: relation.kept_out_of_home,
    }
}

pub(crate) async fn blocks(
    state: &State,
    request: &ListBlocksRequest,
) -> Result<ListBlocksReply, GraphError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let account = AccountId::new(request.account_id);
    let blocks = blocks::list(&state.database, account, &page).await?;
    Ok(ListBlocksReply { blocks })
}

pub(crate) async fn mutes(
    state: &State,
    request: &ListMutesRequest,
) -> Result<ListMutesReply, GraphError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let account = AccountId::new(request.account_id);
    let mutes = mutes::list(&state.database, account, state.clock.now(), &page).await?;
    Ok(ListMutesReply { mutes })
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

pub(crate) async fn notified(
    state: &State,
    request: &ListFollowsRequest,
) -> Result<ListFollowsReply, GraphError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let account = AccountId::new(request.account_id);
    let follows = follows::list_notified(&state.database, account, &page).await?;
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

pub(super) fn check_count(field: &str, ids: &[u64]) -> Result<(), Error> {
    if ids.len() > ACCOUNTS_MAX {
        let sentence = format!("At most {ACCOUNTS_MAX} accounts can be asked for at once.");
        return Err(Error::invalid(field, sentence));
    }
    Ok(())
}
