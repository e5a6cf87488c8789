//! Writing AVIF.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int};
use std::ptr;

use business_media_codec::SLOW_PIXELS_MAX;

use super::library::{
    CHANNEL_INTERLEAVED, CHROMA_INTERLEAVED_RGB, CHROMA_INTERLEAVED_RGBA, COLORSPACE_RGB, Writer,
};
use super::{Compression, Heif, Owned, append};
use crate::worker::{Refusal, Source};

/// How quickly the encoder is content, from 0 (never) to 9: see `docs/adr/0017` for what the steps
/// cost and save.
const SPEED: c_int = 5;
/// The same for pictures of more than [`SLOW_PIXELS_MAX`].
const SPEED_LARGE: c_int = 6;
/// Colours as large as brightness: at one quality seen, smaller than with colours at half the size.
const CHROMA: &CStr = c"444";
/// What the encoder takes for quality.
const TUNE: &CStr = c"ssim";
/// Threads of one encoding: it is work that can wait, beside work that cannot.
const THREADS: c_int = 1;

const fn speed_for(pixels: u64) -> c_int {
    if pixels > SLOW_PIXELS_MAX {
        SPEED_LARGE
    } else {
        SPEED
    }
}

impl Heif {
    /// An 8-bit 4:4:4 file of these sRGB pixels.
    pub(in crate::worker) fn encode_avif(
        &self,
        source: &Source<'_>,
        quality: u8,
    ) -> Result<Vec<u8>, Refusal> {
        let library = &self.functions;
        let image = self.image(source)?;
        // SAFETY: what the library makes is released once, after everything that uses it; options
        // that are null are the default ones; the writer and the file outlive the call that writes.
        unsafe {
            let context = Owned::new((library.context_alloc)(), library.context_free);
            let (width, height) = source.sides()?;
            let pixels = u64::from(width.unsigned_abs()) * u64::from(height.unsigned_abs());
            let encoder = self.encoder(&context, quality, speed_for(pixels))?;
            let mut handle = ptr::null_mut();
            let options = ptr::null();
            (library.encode)(
                context.pointer,
                image.pointer,
                encoder.pointer,
                options,
                &raw mut handle,
            )
            .check()?;
            let _handle = Owned::new(handle, library.handle_release);
            let mut file: Vec<u8> = Vec::new();
            let mut writer = Writer {
                version: 1,
                write: append,
            };
            (library.context_write)(context.pointer, &raw mut writer, (&raw mut file).cast())
                .check()?;
            Ok(file)
        }
    }

    fn encoder(&self, context: &Owned, quality: u8, speed: c_int) -> Result<Owned, Refusal> {
        let library = &self.functions;
        let mut encoder = ptr::null_mut();
        // SAFETY: context and encoder are alive, names are C strings.
        unsafe {
            (library.encoder_get)(context.pointer, Compression::Av1 as c_int, &raw mut encoder)
                .check()?;
            let encoder = Owned::new(encoder, library.encoder_release);
            (library.encoder_quality)(encoder.pointer, c_int::from(quality.clamp(1, 100)))
                .check()?;
            // An encoder that does not know a name has a default of its own.
            let number = |name: &CStr, value| {
                let _ = (library.encoder_number)(encoder.pointer, name.as_ptr(), value).check();
            };
            number(c"speed", speed);
            number(c"threads", THREADS);
            let word = |name: &CStr, value: &CStr| {
                let _ =
                    (library.encoder_word)(encoder.pointer, name.as_ptr(), value.as_ptr()).check();
            };
            word(c"chroma", CHROMA);
            word(c"tune", TUNE);
            Ok(encoder)
        }
    }

    /// The pixels as the library holds them, said to be sRGB.
    fn image(&self, source: &Source<'_>) -> Result<Owned, Refusal> {
        let library = &self.functions;
        let (width, height) = source.sides()?;
        let chroma = if source.has_alpha {
            CHROMA_INTERLEAVED_RGBA
        } else {
            CHROMA_INTERLEAVED_RGB
        };
        let mut image = ptr::null_mut();
        let mut stride = 0;
        // SAFETY: the image is alive until it is dropped, and its plane has `height` rows, each a
        // stride after the last and as long as a row of the source. A new colour description is
        // sRGB.
        unsafe {
            (library.image_create)(width, height, COLORSPACE_RGB, chroma, &raw mut image)
                .check()?;
            let image = Owned::new(image, library.image_release);
            (library.image_add_plane)(image.pointer, CHANNEL_INTERLEAVED, width, height, 8)
                .check()?;
            let plane =
                (library.image_plane_mut)(image.pointer, CHANNEL_INTERLEAVED, &raw mut stride);
            let stride = usize::try_from(stride).unwrap_or(0);
            if plane.is_null() || stride < source.row_bytes() {
                return Err("libheif has no memory for the pixels".to_owned());
            }
            for (line, row) in source.bytes.chunks_exact(source.row_bytes()).enumerate() {
                ptr::copy_nonoverlapping(row.as_ptr(), plane.add(line * stride), row.len());
            }
            let nclx = (library.nclx_alloc)();
            let set = (library.image_set_nclx)(image.pointer, nclx).check();
            (library.nclx_free)(nclx);
            set?;
            Ok(image)
        }
    }
}
