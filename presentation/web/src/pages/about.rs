//! `/about`: what this place is and how to reach who runs it.

use askama::Template;
use business_accounts_gateway::CountAccountsRequest;
use business_posts_gateway::CountPostsRequest;

use crate::page_context::PageContext;
use crate::respond::{PageResult, page};
use crate::view::{Count, Shell};

#[derive(Template)]
#[template(path = "about.html")]
pub(crate) struct AboutPage {
    pub(crate) shell: Shell,
    pub(crate) people: String,
    pub(crate) posts: String,
}

pub(crate) async fn show(page_context: PageContext) -> PageResult {
    let (gateways, context) = (&page_context.surface.gateways, &page_context.context);
    let (people, posts) = tokio::try_join!(
        gateways
            .accounts
            .count_accounts(context, CountAccountsRequest {}),
        gateways.posts.count_posts(context, CountPostsRequest {}),
    )?;
    Ok(page(&AboutPage {
        shell: Shell::of(&page_context, ""),
        people: Count::of(people.accounts).short,
        posts: Count::of(posts.posts).short,
    }))
}
