//! Flat pictures that tell whether a picture came back upright and in true colours.

use crate::picture::Picture;

/// The colours of [`corners`], by part of the width and of the height: top left, top right, bottom
/// left, bottom right, and a patch in the middle of the top edge that breaks every symmetry.
pub const CORNERS: [(f32, f32, [u8; 3]); 5] = [
    (0.15, 0.25, [200, 40, 40]),
    (0.85, 0.25, [40, 160, 60]),
    (0.15, 0.75, [40, 60, 190]),
    (0.85, 0.75, [230, 200, 60]),
    (0.5, 0.1, [245, 245, 245]),
];

/// How far a channel may be off after scaling and JPEG compression.
pub const TOLERANCE: u8 = 12;

/// Four quarters of different colours, and a white patch at the top.
#[must_use]
pub fn corners(width: u32, height: u32) -> Picture {
    Picture::from_fn(width, height, |x, y| {
        let (across, down) = (x as f32 / width as f32, y as f32 / height as f32);
        if (across - 0.5).abs() < 0.1 && down < 0.2 {
            return CORNERS[4].2;
        }
        CORNERS[usize::from(down >= 0.5) * 2 + usize::from(across >= 0.5)].2
    })
}

/// Squares of eight pixels in four colours, in which encoders of video find the most to note.
#[must_use]
pub fn tiles(width: u32, height: u32) -> Picture {
    Picture::from_fn(width, height, |x, y| {
        let (column, row) = (x / 8, y / 8);
        let which = (column.wrapping_mul(0x9e37_79b9) ^ row.wrapping_mul(0x85eb_ca6b)) >> 30;
        [[0, 0, 0], [255, 255, 255], [200, 30, 30], [20, 60, 160]][which as usize]
    })
}

/// What is wrong with a picture that should show [`corners`] upright and in true colours; nothing
/// if all is well.
#[must_use]
pub fn faults(picture: &Picture) -> Vec<String> {
    let radius = (picture.width.min(picture.height) / 40).max(1);
    let mut faults = Vec::new();
    for (across, down, wanted) in CORNERS {
        let found = picture.mean_around(across, down, radius);
        let off = wanted
            .into_iter()
            .zip(found)
            .map(|(a, b)| a.abs_diff(b))
            .max();
        if off > Some(TOLERANCE) {
            faults.push(format!(
                "at {across}, {down}: {found:?} instead of {wanted:?}"
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icc;
    use crate::jpeg;

    #[test]
    fn a_chart_survives_jpeg_and_a_turned_one_is_found_out() {
        let chart = corners(240, 160);
        let back = Picture::decode(&jpeg::encode(&chart, 85)).unwrap();
        assert_eq!(faults(&back), Vec::<String>::new());
        for orientation in 2..=8 {
            assert!(
                !faults(&chart.stored_with_orientation(orientation)).is_empty(),
                "{orientation}"
            );
        }
    }

    #[test]
    fn a_profile_that_is_not_applied_is_found_out() {
        assert!(!faults(&icc::in_display_p3(&corners(240, 160))).is_empty());
    }
}
