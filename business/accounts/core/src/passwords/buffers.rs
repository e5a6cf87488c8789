//! The memory that password checks run in: allocated once, at the first use, and used again by
//! every later check.
//!
//! An allocator keeps what large allocations leave behind on each thread that made one, so buffers
//! that came and went grew the process by up to a gigabyte under wrong sign-ins, for good.

use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::Block;

/// As many buffers as checks have ever run at once. The caller of [`with`](Self::with) bounds how
/// many that are.
pub(super) struct Buffers {
    /// Blocks of 1 KiB in each.
    blocks: usize,
    idle: Mutex<Vec<Box<[Block]>>>,
    /// Held by a check that needs more than a buffer has: a hash made when the settings asked for
    /// more memory. One at a time, and its memory is returned.
    oversized: Mutex<()>,
}

impl Buffers {
    pub(super) const fn new(blocks: usize) -> Self {
        Self {
            blocks,
            idle: Mutex::new(Vec::new()),
            oversized: Mutex::new(()),
        }
    }

    /// Lends so many blocks to the work. What it left in them is overwritten before anyone else
    /// sees them.
    pub(super) fn with<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        if blocks > self.blocks {
            let _alone = self
                .oversized
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            return work(&mut allocate(blocks));
        }
        // The lock is held for this look, and not for the work.
        let idle = self.idle().pop();
        let mut buffer = idle.unwrap_or_else(|| allocate(self.blocks));
        let result = work(&mut buffer[..blocks]);
        buffer[..blocks].fill(Block::new());
        self.idle().push(buffer);
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Box<[Block]>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn allocate(blocks: usize) -> Box<[Block]> {
    vec![Block::new(); blocks].into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(buffers: &Buffers) -> Vec<*const Block> {
        let idle = buffers.idle();
        idle.iter().map(|buffer| buffer.as_ptr()).collect()
    }

    #[test]
    fn a_buffer_is_used_again_and_holds_nothing_of_before() {
        let buffers = Buffers::new(8);
        assert!(addresses(&buffers).is_empty(), "allocated at the first use");
        buffers.with(8, |blocks| blocks[7].as_mut()[3] = 7);
        let first = addresses(&buffers);
        buffers.with(8, |blocks| {
            let words = blocks.iter().flat_map(AsRef::as_ref);
            assert!(words.into_iter().all(|word| *word == 0));
        });
        assert_eq!(addresses(&buffers), first);
    }

    #[test]
    fn there_are_as_many_as_were_in_use_at_once() {
        let buffers = Buffers::new(8);
        for _ in 0..10 {
            buffers.with(8, |_| buffers.with(4, |blocks| assert_eq!(blocks.len(), 4)));
        }
        assert_eq!(addresses(&buffers).len(), 2);
    }

    #[test]
    fn what_needs_more_gets_it_for_once() {
        let buffers = Buffers::new(8);
        buffers.with(64, |blocks| assert_eq!(blocks.len(), 64));
        assert!(addresses(&buffers).is_empty());
    }
}
