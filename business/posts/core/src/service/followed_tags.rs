//! Following hashtags, and ending it.

use std::sync::Arc;

use business_posts_gateway::text::hashtag_name;
use business_posts_gateway::{
    FindTagFollowersReply, FindTagFollowersRequest, FollowTagReply, FollowTagRequest,
    GetFollowedTagsReply, GetFollowedTagsRequest, IDS_MAX, ListFollowedTagsReply,
    ListFollowedTagsRequest, PAGE_LIMIT_MAX, TAGS_FOUND_MAX, TagFollowId, UnfollowTagReply,
    UnfollowTagRequest,
};
use infra_db::Connection;
use infra_kernel::{AccountId, Error};
use infra_rpc::v1;

use super::read::check_count;
use crate::error::PostsError;
use crate::state::State;
use crate::store::followed_hashtags;

pub(crate) async fn follow(
    state: &Arc<State>,
    request: FollowTagRequest,
) -> Result<FollowTagReply, PostsError> {
    let account = AccountId::new(request.account_id);
    let name = name_of(&request.name)?;
    let (writing, changed) = (Arc::clone(state), Arc::clone(state));
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move { write_follow(connection, &writing, account, &name).await })
        },
        move |(), _| changed.followed_tags.invalidate(&account.get()),
    );
    written.await?;
    Ok(FollowTagReply {})
}

pub(crate) async fn unfollow(
    state: &Arc<State>,
    request: UnfollowTagRequest,
) -> Result<UnfollowTagReply, PostsError> {
    let account = AccountId::new(request.account_id);
    let name = name_of(&request.name)?;
    let changed = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                followed_hashtags::delete(connection, account, &name).await?;
                Ok::<_, PostsError>(())
            })
        },
        move |(), _| changed.followed_tags.invalidate(&account.get()),
    );
    written.await?;
    Ok(UnfollowTagReply {})
}

pub(crate) async fn list(
    state: &State,
    request: &ListFollowedTagsRequest,
) -> Result<ListFollowedTagsReply, PostsError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let account = AccountId::new(request.account_id);
    let tags = followed_hashtags::list(&state.database, account, &page).await?;
    Ok(ListFollowedTagsReply { tags })
}

pub(crate) async fn among(
    state: &State,
    request: GetFollowedTagsRequest,
) -> Result<GetFollowedTagsReply, PostsError> {
    if request.names.len() > TAGS_FOUND_MAX as usize {
        let sentence = format!("At most {TAGS_FOUND_MAX} hashtags can be asked for at once.");
        return Err(Error::invalid("names", sentence).into());
    }
    let followed = state
        .followed_tags(AccountId::new(request.account_id))
        .await?;
    let mut names = request.names;
    names.retain(|name| followed.contains(name));
    Ok(GetFollowedTagsReply { names })
}

pub(crate) async fn followers_among(
    state: &State,
    request: FindTagFollowersRequest,
) -> Result<FindTagFollowersReply, PostsError> {
    let FindTagFollowersRequest { names, account_ids } = request;
    check_count("account_ids", &account_ids)?;
    if names.len() > IDS_MAX {
        let sentence = format!("At most {IDS_MAX} hashtags can be asked for at once.");
        return Err(Error::invalid("names", sentence).into());
    }
    if names.is_empty() || account_ids.is_empty() {
        return Ok(FindTagFollowersReply::default());
    }
    let followers = followed_hashtags::followers_among(&state.database, &account_ids, &names);
    Ok(FindTagFollowersReply {
        account_ids: followers.await?,
    })
}

fn name_of(written: &str) -> Result<String, Error> {
    let name = hashtag_name(written);
    if name.is_empty() {
        return Err(Error::not_found("hashtag"));
    }
    Ok(name)
}

async fn write_follow(
    connection: &mut Connection,
    state: &State,
    account: AccountId,
    name: &str,
) -> Result<(), PostsError> {
    // Single writer (ADR 0026): the id is made in here, where writes come one after another, so
    // they are numbered in the order of their commits.
    let follow = state.ids.next::<TagFollowId>();
    let now = state.clock.now();
    if !followed_hashtags::insert(connection, follow, account, name, now).await? {
        return Ok(());
    }
    let max = state.settings.followed_hashtags_max;
    // Counted with it, then compared: the error takes it back.
    let count = followed_hashtags::count(connection, account, max.saturating_add(1)).await?;
    if count > u64::from(max) {
        let sentence =
            format!("You follow {max} hashtags, and that is the most. Unfollow one first.");
        return Err(Error::invalid("name", sentence).into());
    }
    Ok(())
}
