//! Pictures are turned upright, whichever container says how.

use crate::pictures::{Rgb, assert_close, exif, look, make, png, webp};

/// How `upright` is stored under an EXIF orientation: the inverse of what the codec has to do.
fn stored(upright: &Rgb, orientation: u8) -> Rgb {
    let (width, height) = (upright.width, upright.height);
    let (stored_width, stored_height) = if orientation >= 5 {
        (height, width)
    } else {
        (width, height)
    };
    Rgb::new(stored_width, stored_height, |x, y| match orientation {
        2 => upright.at(width - 1 - x, y),
        3 => upright.at(width - 1 - x, height - 1 - y),
        4 => upright.at(x, height - 1 - y),
        5 => upright.at(y, x),
        6 => upright.at(width - 1 - y, x),
        7 => upright.at(width - 1 - y, height - 1 - x),
        8 => upright.at(y, height - 1 - x),
        _ => upright.at(x, y),
    })
}

fn assert_upright(bytes: &[u8], what: &str) {
    let processed = make(bytes).unwrap();
    assert_eq!((processed.width, processed.height), (96, 64), "{what}");
    let seen = look(&processed, "full");
    assert_eq!((seen.width, seen.height), (96, 64), "{what}");
    let upright = Rgb::quarters(96, 64);
    for (x, y) in [(20, 16), (70, 16), (20, 48), (70, 48)] {
        assert_close(seen.at(x, y), upright.at(x, y), 8, what);
    }
}

#[test]
fn all_eight_orientations_give_the_same_picture() {
    for orientation in 1..=8 {
        let picture = stored(&Rgb::quarters(96, 64), orientation);
        let bytes = picture.jpeg(Some(&exif(orientation)), None, false);
        assert_upright(&bytes, &format!("orientation {orientation}"));
    }
}

#[test]
fn an_orientation_that_does_not_exist_turns_nothing() {
    for orientation in [0, 9, 99] {
        let bytes = Rgb::quarters(96, 64).jpeg(Some(&exif(orientation)), None, false);
        assert_upright(&bytes, &format!("orientation {orientation}"));
    }
}

#[test]
fn png_and_webp_are_turned_too() {
    let picture = stored(&Rgb::quarters(96, 64), 6);
    let (width, height) = (picture.width, picture.height);
    let bytes = png(
        width,
        height,
        png::ColorType::Rgb,
        png::BitDepth::Eight,
        &picture.pixels,
        |info| info.exif_metadata = Some(exif(6).into()),
    );
    assert_upright(&bytes, "png");
    let rgb = image_webp::ColorType::Rgb8;
    let bytes = webp(width, height, rgb, &picture.pixels, |encoder| {
        encoder.set_exif_metadata(exif(6));
    });
    assert_upright(&bytes, "webp");
}
