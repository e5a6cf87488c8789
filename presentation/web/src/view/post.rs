//! A post as pages show it.

use business_posts_gateway::{Post, Visibility};
use infra_kernel::Timestamp;
use presentation_kit::{Card, Site, text};

use crate::view::words::{CHOICES, DIRECT};
use crate::view::{Choice, MissingView, PersonView, PhotoView, When};

/// From how many characters on a caption is cut in the feed.
const LONG_CHARACTERS: usize = 120;
/// The most characters of a post in a page's title.
const TITLE_CHARACTERS: usize = 60;
/// The most characters of a post where links to it are previewed.
const SUMMARY_CHARACTERS: usize = 200;

/// A post as templates show it, the same for everyone who may see it.
#[derive(Debug, Clone)]
pub(crate) struct PostView {
    pub(crate) id: u64,
    pub(crate) path: String,
    pub(crate) author: PersonView,
    pub(crate) when: When,
    /// The photos that can be shown.
    pub(crate) photos: Vec<PhotoView>,
    /// Those that cannot, and never will unless somebody repairs them.
    pub(crate) missing: Vec<MissingView>,
    /// Safe: the only HTML that templates put in as it is.
    pub(crate) html: String,
    pub(crate) is_long: bool,
    pub(crate) spoiler: String,
    /// Whether it is hidden until someone asks to see it.
    pub(crate) veiled: bool,
    pub(crate) visibility: Choice,
    /// Whether everyone may see it, so that links to it may be previewed.
    pub(crate) is_open: bool,
    /// The post it replies to; 0 for none.
    pub(crate) reply_to: u64,
    pub(crate) title: String,
    pub(crate) summary: String,
    /// What a photo's link says to those who do not see the photo.
    pub(crate) label: String,
}

impl PostView {
    pub(crate) fn of(site: &Site, card: &Card, now: Timestamp) -> Self {
        let post = &card.post;
        let author = PersonView::of(site, &card.author);
        let when = When::of(post.created_at_us, now);
        let photos: Vec<PhotoView> = card
            .media
            .iter()
            .filter_map(|item| PhotoView::of_post(site, item, post))
            .collect();
        // What stands for a veiled post, in titles and previews too, is its warning alone.
        let veiled = is_sensitive(post);
        let open_text = if veiled {
            post.spoiler_text.as_str()
        } else {
            post.text.as_str()
        };
        let alt = photos
            .first()
            .map(|photo| photo.alt.as_str())
            .filter(|_| !veiled)
            .unwrap_or_default();
        let label = [alt, open_text]
            .into_iter()
            .find(|text| !text.is_empty())
            .map_or_else(
                || format!("Photo by {}, {}", author.name, when.short),
                |text| shortened(text, SUMMARY_CHARACTERS),
            );
        let summary = if open_text.is_empty() {
            label.clone()
        } else {
            shortened(open_text, SUMMARY_CHARACTERS)
        };
        Self {
            id: post.id,
            path: format!("{}/{}", author.path, post.id),
            title: shortened(&label, TITLE_CHARACTERS),
            html: text::to_html(site, &post.text, &post.mentions),
            is_long: post.text.chars().nth(LONG_CHARACTERS).is_some() || post.text.contains('\n'),
            spoiler: post.spoiler_text.clone(),
            veiled,
            visibility: visibility_of(post.visibility()),
            is_open: post.visibility().is_open(),
            reply_to: post.in_reply_to_id,
            author,
            when,
            missing: card.media.iter().filter_map(MissingView::of).collect(),
            photos,
            summary,
            label,
        }
    }

    /// Whether it has photos, though it may be that none of them can be shown.
    pub(crate) fn is_pictured(&self) -> bool {
        !self.photos.is_empty() || !self.missing.is_empty()
    }

    /// What its card in a feed says of the photos that cannot be shown; empty when there are none.
    pub(crate) fn missing_note(&self) -> String {
        match self.missing.as_slice() {
            [] => String::new(),
            [one] if self.photos.is_empty() => one.reason.clone(),
            [_] => "A photo of this post is not available.".to_owned(),
            some => format!("{} photos of this post are not available.", some.len()),
        }
    }

    /// What the link of a photo says that has no description: its place in the post.
    pub(crate) fn numbered(&self, index: &usize) -> String {
        match self.photos.len() {
            1 => format!("Photo by {}", self.author.name),
            count => format!("Photo {index} of {count} by {}", self.author.name),
        }
    }

    /// The photo that stands for the post in a grid.
    pub(crate) fn cover(&self) -> Option<&PhotoView> {
        self.photos.first()
    }

    /// The icon that marks its cover there; empty for none.
    pub(crate) fn badge(&self) -> &'static str {
        if self.veiled {
            "veiled"
        } else if self.photos.len() > 1 {
            "album"
        } else if self.cover().is_some_and(|photo| !photo.moving.is_empty()) {
            "moving"
        } else {
            ""
        }
    }

    /// How its cover is framed there.
    pub(crate) fn grid_class(&self) -> &'static str {
        if self.veiled {
            "fills hidden-away"
        } else {
            "fills"
        }
    }
}

pub(super) fn is_sensitive(post: &Post) -> bool {
    post.sensitive || !post.spoiler_text.is_empty()
}

fn visibility_of(visibility: Visibility) -> Choice {
    match visibility {
        Visibility::Public => CHOICES[0],
        Visibility::Unlisted => CHOICES[1],
        Visibility::Private => CHOICES[2],
        Visibility::Direct | Visibility::Unspecified => DIRECT,
    }
}

