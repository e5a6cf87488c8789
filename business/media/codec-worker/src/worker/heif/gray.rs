//! Pictures of brightness alone. The library makes colours of them as if every number counted, also
//! where the file says that black is 16 and white 235: so they are taken from it as they are
//! compressed.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr;

use super::library::{
    CHANNEL_ALPHA, CHANNEL_RED, CHANNEL_Y, CHROMA_UNDEFINED, COLORSPACE_MONOCHROME, COLORSPACE_RGB,
    COLORSPACE_UNDEFINED,
};
use super::{Heif, Meaning, Owned, check_size};
use crate::worker::Refusal;

/// The most bits of a sample that are made sense of.
const BITS_MAX: u32 = 16;

impl Heif {
    /// The picture in three or four interleaved bytes; none when the library finds more than
    /// brightness in it. `meaning` is what the container says.
    pub(super) fn gray(
        &self,
        handle: &Owned,
        meaning: Option<Meaning>,
        size: (u32, u32),
        has_alpha: bool,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let library = &self.functions;
        let mut image = ptr::null_mut();
        // SAFETY: the handle is alive, and so is what is decoded until it is dropped; options that
        // are null are the default ones.
        let (image, colorspace) = unsafe {
            (library.decode)(
                handle.pointer,
                &raw mut image,
                COLORSPACE_UNDEFINED,
                CHROMA_UNDEFINED,
                ptr::null(),
            )
            .check()?;
            let image = Owned::new(image, library.image_release);
            let colorspace = (library.image_colorspace)(image.pointer);
            (image, colorspace)
        };
        let channel = match colorspace {
            COLORSPACE_MONOCHROME => CHANNEL_Y,
            // Of tiles 1.15 gives colours, which are brightness three times, and not stretched.
            COLORSPACE_RGB => CHANNEL_RED,
            _ => return Ok(None),
        };
        // What is compressed is asked where the container does not say; the library forgets it of
        // tiles. What nobody says is full, as it is when the library makes colours.
        let meaning = meaning.or_else(|| self.meaning_of_image(&image));
        let is_full_range = meaning.is_none_or(|meaning| meaning.is_full_range);
        let gray = self.plane(&image, channel, size, is_full_range)?;
        if !has_alpha {
            return Ok(Some(gray.into_iter().flat_map(|gray| [gray; 3]).collect()));
        }
        // Opacity is never narrow.
        let alpha = self.plane(&image, CHANNEL_ALPHA, size, true)?;
        let pixels = gray.into_iter().zip(alpha);
        let pixels = pixels.flat_map(|(gray, alpha)| [gray, gray, gray, alpha]);
        Ok(Some(pixels.collect()))
    }

    fn meaning_of_image(&self, image: &Owned) -> Option<Meaning> {
        // SAFETY: the image is alive, and the library gives something that is released.
        self.meaning_by(|nclx| unsafe { (self.functions.image_nclx)(image.pointer, nclx) })
    }

    /// One channel in bytes of full range.
    fn plane(
        &self,
        image: &Owned,
        channel: c_int,
        size: (u32, u32),
        is_full_range: bool,
    ) -> Result<Vec<u8>, Refusal> {
        let library = &self.functions;
        let mut stride = 0;
        // SAFETY: the image is alive.
        let (width, height, stored_bits, bits, plane) = unsafe {
            (
                (library.image_width)(image.pointer, channel),
                (library.image_height)(image.pointer, channel),
                (library.image_depth)(image.pointer, channel),
                (library.image_sample_bits)(image.pointer, channel),
                (library.image_plane)(image.pointer, channel, &raw mut stride),
            )
        };
        check_size((width, height), size)?;
        let bits = u32::try_from(bits).unwrap_or(0);
        let sample_bytes = usize::try_from(stored_bits).unwrap_or(0) / 8;
        if !(8..=BITS_MAX).contains(&bits) || sample_bytes != bits.div_ceil(8) as usize {
            return Err(format!("libheif gave {bits} bits in {stored_bits}"));
        }
        let row_bytes = size.0 as usize * sample_bytes;
        let stride = usize::try_from(stride).unwrap_or(0);
        if plane.is_null() || row_bytes == 0 || stride < row_bytes {
            return Err("libheif gave no pixels".to_owned());
        }
        let byte_of = bytes_of_samples(bits, is_full_range);
        let mut bytes = Vec::with_capacity(size.0 as usize * size.1 as usize);
        for line in 0..size.1 as usize {
            // SAFETY: the plane has so many rows of so many bytes, each a stride after the last,
            // and the image is alive.
            let row = unsafe { std::slice::from_raw_parts(plane.add(line * stride), row_bytes) };
            if sample_bytes == 1 {
                bytes.extend(row.iter().map(|sample| byte_of[usize::from(*sample)]));
            } else {
                let (samples, _) = row.as_chunks::<2>();
                let largest = byte_of.len() - 1;
                bytes.extend(
                    samples.iter().map(|sample| {
                        byte_of[usize::from(u16::from_ne_bytes(*sample)).min(largest)]
                    }),
                );
            }
        }
        Ok(bytes)
    }
}

/// What each sample of so many bits is in 8, rounded. Narrow range is as ITU-T H.273 has it: from
/// 16 to 235, of 8 bits.
fn bytes_of_samples(bits: u32, is_full_range: bool) -> Vec<u8> {
    let largest = (1_u32 << bits) - 1;
    let (black, white) = if is_full_range {
        (0, largest)
    } else {
        (16 << (bits - 8), 235 << (bits - 8))
    };
    let range = white - black;
    let byte = |sample: u32| {
        let above = sample.clamp(black, white) - black;
        u8::try_from((above * 255 + range / 2) / range).unwrap_or(255)
    };
    (0..=largest).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::bytes_of_samples;

    #[test]
    fn both_ranges_go_from_black_to_white() {
        let full = bytes_of_samples(8, true);
        assert!(full.iter().copied().eq(0..=255));
        let narrow = bytes_of_samples(8, false);
        assert_eq!(
            [0, 16, 17, 126, 234, 235, 255].map(|at| narrow[at]),
            [0, 0, 1, 128, 254, 255, 255]
        );
        let deep = bytes_of_samples(12, false);
        assert_eq!(
            [0, 256, 2_008, 3_760, 4_095].map(|at| deep[at]),
            [0, 0, 128, 255, 255]
        );
        let deep = bytes_of_samples(16, true);
        assert_eq!([0, 0x8000, 0xffff].map(|at| deep[at]), [0, 128, 255]);
    }
}
