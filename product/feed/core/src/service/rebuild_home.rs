//! Makes timelines again from the graph and the posts.

use infra_kernel::{AccountId, Context};

use crate::error::Result;
use crate::state::State;

/// Makes an account's timeline again, at once, or every account's (0), when it is next read.
/// Returns how many posts it holds, or how many timelines there were.
pub(super) async fn rebuild_home(state: &State, context: &Context, account: u64) -> Result<u64> {
    match account {
        0 => state.timelines.kept.drop_all().await,
        account => {
            let account = AccountId::new(account);
            state.timelines.rebuild(context, account).await
        }
    }
}
