//! What goes with the pixels, and what for.

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

/// What goes with the pixels.
#[derive(Debug, Default)]
pub(super) struct Company {
    /// EXIF data of one tag; none for an upright picture.
    pub(super) exif: Option<Vec<u8>>,
    /// None for sRGB.
    pub(super) profile: Option<Vec<u8>>,
}

impl Company {
    pub(super) fn of(
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
