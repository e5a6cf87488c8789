//! A picture's file without what is not the picture: the coded pixels stay bit for bit, everything
//! around them is rewritten or left out.
//!
//! Nothing is copied that is not known to be needed, so what a program may yet invent to put into a
//! file is not in what comes out. A file that is not strictly well formed is refused; the caller
//! then re-encodes its pixels. What is hidden in the pixels themselves, or behind the last of them
//! in JPEG's, GIF's and WebP's own coding, is not looked for.

mod company;
mod gif;
mod jpeg;
mod png;
mod webp;

pub use company::Purpose;
pub(crate) use gif::strip as rewritten_gif;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{CodecError, Format};

/// The file without what is not the picture.
///
/// # Errors
/// [`CodecError::Unsupported`] when the format has no stripper, or the picture cannot be used so
/// (see [`Purpose`]); [`CodecError::Broken`] when the file is not strictly well formed, even if a
/// lenient decoder would read it.
pub fn strip(file: &[u8], format: Format, purpose: Purpose) -> Result<Vec<u8>, CodecError> {
    let strip = AssertUnwindSafe(|| match format {
        Format::Jpeg => jpeg::strip(file, purpose),
        Format::Png => png::strip(file, purpose),
        Format::WebP => webp::strip(file, purpose),
        Format::Gif => gif::strip(file),
        Format::Avif | Format::Heic => Err(CodecError::unsupported(format!(
            "The metadata of {} pictures cannot be removed without encoding them again.",
            format.name()
        ))),
    });
    catch_unwind(strip).unwrap_or_else(|_| Err(CodecError::broken("the stripper panicked")))
}
