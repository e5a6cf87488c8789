//! A photo and its renditions.

use std::sync::Arc;

use business_media_gateway::{MediaItem, Rendition};
use business_posts_gateway::Post;
use presentation_kit::Site;

use crate::view::{camera, placeholder};

/// How much taller than wide a photo may be in a feed before it is cropped: 5 to 4.
const TALL: f64 = 1.25;
/// How far a rendition's proportions may be from the photo's own before it counts as a crop.
const CROP: f64 = 0.03;
/// The narrowest and the widest a photo gets in a mosaic, in tenths of its height.
const RATIO_TENTHS: (u32, u32) = (5, 25);
/// How a photo is fetched, as templates name it: before all else.
pub(crate) const FIRST: &str = "first";
/// When it comes near.
pub(crate) const LAZY: &str = "lazy";
/// What others hear of a photo that cannot be shown.
const NOT_AVAILABLE: &str = "This photo is not available.";

/// A photo as templates show it.
#[derive(Debug, Clone)]
pub(crate) struct PhotoView {
    pub(crate) id: u64,
    pub(crate) grid: String,
    pub(crate) grid_width: u32,
    pub(crate) grid_height: u32,
    pub(crate) feed: String,
    pub(crate) feed_width: u32,
    pub(crate) feed_height: u32,
    pub(crate) full: String,
    /// The moving picture of an animation; empty for a photo that stands still.
    pub(crate) moving: String,
    pub(crate) srcset: String,
    /// Its dominant colour, "#rrggbb"; empty when that is not known.
    pub(crate) colour: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) alt: String,
    /// A picture of a few pixels, as a `data:` address; empty for none.
    pub(crate) placeholder: Arc<str>,
    /// Classes that put the focal point where a crop keeps it; empty for the middle.
    pub(crate) focus: String,
    /// "tall" when the feed crops it to 4:5.
    pub(crate) shape: &'static str,
    /// The class of its proportions in a mosaic.
    pub(crate) ratio: String,
    /// Camera, lens and exposure in a line; empty when they are not shown.
    pub(crate) camera: String,
    /// Where the upload can be downloaded, if it is offered.
    pub(crate) original: Option<OriginalView>,
}

/// A photo of a post that cannot be shown: it could not be processed, or its files were lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MissingView {
    id: u64,
    pub(crate) alt: String,
    /// Why, in a sentence: the same for everyone, until its owner is told more.
    pub(crate) reason: String,
}

/// An upload that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OriginalView {
    pub(crate) address: String,
    /// What it is: "as you uploaded it".
    pub(crate) words: &'static str,
}

impl PhotoView {
    /// None for an item that has no renditions.
    pub(crate) fn of(site: &Site, item: &MediaItem) -> Option<Self> {
        let feed = named(item, "feed").or_else(|| item.renditions.last())?;
        let grid = named(item, "grid").unwrap_or(feed);
        let full = named(item, "full").unwrap_or(feed);
        let (width, height) = (item.width.max(1), item.height.max(1));
        let own = f64::from(height) / f64::from(width);
        let moving = item.animation.as_ref();
        Some(Self {
            id: item.id,
            grid: site.rendition_url(item, grid),
            grid_width: grid.width,
            grid_height: grid.height,
            feed: site.rendition_url(item, feed),
            feed_width: feed.width,
            feed_height: feed.height,
            full: site.rendition_url(item, full),
            moving: moving.map_or_else(String::new, |it| site.rendition_url(item, it)),
            srcset: srcset(site, item, [grid, feed, full], own),
            colour: item.dominant_color.clone(),
            width,
            height,
            alt: item.description.clone(),
            placeholder: placeholder::of(&item.blurhash),
            focus: focus_classes(item.focus_x, item.focus_y),
            shape: if own > TALL { "tall" } else { "" },
            ratio: ratio_class(width, height),
            camera: String::new(),
            original: None,
        })
    }

    /// With what its post lets everyone have who may see it. None for an item that cannot be shown:
    /// see [`MissingView`].
    pub(crate) fn of_post(site: &Site, item: &MediaItem, post: &Post) -> Option<Self> {
        if !item.is_ready() {
            return None;
        }
        let mut view = Self::of(site, item)?;
        if post.camera_shown {
            view.camera = item.camera.as_ref().map(camera::line).unwrap_or_default();
        }
        view.original = post.originals_shared.then(|| OriginalView {
            address: site.original_url(item, false),
            words: "without place and camera data",
        });
        Some(view)
    }

    /// Offers its upload to its owner. Never for what is kept for every viewer.
    pub(crate) fn offer_to_owner(&mut self, site: &Site, item: &MediaItem) {
        self.original = Some(OriginalView {
            address: site.original_url(item, true),
            words: "as you uploaded it",
        });
    }

    /// What its own link opens.
    pub(crate) fn largest(&self) -> &str {
        if self.moving.is_empty() {
            &self.full
        } else {
            &self.moving
        }
    }

    /// The first photo of a page is fetched at once and before all else, the others when they come
    /// near.
    pub(crate) fn loading(&self, is_first: impl std::borrow::Borrow<bool>) -> &'static str {
        if *is_first.borrow() { FIRST } else { LAZY }
    }
}

impl MissingView {
    /// As everyone sees it. None for an item that can be shown, or may yet be.
    pub(crate) fn of(item: &MediaItem) -> Option<Self> {
        item.has_failed().then(|| Self {
            id: item.id,
            alt: item.description.clone(),
            reason: NOT_AVAILABLE.to_owned(),
        })
    }

