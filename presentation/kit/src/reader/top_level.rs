//! The home timeline as the page shows it: without replies, which stand under the post that they
//! reply to, and without reshares.

use std::collections::HashMap;

use business_posts_gateway::{GetPostHeadsRequest, PostHead};
use infra_kernel::{AccountId, Context, Direction, Page, Result};

use super::{Listing, Reader};
use crate::card::Shown;
use crate::paging::Cursors;
use crate::rules::Place;

/// The most pages of the timeline that are looked through for one page of the listing. Who follows
/// nobody but people deep in conversation gets a page that is shorter, and continues below it.
const ROUNDS_MAX: u32 = 5;

/// What one page of the timeline had.
struct Round {
    newest: Option<u64>,
    /// The lowest id looked at.
    oldest: Option<u64>,
    /// Whether there may be more below what was looked at.
    goes_on: bool,
    heads: Vec<PostHead>,
}

impl Reader {
    /// A page of the viewer's home timeline, of posts that reply to nothing and reshare nothing.
    /// The page stays full where there are enough.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn home_top_level(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<Shown>> {
        let mut items = Vec::new();
        let mut cursors = Cursors::default();
        let mut rest = page;
        for _ in 0..ROUNDS_MAX {
            // Never below zero: no round has more heads than are wanted, and a full page ends the
            // loop.
            let wanted = page.limit as usize - items.len();
            let round = self.home_round(context, viewer, rest, wanted).await?;
            items.extend(
                self.visible(Place::Home, context, Some(viewer), round.heads)
                    .await?,
            );
            cursors = Cursors {
                // The first round is the newest.
                newest: cursors.newest.or(round.newest),
                oldest: round.oldest.filter(|_| round.goes_on),
            };
            // Only downwards: `before` cannot continue a page that is read upwards.
            let (Some(oldest), Direction::Older) = (cursors.oldest, page.direction) else {
                break;
            };
            if items.len() >= page.limit as usize {
                break;
            }
            rest.before = oldest;
        }
        Ok(Listing { items, cursors })
    }

    async fn home_round(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
        wanted: usize,
    ) -> Result<Round> {
        let ids = self.home_ids(context, viewer, page).await?;
        let cursors = Cursors::of(&ids, &page);
        let request = GetPostHeadsRequest { ids: ids.clone() };
        let reply = self.gateways.posts.get_post_heads(context, request).await?;
        let heads = reply.heads.into_iter().map(|head| (head.id, head));
        let mut heads: HashMap<u64, PostHead> = heads.collect();
        let mut round = Round {
            newest: cursors.newest,
            oldest: cursors.newest,
            goes_on: cursors.oldest.is_some(),
            heads: Vec::new(),
        };
        for id in ids {
            // What was read beyond the page is left for the next: the cursor must not skip it.
            if round.heads.len() == wanted {
                round.goes_on = true;
                break;
            }
            // Also of an id whose post has gone or is left out: it was looked at, and the next page
            // begins below it.
            round.oldest = Some(id);
            let head = heads.remove(&id);
            round.heads.extend(
                head.filter(|head| head.in_reply_to().is_none() && head.reshare_of().is_none()),
            );
        }
        Ok(round)
    }
}
