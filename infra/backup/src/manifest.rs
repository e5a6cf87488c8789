//! What a snapshot says of itself.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Sum};
use crate::{BackupError, Result, files};

/// Its name in a snapshot.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The version of the format that is written; it is the only one so far.
pub(crate) const FORMAT: u32 = 1;
/// The longest name of a file.
const NAME_BYTES_MAX: usize = 64;

/// A snapshot: the files that lie in its folder, and how many photos' files it needs besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the format.
    pub format: u32,
    /// The version of the program that made it.
    pub heliograph: String,
    /// When it was made, in microseconds since 1970.
    pub taken_at_us: i64,
    /// Whom it is encrypted to; nobody, and it is not.
    pub recipients: Vec<String>,
    /// The files in its folder.
    pub files: Vec<FileEntry>,
    /// The photos' files that it needs.
    pub photos: PhotosEntry,
}

/// A file of a snapshot, as it lies there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name in the snapshot's folder, with `.age` where it is encrypted.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its BLAKE3 hash, in hexadecimal digits.
    pub blake3: String,
}

/// The photos' files of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotosEntry {
    /// How many there are.
    pub files: u64,
    /// Their length together, as they lie in the backup, in bytes.
    pub bytes: u64,
    /// How many the databases named and nothing whole was there of.
    pub lost: u64,
}

/// The manifest in its file.
#[derive(Serialize, Deserialize)]
struct Envelope {
    manifest: Manifest,
    /// Of the manifest in JSON without blanks.
    blake3: String,
}

/// What can be read of a manifest of any format.
#[derive(Deserialize)]
struct AnyFormat {
    manifest: AnyManifest,
}

#[derive(Deserialize)]
struct AnyManifest {
    format: u32,
    heliograph: String,
}

impl FileEntry {
    pub(crate) fn new(name: &str, stored: Sum) -> Self {
        Self {
            name: name.to_owned(),
            bytes: stored.bytes,
            blake3: stored.digest.to_string(),
        }
    }

    /// What the file must be.
    pub(crate) fn sum(&self, manifest: &Path) -> Result<Sum> {
        let digest: std::result::Result<Digest, ()> = self.blake3.parse();
        let digest = digest.map_err(|()| {
            BackupError::damaged(manifest, format!("{:?} is no hash", self.blake3))
        })?;
        Ok(Sum {
            bytes: self.bytes,
            digest,
        })
    }
}

impl Manifest {
    /// The text of its file.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let envelope = Envelope {
            manifest: self.clone(),
            blake3: self.digest(),
        };
        let mut json = serde_json::to_vec_pretty(&envelope).expect("plain data is JSON");
        json.push(b'\n');
        json
    }

    /// Its hash as hexadecimal text.
    pub(crate) fn digest(&self) -> String {
        let json = serde_json::to_vec(self).expect("plain data is JSON");
        blake3::hash(&json).to_hex().to_string()
    }

    /// Reads that of the snapshot in this folder.
    ///
    /// # Errors
    /// When it is not there, of another format, not what was written, or names what may not be
    /// named.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let json = files::read_small(&path)?;
        let damaged = |reason: String| BackupError::damaged(&path, reason);
        // First as any format: another one may lack what this one needs, and is no damage.
        let any: AnyFormat =
            serde_json::from_slice(&json).map_err(|error| damaged(error.to_string()))?;
        if any.manifest.format != FORMAT {
            return Err(BackupError::Refused(format!(
                "{} is of format {}, and this heliograph ({}) reads format {FORMAT}: use the version that made it, {}",
                path.display(),
                any.manifest.format,
                env!("CARGO_PKG_VERSION"),
                any.manifest.heliograph.escape_debug()
            )));
        }
        let envelope: Envelope =
            serde_json::from_slice(&json).map_err(|error| damaged(error.to_string()))?;
        let manifest = envelope.manifest;
        if manifest.digest() != envelope.blake3 {
            return Err(damaged("it is not what its checksum says".to_owned()));
        }
        if let Some(file) = manifest
            .files
            .iter()
            // A folder of backups may be written to by others: no name in it may lead out of it.
            .find(|file| !is_plain_name(&file.name))
        {
            return Err(damaged(format!(
                "{:?} is no name of a file in it",
                file.name
            )));
        }
        Ok(manifest)
    }
}

/// Whether a name can only be that of a file in the folder where it is looked for.
fn is_plain_name(name: &str) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.starts_with('.')
        && name != MANIFEST
        && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in [
            "",
            ".",
            "..",
            "../accounts.db",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "a\0",
            MANIFEST,
            &"a".repeat(65),
        ] {
            assert!(!is_plain_name(name), "{name:?}");
        }
        for name in [
            "accounts.db",
            "accounts.db.age",
            "photos.list",
            "address-signing.key",
        ] {
            assert!(is_plain_name(name), "{name}");
        }
    }
}
