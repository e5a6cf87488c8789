//! Backups of an installation in one folder, while it serves, and what is restored from them.
//!
//! A backup is a folder of *snapshots*. Each has the databases as they were in one moment
//! ([`infra_db::cut`]) and a list of the photos' files that these name; the files themselves are
//! there once for all snapshots, by the hash of their content, so that the next backup copies only
//! what is new. Files may be encrypted to recipients of age. ADR 0038 says why it is so.
//!
//! What is made here is whole or not there: a snapshot gets its name when everything in it is on
//! disk, and a restored folder is refused by a server until the restore has ended.
//!
//! It knows no domain. Which databases there are, which files they name and whether a copy is
//! sound is asked of the [`Installation`]. Everything here waits for disks: call it on a thread
//! that may. Start reading at [`back_up`] and [`restore()`].

mod age;
mod backup;
mod batch;
mod damages;
mod digest;
mod error;
mod fetch;
mod files;
mod known;
mod list;
mod manifest;
mod photos;
mod progress;
mod prune;
mod restore;
mod restored_photos;
mod target;
mod verify;
mod workplace;

use std::path::Path;

use infra_blob::BlobKey;

pub use age::{Identity, InvalidKey, Recipient};
pub use backup::{BackupPlan, BackupReport, back_up};
pub use damages::{DAMAGES_SHOWN_MAX, Damages};
pub use error::{BackupError, Result};
pub use fetch::PhotoSource;
pub use manifest::{FileEntry, Manifest, PhotosEntry};
pub use photos::{LOST_SHOWN_MAX, Lost};
pub use progress::{OnStep, Phase, Step};
pub use prune::{KEEP_MAX, Pruned};
pub use restore::{RestorePlan, RestoreReport, restore};
pub use restored_photos::PhotoPlace;
pub use verify::{VerifyReport, snapshots, verify};

/// A blob that a database names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedBlob {
    /// The hash of its content, and its name in a backup that is not encrypted.
    pub key: BlobKey,
    /// Whether it is known to be lost: what the backup has of it is kept, and nobody misses it.
    pub is_lost: bool,
}

/// What a backup has to ask about the databases that it copies.
pub trait Installation {
    /// Looks whether the copies of the databases in this folder are sound, and of a version that
    /// this program can use.
    ///
    /// # Errors
    /// When one is not; with a sentence.
    fn check_copies(&self, folder: &Path) -> Result<()>;

    /// Calls `page` with the blobs that the copies in this folder name, a bounded number at a time,
    /// in any order.
    ///
    /// # Errors
    /// When a copy cannot be read, or the error that `page` returns.
    fn named_blobs(
        &self,
        folder: &Path,
        page: &mut dyn FnMut(Vec<NamedBlob>) -> Result<()>,
    ) -> Result<()>;

    /// Changes in the databases that were restored to this folder what a copy must not share with
    /// the original. Called again when a restore that was cut off is continued; by default there is
    /// nothing.
    ///
    /// # Errors
    /// When one cannot be written to.
    fn restored(&self, _folder: &Path) -> Result<()> {
        Ok(())
    }
}

/// What an installation is known by in its backups. Its secret cannot be computed from that.
fn installation_name(secret: &[u8]) -> String {
    if secret.is_empty() {
        return String::new();
    }
    let key = blake3::derive_key(
        "Heliograph 2026 backup: the name of an installation",
        secret,
    );
    hex::encode(&key[..8])
}

/// What the names of encrypted files are made with, so that they reveal nothing of their content
/// and the next backup finds them again.
fn name_key(secret: &[u8]) -> [u8; 32] {
    blake3::derive_key("Heliograph 2026 backup: names of encrypted files", secret)
}
