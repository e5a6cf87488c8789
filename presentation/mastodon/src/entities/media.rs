//! A picture with its addresses.

use business_media_gateway::{Camera as Told, MediaId, MediaItem, Rendition, renditions};
use business_posts_gateway::Post;
use presentation_kit::Site;
use schemars::JsonSchema;
use serde::Serialize;

/// A picture of a post, or one that waits to be posted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MediaAttachment {
    id: MediaId,
    /// "image", of an animation too: it is a moving picture, not a film. "unknown" of one that
    /// cannot be shown, because it could not be processed or was lost.
    r#type: &'static str,
    /// The picture for the whole screen, and of an animation the moving picture; null while it is
    /// processed and when it cannot be shown.
    url: Option<String>,
    /// The picture for a column, and of an animation a still; null while it is processed and when
    /// it cannot be shown.
    preview_url: Option<String>,
    /// The picture's place on another server; always null.
    remote_url: (),
    meta: Meta,
    /// Alt text.
    description: Option<String>,
    blurhash: Option<String>,
    /// Where the upload itself can be had: by its owner as it arrived, by others without metadata
    /// and only when the post lets them. Not in Mastodon.
    #[serde(skip_serializing_if = "Option::is_none")]
    original_url: Option<String>,
    /// Why it cannot be shown, in a sentence; only to its owner. Not in Mastodon.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    /// The kind of failure: "broken", "too_large", "timed_out", "crashed", "lost" or "given_up".
    /// Not in Mastodon.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_code: Option<String>,
}

/// Sizes, focal point and camera.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Meta {
    /// The size behind `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<Size>,
    /// The size behind `preview_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    small: Option<Size>,
    focus: Focus,
    /// What the camera wrote of itself; only when the post shows it. Never place, time, names or
    /// serial numbers. Not in Mastodon.
    #[serde(skip_serializing_if = "Option::is_none")]
    camera: Option<Camera>,
}

/// A camera and its settings; what the file did not contain is left out.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Camera {
    #[serde(skip_serializing_if = "Option::is_none")]
    make: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lens: Option<String>,
    /// In seconds, as photographers write it: "1/250".
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure_time: Option<String>,
    /// The f-number.
    #[serde(skip_serializing_if = "Option::is_none")]
    aperture: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iso: Option<u32>,
    /// In millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    focal_length: Option<f32>,
}

/// A size in pixels.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Size {
    width: u32,
    height: u32,
    /// "1080x720"
    size: String,
    /// Width by height.
    aspect: f64,
}

/// The point that stays in view when the picture is cut: -1 to 1, x to the right, y upwards.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Focus {
    x: f32,
    y: f32,
}

impl MediaAttachment {
    /// A picture of a post, the same for everyone whom the rules let see the post.
    pub(crate) fn of_post(site: &Site, item: &MediaItem, post: &Post) -> Self {
        let mut picture = Self::of(site, item);
        if post.camera_shown && item.is_ready() {
            picture.meta.camera = item.camera.as_ref().and_then(Camera::of);
        }
        picture.original_url =
            (post.originals_shared && item.is_ready()).then(|| site.original_url(item, false));
        picture
    }

    /// The same for the owner, who hears why a picture of the post cannot be shown.
    pub(crate) fn of_own_post(site: &Site, item: &MediaItem, post: &Post) -> Self {
        Self::of_post(site, item, post).with_failure(item)
    }

    /// A picture as only its owner sees it.
    pub(crate) fn of_owner(site: &Site, item: &MediaItem) -> Self {
        let picture = Self {
            // Also while it is processed: the upload itself is whole by then.
            original_url: (!item.has_failed()).then(|| site.original_url(item, true)),
            ..Self::of(site, item)
        };
        picture.with_failure(item)
    }

    /// The same for a token that may not have the file itself.
    pub(crate) fn without_original(self) -> Self {
        Self {
            original_url: None,
            ..self
        }
    }

    /// The same with another alt text.
    pub(crate) fn described(self, description: &str) -> Self {
        Self {
            description: some_text(description),
            ..self
        }
    }

    fn with_failure(self, item: &MediaItem) -> Self {
        Self {
            failure: item.has_failed().then(|| item.failure.clone()),
            failure_code: some_text(&item.failure_code).filter(|_| item.has_failed()),
            ..self
        }
    }

    /// What is the same for all who see it.
    fn of(site: &Site, item: &MediaItem) -> Self {
        let still = rendition(item, renditions::FULL);
        let moving = item.animation.as_ref().filter(|_| item.is_ready());
        let full = moving.or(still);
        let small = rendition(item, renditions::FEED);
        let url = |rendition: &Rendition| site.rendition_url(item, rendition);
        Self {
            id: MediaId::new(item.id),
            r#type: if item.has_failed() {
                "unknown"
            } else {
                "image"
            },
            url: full.map(url),
            preview_url: small.map(url),
            remote_url: (),
            meta: Meta {
                original: full.map(Size::of),
                small: small.map(Size::of),
                focus: Focus {
                    x: item.focus_x,
                    y: item.focus_y,
                },
                camera: None,
            },
            description: some_text(&item.description),
            blurhash: some_text(&item.blurhash),
            original_url: None,
            failure: None,
            failure_code: None,
        }
    }
}

impl Camera {
    /// None when the file contained nothing.
    fn of(told: &Told) -> Option<Self> {
        // JSON has neither NaN nor infinity, and a camera's 0 means that it did not know.
        let some_number = |number: f32| (number.is_finite() && number > 0.0).then_some(number);
        (*told != Told::default()).then(|| Self {
            make: some_text(&told.make),
            model: some_text(&told.model),
            lens: some_text(&told.lens),
            exposure_time: some_text(&told.exposure_time),
            aperture: some_number(told.aperture),
            iso: (told.iso > 0).then_some(told.iso),
            focal_length: some_number(told.focal_length_mm),
        })
    }
}

impl Size {
    fn of(rendition: &Rendition) -> Self {
        let (width, height) = (rendition.width, rendition.height);
        Self {
            width,
            height,
            size: format!("{width}x{height}"),
            aspect: f64::from(width) / f64::from(height.max(1)),
        }
    }
}

/// The address of a picture's rendition, when it is ready.
pub(crate) fn url_of(site: &Site, item: Option<&MediaItem>, name: &str) -> Option<String> {
    let item = item?;
    rendition(item, name).map(|rendition| site.rendition_url(item, rendition))
}

/// The rendition of this name, which every ready picture has, or the largest there is: one that has
/// lost its row is still shown.
fn rendition<'item>(item: &'item MediaItem, name: &str) -> Option<&'item Rendition> {
    if !item.is_ready() {
        return None;
    }
    let named = item
        .renditions
        .iter()
        .find(|rendition| rendition.name == name);
    named.or_else(|| {
        item.renditions
            .iter()
            .max_by_key(|rendition| rendition.width)
    })
}

fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
