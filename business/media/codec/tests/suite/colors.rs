//! Colours come out as they were meant.

use jpeg_encoder::{ColorType as JpegColor, Encoder, SamplingFactor};
use moxcms::ColorProfile;
use png::{BitDepth, ColorType};

use crate::pictures::{Rgb, assert_close, look, make, png, webp};

/// A colour of sRGB, as the number that a wider profile gives it. Computed by the published
/// matrices and curves, not by the library that the codec uses.
const SRGB: [u8; 3] = [180, 90, 60];
const AS_DISPLAY_P3: [u8; 3] = [168, 95, 67];
const AS_ADOBE_RGB: [u8; 3] = [159, 90, 64];

#[test]
fn wide_profiles_are_converted_to_srgb() {
    for (name, profile, color) in [
        ("Display P3", ColorProfile::new_display_p3(), AS_DISPLAY_P3),
        ("Adobe RGB", ColorProfile::new_adobe_rgb(), AS_ADOBE_RGB),
    ] {
        let profile = profile.encode().unwrap();
        let picture = Rgb::plain(64, 64, color);
        let jpeg = picture.jpeg(None, Some(&profile), false);
        let as_png = png(
            64,
            64,
            ColorType::Rgb,
            BitDepth::Eight,
            &picture.pixels,
            |info| info.icc_profile = Some(profile.clone().into()),
        );
        let rgb = image_webp::ColorType::Rgb8;
        let as_webp = webp(64, 64, rgb, &picture.pixels, |encoder| {
            encoder.set_icc_profile(profile.clone());
        });
        for (container, bytes) in [("jpeg", jpeg), ("png", as_png), ("webp", as_webp)] {
            let seen = look(&make(&bytes).unwrap(), "full").at(32, 32);
            assert_close(seen, SRGB, 4, &format!("{name} in {container}"));
        }
    }
}

#[test]
fn a_profile_that_is_broken_or_of_another_kind_counts_as_srgb() {
    let gray = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
    let mut cut = ColorProfile::new_display_p3().encode().unwrap();
    cut.truncate(150);
    for profile in [b"not a profile".to_vec(), cut, gray, vec![0; 60_000]] {
        let bytes = Rgb::plain(64, 64, SRGB).jpeg(None, Some(&profile), false);
        let seen = look(&make(&bytes).unwrap(), "full").at(32, 32);
        assert_close(seen, SRGB, 3, "as stored");
    }
}

#[test]
fn transparency_is_laid_on_white() {
    let pixels: Vec<u8> = [[200, 0, 0, 255], [200, 0, 0, 128], [200, 0, 0, 0]]
        .iter()
        .flat_map(|pixel| pixel.repeat(32 * 32))
        .collect();
    let as_png = png(32, 96, ColorType::Rgba, BitDepth::Eight, &pixels, |_| ());
    let rgba = image_webp::ColorType::Rgba8;
    let as_webp = webp(32, 96, rgba, &pixels, |_| ());
    for bytes in [as_png, as_webp] {
        let seen = look(&make(&bytes).unwrap(), "full");
        assert_close(seen.at(16, 10), [200, 0, 0], 4, "opaque");
        assert_close(seen.at(16, 48), [227, 127, 127], 4, "half");
        assert_close(seen.at(16, 86), [255, 255, 255], 2, "clear");
    }
}