    /// Tells its owner why. Never for what is kept for every viewer.
    pub(crate) fn show_to_owner(&mut self, items: &[MediaItem]) {
        let item = items.iter().find(|item| item.id == self.id);
        if let Some(item) = item.filter(|item| !item.failure.is_empty()) {
            self.reason.clone_from(&item.failure);
        }
    }
}

fn named<'item>(item: &'item MediaItem, name: &str) -> Option<&'item Rendition> {
    item.renditions
        .iter()
        .find(|rendition| rendition.name == name)
}

/// Every rendition that shows the whole photo, once per width.
fn srcset(site: &Site, item: &MediaItem, renditions: [&Rendition; 3], own: f64) -> String {
    let mut widths = Vec::with_capacity(renditions.len());
    let mut parts = Vec::with_capacity(renditions.len());
    for rendition in renditions {
        let ratio = f64::from(rendition.height) / f64::from(rendition.width.max(1));
        let is_whole = (ratio / own - 1.0).abs() < CROP || rendition.name != "grid";
        if is_whole && !widths.contains(&rendition.width) {
            widths.push(rendition.width);
            parts.push(format!(
                "{} {}w",
                site.rendition_url(item, rendition),
                rendition.width
            ));
        }
    }
    parts.join(", ")
}

/// The focal point in tenths from the left and the top, as classes: a policy without inline styles
/// leaves no other way.
fn focus_classes(focus_x: f32, focus_y: f32) -> String {
    let tenths = |from_middle: f32| ((from_middle.clamp(-1.0, 1.0) + 1.0) * 5.0).round();
    let mut classes = String::new();
    for (axis, tenths) in [("x", tenths(focus_x)), ("y", tenths(-focus_y))] {
        if (tenths - 5.0).abs() > 0.1 {
            if !classes.is_empty() {
                classes.push(' ');
            }
            classes.push_str(&format!("{axis}{tenths}"));
        }
    }
    classes
}

fn ratio_class(width: u32, height: u32) -> String {
    let tenths = (u64::from(width) * 10 + u64::from(height) / 2) / u64::from(height);
    let (least, most) = RATIO_TENTHS;
    format!("r{}", tenths.clamp(u64::from(least), u64::from(most)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn a_photo_names_its_renditions_once_and_whole() {
        let mut item = samples::photo(7, 3_000, 2_000);
        let view = PhotoView::of(&samples::site(), &item).unwrap();
        assert_eq!(
            view.srcset.matches("https://photos.example/media/").count(),
            3
        );
        assert!(view.srcset.contains("7-grid.jpg 400w, "), "{}", view.srcset);
        assert_eq!(
            (view.shape, view.ratio.as_str(), view.focus.as_str()),
            ("", "r15", "")
        );
        // A square crop does not belong among renditions of the whole.
        item.renditions[0].height = 400;
        let view = PhotoView::of(&samples::site(), &item).unwrap();
        assert!(!view.srcset.contains("grid"));
        item.renditions.clear();
        assert!(PhotoView::of(&samples::site(), &item).is_none());
    }

    #[test]
    fn a_post_decides_what_others_get_and_the_owner_gets_the_upload() {
        let mut item = samples::photo(7, 3, 2);
        item.camera = Some(samples::camera());
        let site = samples::site();
        let of = |originals_shared, camera_shown| {
            let post = Post {
                originals_shared,
                camera_shown,
                ..Post::default()
            };
            PhotoView::of_post(&site, &item, &post).unwrap()
        };
        let hidden = of(false, false);
        assert_eq!((hidden.camera.as_str(), &hidden.original), ("", &None));
        let mut shown = of(true, true);
        assert!(
            shown.camera.starts_with("Canon EOS R5 · "),
            "{}",
            shown.camera
        );
        let original = shown.original.clone().unwrap();
        assert!(
            original
                .address
                .starts_with("https://photos.example/media/original/7")
        );
        assert_eq!(original.words, "without place and camera data");
        shown.offer_to_owner(&site, &item);
        let original = shown.original.unwrap();
        assert!(
            original
                .address
                .starts_with("https://photos.example/media/original/7")
        );
        assert_eq!(original.words, "as you uploaded it");
    }

    #[test]
    fn an_animation_moves_and_has_stills() {
        let mut item = samples::photo(7, 3_000, 2_000);
        let still = PhotoView::of(&samples::site(), &item).unwrap();
        assert_eq!(
            (still.moving.as_str(), still.largest()),
            ("", still.full.as_str())
        );
        item.animation = Some(samples::animation(7));
        let view = PhotoView::of(&samples::site(), &item).unwrap();
        assert_eq!(view.moving, "https://photos.example/media/7-moving.webp");
        assert_eq!(view.largest(), view.moving);
        assert_eq!(view.srcset, still.srcset);
    }

    #[test]
    fn only_what_is_taller_than_4_to_5_is_cropped() {
        let shape = |width, height| {
            PhotoView::of(&samples::site(), &samples::photo(1, width, height))
                .unwrap()
                .shape
        };
        assert_eq!([shape(4, 5), shape(3, 4), shape(2, 1)], ["", "tall", ""]);
    }

    #[test]
    fn a_focal_point_becomes_tenths_from_the_top_left() {
        assert_eq!(focus_classes(0.0, 0.0), "");
        assert_eq!(focus_classes(-1.0, 1.0), "x0 y0");
        assert_eq!(focus_classes(0.5, -1.0), "x8 y10");
        assert_eq!(focus_classes(f32::NAN, 0.0), "");
        assert_eq!(focus_classes(0.02, -0.02), "");
    }

    #[test]
    fn proportions_in_a_mosaic_have_bounds() {
        assert_eq!(ratio_class(3, 2), "r15");
        assert_eq!(ratio_class(10_000, 10), "r25");
        assert_eq!(ratio_class(1, 100), "r5");
    }
}
