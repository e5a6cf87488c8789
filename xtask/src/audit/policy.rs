//! The rules for what the program stands on: `deny.toml`, in the form that cargo-deny reads, so
//! that it can be run on the same file; and `.ci/advisories.toml`, which is ours.

use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_metadata::semver::{Version, VersionReq};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What `deny.toml` says, as far as it is read here.
#[derive(Debug, Deserialize)]
pub(crate) struct Policy {
    pub(crate) licenses: Licenses,
    pub(crate) bans: Bans,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Licenses {
    pub(crate) allow: Vec<String>,
    #[serde(default)]
    pub(crate) exceptions: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Exception {
    pub(crate) allow: Vec<String>,
    #[serde(rename = "crate")]
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Bans {
    #[serde(default)]
    pub(crate) deny: Vec<Spec>,
    #[serde(default)]
    pub(crate) skip: Vec<Spec>,
}

/// A crate, with or without versions, and why it is listed.
#[derive(Debug, Deserialize)]
pub(crate) struct Spec {
    /// For every version "name", else "name@1.2", whose versions are a requirement as cargo reads
    /// it.
    #[serde(rename = "crate")]
    pub(crate) spec: String,
    pub(crate) reason: String,
    /// Of one that is banned: the only crates that may bring it.
    #[serde(default)]
    pub(crate) wrappers: Vec<String>,
}

/// The known-bad versions that `.ci/advisories.toml` lists, some of all there are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advisories {
    #[serde(rename = "advisory")]
    pub(crate) all: Vec<Advisory>,
}

/// Versions of a crate that are known to be bad.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advisory {
    pub(crate) id: String,
    #[serde(rename = "crate")]
    pub(crate) name: String,
    /// Versions that are bad.
    pub(crate) affected: Vec<VersionReq>,
    pub(crate) what: String,
}

impl Spec {
    /// Whether it is about this crate, in whatever version.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.spec.split('@').next() == Some(name)
    }

    pub(crate) fn matches(&self, name: &str, version: &Version) -> bool {
        match self.spec.split_once('@') {
            None => self.spec == name,
            Some((other, versions)) => {
                other == name
                    && VersionReq::parse(versions).is_ok_and(|wanted| wanted.matches(version))
            }
        }
    }
}

pub(crate) fn read<T: DeserializeOwned>(root: &Path, file: &str) -> Result<T> {
    let text =
        std::fs::read_to_string(root.join(file)).with_context(|| format!("reading {file}"))?;
    toml::from_str(&text).with_context(|| format!("reading {file}"))
}
