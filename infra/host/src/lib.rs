//! What the machine or its container gives this process: memory, and room on the disk.
//!
//! It measures and knows no setting: the owner of a budget asks here how large it may be. Start
//! reading at [`memory_limit`] and [`Ballast`].

mod disk;
mod memory;
mod ownership;
mod writing;

pub use disk::{BALLAST, BALLAST_BYTES, Ballast, FULL_BYTES, Room, available_bytes};
pub use memory::{MemoryLimit, MemoryOrigin, memory_limit, memory_limit_bytes};
pub use ownership::give_to_owner_of;
pub use writing::{create_new_in_place, open_lock, replace};
