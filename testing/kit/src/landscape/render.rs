//! From the ground and the sky to light on a frame, column by column, from the nearest point to the
//! farthest.

use super::Landscape;
use super::mood::{Ground, Look};
use super::noise;
use super::sky;
use super::terrain::{Cell, DEPTH, Terrain};
use super::vector::{Vec3, smoothstep};

/// Half of what the lens sees to the sides, as a tangent: a normal phone lens.
const HALF_VIEW: f32 = 0.62;
/// The first step away from the camera.
const NEAR: f32 = 6.0;
/// Trees are drawn one by one up to here; beyond, they are only a colour.
const TREES_TO: f32 = 520.0;

/// Light on the frame, stored column by column.
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) light: Vec<Vec3>,
    /// Per column: the row where the far shore meets the water, if there is water below it.
    pub(super) shore: Vec<Option<usize>>,
    /// Per column: the first row that is not sky.
    pub(super) skyline: Vec<usize>,
}

struct View<'a> {
    look: &'a Look,
    terrain: &'a Terrain,
    seed: u32,
    width: usize,
    height: usize,
    /// Pixels per unit of tangent.
    scale: f32,
    horizon: f32,
}

pub(super) fn render(what: Landscape, look: &Look, terrain: &Terrain) -> Frame {
    let (width, height) = (what.width as usize, what.height as usize);
    let view = View {
        look,
        terrain,
        seed: what.seed,
        width,
        height,
        scale: width as f32 / (2.0 * HALF_VIEW),
        horizon: look.horizon * height as f32,
    };
    let mut light = vec![Vec3::BLACK; width * height];
    let mut shore = vec![None; width];
    let mut skyline = vec![height; width];
    let half = width / 2;
    let (left, right) = light.split_at_mut(half * height);
    let (shore_left, shore_right) = shore.split_at_mut(half);
    let (sky_left, sky_right) = skyline.split_at_mut(half);
    std::thread::scope(|scope| {
        scope.spawn(|| view.columns(0, left, shore_left, sky_left));
        view.columns(half, right, shore_right, sky_right);
    });
    Frame {
        width,
        height,
        light,
        shore,
        skyline,
    }
}

