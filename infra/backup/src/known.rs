//! Which of the files that are there are whole, by what earlier backups wrote of them.

use crate::digest::{Digest, Sum};
use crate::list::ListReader;

/// Lists of files in a backup, to be asked for names in their order.
#[derive(Default)]
pub(crate) struct Known {
    lists: Vec<(ListReader, Trust)>,
}

/// What the word of a list is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// All that it names was in its place when it was finished.
    Finished,
    /// A backup that was cut off wrote it, or something happened since: what it names may be there,
    /// or something else.
    Doubtful,
}

/// What lists say of a file that is there, with this length.
pub(crate) enum Said {
    /// It is this: it need not be read.
    This(Sum),
    /// It is one of these or nothing that is known, which its content shows.
    OneOf(Vec<Sum>),
}

impl Known {
    pub(crate) fn add(&mut self, list: Option<ListReader>, trust: Trust) {
        self.lists.extend(list.map(|list| (list, trust)));
    }

    pub(crate) fn find(&mut self, name: Digest, bytes: u64) -> Said {
        let (mut sums, mut is_sure) = (Vec::new(), false);
        for (list, trust) in &mut self.lists {
            let sum = list.find_readable(name).filter(|sum| sum.bytes == bytes);
            is_sure |= sum.is_some() && *trust == Trust::Finished;
            sums.extend(sum);
        }
        sums.dedup();
        match sums[..] {
            // Where lists disagree, the file was made again since one of them: only its content
            // decides.
            [sum] if is_sure => Said::This(sum),
            _ => Said::OneOf(sums),
        }
    }
}
