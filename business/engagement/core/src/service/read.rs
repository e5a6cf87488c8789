//! Counts, and a viewer's marks, of many posts at once.

use business_engagement_gateway::{
    GetCountsReply, GetCountsRequest, GetMarksReply, GetMarksRequest, POSTS_MAX, PostCounts,
    PostMarks,
};
use infra_kernel::Error;

use crate::error::EngagementError;
use crate::state::State;

pub(crate) async fn counts(
    state: &State,
    request: GetCountsRequest,
) -> Result<GetCountsReply, EngagementError> {
    check_count(&request.post_ids)?;
    let counts = state.counts(&request.post_ids).await?;
    let of_posts = request.post_ids.into_iter().zip(counts);
    let counts = of_posts.map(|(post_id, likes)| PostCounts { post_id, likes });
    Ok(GetCountsReply {
        counts: counts.collect(),
    })
}

pub(crate) async fn marks(
    state: &State,
    request: GetMarksRequest,
) -> Result<GetMarksReply, EngagementError> {
    check_count(&request.post_ids)?;
    let marks = state.marks(request.viewer_id, &request.post_ids).await?;
    let of_posts = request.post_ids.into_iter().zip(marks);
    let marks = of_posts.map(|(post_id, marks)| PostMarks {
        post_id,
        liked: marks.is_liked,
        bookmarked: marks.is_bookmarked,
    });
    Ok(GetMarksReply {
        marks: marks.collect(),
    })
}

fn check_count(posts: &[u64]) -> Result<(), Error> {
    if posts.len() > POSTS_MAX {
        let sentence = format!("At most {POSTS_MAX} posts can be asked for at once.");
        return Err(Error::invalid("post_ids", sentence));
    }
    Ok(())
}
