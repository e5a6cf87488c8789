//! A post's card in a feed and its tile in a grid, and those of a page.

use std::borrow::Cow;
use std::sync::Arc;

use askama::Template;
use business_media_gateway::MediaItem;
use infra_kernel::Timestamp;
use presentation_kit::{Card, Site};

use crate::view::PostView;
use crate::view::post::is_veiled;

#[derive(Template)]
#[template(path = "part/card.html")]
struct CardTemplate<'post> {
    post: &'post PostView,
    is_first: bool,
}

/// A post's tile in a grid of squares.
#[derive(Template)]
#[template(path = "part/tile.html")]
struct TileTemplate<'post> {
    post: &'post PostView,
    is_first: bool,
}

/// A post's card, as it is kept.
struct CardHtml(String);
/// A post's tile, as it is kept.
struct TileHtml(String);

/// A post's card in a feed. Nothing in it depends on who looks, so it is made once for everyone.
pub(crate) fn card_html<'card>(site: &Site, card: &'card Card, now: Timestamp) -> &'card str {
    let drawn = || CardHtml(card_drawn(site, card, now, false));
    &card.renderings.of(drawn).0
}

/// A post's tile in a grid, made once for everyone too; empty for a post without photos.
pub(crate) fn tile_html<'card>(site: &Site, card: &'card Card, now: Timestamp) -> &'card str {
    let drawn = || TileHtml(tile_drawn(site, card, now, false));
    &card.renderings.of(drawn).0
}

/// The cards of a page.
pub(crate) fn cards_html<'card>(
    site: &Site,
    cards: &'card [Arc<Card>],
    now: Timestamp,
) -> Vec<Cow<'card, str>> {
    listed_html(
        cards,
        |card| card_html(site, card, now),
        |card| card_drawn(site, card, now, true),
    )
}

/// The tiles of a page.
pub(crate) fn tiles_html<'card>(
    site: &Site,
    cards: &'card [Arc<Card>],
    now: Timestamp,
) -> Vec<Cow<'card, str>> {
    listed_html(
        cards,
        |card| tile_html(site, card, now),
        |card| tile_drawn(site, card, now, true),
    )
}

/// The posts of a page as `kept` has them for everyone. The first photo among them is not to wait until it comes near, so
/// its post is drawn for this page, by `drawn_first`.
fn listed_html<'card>(
    cards: &'card [Arc<Card>],
    kept: impl Fn(&'card Card) -> &'card str,
    drawn_first: impl Fn(&Card) -> String,
) -> Vec<Cow<'card, str>> {
    let first = first_pictured(cards);
    let html = |(index, card): (usize, &'card Arc<Card>)| {
        if Some(index) == first {
            Cow::Owned(drawn_first(card))
        } else {
            Cow::Borrowed(kept(card))
        }
    };
    cards.iter().enumerate().map(html).collect()
}

fn first_pictured(cards: &[Arc<Card>]) -> Option<usize> {
    cards
        .iter()
        .position(|card| !is_veiled(&card.post) && card.media.iter().any(MediaItem::is_ready))
}

fn card_drawn(site: &Site, card: &Card, now: Timestamp, is_first: bool) -> String {
    let post = &PostView::of(site, card, now);
    drawn(&CardTemplate { post, is_first })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn of_a_page_only_the_first_photo_is_fetched_at_once() {
        let (site, now) = (samples::site(), samples::NOW);
        let mut veiled = samples::card(1, "x", &[(3, 2)]);
        veiled.post.sensitive = true;
        let cards: Vec<Arc<Card>> = [
            veiled,
            samples::card(2, "words", &[]),
            samples::card(3, "x", &[(3, 2)]),
            samples::card(4, "x", &[(3, 2)]),
        ]
        .map(Arc::new)
        .into();
        for html in [
            cards_html(&site, &cards, now),
            tiles_html(&site, &cards, now),
        ] {
            let at_once: Vec<bool> = html
                .iter()
                .map(|html| html.contains("fetchpriority=\"high\""))
                .collect();
            assert_eq!(at_once, [false, false, true, false], "{html:?}");
            let is_drawn = html.iter().map(|html| matches!(html, Cow::Owned(_)));
            assert_eq!(is_drawn.collect::<Vec<_>>(), at_once);
        }
    }
}
