//! Which way up a picture is: read from EXIF, applied to pixels.

use crate::Format;
use crate::exif::{self, Exif, tag};
use crate::raster::Raster;

/// What has to be done to a stored picture to show it upright: EXIF's eight values as a
/// transposition followed by reversals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Orientation {
    /// Rows become columns.
    transpose: bool,
    /// The upright picture's rows are then read from right to left.
    mirror: bool,
    /// The upright picture's rows are then taken from bottom to top.
    flip: bool,
}

impl Orientation {
    /// EXIF's value; anything but 2 to 8 leaves the picture as it is.
    pub(crate) const fn from_exif_value(value: u16) -> Self {
        let (transpose, mirror, flip) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self {
            transpose,
            mirror,
            flip,
        }
    }

    /// That of a file, from the one place where its EXIF data is looked for: decoders differ over
    /// files that have several.
    pub(crate) fn of_file(format: Format, file: &[u8]) -> Self {
        let data = exif::of_file(format, file);
        data.map(|data| Self::from_exif(&data)).unwrap_or_default()
    }

    /// Reads it from EXIF data; whatever is not well formed leaves the picture as it is.
    pub(crate) fn from_exif(data: &[u8]) -> Self {
        Self::from_exif_value(Self::exif_value(data).unwrap_or(1).into())
    }

    /// The value that EXIF data says, when it is one that turns a picture: 2 to 8.
    pub(crate) fn exif_value(data: &[u8]) -> Option<u8> {
        let value = Exif::open(data)?
            .first_directory()?
            .number(tag::ORIENTATION)?;
        u8::try_from(value)
            .ok()
            .filter(|value| (2..=8).contains(value))
    }

    /// The size of the upright picture.
    pub(crate) const fn upright_size(self, width: u32, height: u32) -> (u32, u32) {
        if self.transpose {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// The picture turned upright; the same one where nothing is to be done.
    pub(crate) fn apply(self, raster: Raster) -> Raster {
        if self == Self::default() {
            return raster;
        }
        match raster.channels.count() {
            1 => self.apply_to::<1>(&raster),
            3 => self.apply_to::<3>(&raster),
            _ => self.apply_to::<4>(&raster),
        }
    }

    fn apply_to<const N: usize>(self, raster: &Raster) -> Raster {
        /// Pixels a side of the square that is moved at once, so that its rows and columns stay in
        /// the nearest cache.
        const TILE: usize = 32;
        let (width, height) = self.upright_size(raster.width, raster.height);
        let (columns, rows) = (width as usize, height as usize);
        let stored_width = raster.width as usize;
        let (stored, _) = raster.pixels.as_chunks::<N>();
        let mut pixels = vec![0; raster.pixels.len()];
        let (upright, _) = pixels.as_chunks_mut::<N>();
        for top in (0..rows).step_by(TILE) {
            for left in (0..columns).step_by(TILE) {
                for y in top..rows.min(top + TILE) {
                    let from_y = if self.flip { rows - 1 - y } else { y };
                    for x in left..columns.min(left + TILE) {
                        let from_x = if self.mirror { columns - 1 - x } else { x };
                        let from = if self.transpose {
                            from_x * stored_width + from_y
                        } else {
                            from_y * stored_width + from_x
                        };
                        upright[y * columns + x] = stored[from];
                    }
                }
            }
        }
        Raster {
            width,
            height,
            channels: raster.channels,
            pixels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Channels;

    /// How a 3 by 2 picture "abc/def" is stored under each EXIF value, so that the value makes it
    /// upright again.
    const STORED: [(u16, u32, &[u8]); 8] = [
        (1, 3, b"abcdef"),
        (2, 3, b"cbafed"),
        (3, 3, b"fedcba"),
        (4, 3, b"defabc"),
        (5, 2, b"adbecf"),
        (6, 2, b"cfbead"),
        (7, 2, b"fcebda"),
        (8, 2, b"daebfc"),
    ];

    #[test]
    fn every_value_makes_its_picture_upright() {
        for (value, width, stored) in STORED {
            let height = 6 / width;
            let raster = Raster::new(width, height, Channels::Gray, stored.to_vec()).unwrap();
            let upright = Orientation::from_exif_value(value).apply(raster);
            assert_eq!((upright.width, upright.height), (3, 2), "value {value}");
            assert_eq!(upright.pixels, b"abcdef", "value {value}");
        }
    }

    #[test]
    fn a_picture_larger_than_a_tile_is_moved_whole() {
        let pixels: Vec<u8> = (0..70 * 45 * 3).map(|index| (index % 251) as u8).collect();
        let raster = Raster::new(70, 45, Channels::Rgb, pixels).unwrap();
        let turned = Orientation::from_exif_value(6).apply(raster.clone());
        assert_eq!((turned.width, turned.height), (45, 70));
        assert_eq!(Orientation::from_exif_value(8).apply(turned), raster);
    }

    #[test]
    fn exif_that_is_not_well_formed_turns_nothing() {
        let upright = Orientation::default();
        let entry = |value: u8| {
            let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
            tiff.extend([value, 0, 0, 0]);
            tiff
        };
        assert_eq!(
            Orientation::from_exif(&entry(6)),
            Orientation::from_exif_value(6)
        );
        assert_eq!(Orientation::from_exif(&entry(99)), upright);
        assert_eq!(Orientation::from_exif(b""), upright);
        assert_eq!(Orientation::from_exif(b"MM\0*\xff\xff\xff\xff"), upright);
        for length in 0..entry(6).len() - 3 {
            assert_eq!(Orientation::from_exif(&entry(6)[..length]), upright);
        }
    }
}
