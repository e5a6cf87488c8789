//! The secret with which addresses are signed: a file in the data folder, made at the first start.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use presentation_kit::signature::SECRET_BYTES;

pub(crate) const FILE: &str = "address-signing.key";
/// Only the operator may read it.
const MODE: u32 = 0o600;

/// The secret of this data folder. It is made when it is not there; the process that holds the
/// folder is the only one to do so.
///
/// # Errors
/// When the file can neither be read nor made, or holds something else.
pub(super) fn of_folder(folder: &Path) -> Result<[u8; SECRET_BYTES]> {
    let path = folder.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => parse(&text).with_context(|| {
            format!(
                "{} is damaged; restore it from a backup, or remove it and a new one is made: addresses of photos given \
                 out until now stop working, and nothing else is lost",
                path.display()
            )
        }),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let secret = make(&path);
            let secret = secret.with_context(|| format!("{} cannot be made", path.display()))?;
            tracing::info!(
                file = %path.display(),
                "made a new secret; addresses of photos that were given out before, if any, stop working"
            );
            Ok(secret)
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

fn parse(text: &str) -> Result<[u8; SECRET_BYTES]> {
    let mut secret = [0; SECRET_BYTES];
    hex::decode_to_slice(text.trim_end(), &mut secret)?;
    Ok(secret)
}

/// Written beside its place and renamed when it is on disk: a start that is cut off leaves a whole
/// file or none.
fn make(path: &Path) -> Result<[u8; SECRET_BYTES]> {
    let secret: [u8; SECRET_BYTES] = rand::random();
    let unfinished = path.with_extension("new");
    // What a start that was cut off has left: `create_new` refuses to write over it.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(&unfinished)?;
    writeln!(file, "{}", hex::encode(secret))?;
    file.sync_all()?;
    if let Some(folder) = path.parent() {
        // Before it has its name: a service that may not read its secret could not start.
        infra_host::give_to_owner_of(folder, &unfinished)?;
    }
    fs::rename(&unfinished, path)?;
    if let Some(folder) = path.parent() {
        // The name, too: addresses are signed with it from now on.
        File::open(folder)?.sync_all()?;
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        // What a start that was cut off leaves is in nobody's way.
        fs::write(folder.path().join("address-signing.new"), "half").unwrap();
        let secret = of_folder(folder.path()).unwrap();
        assert_eq!(of_folder(folder.path()).unwrap(), secret);
        let file = fs::metadata(folder.path().join(FILE)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, MODE);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(of_folder(other.path()).unwrap(), secret);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for damaged in ["", "00ff", "not hexadecimal at all"] {
            fs::write(folder.path().join(FILE), damaged).unwrap();
            let error = of_folder(folder.path()).unwrap_err().to_string();
            assert!(
                error.contains(FILE) && error.contains("remove it"),
                "{error}"
            );
        }
    }
}
