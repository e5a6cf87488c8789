//! Showing a post again, and taking that back.

use std::sync::Arc;

use business_posts_gateway::{
    GetResharedReply, GetResharedRequest, ListPostsReply, ListResharesRequest, PAGE_LIMIT_MAX,
    Post, PostDeleted, PostId, PostPublished, ReshareReply, ReshareRequest, UnreshareReply,
    UnreshareRequest, Visibility, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, Error, ErrorCode};
use infra_rpc::v1;

use super::create_post::within_a_day;
use super::read::check_count;
use crate::error::PostsError;
use crate::state::State;
use crate::store::{posts, reshares};

pub(crate) async fn reshare(
    state: &Arc<State>,
    context: &Context,
    request: ReshareRequest,
) -> Result<ReshareReply, PostsError> {
    let Some(post) = state.post(request.post_id).await? else {
        return Err(PostsError::NoPost);
    };
    if post.reshare_of().is_some() {
        return Err(PostsError::NoPost);
    }
    let reshare = Post {
        author_id: request.account_id,
        revision: 1,
        visibility: visibility(&post, &request)?.into(),
        reshare_of_id: post.id,
        reshare_of_author_id: post.author_id,
        ..Post::default()
    };
    let (writing, context) = (Arc::clone(state), context.clone());
    let published = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move { write_reshare(connection, &writing, &context, reshare).await })
        },
        move |(reshare, created), _| {
            if *created {
                published.post_published(reshare, &[]);
            }
        },
    );
    let (reshare, created) = written.await?;
    Ok(ReshareReply {
        reshare: Some(Post::clone(&reshare)),
        created,
    })
}

/// For whom the reshare is: never for more people than the post.
fn visibility(post: &Post, request: &ReshareRequest) -> Result<Visibility, Error> {
    match post.visibility() {
        open if open.is_open() => match request.visibility() {
            wanted @ (Visibility::Public | Visibility::Unlisted | Visibility::Private) => {
                Ok(wanted)
            }
            Visibility::Direct | Visibility::Unspecified => {
                let sentence = "A post is reshared for everyone or for followers.";
                Err(Error::invalid("visibility", sentence))
            }
        },
        Visibility::Private if post.author_id == request.account_id => Ok(Visibility::Private),
        // In Mastodon's words, by which clients know it.
        _ => Err(Error::new(
            ErrorCode::Forbidden,
            "This action is not allowed",
        )),
    }
}

/// Whether the account may reshare once more today: each of them is brought to all its followers.
async fn check_day(
    connection: &mut Connection,
    state: &State,
    account: AccountId,
) -> Result<(), PostsError> {
    // 0 is no limit.
    let Some(newer) = state.settings.posts_per_day_max.checked_sub(1) else {
        return Ok(());
    };
    let first = reshares::created_before(connection, account, newer).await?;
    within_a_day(state, first, "reshared")
}

/// The reshare, and whether it was made just now.
async fn write_reshare(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    reshare: Post,
) -> Result<(Arc<Post>, bool), PostsError> {
    let post = PostId::new(reshare.reshare_of_id);
    if let Some(known) = reshares::find(connection, reshare.author(), post).await? {
        return Ok((Arc::new(known), false));
    }
    let is_there = if reshare.visibility().is_open() {
        posts::count_reshare(connection, post, 1).await?
    } else {
        // The post's count would reveal it.
        posts::is_stored(connection, post).await?
    };
    if !is_there {
        return Err(PostsError::NoPost);
    }
    check_day(connection, state, reshare.author()).await?;
    // Single writer (ADR 0026): the id is made in here, as those of posts are, in whose lists it
    // stands.
    let reshare = Post {
        id: state.ids.next::<PostId>().get(),
        created_at_us: state.clock.now().microseconds(),
        ..reshare
    };
    reshares::insert(connection, &reshare).await?;
    let payload = PostPublished {
        head: Some(reshare.head()),
        media_ids: Vec::new(),
    };
    let event = Event::new(context, &state.ids, topics::PUBLISHED, reshare.id, &payload);
    outbox::append(connection, &event).await?;
    Ok((Arc::new(reshare), true))
}

pub(crate) async fn unreshare(
    state: &Arc<State>,
    context: &Context,
    request: UnreshareRequest,
) -> Result<UnreshareReply, PostsError> {
    let (account, post) = (
        AccountId::new(request.account_id),
        PostId::new(request.post_id),
    );
    let removed = remove(state, context, account, post, None).await?;
    let removed = removed.is_some();
    Ok(UnreshareReply { removed })
}

/// Removes an account's reshare of a post, any or this one, and returns it if it was there.
pub(super) async fn remove(
    state: &Arc<State>,
    context: &Context,
    account: AccountId,
    post: PostId,
    id: Option<PostId>,
) -> Result<Option<Post>, PostsError> {
    let (writing, context) = (Arc::clone(state), context.clone());
    let deleted = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                let known = reshares::find(connection, account, post).await?;
                let is_meant = |reshare: &Post| id.is_none_or(|id| id == reshare.post());
                let Some(reshare) = known.filter(is_meant) else {
                    return Ok(None);
                };
                reshares::delete(connection, reshare.post()).await?;
                if reshare.visibility().is_open() {
                    posts::count_reshare(connection, post, -1).await?;
                }
                tell_deleted(connection, &writing, &context, &reshare).await?;
                Ok(Some(reshare))
            })
        },
        move |reshare: &Option<Post>, _| {
            if let Some(reshare) = reshare {
                deleted.reshare_deleted(reshare);
            }
        },
    );
    written.await
}

/// Announces that a reshare is gone.
pub(crate) async fn tell_deleted(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    reshare: &Post,
) -> Result<(), PostsError> {
    let payload = PostDeleted {
        head: Some(reshare.head()),
        media_ids: Vec::new(),
        tag_names: Vec::new(),
    };
    let event = Event::new(context, &state.ids, topics::DELETED, reshare.id, &payload);
    Ok(outbox::append(connection, &event).await?)
}

pub(crate) async fn list(
    state: &State,
    request: &ListResharesRequest,
) -> Result<ListPostsReply, PostsError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let ids = reshares::of_post(&state.database, PostId::new(request.post_id), &page).await?;
    let heads = state.heads(&ids).await?;
    Ok(ListPostsReply { heads })
}

pub(crate) async fn reshared(
    state: &State,
    request: &GetResharedRequest,
) -> Result<GetResharedReply, PostsError> {
    check_count("post_ids", &request.post_ids)?;
    let account = AccountId::new(request.account_id);
    let posts = &request.post_ids;
    let post_ids = match state.reshared(account).await?.among(posts) {
        Some(found) => found,
        None => {
            let found = reshares::among(&state.database, account, posts).await?;
            let is_found = |post: &u64| found.contains(post);
            posts.iter().copied().filter(is_found).collect()
        }
    };
    Ok(GetResharedReply { post_ids })
}
