//! How much there is here.

use business_accounts_gateway::CountAccountsRequest;
use business_posts_gateway::CountPostsRequest;
use infra_kernel::{Context, Result};
use presentation_kit::Surface;

use crate::entities::instance::Stats;

/// How many accounts and posts there are.
pub(crate) async fn counts(surface: &Surface, context: &Context) -> Result<Stats> {
    let (accounts, posts) = tokio::try_join!(
        surface
            .gateways
            .accounts
            .count_accounts(context, CountAccountsRequest {}),
        surface
            .gateways
            .posts
            .count_posts(context, CountPostsRequest {}),
    )?;
    Ok(Stats {
        user_count: accounts.accounts,
        status_count: posts.posts,
        domain_count: 0,
    })
}
