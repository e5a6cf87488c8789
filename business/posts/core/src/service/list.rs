//! Lists of posts.

use business_posts_gateway::text::hashtag_name;
use business_posts_gateway::{
    ListByAuthorRequest, ListByAuthorsRequest, ListByFollowedTagsRequest, ListByTagRequest,
    ListPostsReply, ListPublicRequest, MERGED_AUTHORS_MAX, PAGE_LIMIT_MAX, Visibility,
};
use futures::future::try_join_all;
use infra_db::DbError;
use infra_kernel::{AccountId, Error, Page};
use infra_rpc::v1;

use crate::error::PostsError;
use crate::recent::{Filter, merge};
use crate::state::State;
use crate::store::lists;

pub(crate) async fn by_author(
    state: &State,
    request: &ListByAuthorRequest,
) -> Result<ListPostsReply, PostsError> {
    let page = page(request.page)?;
    let filter = Filter {
        only_media: request.only_media,
        exclude_replies: request.exclude_replies,
        exclude_reshares: request.exclude_reshares,
        visibilities: visibilities(&request.visibilities)?,
    };
    let author = AccountId::new(request.author_id);
    let tag = Some(&request.tag).filter(|tag| !tag.is_empty());
    let tag = tag.map(|tag| hashtag_name(tag));
    let mut ids = match &tag {
        None => ids_of_author(state, request.author_id, &page, &filter).await?,
        Some(name) => lists::with_tag(&state.database, author, name, &page, &filter).await?,
    };
    // What not everyone may see is listed beside the rest for those whom it mentions.
    if request.mentioned_id != 0 && filter.leaves_out_visibilities() {
        let mentioned = AccountId::new(request.mentioned_id);
        let (others, tag) = (filter.of_other_visibilities(), tag.as_deref());
        let mentioning =
            lists::mentioning(&state.database, author, mentioned, tag, &page, &others).await?;
        if !mentioning.is_empty() {
            ids = merge(vec![ids, mentioning], &page);
        }
    }
    reply(state, &ids).await
}

pub(crate) async fn by_authors(
    state: &State,
    request: ListByAuthorsRequest,
) -> Result<ListPostsReply, PostsError> {
    let page = page(request.page)?;
    let mut authors = request.author_ids;
    authors.sort_unstable();
    // A list that is asked for twice would put its posts on the page twice.
    authors.dedup();
    if authors.len() > MERGED_AUTHORS_MAX {
        let sentence = format!("At most {MERGED_AUTHORS_MAX} authors can be listed as one.");
        return Err(Error::invalid("author_ids", sentence).into());
    }
    let lists = authors.into_iter().map(|author| {
        let page = &page;
        async move { ids_of_author(state, author, page, &Filter::NONE).await }
    });
    let ids = merge(try_join_all(lists).await?, &page);
    reply(state, &ids).await
}

pub(crate) async fn public(
    state: &State,
    request: &ListPublicRequest,
) -> Result<ListPostsReply, PostsError> {
    let page = page(request.page)?;
    let ids = lists::public(&state.database, &page, request.only_media).await?;
    reply(state, &ids).await
}

pub(crate) async fn by_tag(
    state: &State,
    request: &ListByTagRequest,
) -> Result<ListPostsReply, PostsError> {
    let page = page(request.page)?;
    let name = hashtag_name(&request.tag);
    if name.is_empty() {
        return Ok(ListPostsReply::default());
    }
    let ids = ids_of_tag(state, &name, &page, request.only_media).await?;
    reply(state, &ids).await
}

/// Merged when it is asked for and not when a post is published: a home timeline is read by one
/// account, that follows a bounded number of hashtags, and a hashtag may be followed by any number.
pub(crate) async fn by_followed_tags(
    state: &State,
    request: &ListByFollowedTagsRequest,
) -> Result<ListPostsReply, PostsError> {
    let page = page(request.page)?;
    let names = state
        .followed_tags(AccountId::new(request.account_id))
        .await?;
    let mut lists = Vec::new();
    // One after another: what is not in memory is a statement each, and all at once would keep all
    // readers from everybody else.
    for name in names.iter() {
        lists.push(ids_of_tag(state, name, &page, false).await?);
    }
    reply(state, &merge(lists, &page)).await
}

async fn ids_of_author(
    state: &State,
    author: u64,
    page: &Page,
    filter: &Filter,
) -> Result<Vec<u64>, DbError> {
    let author = AccountId::new(author);
    match state.recent(author).await?.page(page, filter) {
        Some(ids) => Ok(ids),
        None => lists::of_author(&state.database, author, page, filter).await,
    }
}

async fn ids_of_tag(
    state: &State,
    name: &str,
    page: &Page,
    only_media: bool,
) -> Result<Vec<u64>, DbError> {
    let filter = Filter {
        only_media,
        ..Filter::NONE
    };
    match state.recent_of_tag(name).await?.page(page, &filter) {
        Some(ids) => Ok(ids),
        None => lists::of_tag(&state.database, name, page, only_media).await,
    }
}

async fn reply(state: &State, ids: &[u64]) -> Result<ListPostsReply, PostsError> {
    let heads = state.heads(ids).await?;
    Ok(ListPostsReply { heads })
}

pub(super) fn page(page: Option<v1::Page>) -> Result<Page, Error> {
    v1::Page::required(page, PAGE_LIMIT_MAX).map_err(Error::from)
}

fn visibilities(wanted: &[i32]) -> Result<i64, Error> {
    let known = |value: &i32| {
        Visibility::try_from(*value)
            .ok()
            .filter(|visibility| *visibility != Visibility::Unspecified)
            .ok_or_else(|| Error::invalid("visibilities", "There is no such visibility."))
    };
    let wanted: Vec<_> = wanted.iter().map(known).collect::<Result<_, _>>()?;
    Ok(Filter::mask(wanted.into_iter()))
}
