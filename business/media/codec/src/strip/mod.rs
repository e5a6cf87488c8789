//! A picture's file without what is not the picture: the coded pixels stay bit for bit, everything
//! around them is rewritten or left out.
//!
//! Nothing is copied that is not known to be needed, so what a program may yet invent to put into a
//! file is not in what comes out. A file that is not strictly well formed is refused; the caller
//! then re-encodes its pixels. What is hidden in the pixels themselves, or behind the last of them
//! in JPEG's, GIF's and WebP's own coding, is not looked for.

mod gif;
mod jpeg;
mod png;
mod webp;

pub(crate) use gif::strip as rewritten_gif;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::orientation::Orientation;
use crate::raster::Channels;
use crate::{CodecError, Format, exif, profile};

/// What a stripped file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be shown as a rendition: pixels, and nothing else. Refused when the pixels alone would
    /// look different, because the picture is not upright or not in sRGB.
    Published,
    /// To be downloaded by others than the owner: pixels, how they are turned (EXIF data of that
    /// one tag), and what their colours mean (a profile without names, texts and dates).
    Shared,
}

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

/// What goes with the pixels.
#[derive(Debug, Default)]
struct Company {
    /// EXIF data of one tag; none for an upright picture.
    exif: Option<Vec<u8>>,
    /// None for sRGB.
    profile: Option<Vec<u8>>,
}

impl Company {
    fn of(
        file: &[u8],
        format: Format,
        channels: Channels,
        purpose: Purpose,
    ) -> Result<Self, CodecError> {
        let turned = exif::of_file(format, file).and_then(|exif| Orientation::exif_value(&exif));
        let profile = profile::of_file(format, file, channels)
            .filter(|profile| !profile::is_needless(profile, channels));
        match purpose {
            Purpose::Published if turned.is_some() || profile.is_some() || channels == Channels::Cmyk => {
                Err(CodecError::unsupported("This picture's pixels are not all there is to it."))
            }
            Purpose::Published => Ok(Self::default()),
            Purpose::Shared => Ok(Self {
                exif: turned.map(exif::of_orientation),
                profile: profile
                    .map(|profile| {
                        profile::reduced(&profile, channels).ok_or_else(|| {
                            CodecError::unsupported("This picture's colour profile cannot be freed of what is not colour.")
                        })
                    })
                    .transpose()?,
            }),
        }
    }
}
