//! Light, weather and kind of place.

use super::noise;
use super::vector::Vec3;

/// Light, weather and kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mood {
    /// A lake before sunrise, mist in the valleys.
    Dawn,
    /// Snow, blue sky, green slopes.
    Noon,
    /// The last light behind the ridges.
    Dusk,
    /// Firs in fog.
    Forest,
    /// Open water and a headland.
    Sea,
    /// Dunes.
    Desert,
    /// Moon and stars over a lake.
    Night,
}

impl Mood {
    /// Every mood, for tests over all of them.
    pub const ALL: [Self; 7] = [
        Self::Dawn,
        Self::Noon,
        Self::Dusk,
        Self::Forest,
        Self::Sea,
        Self::Desert,
        Self::Night,
    ];
}

/// A height that nothing reaches.
const NO_SNOW: f32 = 1e6;

/// Which form the ground has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    Mountains,
    Hills,
    Headland,
    Dunes,
}

/// Everything the drawing needs to know of a mood.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) ground: Ground,
    /// How high the ground rises, in world units (the view is about 1,000 deep).
    pub(super) relief: f32,
    /// Where the camera stands above the water, in world units.
    pub(super) eye: f32,
    /// Where the horizon lies: 0 top, 1 bottom.
    pub(super) horizon: f32,
    /// Water fills what is below zero.
    pub(super) water: bool,
    pub(super) deep_water: Vec3,
    /// Size of the waves: 0 a mirror, 1 the sea.
    pub(super) waves: f32,
    /// Where the sun (or moon) stands.
    pub(super) sun: Vec3,
    pub(super) sun_light: Vec3,
    /// The disc's size as the cosine of its radius; above 1 for none to be seen.
    pub(super) sun_disc: f32,
    pub(super) ambient: Vec3,
    pub(super) zenith: Vec3,
    pub(super) skyline: Vec3,
    pub(super) glow: Vec3,
    pub(super) clouds: f32,
    pub(super) cloud_light: Vec3,
    pub(super) cloud_shade: Vec3,
    pub(super) haze: Vec3,
    /// Share of the light lost in 1,000 units.
    pub(super) haze_density: f32,
    /// Mist that lies in the valleys.
    pub(super) mist: f32,
    pub(super) rock: Vec3,
    pub(super) plants: Vec3,
    /// Height above which snow lies; [`NO_SNOW`] for none.
    pub(super) snow_line: f32,
    /// How much of the slopes bears trees: 0 to 1.
    pub(super) trees: f32,
    pub(super) stars: bool,
    pub(super) exposure: f32,
    pub(super) grain: f32,
}

impl Mood {
    pub(super) fn look(self, seed: u32) -> Look {
        let mut look = match self {
            Self::Dawn => dawn(),
            Self::Noon => noon(),
            Self::Dusk => dusk(),
            Self::Forest => forest(),
            Self::Sea => sea(),
            Self::Desert => desert(),
            Self::Night => night(),
        };
        // The sun stands somewhere else in every picture, on either side.
        let side = noise::unit(1, 1, seed) * 1.4 - 0.7;
        look.sun = Vec3(look.sun.0 + side * look.sun.2.abs(), look.sun.1, look.sun.2).normal();
        look.relief *= 0.8 + 0.4 * noise::unit(2, 1, seed);
        look.clouds *= 0.75 + 0.5 * noise::unit(3, 1, seed);
        look
    }
}

fn noon() -> Look {
    Look {
        ground: Ground::Mountains,
        relief: 215.0,
        eye: 9.0,
        horizon: 0.62,
        water: true,
        deep_water: Vec3::from_srgb(0x0f4a5a),
        waves: 0.25,
        sun: Vec3(0.75, 0.62, -0.35),
        sun_light: Vec3(1.75, 1.62, 1.4),
        sun_disc: 2.0,
        ambient: Vec3(0.2, 0.27, 0.38),
        zenith: Vec3::from_srgb(0x2a63a8),
        skyline: Vec3::from_srgb(0xb4d0e6),
        glow: Vec3(0.15, 0.13, 0.1),
        clouds: 0.62,
        cloud_light: Vec3(1.05, 1.03, 1.0),
        cloud_shade: Vec3(0.5, 0.55, 0.63),
        haze: Vec3::from_srgb(0xa9c4dc),
        haze_density: 0.42,
        mist: 0.05,
        rock: Vec3::from_srgb(0x77706a),
        plants: Vec3::from_srgb(0x3f5a2c),
        snow_line: 88.0,
        trees: 0.75,
        stars: false,
        exposure: 1.5,
        grain: 1.6,
    }
}

fn dawn() -> Look {
    Look {
        sun: Vec3(0.1, 0.13, 1.0),
        sun_light: Vec3(1.5, 0.85, 0.5),
        sun_disc: 0.99945,
        ambient: Vec3(0.15, 0.18, 0.28),
        zenith: Vec3::from_srgb(0x4a6f9f),
        skyline: Vec3::from_srgb(0xf6c99b),
        glow: Vec3(1.5, 0.75, 0.35),
        clouds: 0.42,
        cloud_light: Vec3(1.2, 0.72, 0.52),
        cloud_shade: Vec3(0.42, 0.36, 0.46),
        haze: Vec3::from_srgb(0xe6b99a),
        haze_density: 1.15,
        mist: 0.6,
        deep_water: Vec3::from_srgb(0x1c3040),
        waves: 0.1,
        snow_line: 130.0,
        exposure: 1.35,
        relief: 190.0,
        ..noon()
    }
}

