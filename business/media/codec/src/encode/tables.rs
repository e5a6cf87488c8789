//! How finely each frequency of a block is stored.

use jpeg_encoder::QuantizationTableType;

/// The steps of brightness at quality 50, by rows of rising frequency. Found by a search that
/// started at the table of Klein, Silverstein and Carney (1992) and sought the fewest bytes at an
/// equal score of two judges; `docs/adr/0016` has it all.
#[rustfmt::skip]
const STEPS: [u32; 64] = [
    11, 13, 21, 28, 36, 42, 60, 66,
    13, 22, 25, 31, 39, 43, 41, 58,
    21, 25, 28, 29, 38, 40, 58, 93,
    28, 31, 29, 35, 34, 47, 60, 87,
    36, 39, 38, 34, 44, 53, 74, 106,
    42, 43, 40, 47, 53, 70, 95, 133,
    60, 41, 58, 60, 74, 95, 126, 174,
    66, 58, 93, 87, 106, 133, 174, 233,
];

/// On which grid colours are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColorGrid {
    /// One colour for each pixel.
    Fine,
    /// One colour for four pixels.
    Coarse,
}

impl ColorGrid {
    /// The steps of brightness and of colour, in hundredths of [`STEPS`]. Colours on a fine grid
    /// bear much larger steps, and what that saves is spent on brightness, for the small pictures
    /// of grids.
    const fn shares(self) -> [u32; 2] {
        match self {
            Self::Fine => [84, 235],
            Self::Coarse => [100, 115],
        }
    }
}

/// The tables of brightness and of colour. At a quality from 40 to 95 a picture scores about as one
/// has by libjpeg's tables at that quality, or better, and takes fewer bytes.
pub(super) fn tables(quality: u8, grid: ColorGrid) -> [QuantizationTableType; 2] {
    grid.shares().map(|share| {
        let share = share * share_of(quality);
        let steps = STEPS.map(|step| step_of(step * share));
        QuantizationTableType::Custom(Box::new(steps))
    })
}

/// What a quality multiplies steps by, in hundredths: libjpeg's scale.
fn share_of(quality: u8) -> u32 {
    match u32::from(quality.clamp(1, 100)) {
        quality @ ..50 => 5_000 / quality,
        quality => 200 - 2 * quality,
    }
}

/// A step, given in ten-thousandths, as a file has it: a byte other than zero.
fn step_of(ten_thousandths: u32) -> u16 {
    let step = (ten_thousandths + 5_000) / 10_000;
    u16::from(u8::try_from(step).unwrap_or(u8::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(quality: u8, grid: ColorGrid) -> [[u16; 64]; 2] {
        tables(quality, grid).map(|table| match table {
            QuantizationTableType::Custom(steps) => *steps,
            other => panic!("{other:?} is not ours"),
        })
    }

    #[test]
    fn every_quality_has_steps_that_a_baseline_file_can_hold() {
        for grid in [ColorGrid::Fine, ColorGrid::Coarse] {
            for quality in 0..=u8::MAX {
                let steps = steps(quality, grid);
                assert!(steps.iter().flatten().all(|step| (1..=255).contains(step)));
            }
        }
        assert_eq!(steps(100, ColorGrid::Fine), [[1; 64]; 2]);
    }

    #[test]
    fn a_higher_quality_has_no_larger_step() {
        for quality in 1..100 {
            let [lower, higher] = [quality, quality + 1].map(|it| steps(it, ColorGrid::Coarse));
            let pairs = lower.iter().flatten().zip(higher.iter().flatten());
            assert!(pairs.into_iter().all(|(lower, higher)| lower >= higher));
        }
    }
}
