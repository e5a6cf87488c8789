//! Water mirrors what stands above its far shore, broken by waves.

use super::mood::Look;
use super::noise;
use super::render::Frame;
use super::vector::{Vec3, smoothstep};

/// Fills every column's water with what it mirrors.
pub(super) fn mirror(frame: &mut Frame, look: &Look, seed: u32) {
    if !look.water {
        return;
    }
    let (width, height) = (frame.width, frame.height);
    let half = width / 2;
    let source = &frame.light;
    let (shore, skyline) = (&frame.shore, &frame.skyline);
    let mut filled = vec![Vec3::BLACK; source.len()];
    let (left, right) = filled.split_at_mut(half * height);
    let fill = |first: usize, part: &mut [Vec3]| {
        for (index, column) in part.chunks_exact_mut(height).enumerate() {
            let x = first + index;
            column.copy_from_slice(&source[x * height..(x + 1) * height]);
            if let Some(start) = shore[x] {
                let water = Water {
                    look,
                    seed,
                    width,
                    height,
                    source,
                    shore,
                    skyline,
                };
                water.fill(x, start, &mut column[start..]);
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| fill(0, left));
        fill(half, right);
    });
    frame.light = filled;
}

struct Water<'a> {
    look: &'a Look,
    seed: u32,
    width: usize,
    height: usize,
    source: &'a [Vec3],
    shore: &'a [Option<usize>],
    skyline: &'a [usize],
}

impl Water<'_> {
    fn fill(&self, x: usize, start: usize, column: &mut [Vec3]) {
        let horizon = self.look.horizon * self.height as f32;
        for (index, pixel) in column.iter_mut().enumerate() {
            let row = start + index;
            // How far away the water is at this row: the camera stands at `eye` above it.
            let below = (row as f32 - horizon).max(1.0) / self.width as f32;
            let far = self.look.eye / below;
            let across = (x as f32 / self.width as f32 - 0.5) * far * 0.8;
            let (tilt_x, tilt_y) = self.waves(across, far);
            *pixel = self.light(x, start, row, below, tilt_x, tilt_y);
        }
    }

    fn waves(&self, across: f32, far: f32) -> (f32, f32) {
        let long = 7.0 + 9.0 * self.look.waves;
        let ripple = |seed: u32, size: f32| {
            noise::fractal(
                across / (long * size),
                far / (long * size * 0.7),
                4,
                self.seed ^ seed,
            ) - 0.5
        };
        let calm = smoothstep(2_600.0, 90.0, far);
        let (x, y) = (ripple(91, 1.0), ripple(92, 1.0) + 0.5 * ripple(93, 0.3));
        (x * calm * self.look.waves, y * calm * self.look.waves)
    }

    fn light(
        &self,
        x: usize,
        start: usize,
        row: usize,
        below: f32,
        tilt_x: f32,
        tilt_y: f32,
    ) -> Vec3 {
        let size = self.width as f32;
        let shift = (tilt_x * 0.06 * size) as i32;
        let column = (x as i32 + shift).clamp(0, self.width as i32 - 1) as usize;
        let line = self.shore[column].unwrap_or(start);
        let depth = (row - start) as f32 * (1.0 + 0.25 * self.look.waves);
        let broken = tilt_y.abs() * 0.16 * size + 1.0;
        let mirrored = (line as f32 - depth - broken).max(0.0) as usize;
        // What stands at the shore is mirrored about the shore, the sky about the horizon, wherever
        // the shore may be.
        let mirrored = if mirrored < self.skyline[column] {
            let horizon = self.look.horizon * self.height as f32;
            let above = horizon - (row as f32 - horizon) * (1.0 + 0.25 * self.look.waves) - broken;
            (above.max(0.0) as usize).min(mirrored)
        } else {
            mirrored
        };
        let reflected = self.source[column * self.height + mirrored];
        // Flat rays are mirrored, steep ones go in; a wave's face turned to us shows the deep.
        let flat = (1.0 - (below * 1.6).min(1.0)).powi(3);
        let face = smoothstep(-0.02, 0.3, tilt_y);
        let mirror = (0.28 + 0.66 * flat) * (1.0 - 0.55 * face);
        let deep = self
            .look
            .deep_water
            .times(self.look.ambient * 2.0 + self.look.sun_light * 0.25);
        deep.mix(reflected * 0.93, mirror.clamp(0.0, 1.0)) + self.glitter(x, tilt_x, tilt_y)
    }

    /// Where a wave turns the sun into the lens.
    fn glitter(&self, x: usize, tilt_x: f32, tilt_y: f32) -> Vec3 {
        let look = self.look;
        if look.sun.2 <= 0.0 || look.sun_disc >= 1.0 {
            return Vec3::BLACK;
        }
        let sun_x = self.width as f32 / 2.0 + look.sun.0 / look.sun.2 * self.width as f32 / 1.24;
        let aside = (x as f32 - sun_x) / self.width as f32 + tilt_x * 0.35;
        let path = (-(aside * aside) / 0.0035).exp();
        let spark = smoothstep(0.1, 0.24, tilt_y) * path;
        look.sun_light * (spark * 1.5)
    }
}
