use std::collections::BTreeSet;

use async_trait::async_trait;
use business_posts_gateway::text::hashtag_name;
use business_posts_gateway::*;
use infra_kernel::{Context, Error, Result};
use testing_stubs::StubPosts;

use super::{NOON_US, World};

fn head(post: &Post) -> PostHead {
    PostHead {
        id: post.id,
        author_id: post.author_id,
        revision: post.revision,
        visibility: post.visibility,
        mentioned_ids: vec![],
        has_media: !post.media_ids.is_empty(),
        in_reply_to_id: post.in_reply_to_id,
        in_reply_to_author_id: post.in_reply_to_author_id,
        replies_count: post.replies_count,
        reshare_of_id: post.reshare_of_id,
        reshare_of_author_id: post.reshare_of_author_id,
        reshares_count: post.reshares_count,
        pinned: post.pinned_at_us != 0,
    }
}

fn is_public_with(post: &Post, name: &str) -> bool {
    post.visibility() == Visibility::Public && post.tags.iter().any(|tag| tag.name == name)
}

impl World {
    /// The posts of a page that pass, newest first.
    pub(super) fn page(
        &self,
        page: Option<infra_rpc::v1::Page>,
        passes: impl Fn(&Post) -> bool,
    ) -> Vec<PostHead> {
        let page = page.unwrap_or_default();
        let posts = self.posts.lock().unwrap();
        let in_page =
            |post: &&Post| (page.before == 0 || post.id < page.before) && post.id > page.after;
        let mut heads: Vec<PostHead> = posts
            .iter()
            .filter(in_page)
            .filter(|post| passes(post))
            .map(head)
            .collect();
        if page.newer {
            heads.truncate(page.limit as usize);
            heads.reverse();
        } else {
            heads.reverse();
            heads.truncate(page.limit as usize);
        }
        heads
    }

    fn reshares_of(&self, account_id: u64, post_id: u64) -> Vec<Post> {
        let mut posts = self.posts.lock().unwrap().clone();
        posts.retain(|post| (post.author_id, post.reshare_of_id) == (account_id, post_id));
        posts
    }

    fn heads(&self, passes: impl Fn(&Post) -> bool) -> Vec<PostHead> {
        let posts = self.posts.lock().unwrap();
        posts.iter().filter(|post| passes(post)).map(head).collect()
    }
}

#[async_trait]
impl StubPosts for World {
    async fn create_post(
        &self,
        _: &Context,
        request: CreatePostRequest,
    ) -> Result<CreatePostReply> {
        if request.text.is_empty() && request.media_ids.is_empty() {
            return Err(Error::invalid("status", "A post needs a text or pictures."));
        }
        self.created.lock().unwrap().push(request.clone());
        let id = self.posted(request.author_id, &request.text, request.visibility());
        let mut posts = self.posts.lock().unwrap();
        let answered = posts
            .iter_mut()
            .find(|post| post.id == request.in_reply_to_id);
        answered
            .into_iter()
            .for_each(|post| post.replies_count += 1);
        let post = posts.iter_mut().find(|post| post.id == id).unwrap();
        post.in_reply_to_id = request.in_reply_to_id;
        post.application_id = request.application_id;
        post.media_ids = request.media_ids;
        post.originals_shared = request.originals_shared;
        post.camera_shown = request.camera_shown;
        Ok(CreatePostReply {
            post: Some(post.clone()),
            created: true,
        })
    }

    async fn delete_post(&self, _: &Context, request: DeletePostRequest) -> Result<Post> {
        let mut posts = self.posts.lock().unwrap();
        let at = posts
            .iter()
            .position(|post| (post.id, post.author_id) == (request.post_id, request.author_id));
        Ok(posts.remove(at.ok_or_else(|| Error::not_found("post"))?))
    }

    async fn reshare(&self, _: &Context, request: ReshareRequest) -> Result<ReshareReply> {
        let made = self.reshares_of(request.account_id, request.post_id);
        if let Some(reshare) = made.first() {
            return Ok(ReshareReply {
                reshare: Some(reshare.clone()),
                created: false,
            });
        }
        let id = self.posted(request.account_id, "", request.visibility());
        let mut posts = self.posts.lock().unwrap();
        let shown = posts.iter_mut().find(|post| post.id == request.post_id);
        let shown = shown.ok_or_else(|| Error::not_found("post"))?;
        shown.reshares_count += 1;
        let author_id = shown.author_id;
        let reshare = posts.iter_mut().find(|post| post.id == id).unwrap();
        reshare.reshare_of_id = request.post_id;
        reshare.reshare_of_author_id = author_id;
        Ok(ReshareReply {
            reshare: Some(reshare.clone()),
            created: true,
        })
    }

