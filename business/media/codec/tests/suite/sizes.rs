//! Renditions have the sizes of the ladder, and no picture is made larger.

use crate::pictures::{Rgb, assert_close, look, make, png};

fn sizes(width: u32, height: u32) -> Vec<(&'static str, u32, u32)> {
    let bytes = Rgb::quarters(width, height).jpeg(None, None, false);
    let processed = make(&bytes).unwrap();
    assert_eq!((processed.width, processed.height), (width, height));
    let renditions = processed.renditions.iter();
    renditions
        .map(|rendition| (rendition.name, rendition.width, rendition.height))
        .collect()
}

#[test]
fn the_longest_side_fits_each_step() {
    assert_eq!(
        sizes(3_000, 1_500),
        [
            ("full", 2_048, 1_024),
            ("feed", 1_080, 540),
            ("grid", 400, 200)
        ]
    );
    assert_eq!(
        sizes(600, 1_200),
        [
            ("full", 600, 1_200),
            ("feed", 540, 1_080),
            ("grid", 200, 400)
        ]
    );
}

#[test]
fn a_small_picture_stays_as_it_is_and_is_one_file() {
    assert_eq!(
        sizes(1, 1),
        [("full", 1, 1), ("feed", 1, 1), ("grid", 1, 1)]
    );
    let processed = make(&Rgb::quarters(300, 200).jpeg(None, None, false)).unwrap();
    let [full, feed, grid] = &processed.renditions[..] else {
        panic!("three renditions");
    };
    assert_eq!((full.width, full.height), (300, 200));
    assert!(full.bytes == feed.bytes && feed.bytes == grid.bytes);
}

#[test]
fn a_strip_stays_wide_enough_to_be_read() {
    assert_eq!(
        sizes(600, 20_000),
        [
            ("full", 354, 11_800),
            ("feed", 187, 6_233),
            ("grid", 69, 2_299)
        ]
    );
    assert_eq!(
        sizes(8_000, 2),
        [("full", 8_000, 2), ("feed", 8_000, 2), ("grid", 8_000, 2)]
    );
}

#[test]
fn a_screenshot_of_a_whole_page_is_a_picture_like_others() {
    let (width, height) = (1_290_u32, 19_854_u32);
    let pixels: Vec<u8> = (0..width * height)
        .map(|at| (at / width / 8 % 250) as u8)
        .collect();
    let file = png(
        width,
        height,
        png::ColorType::Grayscale,
        png::BitDepth::Eight,
        &pixels,
        |_| (),
    );
    let processed = make(&file).unwrap();
    assert_eq!((processed.width, processed.height), (width, height));
    let full = look(&processed, "full");
    assert_eq!((full.width, full.height), (512, 7_880));
    // A second of those lines that are 8 pixels high.
    let seen = full.at(256, 7_880 / 2)[0];
    assert!(seen.abs_diff(((19_854 / 2) / 8 % 250) as u8) <= 2, "{seen}");
}

#[test]
fn every_rendition_shows_the_picture() {
    let upright = Rgb::quarters(2_600, 2_000);
    let processed = make(&upright.jpeg(None, None, true)).unwrap();
    for name in ["full", "feed", "grid"] {
        let seen = look(&processed, name);
        for (x, y) in [(1, 1), (3, 1), (1, 3), (3, 3)] {
            let expected = upright.at(upright.width * x / 4, upright.height * y / 4);
            assert_close(
                seen.at(seen.width * x / 4, seen.height * y / 4),
                expected,
                6,
                name,
            );
        }
    }
}

#[test]
fn the_same_file_gives_the_same_renditions() {
    let bytes = Rgb::quarters(900, 700).jpeg(None, None, false);
    assert_eq!(make(&bytes), make(&bytes));
}
