//! What a frame header says: the size, and what components a pixel is made of.

use crate::{CodecError, Limits};

/// Side of a block of coefficients, in samples.
const BLOCK: u32 = 8;

#[derive(Debug)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// Blocks of 8 by 8 coefficients that the picture is made of, all components together.
    pub(super) blocks: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Component {
    pub(super) name: u8,
    /// How often it is sampled across and down in a unit of all components.
    pub(super) across: u32,
    pub(super) down: u32,
}

impl Frame {
    /// Reads the body of a start-of-frame segment.
    pub(super) fn read(body: &[u8], marker: u8, limits: &Limits) -> Result<Self, CodecError> {
        refuse_rare(marker, body)?;
        let [_, high, low, wide, narrow, count, parts @ ..] = body else {
            return Err(CodecError::broken("a frame header that is too short"));
        };
        let side = |high: u8, low: u8| u32::from(u16::from_be_bytes([high, low]));
        let (height, width) = (side(*high, *low), side(*wide, *narrow));
        limits.check_size(width, height)?;
        if parts.len() != usize::from(*count) * 3 {
            return Err(CodecError::broken("a frame header of another length"));
        }
        let components = components(parts)?;
        let mut frame = Self {
            width,
            height,
            progressive: marker == 0xc2,
            components,
            blocks: 0,
        };
        let blocks = |component| {
            let (across, down) = frame.blocks_of(component);
            u64::from(across) * u64::from(down)
        };
        frame.blocks = frame.components.iter().map(blocks).sum();
        Ok(frame)
    }

    pub(super) fn across_max(&self) -> u32 {
        let across = self.components.iter().map(|component| component.across);
        across.max().unwrap_or(1)
    }

    pub(super) fn down_max(&self) -> u32 {
        let down = self.components.iter().map(|component| component.down);
        down.max().unwrap_or(1)
    }

    /// Blocks of a component across and down, as far as there are pixels.
    pub(super) fn blocks_of(&self, component: &Component) -> (u32, u32) {
        // ITU-T T.81, A.1.1: the samples of the component are rounded up first, then blocks of
        // them.
        let blocks = |side: u32, part: u32, most: u32| (side * part).div_ceil(most).div_ceil(BLOCK);
        (
            blocks(self.width, component.across, self.across_max()),
            blocks(self.height, component.down, self.down_max()),
        )
    }

    /// Units of all components across and down.
    pub(super) fn units(&self) -> (u32, u32) {
        (
            self.width.div_ceil(BLOCK * self.across_max()),
            self.height.div_ceil(BLOCK * self.down_max()),
        )
    }

    /// Refuses what no decoder here reads right in scans of one component: a component between the
    /// most often sampled one and one that is sampled once.
    pub(super) fn refuse_between(&self) -> Result<(), CodecError> {
        let (across, down) = (self.across_max(), self.down_max());
        let is_between = |component: &Component| {
            (component.across != 1 && component.across != across)
                || (component.down != 1 && component.down != down)
        };
        if self.components.iter().any(is_between) {
            return Err(rare("colours sampled in three ways"));
        }
        Ok(())
    }

    /// Blocks that decoders hold: every component has them for all units.
    pub(super) fn blocks_with_fill(&self) -> u64 {
        let (across, down) = self.units();
        let components = self.components.iter();
        let in_unit = components.map(|component| u64::from(component.across * component.down));
        u64::from(across) * u64::from(down) * in_unit.sum::<u64>()
    }

    /// Whether every component is sampled half as often as the most often sampled one or as often,
    /// and the first most often: how cameras, phones and editors write.
    pub(super) fn is_sampled_as_usual(&self) -> bool {
        let (across, down) = (self.across_max(), self.down_max());
        let usual = |part: u32, most: u32| part == most || part * 2 == most;
        across <= 2
            && down <= 2
            && self
                .components
                .iter()
                .all(|component| usual(component.across, across) && usual(component.down, down))
            && self
                .components
                .first()
                .is_some_and(|first| (first.across, first.down) == (across, down))
    }
}

fn components(parts: &[u8]) -> Result<Vec<Component>, CodecError> {
    let components: Vec<Component> = parts
        .chunks_exact(3)
        .map(|part| Component {
            name: part[0],
            across: u32::from(part[1] >> 4),
            down: u32::from(part[1] & 15),
        })
        .collect();
    let in_bounds = |component: &Component| {
        (1..=4).contains(&component.across) && (1..=4).contains(&component.down)
    };
    if components.is_empty() || components.len() > 4 || !components.iter().all(in_bounds) {
        return Err(CodecError::broken("components that JPEG does not have"));
    }
    if components.len() == 2 {
        return Err(rare("two components a pixel"));
    }
    // Of one component every sample is a pixel, whatever it says.
    if let [only] = components[..] {
        return Ok(vec![Component {
            across: 1,
            down: 1,
            ..only
        }]);
    }
    let across_max = components.iter().map(|component| component.across).max();
    let down_max = components.iter().map(|component| component.down).max();
    let divides = |component: &Component| {
        across_max.is_none_or(|most| most.is_multiple_of(component.across))
            && down_max.is_none_or(|most| most.is_multiple_of(component.down))
    };
    if !components.iter().all(divides) {
        return Err(rare("colours sampled in fractions"));
    }
    Ok(components)
}

/// Kinds of JPEG that no browser shows.
fn refuse_rare(marker: u8, body: &[u8]) -> Result<(), CodecError> {
    match marker {
        0xc3 => return Err(rare("lossless")),
        0xc5..=0xc7 | 0xcd..=0xcf => return Err(rare("a hierarchy of sizes")),
        0xc9..=0xcb => return Err(rare("arithmetic coding")),
        _ => {}
    }
    match body {
        [8, 0, 0, ..] => Err(rare("a height that comes after the pixels")),
        [8, ..] => Ok(()),
        [bits, ..] => Err(rare(&format!("{bits} bits a sample"))),
        [] => Err(CodecError::broken("a frame header that is too short")),
    }
}

fn rare(kind: &str) -> CodecError {
    CodecError::unsupported(format!(
        "This is a rare kind of JPEG ({kind}), which is not taken here. Saved again as an ordinary JPEG, it is."
    ))
}

/// The components of a scan: the place of each in the frame, and the numbers of its tables.
pub(super) fn scan_components(body: &[u8], frame: &Frame) -> Option<Vec<(usize, u8)>> {
    let (count, rest) = body.split_first()?;
    let count = usize::from(*count);
    if !(1..=4).contains(&count) || rest.len() != count * 2 + 3 {
        return None;
    }
    let mut found: Vec<(usize, u8)> = Vec::with_capacity(count);
    for part in rest[..count * 2].chunks_exact(2) {
        let mut places = frame.components.iter().enumerate();
        // Some writers give two components one name: each place is taken once.
        let place = places.find(|(place, component)| {
            component.name == part[0] && !found.iter().any(|(taken, _)| taken == place)
        });
        found.push((place?.0, part[1]));
    }
    Some(found)
}
