//! Photographs that nobody took: seeded landscapes with mountains, water, clouds, mist and film
//! grain.
//!
//! The picture is made as a camera would see it: a height field is lit by one sun, with shadows,
//! and looked at column by column from the nearest point to the farthest; the air between takes on
//! the colour of the haze; what lies on water is mirrored in it. Nothing here aims to be physics,
//! only to pass for a photo at the size of a feed, and to be quick: a 12-megapixel picture takes
//! less than two seconds. The same seed draws the same picture in every build for a machine;
//! another machine's mathematics may round a pixel otherwise.

mod develop;
mod mood;
mod noise;
mod render;
mod sky;
mod terrain;
mod vector;
mod water;

pub use mood::Mood;

use crate::picture::Picture;

/// What to draw: the same value draws the same picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landscape {
    /// Which of endless places.
    pub seed: u32,
    /// Light, weather and kind of place.
    pub mood: Mood,
    /// Columns, at least 16.
    pub width: u32,
    /// Rows, at least 16.
    pub height: u32,
}

impl Landscape {
    /// What a phone takes at 12 megapixels: 4032 by 3024.
    #[must_use]
    pub const fn twelve_megapixels(seed: u32, mood: Mood) -> Self {
        Self {
            seed,
            mood,
            width: 4032,
            height: 3024,
        }
    }

    /// Draws the landscape, on two threads.
    #[must_use]
    pub fn draw(self) -> Picture {
        let mut look = self.mood.look(self.seed);
        let terrain = terrain::Terrain::new(self.seed, &look, self.width);
        // The camera stands on the ground, not in it.
        look.eye = look
            .eye
            .max(terrain.highest_before_camera() + look.eye * 0.5);
        let mut frame = render::render(self, &look, &terrain);
        water::mirror(&mut frame, &look, self.seed);
        develop::develop(&frame, &look, self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_another_does_not() {
        let draw = |seed| {
            Landscape {
                seed,
                mood: Mood::Dawn,
                width: 96,
                height: 64,
            }
            .draw()
        };
        assert_eq!(draw(3), draw(3));
        assert!(draw(3).difference(&draw(4)) > 1.0);
    }

    #[test]
    fn every_mood_has_light_and_shade() {
        for mood in Mood::ALL {
            let picture = Landscape {
                seed: 1,
                mood,
                width: 160,
                height: 120,
            }
            .draw();
            let darkest = picture.rgb.iter().copied().min().unwrap();
            let lightest = picture.rgb.iter().copied().max().unwrap();
            assert!(
                lightest - darkest > 110,
                "{mood:?} is flat: {darkest} to {lightest}"
            );
        }
    }
}
