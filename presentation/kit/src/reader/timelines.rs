//! Where posts of many come by themselves.

use business_graph_gateway::ListId;
use business_posts_gateway::{ListByTagRequest, ListPublicRequest};
use infra_kernel::{AccountId, Context, Direction, Page, Result};
use product_feed_gateway::GetListTimelineRequest;

use super::{Listing, Reader};
use crate::card::Shown;
use crate::paging::Cursors;
use crate::rules::Place;

/// How many posts or notifications are looked at for a page of which something is to be left: to
/// clients an empty page is the end, and a muted account may fill more than one.
const LOOKED_AT_MAX: u32 = 400;
/// In how many rounds at most, however small the pages are.
const ROUNDS_MAX: u32 = 20;
/// The same of the home timeline: accounts that a list keeps out of it are among those that post
/// most, and what they posted overnight must not hide the others.
const HOME_LOOKED_AT_MAX: u32 = 2_000;
const HOME_ROUNDS_MAX: u32 = 100;

impl Reader {
    /// A page of the viewer's home timeline.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn home(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<Shown>> {
        let rounds_max = rounds(HOME_LOOKED_AT_MAX, &page).min(HOME_ROUNDS_MAX);
        let read = |page| self.home_page(context, viewer, page);
        in_rounds(page, rounds_max, read).await
    }

    /// A page of the timeline of one of the viewer's lists.
    ///
    /// # Errors
    /// `not_found` when the viewer has no such list; when a domain is unavailable.
    pub async fn of_list(
        &self,
        context: &Context,
        viewer: AccountId,
        list: ListId,
        page: Page,
    ) -> Result<Listing<Shown>> {
        let read = |page| self.list_page(context, viewer, list, page);
        until_something_is_left(page, read).await
    }

    /// A page of this server's public posts.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn public(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        page: Page,
        only_media: bool,
    ) -> Result<Listing<Shown>> {
        let read = |page| self.public_page(context, viewer, page, only_media);
        until_something_is_left(page, read).await
    }

    /// A page of the public posts with a hashtag.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn by_tag(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        tag: &str,
        page: Page,
        only_media: bool,
    ) -> Result<Listing<Shown>> {
        let read = |page| self.tag_page(context, viewer, tag, page, only_media);
        until_something_is_left(page, read).await
    }

    async fn home_page(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<Shown>> {
        let ids = self.home_ids(context, viewer, page).await?;
        // Before the rules: what they take out was looked at all the same, and must not be read
        // again.
        let cursors = Cursors::of(&ids, &page);
        Ok(Listing {
            items: self
                .posts_in(Place::Home, context, Some(viewer), ids)
                .await?,
            cursors,
        })
    }

    async fn list_page(
        &self,
        context: &Context,
        viewer: AccountId,
        list: ListId,
        page: Page,
    ) -> Result<Listing<Shown>> {
        let request = GetListTimelineRequest {
            account_id: viewer.get(),
            list_id: list.get(),
            page: Some(page.into()),
        };
        let feed = &self.gateways.feed;
        let skeleton = feed.get_list_timeline(context, request).await?.entries;
        let ids: Vec<u64> = skeleton.iter().map(|entry| entry.post_id).collect();
        let cursors = Cursors::of(&ids, &page);
        Ok(Listing {
            items: self
                .posts_in(Place::Timeline, context, Some(viewer), ids)
                .await?,
            cursors,
        })
    }

    async fn public_page(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        page: Page,
        only_media: bool,
    ) -> Result<Listing<Shown>> {
        let request = ListPublicRequest {
            page: Some(page.into()),
            only_media,
        };
        let posts = &self.gateways.posts;
        let heads = posts.list_public(context, request).await?.heads;
        self.listing(Place::Timeline, context, viewer, heads, page)
            .await
    }

    async fn tag_page(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        tag: &str,
        page: Page,
        only_media: bool,
    ) -> Result<Listing<Shown>> {
        let request = ListByTagRequest {
            tag: tag.to_owned(),
            page: Some(page.into()),
            only_media,
        };
        let posts = &self.gateways.posts;
        let heads = posts.list_by_tag(context, request).await?.heads;
        self.listing(Place::Timeline, context, viewer, heads, page)
            .await
    }
}

/// The first page from here on of which the rules leave something, or the last that was read.
pub(super) async fn until_something_is_left<T, F>(
    page: Page,
    read: impl Fn(Page) -> F,
) -> Result<Listing<T>>
where
    F: Future<Output = Result<Listing<T>>>,
{
    let rounds_max = rounds(LOOKED_AT_MAX, &page).min(ROUNDS_MAX);
    in_rounds(page, rounds_max, read).await
}

/// How many pages hold so many.
fn rounds(looked_at_max: u32, page: &Page) -> u32 {
    (looked_at_max / page.limit.max(1)).max(1)
}

async fn in_rounds<T, F>(
    mut page: Page,
    rounds_max: u32,
    read: impl Fn(Page) -> F,
) -> Result<Listing<T>>
where
    F: Future<Output = Result<Listing<T>>>,
{
    // The domains refuse a limit of 0; here it is an empty page.
    if page.limit == 0 {
        return Ok(Listing::empty());
    }
    // The ends of all that was looked at.
    let mut ends = Cursors::default();
    let mut round = 1;
    loop {
        let listing = read(page).await?;
        let Cursors { newest, oldest } = listing.cursors;
        let next = match page.direction {
            Direction::Older => {
                ends = Cursors {
                    newest: ends.newest.or(newest),
                    oldest,
                };
                oldest.map(|oldest| Page {
                    before: oldest,
                    ..page
                })
            }
            Direction::Newer => {
                ends = Cursors {
                    newest: newest.or(ends.newest),
                    oldest: ends.oldest.or(oldest),
                };
                newest.map(|newest| Page {
                    after: newest,
                    ..page
                })
            }
        };
        match next {
            Some(next) if listing.items.is_empty() && round < rounds_max => page = next,
            _ => {
                return Ok(Listing {
                    cursors: ends,
                    ..listing
                });
            }
        }
        round += 1;
    }
}
