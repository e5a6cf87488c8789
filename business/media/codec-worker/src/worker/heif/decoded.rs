//! Decoded pixels.
#![allow(unsafe_code)]

use super::library::{CHANNEL_INTERLEAVED, Functions};
use super::{Owned, check_size};
use crate::protocol::Picture;
use crate::worker::Refusal;

pub(in crate::worker) struct Decoded<'l> {
    picture: Picture,
    planes: Planes<'l>,
}

/// Pixels of three or four interleaved bytes.
pub(super) enum Planes<'l> {
    /// Still in the library's memory.
    Borrowed {
        rows: Vec<&'l [u8]>,
        /// Keeps the rows alive.
        _image: Owned,
    },
    Own(Vec<u8>),
}

impl<'l> Planes<'l> {
    pub(super) const fn own(pixels: Vec<u8>) -> Self {
        Self::Own(pixels)
    }

    /// The pixels of an interleaved image, which must be of this size.
    pub(super) fn of_library(
        library: &'l Functions,
        image: Owned,
        size: (u32, u32),
        has_alpha: bool,
    ) -> Result<Self, Refusal> {
        let mut stride = 0;
        // SAFETY: the image is alive.
        let (width, height, depth, plane) = unsafe {
            (
                (library.image_width)(image.pointer, CHANNEL_INTERLEAVED),
                (library.image_height)(image.pointer, CHANNEL_INTERLEAVED),
                (library.image_depth)(image.pointer, CHANNEL_INTERLEAVED),
                (library.image_plane)(image.pointer, CHANNEL_INTERLEAVED, &raw mut stride),
            )
        };
        check_size((width, height), size)?;
        let channels = if has_alpha { 4 } else { 3 };
        let row_bytes = size.0 as usize * channels;
        let stride = usize::try_from(stride).unwrap_or(0);
        if plane.is_null() || row_bytes == 0 || stride < row_bytes {
            return Err("libheif gave no pixels".to_owned());
        }
        if usize::try_from(depth) != Ok(channels * 8) {
            return Err(format!("libheif gave pixels of {depth} bits"));
        }
        // SAFETY: the plane has so many rows of so many bytes, each a stride after the last, and
        // lives as long as the image, which is kept beside the rows and dropped with them.
        let rows = (0..size.1 as usize)
            .map(|line| unsafe { std::slice::from_raw_parts(plane.add(line * stride), row_bytes) })
            .collect();
        Ok(Self::Borrowed {
            rows,
            _image: image,
        })
    }

    fn rows(&self) -> Vec<&[u8]> {
        match self {
            Self::Borrowed { rows, .. } => rows.clone(),
            Self::Own(pixels) => vec![pixels],
        }
    }
}

impl<'l> Decoded<'l> {
    /// With opacity taken out of the colours again, where it is multiplied in.
    pub(super) fn new(picture: Picture, planes: Planes<'l>, is_premultiplied: bool) -> Self {
        let planes = if is_premultiplied {
            Planes::Own(without_opacity(&planes.rows()))
        } else {
            planes
        };
        Self { picture, planes }
    }

    pub(in crate::worker) const fn picture(&self) -> &Picture {
        &self.picture
    }

    pub(in crate::worker) fn rows(&self) -> Vec<&[u8]> {
        self.planes.rows()
    }
}

/// The colours as they are where nothing shines through.
fn without_opacity(rows: &[&[u8]]) -> Vec<u8> {
    let mut pixels = rows.concat();
    let (whole, _) = pixels.as_chunks_mut::<4>();
    for [red, green, blue, alpha] in whole {
        let alpha = u32::from(*alpha);
        for color in [red, green, blue] {
            let scaled = (u32::from(*color) * 255 + alpha / 2).checked_div(alpha);
            *color = u8::try_from(scaled.unwrap_or(0)).unwrap_or(255);
        }
    }
    pixels
}
