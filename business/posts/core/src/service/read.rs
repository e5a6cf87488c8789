//! Posts, conversations and numbers.

use business_posts_gateway::{
    ANCESTORS_MAX, AuthorStats, CountPostsReply, DESCENDANTS_MAX, GetAuthorStatsReply,
    GetAuthorStatsRequest, GetConversationReply, GetConversationRequest, GetPostHeadsReply,
    GetPostHeadsRequest, GetPostsReply, GetPostsRequest, IDS_MAX, Post, PostId,
};
use infra_kernel::Error;

use crate::error::PostsError;
use crate::state::State;
use crate::store::conversations;

pub(crate) async fn posts(
    state: &State,
    request: &GetPostsRequest,
) -> Result<GetPostsReply, PostsError> {
    check_count("ids", &request.ids)?;
    let posts = state.load(&request.ids).await?;
    let posts = posts.iter().flatten().map(|post| Post::clone(post));
    Ok(GetPostsReply {
        posts: posts.collect(),
    })
}

pub(crate) async fn heads(
    state: &State,
    request: &GetPostHeadsRequest,
) -> Result<GetPostHeadsReply, PostsError> {
    check_count("ids", &request.ids)?;
    let heads = state.heads(&request.ids).await?;
    Ok(GetPostHeadsReply { heads })
}

/// More than the most is not refused but cut: a caller that wants all it can get need not know how
/// much that is.
pub(crate) async fn conversation(
    state: &State,
    request: &GetConversationRequest,
) -> Result<GetConversationReply, PostsError> {
    let post = PostId::new(request.post_id);
    if state.post(post.get()).await?.is_none() {
        return Err(PostsError::NoPost);
    }
    let ancestors_max = request.ancestors_max.min(ANCESTORS_MAX);
    let descendants_max = request.descendants_max.min(DESCENDANTS_MAX);
    let ancestors = conversations::ancestors(&state.database, post, ancestors_max).await?;
    let descendants = conversations::descendants(&state.database, post, descendants_max).await?;
    Ok(GetConversationReply {
        ancestors: state.heads(&ancestors).await?,
        descendants: state.heads(&descendants).await?,
    })
}

pub(crate) async fn author_stats(
    state: &State,
    request: &GetAuthorStatsRequest,
) -> Result<GetAuthorStatsReply, PostsError> {
    check_count("author_ids", &request.author_ids)?;
    let numbers = state.numbers(&request.author_ids).await?;
    let authors = request.author_ids.iter().zip(numbers);
    let stats = authors.map(|(author_id, numbers)| AuthorStats {
        author_id: *author_id,
        posts: numbers.posts,
        last_posted_at_us: numbers.last_posted_at_us,
        top_level_posts: numbers.top_level_posts,
    });
    Ok(GetAuthorStatsReply {
        stats: stats.collect(),
    })
}

pub(crate) async fn count(state: &State) -> Result<CountPostsReply, PostsError> {
    let everyone = state.numbers(&[0]).await?;
    Ok(CountPostsReply {
        posts: everyone.first().map_or(0, |numbers| numbers.posts),
    })
}

pub(super) fn check_count(field: &str, ids: &[u64]) -> Result<(), Error> {
    if ids.len() > IDS_MAX {
        let sentence = format!("At most {IDS_MAX} ids can be asked for at once.");
        return Err(Error::invalid(field, sentence));
    }
    Ok(())
}
