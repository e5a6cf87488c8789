//! How a viewer stands to others, from all that says something of it.

use std::collections::HashMap;

use infra_db::{Database, DbError, json_ids};
use infra_kernel::{AccountId, Timestamp};

use crate::relationships::{Mute, RelationState};
use crate::store::follows;

// CROSS JOIN as for the follows: each wanted id is one look-up of a pair. In one statement, because
// each is a trip on the way of every timeline.
pub(crate) const BESIDE_FOLLOWS: &str = "\
     SELECT CAST(0 AS BIGINT) AS kind, blockee_id AS other_id, FALSE AS notifications, CAST(NULL AS BIGINT) AS expires_at \
     FROM json_each($2) AS wanted CROSS JOIN blocks WHERE blocker_id = $1 AND blockee_id = wanted.value \
     UNION ALL SELECT 1, blocker_id, FALSE, NULL \
     FROM json_each($2) AS wanted CROSS JOIN blocks WHERE blocker_id = wanted.value AND blockee_id = $1 \
     UNION ALL SELECT 2, mutee_id, notifications, expires_at \
     FROM json_each($2) AS wanted CROSS JOIN mutes WHERE muter_id = $1 AND mutee_id = wanted.value \
     UNION ALL SELECT CASE WHEN show_reblogs THEN 5 ELSE 3 END, followee_id, notify, NULL \
     FROM json_each($2) AS wanted CROSS JOIN follow_requests WHERE follower_id = $1 AND followee_id = wanted.value \
     UNION ALL SELECT 4, follower_id, FALSE, NULL \
     FROM json_each($2) AS wanted CROSS JOIN follow_requests WHERE follower_id = wanted.value AND followee_id = $1 \
     UNION ALL SELECT 6, member_id, FALSE, NULL \
     FROM json_each($2) AS wanted CROSS JOIN list_members WHERE owner_id = $1 AND member_id = wanted.value AND exclusive = TRUE";

/// What a row of that statement says of the other account.
mod kind {
    pub(super) const BLOCKED: i64 = 0;
    pub(super) const BLOCKS: i64 = 1;
    pub(super) const REQUESTED: i64 = 3;
    pub(super) const REQUESTS: i64 = 4;
    pub(super) const REQUESTED_WITH_RESHARES: i64 = 5;
    pub(super) const KEPT_OUT_OF_HOME: i64 = 6;
}

/// How a viewer stands to each of these accounts. Every one of them is in the response.
pub(crate) async fn read(
    database: &Database,
    viewer: AccountId,
    targets: &[u64],
) -> Result<HashMap<u64, RelationState>, DbError> {
    let wanted = json_ids(targets.iter().map(|id| AccountId::new(*id).to_sql()));
    let unrelated = |id: &u64| (*id, RelationState::default());
    let mut relations = targets.iter().map(unrelated).collect();
    follows::add_to(&mut relations, database, viewer, &wanted).await?;
    let rows: Vec<(i64, i64, bool, Option<i64>)> = infra_db::query(BESIDE_FOLLOWS)
        .bind(viewer.to_sql())
        .bind(&wanted)
        .fetch_all(database.reader())
        .await?;
    for (kind, other, notifications, expires_at) in rows {
        let other = AccountId::from_sql(other).get();
        let relation = relations.entry(other).or_default();
        match kind {
            kind::BLOCKED => relation.blocking = true,
            kind::BLOCKS => relation.blocked_by = true,
            kind::REQUESTED | kind::REQUESTED_WITH_RESHARES => {
                relation.requested = true;
                relation.show_reblogs = kind == kind::REQUESTED_WITH_RESHARES;
                relation.notify = notifications;
            }
            kind::KEPT_OUT_OF_HOME => relation.kept_out_of_home = true,
            kind::REQUESTS => relation.requested_by = true,
            _ => {
                let expires_at = expires_at.map(Timestamp::from_microseconds);
                relation.mute = Some(Mute {
                    notifications,
                    expires_at,
                });
            }
        }
    }
    Ok(relations)
}
