//! A picture with its addresses.

use business_media_gateway::{MediaItem, Rendition, renditions};
use infra_kernel::MediaId;
use presentation_kit::Site;
use schemars::JsonSchema;
use serde::Serialize;

/// A picture of a post, or one that waits to be posted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MediaAttachment {
    id: MediaId,
    /// Always "image".
    r#type: &'static str,
    /// The picture for the whole screen; null while it is processed.
    url: Option<String>,
    /// The picture for a column; null while it is processed.
    preview_url: Option<String>,
    /// The picture's place on another server; always null.
    remote_url: (),
    meta: Meta,
    /// Alt text.
    description: Option<String>,
    blurhash: Option<String>,
}

/// Sizes and focal point.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Meta {
    /// The size behind `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<Size>,
    /// The size behind `preview_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    small: Option<Size>,
    focus: Focus,
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
    /// A picture as clients see it.
    pub(crate) fn of(site: &Site, item: &MediaItem) -> Self {
        let full = rendition(item, renditions::FULL);
        let small = rendition(item, renditions::FEED);
        let url = |rendition: &Rendition| site.rendition_url(item, rendition);
        Self {
            id: MediaId::new(item.id),
            r#type: "image",
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
            },
            description: some_text(&item.description),
            blurhash: some_text(&item.blurhash),
        }
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

/// The rendition of this name, or the largest there is: a small picture need not have every step.
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
mod tests {
    use business_media_gateway::MediaState;
    use serde_json::{Value, json, to_value};

    use super::*;
    use crate::entities::status::tests::{picture, site};

    #[test]
    fn a_picture_tells_its_sizes() {
        let expected = json!({
            "id": "40", "type": "image", "url": "http://p.example/media/aa11.jpg",
            "preview_url": "http://p.example/media/bb22.jpg", "remote_url": null,
            "meta": {
                "original": {"width": 2048, "height": 1024, "size": "2048x1024", "aspect": 2.0},
                "small": {"width": 1080, "height": 540, "size": "1080x540", "aspect": 2.0},
                "focus": {"x": 0.1, "y": -0.5},
            },
            "description": "A \"lake\"", "blurhash": "LEHV6nWB2yk8",
        });
        // By way of the text: a value would hold the focal point in another precision than is sent.
        let sent = serde_json::to_string(&MediaAttachment::of(&site(), &picture())).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), expected);
    }

    #[test]
    fn while_it_is_processed_it_has_no_address() {
        let item = MediaItem {
            state: MediaState::Uploaded.into(),
            description: String::new(),
            ..picture()
        };
        let value = to_value(MediaAttachment::of(&site(), &item)).unwrap();
        assert_eq!(value["url"], json!(null));
        assert_eq!(value["preview_url"], json!(null));
        assert_eq!(value["description"], json!(null));
        assert_eq!(value["meta"]["focus"]["y"], json!(-0.5));
    }
}