fn dusk() -> Look {
    Look {
        sun: Vec3(-0.1, 0.045, 1.0),
        sun_light: Vec3(1.2, 0.5, 0.28),
        sun_disc: 0.9997,
        ambient: Vec3(0.06, 0.06, 0.12),
        zenith: Vec3::from_srgb(0x26355f),
        skyline: Vec3::from_srgb(0xee8450),
        glow: Vec3(1.6, 0.6, 0.22),
        clouds: 0.6,
        cloud_light: Vec3(1.25, 0.5, 0.34),
        cloud_shade: Vec3(0.2, 0.16, 0.28),
        haze: Vec3::from_srgb(0x9a5f78),
        haze_density: 0.8,
        mist: 0.22,
        deep_water: Vec3::from_srgb(0x101a30),
        waves: 0.18,
        snow_line: 230.0,
        exposure: 1.25,
        grain: 2.2,
        relief: 170.0,
        ..noon()
    }
}

fn forest() -> Look {
    Look {
        ground: Ground::Hills,
        relief: 150.0,
        eye: 70.0,
        horizon: 0.36,
        water: false,
        sun: Vec3(-0.55, 0.5, 0.6),
        sun_light: Vec3(1.1, 1.1, 0.9),
        ambient: Vec3(0.22, 0.27, 0.27),
        zenith: Vec3::from_srgb(0x8ea6b4),
        skyline: Vec3::from_srgb(0xe4e4dc),
        glow: Vec3(0.2, 0.2, 0.18),
        clouds: 0.85,
        cloud_light: Vec3(0.86, 0.88, 0.9),
        cloud_shade: Vec3(0.6, 0.64, 0.67),
        haze: Vec3::from_srgb(0xc4d2cf),
        haze_density: 1.6,
        mist: 0.8,
        plants: Vec3::from_srgb(0x2a4a2c),
        snow_line: NO_SNOW,
        trees: 1.0,
        exposure: 1.35,
        ..noon()
    }
}

fn sea() -> Look {
    Look {
        ground: Ground::Headland,
        relief: 105.0,
        eye: 14.0,
        horizon: 0.5,
        deep_water: Vec3::from_srgb(0x0c4a60),
        waves: 0.8,
        sun: Vec3(0.15, 0.2, 1.0),
        sun_light: Vec3(1.5, 1.25, 0.95),
        sun_disc: 0.99985,
        zenith: Vec3::from_srgb(0x2f6aa6),
        skyline: Vec3::from_srgb(0xecc79a),
        glow: Vec3(1.3, 0.8, 0.38),
        clouds: 0.6,
        cloud_light: Vec3(1.3, 1.0, 0.78),
        cloud_shade: Vec3(0.34, 0.38, 0.48),
        haze: Vec3::from_srgb(0xdcc3a4),
        haze_density: 0.6,
        mist: 0.15,
        snow_line: NO_SNOW,
        trees: 0.0,
        exposure: 1.4,
        ..noon()
    }
}

fn desert() -> Look {
    Look {
        ground: Ground::Dunes,
        relief: 62.0,
        eye: 34.0,
        horizon: 0.4,
        water: false,
        sun: Vec3(0.9, 0.3, 0.1),
        sun_light: Vec3(2.1, 1.5, 0.92),
        sun_disc: 2.0,
        ambient: Vec3(0.24, 0.25, 0.33),
        zenith: Vec3::from_srgb(0x3a6aa0),
        skyline: Vec3::from_srgb(0xf0d9b8),
        glow: Vec3(0.6, 0.4, 0.2),
        clouds: 0.3,
        haze: Vec3::from_srgb(0xeacfae),
        haze_density: 0.55,
        mist: 0.0,
        rock: Vec3::from_srgb(0xc98a52),
        plants: Vec3::from_srgb(0xc98a52),
        snow_line: NO_SNOW,
        trees: 0.0,
        exposure: 1.35,
        ..noon()
    }
}

fn night() -> Look {
    Look {
        sun: Vec3(-0.25, 0.42, 1.0),
        sun_light: Vec3(0.19, 0.23, 0.32),
        sun_disc: 0.9999,
        ambient: Vec3(0.018, 0.025, 0.045),
        zenith: Vec3::from_srgb(0x060b1c),
        skyline: Vec3::from_srgb(0x22375c),
        glow: Vec3(0.1, 0.13, 0.2),
        clouds: 0.3,
        cloud_light: Vec3(0.12, 0.15, 0.21),
        cloud_shade: Vec3(0.025, 0.034, 0.056),
        haze: Vec3::from_srgb(0x1c2c4a),
        haze_density: 0.8,
        mist: 0.4,
        deep_water: Vec3::from_srgb(0x050a14),
        waves: 0.12,
        stars: true,
        snow_line: 140.0,
        exposure: 2.1,
        grain: 3.4,
        relief: 190.0,
        ..noon()
    }
}
