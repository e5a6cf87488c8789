//! A photo that fits already is served as it came, without its metadata; every other is re-encoded.

use business_media_codec::{Format, Purpose, strip};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::clean::assert_clean;
use crate::pictures::{Rgb, exif, make};

/// A JPEG of about the quality that renditions have.
fn photo(
    width: u16,
    height: u16,
    quality: u8,
    prepare: impl FnOnce(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let picture = Rgb::new(width.into(), height.into(), |x, y| {
        [(x / 3) as u8, (y / 2) as u8, ((x + y) / 4) as u8]
    });
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    prepare(&mut encoder);
    encoder
        .encode(&picture.pixels, width, height, ColorType::Rgb)
        .unwrap();
    bytes
}

fn is_passed(file: &[u8]) -> bool {
    let processed = make(file).unwrap();
    assert_clean(&processed.renditions[0].bytes, "the first rendition");
    strip(file, Format::Jpeg, Purpose::Published)
        .is_ok_and(|stripped| stripped == processed.renditions[0].bytes)
}

#[test]
fn a_photo_that_fits_is_not_encoded_a_second_time() {
    assert!(is_passed(&photo(1_500, 900, 82, |_| ())));
    assert!(is_passed(
        &photo(1_500, 900, 82, |encoder| encoder.set_progressive(true))
    ));
    let with_exif = photo(1_500, 900, 82, |encoder| {
        encoder.add_exif_metadata(&exif(1)).unwrap();
    });
    assert!(is_passed(&with_exif));
    let srgb = moxcms::ColorProfile::new_srgb().encode().unwrap();
    assert!(is_passed(&photo(1_500, 900, 82, |encoder| encoder
        .add_icc_profile(&srgb)
        .unwrap())));
    // Smaller than every step: one file for all.
    let small = photo(300, 200, 82, |_| ());
    let renditions = make(&small).unwrap().renditions;
    assert!(
        is_passed(&small)
            && renditions
                .iter()
                .all(|rendition| rendition.bytes == renditions[0].bytes)
    );
}

#[test]
fn a_photo_that_does_not_fit_is_encoded_again() {
    assert!(!is_passed(&photo(2_500, 900, 82, |_| ())), "too large");
    let turned = photo(1_500, 900, 82, |encoder| {
        encoder.add_exif_metadata(&exif(6)).unwrap();
    });
    assert!(!is_passed(&turned), "on its side");
    let p3 = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let wide = photo(1_500, 900, 82, |encoder| {
        encoder.add_icc_profile(&p3).unwrap();
    });
    assert!(!is_passed(&wide), "other colours");
    let noise = Rgb::new(600, 400, |x, y| {
        let mixed =
            x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ (x * y).wrapping_mul(97);
        mixed.to_le_bytes()[1..].try_into().unwrap()
    });
    assert!(!is_passed(&noise.jpeg(None, None, false)), "too many bytes");
}

#[test]
fn a_photo_with_something_to_forgive_is_encoded_again() {
    let mut file = photo(1_500, 900, 82, |_| ());
    // Continues behind it for lenient decoders.
    let middle = file.len() / 2;
    file.splice(middle..middle, *b"\xff\xd3");
    assert!(!is_passed(&file));
}

#[test]
fn bytes_between_segments_do_not_pass() {
    let plain = photo(1_500, 900, 82, |_| ());
    let mut file = plain.clone();
    let scan = memchr::memmem::find(&file, b"\xff\xda").unwrap();
    file.splice(scan..scan, *b"stray");
    assert!(is_passed(&file));
    let [clean, expected] =
        [file, plain].map(|file| make(&file).unwrap().renditions.remove(0).bytes);
    assert!(clean == expected);
}
