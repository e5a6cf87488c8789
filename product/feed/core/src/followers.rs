//! An author's followers, page by page; and who of them may hold a post.

use business_graph_gateway::{ACCOUNTS_MAX, GetRelationshipsRequest, Graph, ListFollowsRequest};
use business_posts_gateway::{PostHead, PostId};
use infra_kernel::{AccountId, Context, Page};

use crate::Settings;
use crate::error::Result;
use crate::merged::MergedAuthors;

/// Pages beyond those that the merge threshold allows for, for those who follow meanwhile.
const PAGES_SPARE: u32 = 4;

/// The followers of one author, newest first, page by page.
pub(crate) struct FollowerPages<'a> {
    graph: &'a dyn Graph,
    context: &'a Context,
    author: AccountId,
    page: Page,
    is_at_end: bool,
}

impl<'a> FollowerPages<'a> {
    pub(crate) fn new(
        graph: &'a dyn Graph,
        context: &'a Context,
        author: AccountId,
        settings: &Settings,
    ) -> Self {
        Self {
            graph,
            context,
            author,
            page: Page::newest(settings.chunk()),
            is_at_end: false,
        }
    }

    /// How many pages a fan-out looks at: an author with more followers than they hold is merged.
    pub(crate) fn fanned_out_max(settings: &Settings) -> u32 {
        settings.merge_threshold / settings.chunk() + PAGES_SPARE
    }

    /// The next of them; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<AccountId>>> {
        if self.is_at_end {
            return Ok(None);
        }
        let request = ListFollowsRequest {
            account_id: self.author.get(),
            page: Some(self.page.into()),
        };
        let reply = self.graph.list_followers(self.context, request).await?;
        let follows = reply.follows;
        match follows.last() {
            Some(last) if follows.len() >= self.page.limit as usize => self.page.before = last.id,
            _ => self.is_at_end = true,
        }
        let followers = follows
            .iter()
            .map(|follow| AccountId::new(follow.follower_id));
        Ok(Some(followers.collect()))
    }

    /// Whether all of them were returned.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.is_at_end
    }
}

/// Who of these follows an account: asked from the followed one's side, so that one question serves
/// many followers.
pub(crate) async fn followers_among(
    graph: &dyn Graph,
    context: &Context,
    followee: AccountId,
    accounts: &[AccountId],
) -> Result<Vec<AccountId>> {
    let mut followers = Vec::new();
    for some in accounts.chunks(ACCOUNTS_MAX) {
        let request = GetRelationshipsRequest::new(followee, some.iter().copied());
        let reply = graph.get_relationships(context, request).await?;
        let following = reply.relationships.iter();
        let following = following.filter(|standing| standing.followed_by);
        followers.extend(following.map(|standing| AccountId::new(standing.target_id)));
    }
    Ok(followers)
}

/// Whose timelines may hold a post, page by page: who has ceased to follow its author has lost it
/// by that.
pub(crate) struct Holders<'a> {
    merged: &'a MergedAuthors,
    head: &'a PostHead,
    followers: FollowerPages<'a>,
    /// Whether the first page was returned.
    is_begun: bool,
}

impl<'a> Holders<'a> {
    /// The holders of a post, of whose author these are the followers.
    pub(crate) const fn new(
        head: &'a PostHead,
        merged: &'a MergedAuthors,
        followers: FollowerPages<'a>,
    ) -> Self {
        Self {
            merged,
            head,
            followers,
            is_begun: false,
        }
    }

    /// The post whose holders these are.
    pub(crate) const fn post(&self) -> PostId {
        PostId::new(self.head.id)
    }

    /// The next of them; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<AccountId>>> {
        if self.is_begun {
            return self.followers.next().await;
        }
        self.is_begun = true;
        let author = AccountId::new(self.head.author_id);
        if self.merged.was_merged(author, self.post()).await? {
            // No follower has it: their pages are not asked for.
            self.followers.is_at_end = true;
        }
        let mentioned = self.head.mentioned_ids.iter();
        let mut some: Vec<_> = mentioned.copied().map(AccountId::new).collect();
        some.push(author);
        Ok(Some(some))
    }
}