fn shortened(text: &str, characters_max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(characters_max) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::cards::kept::{card_html, tile_html};
    use crate::view::samples;

    fn view(card: &Card) -> PostView {
        PostView::of(&samples::site(), card, samples::NOW)
    }

    #[test]
    fn a_veiled_post_gives_nothing_away_outside_its_veil() {
        let mut card = samples::card(1, "The secret", &[(3, 2)]);
        card.media[0].description = "The secret too".into();
        card.post.sensitive = true;
        card.post.spoiler_text = "Spiders".into();
        let post = view(&card);
        for text in [&post.title, &post.summary, &post.label] {
            assert_eq!(text, "Spiders");
        }
        assert_eq!(post.grid_class(), "fills hidden-away");
    }

    #[test]
    fn a_link_says_what_the_photo_shows() {
        let mut card = samples::card(1, "", &[(3, 2)]);
        assert_eq!(view(&card).label, "A photo, 3 by 2");
        card.media[0].description.clear();
        assert_eq!(view(&card).label, "Photo by Ada Lovelace, 3 h");
    }

    #[test]
    fn an_animation_plays_in_the_feed_and_stands_still_in_the_grid() {
        let mut card = samples::card(1, "x", &[(3, 2)]);
        card.media[0].animation = Some(samples::animation(100));
        let (site, now) = (samples::site(), samples::NOW);
        let html = card_html(&site, &card, now);
        let calm = "<picture><source media=\"(prefers-reduced-motion: reduce)\" srcset=\"https://photos.example/media/100-grid.jpg";
        assert!(html.contains(calm), "{html}");
        assert!(
            html.contains("src=\"https://photos.example/media/100-moving.webp\""),
            "{html}"
        );
        let tile = tile_html(&site, &card, now);
        assert!(
            !tile.contains("moving.webp") && tile.contains("#i-moving"),
            "{tile}"
        );
        card.media.push(samples::photo(9, 3, 2));
        assert_eq!(view(&card).badge(), "album");
        card.post.sensitive = true;
        assert_eq!(view(&card).badge(), "veiled");
    }

    #[test]
    fn what_is_kept_for_everyone_offers_no_upload_as_it_arrived() {
        let mut card = samples::card(1, "x", &[(3, 2)]);
        card.post.originals_shared = true;
        let words: Vec<_> = view(&card)
            .photos
            .into_iter()
            .filter_map(|photo| photo.original)
            .map(|it| it.words)
            .collect();
        assert_eq!(words, ["without place and camera data"]);
    }

    fn lost(card: &mut Card, index: usize) {
        let item = &mut card.media[index];
        item.state = business_media_gateway::MediaState::Failed.into();
        item.failure = "The files of this photo were lost. Please upload it again.".into();
    }

    #[test]
    fn a_photo_that_was_lost_leaves_a_note_in_feed_and_grid() {
        let (site, now) = (samples::site(), samples::NOW);
        let mut card = samples::card(1, "The caption", &[(3, 2)]);
        lost(&mut card, 0);
        let html = card_html(&site, &card, now);
        assert!(html.contains("This photo is not available."), "{html}");
        assert!(
            html.contains("The caption") && !html.contains("<img"),
            "{html}"
        );
        let tile = tile_html(&site, &card, now);
        assert!(tile.contains("href=\"/@ada/1\""), "{tile}");
        assert!(tile.contains("This photo is not available."), "{tile}");
        assert!(!tile.contains("<img"), "{tile}");
        // What everyone gets does not say why.
        assert!(!html.contains("were lost") && !tile.contains("were lost"));
    }

    #[test]
    fn an_album_goes_on_without_a_photo_that_was_lost() {
        let (site, now) = (samples::site(), samples::NOW);
        let mut card = samples::card(1, "x", &[(3, 2), (2, 3)]);
        lost(&mut card, 0);
        let post = view(&card);
        assert_eq!((post.photos.len(), post.missing.len()), (1, 1));
        assert_eq!(post.cover().unwrap().id, 101);
        assert_eq!(post.label, "A photo, 2 by 3");
        let html = card_html(&site, &card, now);
        assert!(
            html.contains("A photo of this post is not available."),
            "{html}"
        );
        assert!(
            html.contains("101-feed.jpg") && !html.contains("100-feed.jpg"),
            "{html}"
        );
        assert!(tile_html(&site, &card, now).contains("101-grid.jpg"));
    }

    #[test]
    fn nothing_that_people_write_becomes_markup() {
        let mut card = samples::card(1, "<img src=x onerror=alert(1)>", &[(3, 2)]);
        card.media[0].description = "\"><script>alert(2)</script>".into();
        card.post.spoiler_text = "<b>".into();
        let html = card_html(&samples::site(), &card, samples::NOW);
        for evil in ["<script>alert", "<img src=x", "<b>", "\"><script"] {
            assert!(!html.contains(evil), "{evil} is in {html}");
        }
    }

    #[test]
    fn only_what_everyone_may_see_is_open_to_previews() {
        for (visibility, open) in [
            (Visibility::Public, true),
            (Visibility::Unlisted, true),
            (Visibility::Private, false),
            (Visibility::Direct, false),
            (Visibility::Unspecified, false),
        ] {
            let mut card = samples::card(1, "x", &[]);
            card.post.visibility = visibility.into();
            assert_eq!(view(&card).is_open, open, "{visibility:?}");
        }
    }
}
