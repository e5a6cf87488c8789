//! A post's card in a feed and its tile in a grid, and those of a page.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use askama::Template;
use business_media_gateway::MediaItem;
use infra_kernel::Timestamp;
use presentation_kit::{Card, Shown, Site};

use crate::view::PostView;
use crate::view::post::is_sensitive;

/// A card down to the count beside its speech bubble.
#[derive(Template)]
#[template(path = "part/card.html", block = "above")]
struct Above<'post> {
    post: &'post PostView,
    is_first: bool,
}

/// How many have commented, beside the speech bubble.
#[derive(Template)]
#[template(path = "part/card.html", block = "figures")]
struct Figures {
    replies: u64,
}

/// What stands between the two places that count.
#[derive(Template)]
#[template(path = "part/card.html", block = "between")]
struct Between<'post> {
    post: &'post PostView,
}

/// The link to the comments, and the card's end.
#[derive(Template)]
#[template(path = "part/card.html", block = "below")]
struct Below<'card> {
    path: &'card str,
    replies: u64,
}

/// A post's tile in a grid of squares.
#[derive(Template)]
#[template(path = "part/tile.html")]
struct TileTemplate<'post> {
    post: &'post PostView,
    is_first: bool,
}

/// A post's card in a feed. Nothing in it depends on who looks, so all but the counts is made once
/// for everyone.
pub(crate) struct CardView<'card> {
    drawn: Cow<'card, CardHtml>,
    replies: u64,
}

/// A post's card without its counts, as it is kept.
#[derive(Clone)]
struct CardHtml {
    above: String,
    between: String,
    path: String,
}

/// A post's tile, as it is kept.
struct TileHtml(String);

impl<'card> CardView<'card> {
    /// The card as it is kept.
    fn kept(site: &Site, shown: &'card Shown, now: Timestamp) -> Self {
        // With the time as the first who looked saw it: a card is kept for half a minute at most.
        let drawn = || CardHtml::draw(site, shown, now, false);
        Self {
            drawn: Cow::Borrowed(shown.renderings.of(drawn)),
            replies: shown.counts.replies,
        }
    }

    /// The card with a photo that is not to wait until it comes near: drawn for one page.
    fn drawn_first(site: &Site, shown: &Shown, now: Timestamp) -> Self {
        Self {
            drawn: Cow::Owned(CardHtml::draw(site, shown, now, true)),
            replies: shown.counts.replies,
        }
    }
}

impl Display for CardView<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (drawn, replies) = (&self.drawn, self.replies);
        let path = &drawn.path;
        formatter.write_str(&drawn.above)?;
        // Most posts have no comments, and then the one is empty.
        write!(formatter, "{}", Figures { replies })?;
        formatter.write_str(&drawn.between)?;
        write!(formatter, "{}", Below { path, replies })
    }
}

impl CardHtml {
    fn draw(site: &Site, card: &Card, now: Timestamp, is_first: bool) -> Self {
        let post = &PostView::of(site, card, now);
        Self {
            above: drawn(&Above { post, is_first }),
            between: drawn(&Between { post }),
            path: post.path.clone(),
        }
    }
}

/// The cards of a page.
pub(crate) fn cards_html<'card>(
    site: &Site,
    posts: &'card [Shown],
    now: Timestamp,
) -> Vec<CardView<'card>> {
    listed(
        posts,
        |shown| CardView::kept(site, shown, now),
        |shown| CardView::drawn_first(site, shown, now),
    )
}

/// The tiles of a page; of a post without photos it is empty. They count nothing.
pub(crate) fn tiles_html<'card>(
    site: &Site,
    posts: &'card [Shown],
    now: Timestamp,
) -> Vec<Cow<'card, str>> {
    listed(
        posts,
        |shown| Cow::Borrowed(tile_html(site, shown, now)),
        |shown| Cow::Owned(tile_drawn(site, shown, now, true)),
    )
}

/// A post's tile in a grid, made once for everyone too; empty for a post without photos.
fn tile_html<'card>(site: &Site, card: &'card Card, now: Timestamp) -> &'card str {
    let drawn = || TileHtml(tile_drawn(site, card, now, false));
    &card.renderings.of(drawn).0
}

