//! Bookmarking a post, and removing the bookmark.

use std::sync::Arc;

use business_engagement_gateway::{
    BookmarkId, BookmarkReply, BookmarkRequest, PostBookmark, UnbookmarkReply, UnbookmarkRequest,
};
use infra_db::Connection;
use infra_kernel::Context;

use crate::error::EngagementError;
use crate::state::State;
use crate::store::bookmarks;

pub(crate) async fn bookmark(
    state: &Arc<State>,
    context: &Context,
    request: BookmarkRequest,
) -> Result<BookmarkReply, EngagementError> {
    // Before the transaction: the only writer does not wait for another domain.
    state.require_post(context, request.post_id).await?;
    let (writing, changed) = (Arc::clone(state), Arc::clone(state));
    state
        .database
        .write_then(
            move |connection| {
                Box::pin(async move { write_bookmark(connection, &writing, request).await })
            },
            move |reply, _| {
                if reply.created {
                    changed.marks_changed(request.account_id, request.post_id);
                }
            },
        )
        .await
}

pub(crate) async fn unbookmark(
    state: &Arc<State>,
    request: UnbookmarkRequest,
) -> Result<UnbookmarkReply, EngagementError> {
    // The post is not asked for: a mark on one that is gone can be removed, too.
    let UnbookmarkRequest {
        account_id,
        post_id,
    } = request;
    let changed = Arc::clone(state);
    let removed = state
        .database
        .write_then(
            move |connection| {
                Box::pin(async move {
                    let removed = bookmarks::delete(connection, account_id, post_id).await?;
                    Ok::<_, EngagementError>(removed)
                })
            },
            move |removed, _| {
                if *removed {
                    changed.marks_changed(account_id, post_id);
                }
            },
        )
        .await?;
    Ok(UnbookmarkReply { removed })
}

async fn write_bookmark(
    connection: &mut Connection,
    state: &State,
    request: BookmarkRequest,
) -> Result<BookmarkReply, EngagementError> {
    // Single writer (ADR 0026): as a like's, so that pages miss none.
    let bookmark = PostBookmark {
        id: state.ids.next::<BookmarkId>().get(),
        account_id: request.account_id,
        post_id: request.post_id,
        created_at_us: state.clock.now().microseconds(),
    };
    let created = bookmarks::insert(connection, &bookmark).await?;
    Ok(BookmarkReply { created })
}
