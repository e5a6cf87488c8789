//! Pictures of brightness alone.

use business_media_codec::Pixels;

use crate::containers::{body, rebuilt, tiled};
use crate::{decode, external_codecs};

/// Eight bars of 8 by 16 pixels from black to white, compressed as brightness alone without loss
/// that can be seen. Written by libavif 1.4.2 with `subsampling="4:0:0", quality=100` and
/// `range="limited"` or `"full"` (Pillow 13.0).
const NARROW: &[u8] = include_bytes!("../files/gray-narrow.avif");
const FULL: &[u8] = include_bytes!("../files/gray-full.avif");
const BARS: [u8; 8] = [0, 36, 72, 109, 145, 182, 218, 255];
/// How far brightness may be off, of 255.
const OFF_MAX: u8 = 2;

fn assert_bars(pixels: &Pixels, what: &str) {
    assert_eq!((pixels.width % 64, pixels.height), (0, 16), "{what}");
    let row = &pixels.bytes[8 * pixels.width as usize * 3..];
    let bars = (0..pixels.width as usize / 8).map(|bar| row[(bar * 8 + 4) * 3]);
    let bars: Vec<u8> = bars.collect();
    let off = bars
        .iter()
        .zip(BARS.iter().cycle())
        .map(|(seen, bar)| seen.abs_diff(*bar));
    assert!(off.max() <= Some(OFF_MAX), "{what}: {bars:?}");
    let (whole, _) = pixels.bytes.as_chunks::<3>();
    let is_gray = |pixel: &[u8; 3]| pixel[0] == pixel[1] && pixel[1] == pixel[2];
    assert!(whole.iter().all(is_gray), "{what}");
}

#[test]
fn brightness_alone_goes_from_black_to_white_in_both_ranges() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    for (file, range) in [(NARROW, "narrow"), (FULL, "full")] {
        assert_bars(&decode(&external_codecs, file).unwrap(), range);
        // Where the container does not say, what is compressed does.
        let unsaid = rebuilt(file, &[(b"free", &[])]);
        assert_bars(&decode(&external_codecs, &unsaid).unwrap(), range);
        assert_bars(
            &decode(
                &external_codecs,
                &rebuilt(file, &[(b"colr", body(file, b"colr"))]),
            )
            .unwrap(),
            range,
        );
    }
}

#[test]
fn so_does_a_picture_of_tiles() {
    let Some(external_codecs) = external_codecs() else {
        return;
    };
    for (file, range) in [(NARROW, "narrow"), (FULL, "full")] {
        let pixels = decode(&external_codecs, &tiled(file, body(file, b"colr"))).unwrap();
        assert_eq!(pixels.width, 128);
        assert_bars(&pixels, range);
    }
}