#[test]
fn every_depth_and_kind_of_png_is_read() {
    let deep: Vec<u8> = [180_u8, 1, 90, 2, 60, 3].repeat(64 * 64);
    let deep = png(64, 64, ColorType::Rgb, BitDepth::Sixteen, &deep, |_| ());
    assert_close(
        look(&make(&deep).unwrap(), "full").at(9, 9),
        SRGB,
        3,
        "16 bit",
    );

    let palette = png(
        64,
        64,
        ColorType::Indexed,
        BitDepth::One,
        &[0xff; 8 * 64],
        |info| {
            info.palette = Some(vec![0, 0, 0, 180, 90, 60].into());
        },
    );
    assert_close(
        look(&make(&palette).unwrap(), "full").at(9, 9),
        SRGB,
        3,
        "palette",
    );

    let clear = png(
        64,
        64,
        ColorType::Indexed,
        BitDepth::One,
        &[0xff; 8 * 64],
        |info| {
            info.palette = Some(vec![0, 0, 0, 180, 90, 60].into());
            info.trns = Some(vec![255, 0].into());
        },
    );
    assert_close(
        look(&make(&clear).unwrap(), "full").at(9, 9),
        [255; 3],
        2,
        "clear palette",
    );

    let gray = png(
        64,
        64,
        ColorType::Grayscale,
        BitDepth::Eight,
        &[77; 64 * 64],
        |_| (),
    );
    assert_close(
        look(&make(&gray).unwrap(), "full").at(9, 9),
        [77; 3],
        2,
        "gray",
    );

    let deep_gray = [99_u8, 0, 128, 0].repeat(64 * 64);
    let deep_gray = png(
        64,
        64,
        ColorType::GrayscaleAlpha,
        BitDepth::Sixteen,
        &deep_gray,
        |_| (),
    );
    assert_close(
        look(&make(&deep_gray).unwrap(), "full").at(9, 9),
        [177; 3],
        3,
        "gray, half clear",
    );
}

#[test]
fn gray_and_ink_jpegs_are_read() {
    let encode = |pixels: &[u8], color| {
        let mut bytes = Vec::new();
        jpeg_encoder::Encoder::new(&mut bytes, 95)
            .encode(pixels, 64, 64, color)
            .unwrap();
        bytes
    };
    let gray = encode(&[77; 64 * 64], jpeg_encoder::ColorType::Luma);
    assert_close(
        look(&make(&gray).unwrap(), "full").at(9, 9),
        [77; 3],
        3,
        "gray",
    );
    // The encoder takes ink as 255 for full, and writes it inverted as Adobe does.
    let ink = [0_u8, 128, 255, 20].repeat(64 * 64);
    for color in [
        jpeg_encoder::ColorType::Cmyk,
        jpeg_encoder::ColorType::CmykAsYcck,
    ] {
        let bytes = encode(&ink, color);
        let seen = look(&make(&bytes).unwrap(), "full").at(9, 9);
        assert_close(seen, [235, 117, 0], 6, "ink");
    }
}

#[test]
fn the_dominant_color_is_the_one_that_most_of_it_has() {
    let picture = Rgb::new(90, 60, |x, _| {
        if x < 60 {
            [20, 120, 220]
        } else {
            [250, 250, 250]
        }
    });
    let processed = make(&picture.jpeg(None, None, false)).unwrap();
    let color = u32::from_str_radix(&processed.dominant_color[1..], 16).unwrap();
    let [_, red, green, blue] = color.to_be_bytes();
    assert_close([red, green, blue], [20, 120, 220], 8, "dominant");
    assert_eq!(processed.dominant_color.len(), 7);
    let blurred = blurhash::decode(&processed.blurhash, 30, 20, 1.0).unwrap();
    let right = &blurred[(10 * 30 + 27) * 4..][..3];
    let left = &blurred[(10 * 30 + 5) * 4..][..3];
    assert!(left[0] < 128 && right[0] > 128, "{left:?} {right:?}");
}

/// Some cameras and `jpegtran` write a scan for each colour; a decoder that expects them together
/// shows green.
#[test]
fn colors_in_scans_of_their_own_come_out_as_they_are() {
    let pixels = [200, 40, 40].repeat(900 * 600);
    for sampling in [SamplingFactor::R_4_4_4, SamplingFactor::R_4_2_0] {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 92);
        encoder.set_sampling_factor(sampling);
        // With tables of its own this encoder writes the colours apart.
        encoder.set_optimized_huffman_tables(true);
        encoder.encode(&pixels, 900, 600, JpegColor::Rgb).unwrap();
        let scans = file.windows(2).filter(|two| two == b"\xff\xda").count();
        assert_eq!(scans, 3, "the colours are not apart");
        let processed = make(&file).unwrap();
        for name in ["full", "feed", "grid"] {
            assert_close(look(&processed, name).at(20, 20), [200, 40, 40], 6, name);
        }
    }
}
