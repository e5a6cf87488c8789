//! The table `[s3]` of another file than the configuration: that of a bucket which photos are moved
//! to.

use std::path::Path;

use infra_blob::S3Settings;
use toml::Table;

use super::error::ConfigError;
use super::load::without_excerpt;

/// Reads the table `[s3]` of a TOML file; what else is in it does not matter.
///
/// # Errors
/// When the file cannot be read, has no such table, or one with something else in it. Nothing of
/// what it says is shown.
pub(crate) fn s3_settings_of(path: &Path) -> Result<S3Settings, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |problem: String| ConfigError::Syntax {
        path: path.to_owned(),
        problem,
    };
    let table: Table =
        toml::from_str(&text).map_err(|error| wrong(without_excerpt(&text, &error)))?;
    let Some(s3) = table.get("s3") else {
        return Err(wrong("it has no table [s3]".to_owned()));
    };
    let settings: Result<S3Settings, _> = s3.clone().try_into();
    // Not the parser's words, which quote what they do not understand: it may be a key.
    settings.map_err(|_| {
        let problem = "its table [s3] has other settings than docs/configuration.md lists, or values of another kind";
        wrong(problem.to_owned())
    })
}
