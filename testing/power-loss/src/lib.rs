//! What a power loss leaves of a folder: only what was synced, or any mixture of that and what was
//! not.
//!
//! A killed process loses nothing that it wrote: the kernel still has it. To see what a machine
//! without power would have, this library is loaded into the program (`LD_PRELOAD`, see
//! [`library`]), where it stands in front of `fsync` and `fdatasync` and keeps a copy of every file
//! and of every folder's names as they were synced: the [`Journal`]. After the kill,
//! [`Journal::restore`] makes the folder that the disk would hold.
//!
//! It does not see what is made durable in other ways (`O_SYNC`, `sync`, `syncfs`, `msync`), and
//! does not reorder what a single `fsync` makes durable. A disk that says "synced" and has not is
//! beyond every program.

mod journal;
mod preload;
mod restore;

use std::path::PathBuf;

pub use journal::Journal;
pub use restore::Loss;

/// The environment variable that names the journal's folder to the library in the program.
pub const JOURNAL_VARIABLE: &str = "POWER_LOSS_JOURNAL";

/// The shared library, to be named by `LD_PRELOAD`. It is built with the tests that depend on this
/// crate and lies beside them.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn library() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    let folder = test.parent().expect("a file lies in a folder");
    let library = folder.join("libtesting_power_loss.so");
    assert!(
        library.exists(),
        "{} is missing: it is built together with this test, by `cargo test`",
        library.display()
    );
    library
}
