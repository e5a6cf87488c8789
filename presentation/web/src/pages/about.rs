//! `/about`: what this place is and how to reach who runs it.

use askama::Template;
use business_accounts_gateway::CountAccountsRequest;
use business_posts_gateway::CountPostsRequest;

use crate::respond::{Answer, page};
use crate::view::{Count, Shell};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "about.html")]
pub(crate) struct AboutPage {
    pub(crate) shell: Shell,
    pub(crate) people: String,
    pub(crate) posts: String,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let (gateways, context) = (&visit.surface.gateways, &visit.context);
    let (people, posts) = tokio::try_join!(
        gateways
            .accounts
            .count_accounts(context, CountAccountsRequest {}),
        gateways.posts.count_posts(context, CountPostsRequest {}),
    )?;
    Ok(page(&AboutPage {
        shell: Shell::of(&visit, ""),
        people: Count::of(people.accounts).short,
        posts: Count::of(posts.posts).short,
    }))
}
