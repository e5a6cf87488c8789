//! Tools and shared files: a bare clone may lack them, CI must have them.

use std::path::{Path, PathBuf};

/// The folder of the workspace.
///
/// # Panics
/// Never: this crate lies two folders below it.
#[must_use]
pub fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the kit lies two folders below the workspace")
        .to_owned()
}

/// Whether this run is CI's, where a missing tool is a failure and not a reason to skip.
#[must_use]
pub fn is_ci() -> bool {
    std::env::var_os("CI")
        .is_some_and(|value| !value.is_empty() && value != "0" && value != "false")
}

/// The path of a program. Where it is missing: in CI a failure that says what to install, else a
/// line on stderr and `None`, upon which the test returns.
///
/// # Panics
/// In CI, when the program is missing.
#[must_use]
pub fn tool(name: &str, install: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    found.or_else(|| missing(&format!("the program `{name}`"), install))
}

/// The value of an environment variable that points at something installed. Missing: as for
/// [`tool`].
///
/// # Panics
/// In CI, when it is not set.
#[must_use]
pub fn variable(name: &str, install: &str) -> Option<String> {
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.or_else(|| missing(&format!("the environment variable `{name}`"), install))
}

/// A file or folder beside the workspace (`../shared/...`). Missing: as for [`tool`].
///
/// # Panics
/// In CI, when it is missing.
#[must_use]
pub fn shared(path: &str) -> Option<PathBuf> {
    let full = workspace_root().join("../shared").join(path);
    // Whole and plain: a browser takes no path with dots in it.
    if let Ok(plain) = full.canonicalize() {
        return Some(plain);
    }
    missing(
        &format!("`../shared/{path}`"),
        "the shared folder beside the clone",
    )
}

/// The photos in `../shared/photos/<set>` (`good` or `bad`), in the order of their names. Missing:
/// as for [`tool`].
///
/// # Panics
/// In CI, when the folder is missing; anywhere, when it cannot be read.
#[must_use]
pub fn shared_photos(set: &str) -> Option<Vec<PathBuf>> {
    let folder = shared(&format!("photos/{set}"))?;
    let mut photos: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the shared photos can be listed")
        .map(|entry| entry.expect("the shared photos can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "md"))
        .collect();
    photos.sort();
    assert!(!photos.is_empty(), "`{}` holds no photos", folder.display());
    Some(photos)
}

/// Whether something was found that only some machines have. It was not: as for [`tool`], and
/// `false`.
///
/// # Panics
/// In CI, when it was not found.
#[must_use]
pub fn found(is_there: bool, what: &str, install: &str) -> bool {
    is_there || missing::<()>(what, install).is_some()
}

fn missing<T>(what: &str, install: &str) -> Option<T> {
    assert!(!is_ci(), "CI needs {what}: {install}");
    eprintln!("skipped: {what} is missing ({install})");
    None
}
