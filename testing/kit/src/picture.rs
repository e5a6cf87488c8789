//! Pixels in memory: what the writers take and the readers release.

/// A picture: rows from the top, 8-bit red, green, blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Columns of pixels, at least one.
    pub width: u32,
    /// Rows of pixels, at least one.
    pub height: u32,
    /// `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// A picture from a function of column and row.
    pub fn from_fn(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Self {
        let mut rgb = Vec::with_capacity((width * height * 3) as usize);
        for y in 0..height {
            for x in 0..width {
                rgb.extend_from_slice(&pixel(x, y));
            }
        }
        Self { width, height, rgb }
    }

    /// The colour at a column and row.
    ///
    /// # Panics
    /// When the position lies outside the picture.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        assert!(x < self.width && y < self.height, "outside the picture");
        let at = (y as usize * self.width as usize + x as usize) * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// The mean colour of a square of `2 * radius + 1` pixels, round a point given in parts of the
    /// width and height: what survives scaling and compression.
    #[must_use]
    pub fn mean_around(&self, across: f32, down: f32, radius: u32) -> [u8; 3] {
        let middle = |part: f32, size: u32| ((part * size as f32) as u32).min(size - 1);
        let (x, y) = (middle(across, self.width), middle(down, self.height));
        let mut sum = [0_u32; 3];
        let mut count = 0;
        for row in y.saturating_sub(radius)..=(y + radius).min(self.height - 1) {
            for column in x.saturating_sub(radius)..=(x + radius).min(self.width - 1) {
                for (total, value) in sum.iter_mut().zip(self.pixel(column, row)) {
                    *total += u32::from(value);
                }
                count += 1;
            }
        }
        sum.map(|total| (total / count) as u8)
    }

    /// The picture stored the way a camera that was held otherwise stores it: pixels which, with
    /// this EXIF orientation (1 to 8), show this picture upright.
    ///
    /// # Panics
    /// When the orientation is not 1 to 8.
    #[must_use]
    pub fn stored_with_orientation(&self, orientation: u8) -> Self {
        let (w, h) = (self.width, self.height);
        let (width, height) = if orientation < 5 { (w, h) } else { (h, w) };
        // Which upright pixel lies at a stored column and row.
        Self::from_fn(width, height, |x, y| match orientation {
            1 => self.pixel(x, y),
            2 => self.pixel(w - 1 - x, y),
            3 => self.pixel(w - 1 - x, h - 1 - y),
            4 => self.pixel(x, h - 1 - y),
            5 => self.pixel(y, x),
            6 => self.pixel(w - 1 - y, x),
            7 => self.pixel(w - 1 - y, h - 1 - x),
            8 => self.pixel(y, h - 1 - x),
            other => panic!("{other} is no orientation"),
        })
    }

    /// The pixels of an encoded JPEG, PNG or WebP file, as they are stored: no orientation, no
    /// profile is applied.
    ///
    /// # Errors
    /// When the file does not decode.
    pub fn decode(bytes: &[u8]) -> Result<Self, image::ImageError> {
        let decoded = image::load_from_memory(bytes)?.to_rgb8();
        Ok(Self {
            width: decoded.width(),
            height: decoded.height(),
            rgb: decoded.into_raw(),
        })
    }

    /// The mean difference of the channels to another picture of the same shape scaled to the same
    /// size, 0 to 255; pictures of another shape differ by 255.
    #[must_use]
    pub fn difference(&self, other: &Self) -> f32 {
        let (own, theirs) = (self.aspect(), other.aspect());
        if (own - theirs).abs() / own > 0.02 {
            return 255.0;
        }
        const SIDE: u32 = 32;
        let mut sum = 0;
        for row in 0..SIDE {
            for column in 0..SIDE {
                let at = |index: u32| (index as f32 + 0.5) / SIDE as f32;
                let sample = |picture: &Self| {
                    let radius = picture.width.min(picture.height) / SIDE / 3;
                    picture.mean_around(at(column), at(row), radius)
                };
                for (a, b) in sample(self).into_iter().zip(sample(other)) {
                    sum += u32::from(a.abs_diff(b));
                }
            }
        }
        sum as f32 / (SIDE * SIDE * 3) as f32
    }

    fn aspect(&self) -> f32 {
        self.width as f32 / self.height as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientation_six_is_a_camera_turned_to_the_right() {
        // Upright: 3 wide, 2 high. The stored top row is the upright right edge, the stored left
        // edge the upright top.
        let upright = Picture::from_fn(3, 2, |x, y| [x as u8, y as u8, 0]);
        let stored = upright.stored_with_orientation(6);
        assert_eq!((stored.width, stored.height), (2, 3));
        assert_eq!(stored.pixel(0, 0), [2, 0, 0]);
        assert_eq!(stored.pixel(1, 0), [2, 1, 0]);
        assert_eq!(stored.pixel(0, 2), [0, 0, 0]);
    }

    #[test]
    fn difference_distinguishes_a_turned_picture_from_the_same() {
        let picture = Picture::from_fn(64, 64, |x, y| [(x * 4) as u8, (y * 4) as u8, 90]);
        assert!(picture.difference(&picture) < 0.01);
        assert!(picture.difference(&picture.stored_with_orientation(3)) > 40.0);
    }
}
