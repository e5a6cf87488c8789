//! The ground: a height field with its slopes and the shadows that one sun throws on it.

use super::mood::{Ground, Look};
use super::noise;
use super::vector::{Vec3, smoothstep};

/// How far the picture reaches, in world units.
pub(super) const DEPTH: f32 = 1_150.0;
/// How far the ground reaches to either side.
const HALF_WIDTH: f32 = 760.0;

/// The ground before the camera: sampled on a grid, read between its points.
pub(super) struct Terrain {
    side: usize,
    cells: Vec<Cell>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cell {
    pub(super) height: f32,
    pub(super) slope_x: f32,
    pub(super) slope_z: f32,
    /// 1 in the sun, 0 in the shade.
    pub(super) sunlit: f32,
}

impl Terrain {
    pub(super) fn new(seed: u32, look: &Look, picture_width: u32) -> Self {
        // A small picture does not show more than a coarse grid holds.
        let side = if picture_width <= 640 { 512 } else { 1024 };
        let mut cells = vec![Cell::default(); side * side];
        let half = side / 2;
        let (near, far) = cells.split_at_mut(half * side);
        std::thread::scope(|scope| {
            scope.spawn(|| fill_heights(near, 0, side, seed, look));
            fill_heights(far, half, side, seed, look);
        });
        let mut terrain = Self { side, cells };
        terrain.fill_slopes();
        terrain.fill_shadows(look.sun);
        terrain
    }

    /// The ground at a place; outside the grid, its edge.
    pub(super) fn at(&self, x: f32, z: f32) -> Cell {
        let last = (self.side - 2) as f32;
        let column = ((x + HALF_WIDTH) / self.step_x()).clamp(0.0, last);
        let row = (z / self.step_z()).clamp(0.0, last);
        let (fx, fz) = (column.fract(), row.fract());
        let at = row as usize * self.side + column as usize;
        let mix = |read: fn(&Cell) -> f32| {
            let near = read(&self.cells[at]) * (1.0 - fx) + read(&self.cells[at + 1]) * fx;
            let below = at + self.side;
            let far = read(&self.cells[below]) * (1.0 - fx) + read(&self.cells[below + 1]) * fx;
            near * (1.0 - fz) + far * fz
        };
        Cell {
            height: mix(|cell| cell.height),
            slope_x: mix(|cell| cell.slope_x),
            slope_z: mix(|cell| cell.slope_z),
            sunlit: mix(|cell| cell.sunlit),
        }
    }

    /// The highest ground that could fill the frame from close by.
    pub(super) fn highest_before_camera(&self) -> f32 {
        let depths = (0..12).map(|step| step as f32 * 6.0);
        let heights = depths.flat_map(|z| [-0.5, 0.0, 0.5].map(|side| self.height_at(side * z, z)));
        heights.fold(f32::MIN, f32::max)
    }

    /// Only the height, for the many steps that show nothing.
    pub(super) fn height_at(&self, x: f32, z: f32) -> f32 {
        let last = (self.side - 2) as f32;
        let column = ((x + HALF_WIDTH) / self.step_x()).clamp(0.0, last);
        let row = (z / self.step_z()).clamp(0.0, last);
        let (fx, fz) = (column.fract(), row.fract());
        let at = row as usize * self.side + column as usize;
        let height = |index: usize| self.cells[index].height;
        let near = height(at) * (1.0 - fx) + height(at + 1) * fx;
        let below = at + self.side;
        let far = height(below) * (1.0 - fx) + height(below + 1) * fx;
        near * (1.0 - fz) + far * fz
    }

    fn step_x(&self) -> f32 {
        2.0 * HALF_WIDTH / self.side as f32
    }

    fn step_z(&self) -> f32 {
        DEPTH / self.side as f32
    }

    fn fill_slopes(&mut self) {
        let (step_x, step_z) = (self.step_x(), self.step_z());
        for row in 1..self.side - 1 {
            for column in 1..self.side - 1 {
                let at = row * self.side + column;
                let rise_x = self.cells[at + 1].height - self.cells[at - 1].height;
                let rise_z = self.cells[at + self.side].height - self.cells[at - self.side].height;
                self.cells[at].slope_x = rise_x / (2.0 * step_x);
                self.cells[at].slope_z = rise_z / (2.0 * step_z);
            }
        }
    }

