use async_trait::async_trait;
use business_engagement_gateway::*;
use infra_kernel::{Context, Result};
use testing_stubs::StubEngagement;

use super::World;

impl World {
    fn likes_of(&self, post: u64) -> u64 {
        let likes = self.likes.lock().unwrap();
        likes.iter().filter(|like| like.post_id == post).count() as u64
    }
}

/// The marks of a page that pass, newest first.
fn page_of<T: Clone>(
    marks: &[T],
    page: Option<infra_rpc::v1::Page>,
    id: impl Fn(&T) -> u64,
    passes: impl Fn(&T) -> bool,
) -> Vec<T> {
    let page = page.unwrap_or_default();
    let in_page = |mark: &&T| (page.before == 0 || id(mark) < page.before) && id(mark) > page.after;
    let mut marks: Vec<T> = marks
        .iter()
        .filter(in_page)
        .filter(|mark| passes(mark))
        .cloned()
        .collect();
    if page.newer {
        marks.truncate(page.limit as usize);
        marks.reverse();
    } else {
        marks.reverse();
        marks.truncate(page.limit as usize);
    }
    marks
}

#[async_trait]
impl StubEngagement for World {
    async fn like(&self, _: &Context, request: LikeRequest) -> Result<LikeReply> {
        let (
            id,
            LikeRequest {
                account_id,
                post_id,
            },
        ) = (self.next_id(), request);
        let mut likes = self.likes.lock().unwrap();
        let is_it = |like: &PostLike| (like.account_id, like.post_id) == (account_id, post_id);
        let created = !likes.iter().any(is_it);
        if created {
            likes.push(PostLike {
                id,
                account_id,
                post_id,
                created_at_us: 0,
            });
        }
        drop(likes);
        let likes = self.likes_of(post_id);
        Ok(LikeReply { created, likes })
    }

    async fn unlike(&self, _: &Context, request: UnlikeRequest) -> Result<UnlikeReply> {
        let UnlikeRequest {
            account_id,
            post_id,
        } = request;
        let mut likes = self.likes.lock().unwrap();
        let before = likes.len();
        likes.retain(|like| (like.account_id, like.post_id) != (account_id, post_id));
        let removed = likes.len() < before;
        drop(likes);
        let likes = self.likes_of(post_id);
        Ok(UnlikeReply { removed, likes })
    }

    async fn list_likes_of_post(
        &self,
        _: &Context,
        request: ListLikesOfPostRequest,
    ) -> Result<ListLikesReply> {
        let of_post = |like: &PostLike| like.post_id == request.post_id;
        let likes = self.likes.lock().unwrap();
        let likes = page_of(&likes, request.page, |like| like.id, of_post);
        Ok(ListLikesReply { likes })
    }

    async fn list_likes_of_account(
        &self,
        _: &Context,
        request: ListLikesOfAccountRequest,
    ) -> Result<ListLikesReply> {
        let of_account = |like: &PostLike| like.account_id == request.account_id;
        let likes = self.likes.lock().unwrap();
        let likes = page_of(&likes, request.page, |like| like.id, of_account);
        Ok(ListLikesReply { likes })
    }

    async fn bookmark(&self, _: &Context, request: BookmarkRequest) -> Result<BookmarkReply> {
        let id = self.next_id();
        self.bookmarks.lock().unwrap().push(PostBookmark {
            id,
            account_id: request.account_id,
            post_id: request.post_id,
            created_at_us: 0,
        });
        Ok(BookmarkReply { created: true })
    }

    async fn unbookmark(&self, _: &Context, request: UnbookmarkRequest) -> Result<UnbookmarkReply> {
        let wanted = (request.account_id, request.post_id);
        let mut bookmarks = self.bookmarks.lock().unwrap();
        bookmarks.retain(|mark| (mark.account_id, mark.post_id) != wanted);
        Ok(UnbookmarkReply { removed: true })
    }

    async fn list_bookmarks(
        &self,
        _: &Context,
        request: ListBookmarksRequest,
    ) -> Result<ListBookmarksReply> {
        let of_account = |mark: &PostBookmark| mark.account_id == request.account_id;
        let bookmarks = self.bookmarks.lock().unwrap();
        let bookmarks = page_of(&bookmarks, request.page, |mark| mark.id, of_account);
        Ok(ListBookmarksReply { bookmarks })
    }

    async fn get_counts(&self, _: &Context, request: GetCountsRequest) -> Result<GetCountsReply> {
        let counts = request.post_ids.into_iter().map(|post_id| PostCounts {
            post_id,
            likes: self.likes_of(post_id),
        });
        Ok(GetCountsReply {
            counts: counts.collect(),
        })
    }

    async fn get_marks(&self, _: &Context, request: GetMarksRequest) -> Result<GetMarksReply> {
        let viewer = request.viewer_id;
        let likes = self.likes.lock().unwrap();
        let bookmarks = self.bookmarks.lock().unwrap();
        let liked = |post| {
            likes
                .iter()
                .any(|like| (like.account_id, like.post_id) == (viewer, post))
        };
        let bookmarked = |post| {
            bookmarks
                .iter()
                .any(|mark| (mark.account_id, mark.post_id) == (viewer, post))
        };
        let marks = request.post_ids.into_iter().map(|post_id| PostMarks {
            post_id,
            liked: liked(post_id),
            bookmarked: bookmarked(post_id),
        });
        Ok(GetMarksReply {
            marks: marks.collect(),
        })
    }
}
