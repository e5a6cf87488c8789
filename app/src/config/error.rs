//! What is wrong with the configuration, by name.

use std::path::PathBuf;

use super::load::Origin;

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read")]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path} is not TOML: {problem}")]
    Syntax {
        /// The path of the file.
        path: PathBuf,
        /// The line, and what is wrong with it.
        problem: String,
    },
    /// A variable or a flag of ours is not UTF-8.
    #[error("{origin} is not UTF-8; write it in UTF-8, or unset it")]
    NotText {
        /// The configuration source with the unreadable value.
        origin: String,
    },
    /// There is no such setting.
    #[error(
        "{origin} sets `{setting}`, which is no setting{hint}; `heliograph config show` lists them all"
    )]
    Unknown {
        /// The name that was set.
        setting: String,
        /// The source that set it.
        origin: Origin,
        /// A setting with a name near it.
        hint: String,
    },
    /// One source sets a setting by its old and its new name.
    #[error(
        "{origin} sets both `{old}` and `{new}`, the old and the new name of one setting; remove `{old}`"
    )]
    BothNames {
        /// The source that has both.
        origin: String,
        /// The name of before.
        old: String,
        /// The name of today.
        new: String,
    },
    /// A value is not what the setting takes.
    #[error("`{setting}` cannot be set so: {problem}")]
    Invalid {
        /// The name of the setting.
        setting: String,
        /// What is wrong with the value.
        problem: String,
    },
}
