//! Brings timelines in line with whom their readers follow.

use std::sync::Arc;

use infra_kernel::{AccountId, Context};

use super::Timelines;
use crate::error::Result;

impl Timelines {
    /// Brings an account's timeline in line with whether it now follows another. It asks the graph
    /// instead of believing an event, so events may come late, twice and in any order: the last one
    /// to be handled sees how things stand.
    ///
    /// The graph may respond a moment late too. So posts are taken out only when an event says that
    /// a follow `ended`, and unless the graph agrees the timeline is then made again, which is
    /// right either way: making one puts in what is lacking and takes nothing out.
    pub(crate) async fn reconcile_follow(
        &self,
        context: &Context,
        follower: AccountId,
        followee: AccountId,
        ended: bool,
    ) -> Result<()> {
        let held = Arc::new(self.locks.hold(follower).await);
        let followed = self
            .sources
            .history(context, follower)
            .follows_of(&[followee])
            .await?;
        let follows = followed.contains(&followee);
        if ended {
            self.kept.part(follower, followee, &held).await?;
        }
        if follows || !ended {
            self.kept.join(follower, followee, &held).await?;
        }
        Ok(())
    }
}
