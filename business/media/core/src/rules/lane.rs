//! What an item is expected to cost, and which workers it may have.

use std::time::Duration;

use business_media_codec::{Format, Header};

/// A still that is expected to take longer is no longer quick: a JPEG beyond some 75 megapixels.
pub(crate) const QUICK_MAX: Duration = Duration::from_secs(1);
/// A still that needs more than one in so many bytes of the memory of all pictures is no longer
/// quick.
const QUICK_MEMORY_SHARE: u64 = 4;
/// What is quick however little memory there is, in bytes: a JPEG of 12 megapixels takes 81 MiB,
/// and is what telephones send. On a small machine nothing of that would be quick, and animations
/// would hold it up.
const QUICK_MEMORY_MIN: u64 = 96 * 1024 * 1024;

/// What kind of work an item is. The quick lane may use every worker; each further lane has one
/// worker fewer, but always one, and shares it with the lanes after it. So with two workers or more
/// there is one that nothing slow ever takes, and with one worker quick items go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// Stills that are done in a moment.
    Quick,
    /// Large stills (in time or in memory), what another process decodes (HEIC, AVIF), and short
    /// animations.
    Slow,
    /// Animations that take long.
    Heavy,
}

impl Lane {
    pub(crate) const ALL: [Self; 3] = [Self::Quick, Self::Slow, Self::Heavy];

    /// The lane of a file, by its header alone, where all pictures together may take so much
    /// memory. What needs a large part of it is not quick: all others wait in line behind it for
    /// what it leaves.
    pub(crate) const fn of(header: &Header, memory_bytes_max: u64) -> Self {
        let cost = Duration::from_millis(header.cost_ms());
        let share = memory_bytes_max / QUICK_MEMORY_SHARE;
        let is_small = header.memory_bytes <= QUICK_MEMORY_MIN || header.memory_bytes <= share;
        Self::by(header.format, header.frames, cost, is_small)
    }

    const fn by(format: Format, frames: u32, cost: Duration, is_small: bool) -> Self {
        let is_cheap = cost.as_millis() <= QUICK_MAX.as_millis();
        match (frames > 1, is_cheap) {
            (true, false) => Self::Heavy,
            (false, true) if is_small && format.is_read_here() => Self::Quick,
            _ => Self::Slow,
        }
    }

    /// As the column `lane` has it.
    pub(crate) const fn to_sql(self) -> i64 {
        match self {
            Self::Quick => 0,
            Self::Slow => 1,
            Self::Heavy => 2,
        }
    }

    /// How many items of this lane and the slower ones may be at work together.
    pub(crate) fn at_work_max(self, workers: usize) -> i64 {
        let behind = usize::try_from(self.to_sql()).unwrap_or(usize::MAX);
        let most = workers.saturating_sub(behind).max(1);
        i64::try_from(most).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_stills_are_quick_and_nothing_that_moves_is() {
        let second = Duration::from_secs(1);
        assert_eq!(Lane::by(Format::Jpeg, 1, second, true), Lane::Quick);
        assert_eq!(Lane::by(Format::Png, 1, second / 2, true), Lane::Quick);
        assert_eq!(Lane::by(Format::Png, 1, second * 2, true), Lane::Slow);
        // Another process decodes these, and that takes longer to begin with.
        assert_eq!(Lane::by(Format::Heic, 1, second / 10, true), Lane::Slow);
        assert_eq!(Lane::by(Format::Avif, 1, second * 10, true), Lane::Slow);
        assert_eq!(Lane::by(Format::Gif, 2, second / 10, true), Lane::Slow);
        for format in [Format::Gif, Format::WebP, Format::Png] {
            assert_eq!(Lane::by(format, 2, second * 2, true), Lane::Heavy);
        }
    }

    /// The header of a JPEG whose frame is said to have this size.
    fn header_of(width: u16, height: u16) -> Header {
        const FRAME: [u8; 2] = [0xff, 0xc0];
        let picture = testing_kit::Picture::from_fn(64, 64, |_, _| [1; 3]);
        let mut file = testing_kit::jpeg::encode(&picture, 80);
        let frame = file.windows(2).position(|marker| marker == FRAME).unwrap();
        file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        // So many pixels take some bytes at the least; here they have what photos have.
        let end = file.len() - 2;
        file.splice(end..end, vec![0; 4 * 1024 * 1024]);
        let limits = business_media_codec::Limits::default();
        let taken = business_media_codec::FormatSet::read_here();
        let header = business_media_codec::read_header(&file, &limits, &taken).unwrap();
        assert_eq!((header.width, header.height), (width.into(), height.into()));
        header
    }

    #[test]
    fn a_still_that_takes_much_of_the_memory_is_not_quick() {
        let header = header_of(6_000, 4_000);
        assert!(header.memory_bytes > QUICK_MEMORY_MIN, "{header:?}");
        let quarter_of = header.memory_bytes * 4;
        assert_eq!(Lane::of(&header, quarter_of), Lane::Quick);
        assert_eq!(Lane::of(&header, quarter_of - 4), Lane::Slow);
        let moving = Lane::by(Format::Gif, 2, Duration::from_secs(2), false);
        assert_eq!(moving, Lane::Heavy);
    }

    #[test]
    fn photos_of_telephones_are_quick_on_small_machines() {
        const MIB: u64 = 1024 * 1024;
        let header = header_of(4_032, 3_024);
        // What pictures have on machines with 256 and 512 MiB (`app/src/config/memory.rs`).
        for memory_bytes_max in [132 * MIB, 302 * MIB] {
            assert_eq!(Lane::of(&header, memory_bytes_max), Lane::Quick);
        }
    }

    #[test]
    fn a_worker_is_kept_for_quick_items_where_there_are_two() {
        for workers in 2..9 {
            let kept = i64::try_from(workers).unwrap() - Lane::Slow.at_work_max(workers);
            assert_eq!(kept, 1);
        }
        for lane in Lane::ALL {
            assert_eq!(lane.at_work_max(1), 1);
        }
        assert_eq!(Lane::Heavy.at_work_max(4), 2);
    }
}