/// The posts of a page as `kept` has them for everyone. The first photo among them is not to wait
/// until it comes near, so its post is drawn for this page, by `drawn_first`.
fn listed<'card, T>(
    posts: &'card [Shown],
    kept: impl Fn(&'card Shown) -> T,
    drawn_first: impl Fn(&'card Shown) -> T,
) -> Vec<T> {
    let first = first_pictured(posts);
    let html = |(index, shown): (usize, &'card Shown)| {
        if Some(index) == first {
            drawn_first(shown)
        } else {
            kept(shown)
        }
    };
    posts.iter().enumerate().map(html).collect()
}

fn first_pictured(posts: &[Shown]) -> Option<usize> {
    posts
        .iter()
        .position(|shown| !is_sensitive(&shown.post) && shown.media.iter().any(MediaItem::is_ready))
}

fn tile_drawn(site: &Site, card: &Card, now: Timestamp, is_first: bool) -> String {
    let post = &PostView::of(site, card, now);
    drawn(&TileTemplate { post, is_first })
}

/// Writing to memory cannot fail; if it ever does, one post is missing and the page is whole.
fn drawn(template: &impl Template) -> String {
    template.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a post could not be drawn");
        String::new()
    })
}

/// A card and a tile as they are kept, for tests of what is in them.
#[cfg(test)]
pub(super) mod kept {
    use super::*;

    pub(crate) fn card_html(site: &Site, card: &Card, now: Timestamp) -> String {
        let CardHtml { above, between, .. } = CardHtml::draw(site, card, now, false);
        above + &between
    }

    pub(crate) fn tile_html(site: &Site, card: &Card, now: Timestamp) -> String {
        tile_drawn(site, card, now, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn of_a_page_only_the_first_photo_is_fetched_at_once() {
        let (site, now) = (samples::site(), samples::NOW);
        let mut veiled = samples::card(1, "x", &[(3, 2)]);
        veiled.post.sensitive = true;
        let posts = [
            veiled,
            samples::card(2, "words", &[]),
            samples::card(3, "x", &[(3, 2)]),
            samples::card(4, "x", &[(3, 2)]),
        ]
        .map(samples::shown);
        let expected = [false, false, true, false];
        let at_once = |html: &dyn Display| html.to_string().contains("fetchpriority=\"high\"");
        let cards = cards_html(&site, &posts, now);
        let tiles = tiles_html(&site, &posts, now);
        for index in 0..posts.len() {
            let (card, tile) = (&cards[index], &tiles[index]);
            assert_eq!(at_once(card), expected[index], "{card}");
            assert_eq!(at_once(tile), expected[index], "{tile}");
            assert_eq!(matches!(card.drawn, Cow::Owned(_)), expected[index]);
            assert_eq!(matches!(tile, Cow::Owned(_)), expected[index]);
        }
    }

    #[test]
    fn comments_are_counted_round_what_is_kept() {
        let (site, now) = (samples::site(), samples::NOW);
        let mut shown = samples::shown(samples::card(1, "words", &[]));
        let html = |shown: &Shown| CardView::kept(&site, shown, now).to_string();
        let without = html(&shown);
        assert!(
            !without.contains("figures") && !without.contains("See "),
            "{without}"
        );
        assert!(without.starts_with("<article") && without.ends_with("</article>"));
        let kept: *const CardHtml = shown.renderings.of(|| unreachable!("made already"));
        for (replies, link) in [(1, ">See the comment<"), (14, ">See all 14 comments<")] {
            shown.counts.replies = replies;
            let with = html(&shown);
            let figures = format!("Comment</span><span class=\"figures\">{replies}</span></a>");
            assert!(with.contains(&figures) && with.contains(link), "{with}");
            assert!(with.contains("href=\"/@ada/1#replies\""), "{with}");
            let still: *const CardHtml = shown.renderings.of(|| unreachable!("made already"));
            assert_eq!(still, kept);
        }
    }
}
