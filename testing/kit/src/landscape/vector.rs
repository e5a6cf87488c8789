//! Three numbers at a time: linear light, and directions.

use std::ops::{Add, Mul};

/// Red, green, blue in linear light; or x to the right, y up, z away from the camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Vec3(pub(super) f32, pub(super) f32, pub(super) f32);

impl Vec3 {
    pub(super) const BLACK: Self = Self(0.0, 0.0, 0.0);

    /// A colour as it is written in a design (`#rrggbb`), in linear light.
    pub(super) fn from_srgb(code: u32) -> Self {
        let channel = |shift: u32| {
            let value = ((code >> shift) & 0xff) as f32 / 255.0;
            value.powf(2.2)
        };
        Self(channel(16), channel(8), channel(0))
    }

    pub(super) fn mix(self, other: Self, part: f32) -> Self {
        self * (1.0 - part) + other * part
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self(self.0 * other.0, self.1 * other.1, self.2 * other.2)
    }

    pub(super) fn dot(self, other: Self) -> f32 {
        self.0 * other.0 + self.1 * other.1 + self.2 * other.2
    }

    pub(super) fn normal(self) -> Self {
        self * (1.0 / self.dot(self).sqrt().max(1e-9))
    }
}

impl Add for Vec3 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1, self.2 + other.2)
    }
}

impl Mul<f32> for Vec3 {
    type Output = Self;
    fn mul(self, by: f32) -> Self {
        Self(self.0 * by, self.1 * by, self.2 * by)
    }
}

/// 0 below `from`, 1 above `to`, smooth between.
pub(super) fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    let part = ((value - from) / (to - from)).clamp(0.0, 1.0);
    part * part * (3.0 - 2.0 * part)
}
