//! Pages of likes and bookmarks.

use business_engagement_gateway::{
    ListBookmarksReply, ListBookmarksRequest, ListLikesOfAccountRequest, ListLikesOfPostRequest,
    ListLikesReply, PAGE_LIMIT_MAX,
};
use infra_kernel::{Error, Page};
use infra_rpc::v1;

use crate::error::EngagementError;
use crate::state::State;
use crate::store::bookmarks;
use crate::store::likes::{self, End};

pub(crate) async fn likes_of_post(
    state: &State,
    request: &ListLikesOfPostRequest,
) -> Result<ListLikesReply, EngagementError> {
    let page = page(request.page)?;
    let likes = likes::list(&state.database, End::Post, request.post_id, &page).await?;
    Ok(ListLikesReply { likes })
}

pub(crate) async fn likes_of_account(
    state: &State,
    request: &ListLikesOfAccountRequest,
) -> Result<ListLikesReply, EngagementError> {
    let page = page(request.page)?;
    let likes = likes::list(&state.database, End::Account, request.account_id, &page).await?;
    Ok(ListLikesReply { likes })
}

pub(crate) async fn bookmarks(
    state: &State,
    request: &ListBookmarksRequest,
) -> Result<ListBookmarksReply, EngagementError> {
    let page = page(request.page)?;
    let bookmarks = bookmarks::list(&state.database, request.account_id, &page).await?;
    Ok(ListBookmarksReply { bookmarks })
}

fn page(page: Option<v1::Page>) -> Result<Page, Error> {
    Ok(v1::Page::required(page, PAGE_LIMIT_MAX)?)
}
