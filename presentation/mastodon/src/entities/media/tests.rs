use business_media_gateway::MediaState;
use serde_json::{Value, json, to_value};

use super::*;
use crate::entities::status::tests::{picture, site};

fn camera() -> Told {
    Told {
        make: "Canon".into(),
        model: "EOS R5".into(),
        lens: String::new(),
        exposure_time: "1/250".into(),
        aperture: 2.8,
        iso: 100,
        focal_length_mm: 85.0,
    }
}

fn shown(item: &MediaItem, post: &Post) -> Value {
    // By way of the text: a value would hold numbers in another precision than is sent.
    let sent = serde_json::to_string(&MediaAttachment::of_post(&site(), item, post)).unwrap();
    serde_json::from_str(&sent).unwrap()
}

#[test]
fn a_picture_reports_its_sizes() {
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
    let item = MediaItem {
        camera: Some(camera()),
        ..picture()
    };
    assert_eq!(shown(&item, &Post::default()), expected);
}

#[test]
fn a_post_may_show_the_camera_and_offer_the_originals() {
    let item = MediaItem {
        camera: Some(camera()),
        ..picture()
    };
    let post = Post {
        camera_shown: true,
        ..Post::default()
    };
    let value = shown(&item, &post);
    let expected = json!({
        "make": "Canon", "model": "EOS R5", "exposure_time": "1/250", "aperture": 2.8, "iso": 100, "focal_length": 85.0,
    });
    assert_eq!(value["meta"]["camera"], expected);
    assert_eq!(value.get("original_url"), None);
    let post = Post {
        originals_shared: true,
        ..Post::default()
    };
    let value = shown(&item, &post);
    assert_eq!(value["meta"].get("camera"), None);
    let original = value["original_url"].as_str().unwrap();
    assert!(
        original.starts_with("http://p.example/media/original/40"),
        "{original}"
    );
    // A camera that said nothing is not shown as one.
    for silent in [None, Some(Told::default())] {
        let item = MediaItem {
            camera: silent,
            ..picture()
        };
        let post = Post {
            camera_shown: true,
            ..Post::default()
        };
        assert_eq!(shown(&item, &post)["meta"].get("camera"), None);
    }
}

#[test]
fn an_animation_is_an_image_that_moves_with_a_still_before_it() {
    let item = MediaItem {
        animation: Some(Rendition {
            key: "dd44.webp".into(),
            content_type: "image/webp".into(),
            width: 500,
            height: 250,
            ..Rendition::default()
        }),
        ..picture()
    };
    let value = shown(&item, &Post::default());
    assert_eq!(value["type"], "image");
    assert_eq!(value["url"], "http://p.example/media/dd44.webp");
    assert_eq!(value["preview_url"], "http://p.example/media/bb22.jpg");
    assert_eq!(value["meta"]["original"]["size"], "500x250");
    assert_eq!(value["meta"]["small"]["size"], "1080x540");
}

#[test]
fn while_it_is_processed_it_has_no_address() {
    for state in [MediaState::Uploaded, MediaState::Processing] {
        let item = MediaItem {
            state: state.into(),
            description: String::new(),
            animation: Some(Rendition::default()),
            ..picture()
        };
        let value = to_value(MediaAttachment::of_owner(&site(), &item)).unwrap();
        assert_eq!(value["url"], json!(null));
        assert_eq!(value["preview_url"], json!(null));
        assert_eq!(value["description"], json!(null));
        assert_eq!(value["meta"]["focus"]["y"], json!(-0.5));
    }
}

#[test]
fn only_the_owner_hears_why_a_picture_failed() {
    let item = MediaItem {
        state: MediaState::Failed.into(),
        failure: "It is damaged.".into(),
        failure_code: "broken".into(),
        ..picture()
    };
    let value = to_value(MediaAttachment::of_owner(&site(), &item)).unwrap();
    assert_eq!(value["failure"], "It is damaged.");
    assert_eq!(value["failure_code"], "broken");
    assert_eq!(value["url"], json!(null));
    let post = Post {
        originals_shared: true,
        ..Post::default()
    };
    let value = shown(&item, &post);
    for name in ["failure", "failure_code", "original_url"] {
        assert_eq!(value.get(name), None, "{name}");
    }
}