    async fn unreshare(&self, _: &Context, request: UnreshareRequest) -> Result<UnreshareReply> {
        let made = self.reshares_of(request.account_id, request.post_id);
        let mut posts = self.posts.lock().unwrap();
        posts.retain(|post| made.iter().all(|reshare| reshare.id != post.id));
        let shown = posts.iter_mut().find(|post| post.id == request.post_id);
        shown
            .into_iter()
            .for_each(|post| post.reshares_count -= made.len() as u64);
        Ok(UnreshareReply {
            removed: !made.is_empty(),
        })
    }

    async fn pin_post(&self, _: &Context, request: PinPostRequest) -> Result<PinPostReply> {
        self.change(request.post_id, |post| post.pinned_at_us = NOON_US);
        Ok(PinPostReply {})
    }

    async fn unpin_post(&self, _: &Context, request: UnpinPostRequest) -> Result<UnpinPostReply> {
        self.change(request.post_id, |post| post.pinned_at_us = 0);
        Ok(UnpinPostReply {})
    }

    async fn list_pinned(&self, _: &Context, request: ListPinnedRequest) -> Result<ListPostsReply> {
        let is_pinned = |post: &Post| post.author_id == request.author_id && post.pinned_at_us != 0;
        let heads = self.heads(is_pinned);
        Ok(ListPostsReply { heads })
    }

    async fn list_reshares(
        &self,
        _: &Context,
        request: ListResharesRequest,
    ) -> Result<ListPostsReply> {
        let heads = self.page(request.page, |post| post.reshare_of_id == request.post_id);
        Ok(ListPostsReply { heads })
    }

    async fn get_reshared(
        &self,
        _: &Context,
        request: GetResharedRequest,
    ) -> Result<GetResharedReply> {
        let mut post_ids = request.post_ids;
        post_ids.retain(|post| !self.reshares_of(request.account_id, *post).is_empty());
        Ok(GetResharedReply { post_ids })
    }

    async fn get_posts(&self, _: &Context, request: GetPostsRequest) -> Result<GetPostsReply> {
        let mut posts = self.posts.lock().unwrap().clone();
        posts.retain(|post| request.ids.contains(&post.id));
        Ok(GetPostsReply { posts })
    }

    async fn get_post_heads(
        &self,
        _: &Context,
        request: GetPostHeadsRequest,
    ) -> Result<GetPostHeadsReply> {
        let mut heads = self.heads(|post| request.ids.contains(&post.id));
        heads.sort_by_key(|head| request.ids.iter().position(|id| *id == head.id));
        Ok(GetPostHeadsReply { heads })
    }

    async fn list_by_author(
        &self,
        _: &Context,
        request: ListByAuthorRequest,
    ) -> Result<ListPostsReply> {
        let wanted = hashtag_name(&request.tag);
        let has_tag = |post: &Post| post.tags.iter().any(|tag| tag.name == wanted);
        let heads = self.page(request.page, |post| {
            post.author_id == request.author_id
                && (request.tag.is_empty() || has_tag(post))
                && (!request.only_media || !post.media_ids.is_empty())
                && (!request.exclude_replies || post.in_reply_to_id == 0)
                && (!request.exclude_reshares || post.reshare_of_id == 0)
        });
        Ok(ListPostsReply { heads })
    }

    async fn list_public(&self, _: &Context, request: ListPublicRequest) -> Result<ListPostsReply> {
        let heads = self.page(request.page, |post| {
            post.visibility() == Visibility::Public && post.reshare_of_id == 0
        });
        Ok(ListPostsReply { heads })
    }

    async fn list_by_tag(&self, _: &Context, request: ListByTagRequest) -> Result<ListPostsReply> {
        let heads = self.page(request.page, |post| {
            is_public_with(post, &hashtag_name(&request.tag))
                && (!request.only_media || !post.media_ids.is_empty())
        });
        Ok(ListPostsReply { heads })
    }