    /// Shadows along the rows: what the sun throws sideways is what one sees.
    fn fill_shadows(&mut self, sun: Vec3) {
        let sideways = sun.0.abs().max(0.2);
        let fall = sun.1.max(0.02) / sideways * self.step_x();
        for row in 0..self.side {
            let mut shadow = f32::MIN;
            for index in 0..self.side {
                let column = if sun.0 > 0.0 {
                    self.side - 1 - index
                } else {
                    index
                };
                let cell = &mut self.cells[row * self.side + column];
                shadow -= fall;
                cell.sunlit = smoothstep(4.0, -1.0, shadow - cell.height);
                shadow = shadow.max(cell.height);
            }
        }
    }
}

fn fill_heights(cells: &mut [Cell], first_row: usize, side: usize, seed: u32, look: &Look) {
    for (index, cell) in cells.iter_mut().enumerate() {
        let (row, column) = (first_row + index / side, index % side);
        let x = column as f32 / side as f32 * 2.0 * HALF_WIDTH - HALF_WIDTH;
        let z = row as f32 / side as f32 * DEPTH;
        cell.height = height(x, z, seed, look);
    }
}

fn height(x: f32, z: f32, seed: u32, look: &Look) -> f32 {
    let shift = noise::unit(7, 7, seed) * 900.0;
    match look.ground {
        Ground::Mountains => {
            let ground = eroded((x + shift) / 230.0, (z - shift) / 230.0, 9, seed);
            // A valley with a lake runs from the camera into the distance; the ground climbs behind
            // it.
            let bend = 90.0 * (z / 260.0 + shift).sin();
            let valley = (-((x - bend) / (110.0 + z * 0.16)).powi(2)).exp();
            let open = valley * (1.0 - smoothstep(380.0, 980.0, z));
            let climb = 0.45 + 0.75 * smoothstep(60.0, 900.0, z);
            look.relief * (ground * climb - 0.22 - 0.62 * open) + 4.0
        }
        Ground::Hills => {
            let ground = noise::fractal((x + shift) / 240.0, (z - shift) / 190.0, 7, seed);
            look.relief * (ground - 0.35) - 25.0 * (1.0 - smoothstep(0.0, 200.0, z))
        }
        Ground::Headland => {
            let side = if noise::unit(8, 7, seed) > 0.5 {
                1.0
            } else {
                -1.0
            };
            let cliff = smoothstep(40.0, 330.0, x * side + (z - 430.0).abs() * -0.22 + 30.0);
            let ground = eroded((x + shift) / 170.0, (z - shift) / 170.0, 8, seed);
            let there = smoothstep(210.0, 330.0, z);
            look.relief * (cliff * there * (0.35 + ground * 0.8)) - 14.0
        }
        Ground::Dunes => dunes(x + shift, z, seed) * look.relief,
    }
}

/// Mountains as if water had run down them: detail is held back where it is steep already.
fn eroded(mut x: f32, mut y: f32, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut weight) = (0.0, 1.0);
    let (mut slope_x, mut slope_y) = (0.0, 0.0);
    for octave in 0..octaves {
        let (value, dx, dy) = noise::with_slopes(x, y, seed.wrapping_add(octave * 101));
        slope_x += dx;
        slope_y += dy;
        sum += weight * value / (1.0 + 0.6 * (slope_x * slope_x + slope_y * slope_y));
        weight *= 0.5;
        (x, y) = (1.6 * x - 1.2 * y, 1.2 * x + 1.6 * y);
    }
    sum
}

/// Long gentle windward sides, short steep lee sides, crests that wander.
fn dunes(x: f32, z: f32, seed: u32) -> f32 {
    let crest = |scale: f32, turn: f32, seed: u32| {
        let warp = noise::fractal(x / (scale * 1.9), z / (scale * 1.5), 3, seed) * 2.6;
        let phase = (x * turn.cos() + z * turn.sin()) / scale + warp;
        let part = phase - phase.floor();
        if part < 0.72 {
            smoothstep(0.0, 0.76, part)
        } else {
            smoothstep(1.0, 0.7, part)
        }
    };
    let strength = 0.45 + 0.75 * noise::fractal(x / 300.0, z / 260.0, 2, seed ^ 5);
    strength * (0.75 * crest(210.0, 0.9, seed) + 0.25 * crest(74.0, 0.7, seed ^ 9)) - 0.25
}