impl View<'_> {
    fn columns(
        &self,
        first: usize,
        light: &mut [Vec3],
        shore: &mut [Option<usize>],
        skyline: &mut [usize],
    ) {
        for (index, column) in light.chunks_exact_mut(self.height).enumerate() {
            let tangent = ((first + index) as f32 + 0.5 - self.width as f32 / 2.0) / self.scale;
            skyline[index] = self.ground(tangent, column, &mut shore[index]);
            self.fill_sky(tangent, &mut column[..skyline[index]]);
        }
    }

    fn fill_sky(&self, tangent: f32, column: &mut [Vec3]) {
        for (row, pixel) in column.iter_mut().enumerate() {
            let up = (self.horizon - row as f32) / self.scale;
            let direction = Vec3(tangent, up, 1.0).normal();
            *pixel = sky::light(self.look, direction, self.seed);
        }
    }

    /// Draws what is not sky, from the bottom up; returns the first row that belongs to it.
    fn ground(&self, tangent: f32, column: &mut [Vec3], shore: &mut Option<usize>) -> usize {
        let mut top = self.height;
        let mut depth = NEAR;
        let mut last: Option<Vec3> = None;
        // The water, where there is any, is left dark here and mirrored later.
        if self.look.water {
            let sea_row = self.row_of(0.0, DEPTH).ceil() as usize;
            *shore = Some(sea_row.min(self.height));
        }
        while depth < DEPTH {
            let x = tangent * depth;
            let (height, tree) = self.surface(x, depth);
            let row = self.row_of(height, depth);
            let wet = self.look.water && height <= 0.0;
            if !wet && row < top as f32 {
                let colour = self.colour(x, depth, height, tree);
                let first = row.max(0.0) as usize;
                if self.look.water && last.is_none() {
                    let shore_row = self.row_of(0.0, depth).ceil().max(0.0) as usize;
                    *shore = Some(shore_row.min(self.height));
                    top = shore_row.min(top);
                }
                let below = last.unwrap_or(colour);
                let span = (top.saturating_sub(first)).max(1) as f32;
                for (index, pixel) in column[first.min(top)..top].iter_mut().rev().enumerate() {
                    *pixel = below.mix(colour, (index as f32 + 1.0) / span);
                }
                top = top.min(first);
                last = Some(colour);
            } else if !wet && last.is_some() {
                // Hidden: what comes into view next is another slope, not the same one going on.
                last = Some(self.colour_if_near(x, depth, height, tree, last));
            }
            depth += (depth * 0.0042).max(0.12);
        }
        if self.look.water && last.is_none() {
            top = top.min(self.row_of(0.0, DEPTH).ceil() as usize);
        }
        top
    }

    /// The colour a hidden point passes on to the next visible one: its own, so that ridges keep a
    /// clean edge.
    fn colour_if_near(&self, x: f32, z: f32, height: f32, tree: f32, last: Option<Vec3>) -> Vec3 {
        let row_gap = self.row_of(height, z) - self.row_of(height + 2.0, z);
        if row_gap > 1.0 {
            last.unwrap_or(Vec3::BLACK)
        } else {
            self.colour(x, z, height, tree)
        }
    }

    fn row_of(&self, height: f32, depth: f32) -> f32 {
        self.horizon + (self.look.eye - height) / depth * self.scale
    }

    /// The height of what stands at a place, and how much of it is tree.
    fn surface(&self, x: f32, z: f32) -> (f32, f32) {
        let mut ground = self.terrain.height_at(x, z);
        if z < 300.0 && self.look.ground != Ground::Dunes {
            ground += (noise::fractal(x / 5.0, z / 5.0, 3, self.seed ^ 3) - 0.5) * 2.2;
        }
        if self.look.trees <= 0.0 || z > TREES_TO || ground < 1.5 {
            return (ground, 0.0);
        }
        let tree = self.tree(x, z, ground);
        (ground + tree, tree)
    }

    /// How high a tree stands at a place: firs, as cones on a jittered grid.
    fn tree(&self, x: f32, z: f32, ground: f32) -> f32 {
        const SPACING: f32 = 4.2;
        let line = self.look.relief * 0.42;
        let dense = noise::fractal(x / 60.0, z / 60.0, 3, self.seed ^ 21) * 0.9 + 0.25;
        let wanted = self.look.trees * dense * smoothstep(line, line * 0.6, ground);
        if wanted < 0.05 {
            return 0.0;
        }
        let (cell_x, cell_z) = ((x / SPACING).floor() as i32, (z / SPACING).floor() as i32);
        let mut best = 0.0_f32;
        for iz in cell_z - 1..=cell_z + 1 {
            for ix in cell_x - 1..=cell_x + 1 {
                if noise::unit(ix, iz, self.seed ^ 22) > wanted {
                    continue;
                }
                let centre_x = (ix as f32 + noise::unit(ix, iz, self.seed ^ 23)) * SPACING;
                let centre_z = (iz as f32 + noise::unit(ix, iz, self.seed ^ 24)) * SPACING;
                let tall = 6.5 + 7.5 * noise::unit(ix, iz, self.seed ^ 25);
                let away = ((x - centre_x).powi(2) + (z - centre_z).powi(2)).sqrt();
                let part = 1.0 - away / (tall * 0.2);
                // Branches: the outline is a saw, not a line.
                let saw = ((part * tall * 1.1).fract() - 0.5) * 0.13;
                best = best.max(tall * (part + saw * f32::from(part < 0.92)));
            }
        }
        best.max(0.0)
    }

    fn colour(&self, x: f32, z: f32, height: f32, tree: f32) -> Vec3 {
        let cell = self.terrain.at(x, z);
        let look = self.look;
        let rough = 1.3 * smoothstep(900.0, 60.0, z);
        let bump =
            |seed: u32| (noise::fractal(x / 3.1, z / 3.1, 3, self.seed ^ seed) - 0.5) * rough;
        let (slope_x, slope_z) = if look.ground == Ground::Dunes {
            let ripple = ((x * 1.9 + z * 0.8 + 3.0 * bump(61)) * 1.4).sin()
                * 0.1
                * smoothstep(160.0, 15.0, z);
            (cell.slope_x + ripple, cell.slope_z)
        } else {
            (cell.slope_x + bump(62), cell.slope_z + bump(63))
        };
        let normal = Vec3(-slope_x, 1.0, -slope_z).normal();
        let albedo = self.albedo(x, z, height, tree, normal, &cell);
        let facing = normal.dot(look.sun).max(0.0);
        let sky_seen = 0.55 + 0.45 * normal.1;
        let mut light = look.sun_light * (facing * cell.sunlit) + look.ambient * sky_seen;
        if tree > 0.3 {
            // The inside of a wood is dark, its tips catch the light.
            light = (look.sun_light * (0.28 * cell.sunlit) + look.ambient * 0.8)
                * (0.2 + 0.8 * (tree / 13.0).min(1.0));
        }
        self.through_air(albedo.times(light), x, z, height)
    }

    fn albedo(&self, x: f32, z: f32, height: f32, tree: f32, normal: Vec3, cell: &Cell) -> Vec3 {
        let look = self.look;
        let patch = noise::fractal(x / 14.0, z / 14.0, 4, self.seed ^ 71);
        if look.ground == Ground::Dunes {
            return look.rock * (0.9 + 0.2 * patch);
        }
        if tree > 0.3 {
            return look.plants * (0.55 + 0.5 * patch);
        }
        let ground = cell.height;
        let strata = noise::fractal(x / 40.0, (height + 9.0 * patch) / 5.0, 3, self.seed ^ 72);
        let mut albedo = look.rock * (0.55 + 0.75 * strata);
        let line = look.relief * 0.5;
        let green = smoothstep(0.6, 0.86, normal.1 + (patch - 0.5) * 0.25)
            * smoothstep(line, line * 0.55, ground + (patch - 0.5) * 30.0);
        albedo = albedo.mix(look.plants * (0.6 + 0.9 * patch), green);
        if look.trees > 0.0 && z > TREES_TO * 0.8 {
            let wood = smoothstep(line * 0.84, line * 0.5, ground + (patch - 0.5) * 26.0);
            let grain = noise::value(x / 2.3, z / 2.3, self.seed ^ 73);
            albedo = albedo.mix(look.plants * (0.25 + 0.5 * grain), wood * 0.85);
        }
        let edge = ground + (patch - 0.5) * 50.0;
        let snow = smoothstep(look.snow_line, look.snow_line + 26.0, edge)
            * smoothstep(0.42, 0.66, normal.1 + (patch - 0.5) * 0.2);
        albedo.mix(Vec3(0.86, 0.89, 0.94), snow)
    }

    /// The air takes light away and gives its own, more towards the sun, more in the valleys.
    fn through_air(&self, light: Vec3, x: f32, z: f32, height: f32) -> Vec3 {
        let look = self.look;
        let far = z / 1_000.0;
        let drift = noise::fractal(x / 120.0, z / 160.0, 3, self.seed ^ 81);
        let low = (-(height.max(0.0)) / (look.relief * 0.13)).exp();
        let mist = look.mist * low * (0.4 + 1.4 * drift) * smoothstep(60.0, 520.0, z) * 2.4;
        let lost = 1.0 - (-(look.haze_density * far * far.sqrt() + mist)).exp();
        let direction = Vec3(x, height - look.eye, z).normal();
        let glow = look.glow * (direction.dot(look.sun).max(0.0).powf(7.0) * 0.4);
        light.mix(look.haze + glow, lost)
    }
}