    async fn follow_tag(&self, _: &Context, request: FollowTagRequest) -> Result<FollowTagReply> {
        let name = hashtag_name(&request.name);
        if name.is_empty() {
            return Err(Error::not_found("hashtag"));
        }
        let id = self.next_id();
        let followed = (request.account_id, FollowedTag { id, name });
        self.followed_tags.lock().unwrap().push(followed);
        Ok(FollowTagReply {})
    }

    async fn unfollow_tag(
        &self,
        _: &Context,
        request: UnfollowTagRequest,
    ) -> Result<UnfollowTagReply> {
        let name = hashtag_name(&request.name);
        let mut followed = self.followed_tags.lock().unwrap();
        followed.retain(|(account, tag)| (*account, &tag.name) != (request.account_id, &name));
        Ok(UnfollowTagReply {})
    }

    async fn list_followed_tags(
        &self,
        _: &Context,
        request: ListFollowedTagsRequest,
    ) -> Result<ListFollowedTagsReply> {
        let page = request.page.unwrap_or_default();
        let followed = self.followed_tags.lock().unwrap();
        let mine = followed
            .iter()
            .rev()
            .filter(|(account, _)| *account == request.account_id);
        let tags = mine
            .map(|(_, tag)| tag.clone())
            .filter(|tag| page.before == 0 || tag.id < page.before)
            .take(page.limit as usize);
        Ok(ListFollowedTagsReply {
            tags: tags.collect(),
        })
    }

    async fn get_followed_tags(
        &self,
        _: &Context,
        request: GetFollowedTagsRequest,
    ) -> Result<GetFollowedTagsReply> {
        let followed = self.followed_tags.lock().unwrap();
        let is_followed = |name: &String| {
            let mut mine = followed.iter();
            mine.any(|(account, tag)| (*account, &tag.name) == (request.account_id, name))
        };
        let mut names = request.names;
        names.retain(is_followed);
        Ok(GetFollowedTagsReply { names })
    }

    async fn get_tags(&self, _: &Context, request: GetTagsRequest) -> Result<GetTagsReply> {
        let names = request.names.iter().map(|name| hashtag_name(name));
        let tags = names.filter(|name| !name.is_empty()).map(|name| {
            let posts = self.heads(|post| is_public_with(post, &name)).len() as u64;
            let days = vec![TagDay {
                begins_at_us: NOON_US,
                posts,
                authors: posts,
            }];
            TagUse { name, days }
        });
        Ok(GetTagsReply {
            tags: tags.collect(),
        })
    }

    async fn search_tags(
        &self,
        _: &Context,
        request: SearchTagsRequest,
    ) -> Result<SearchTagsReply> {
        assert!((1..=TAGS_FOUND_MAX).contains(&request.limit));
        let beginning = hashtag_name(&request.query);
        let posts = self.posts.lock().unwrap();
        let tags = posts.iter().flat_map(|post| &post.tags);
        let names = tags.map(|tag| tag.name.clone());
        let names: BTreeSet<String> = names
            .filter(|name| !beginning.is_empty() && name.starts_with(&beginning))
            .collect();
        let names = names.into_iter().skip(request.offset as usize);
        Ok(SearchTagsReply {
            names: names.take(request.limit as usize).collect(),
        })
    }

    async fn get_conversation(
        &self,
        _: &Context,
        request: GetConversationRequest,
    ) -> Result<GetConversationReply> {
        let post = self.heads(|post| post.id == request.post_id);
        let above = post.first().map_or(0, |head| head.in_reply_to_id);
        Ok(GetConversationReply {
            ancestors: self.heads(|post| post.id == above),
            descendants: self.heads(|post| post.in_reply_to_id == request.post_id),
        })
    }

    async fn get_author_stats(
        &self,
        _: &Context,
        request: GetAuthorStatsRequest,
    ) -> Result<GetAuthorStatsReply> {
        let stats = request.author_ids.iter().map(|id| AuthorStats {
            author_id: *id,
            posts: 1,
            last_posted_at_us: NOON_US,
            top_level_posts: 1,
        });
        Ok(GetAuthorStatsReply {
            stats: stats.collect(),
        })
    }

    async fn count_posts(&self, _: &Context, _: CountPostsRequest) -> Result<CountPostsReply> {
        Ok(CountPostsReply { posts: 3 })
    }
}
