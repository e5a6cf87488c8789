//! `cargo xtask check-layers`: the architecture as a test.
//!
//! The allowed graph is `layers.toml`. Dependencies are checked as the manifests declare them, SQL
//! as the sources write it.

mod edges;
mod pattern;
mod rules;
mod tables;

use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, Metadata};

use crate::finding::report;
use crate::workspace;

/// Checks the workspace at this root.
pub(crate) fn run(root: &Path) -> Result<()> {
    let rules = std::fs::read_to_string(root.join("layers.toml")).context("reading layers.toml")?;
    let rules = rules::Rules::parse(&rules).context("reading layers.toml")?;
    let crates = crates(root, &workspace::metadata(root)?)?;
    let edges = crates
        .iter()
        .map(|one| one.dependencies.len())
        .sum::<usize>();
    let files = tables::files(root)?;
    let mut findings = edges::check(&crates, &rules);
    findings.extend(tables::check(&files, &rules.tables.shared));
    let passed = format!(
        "{} crates, {edges} dependencies and the SQL of {} files keep to the layers",
        crates.len(),
        files.len()
    );
    report("check-layers", findings, &passed)
}

fn crates(root: &Path, metadata: &Metadata) -> Result<Vec<edges::Crate>> {
    let members = metadata.workspace_packages();
    let is_internal = |name: &str| members.iter().any(|member| member.name == name);
    let mut crates = Vec::new();
    for member in &members {
        let manifest = member.manifest_path.as_std_path();
        let folder = manifest.parent().context("a manifest is in a folder")?;
        let folder = folder
            .strip_prefix(root)
            .context("a member lives in the workspace")?;
        let dependencies = member
            .dependencies
            .iter()
            .map(|dependency| edges::Dependency {
                name: dependency.name.clone(),
                kind: kind_name(dependency.kind).to_owned(),
                internal: is_internal(&dependency.name),
            });
        crates.push(edges::Crate {
            name: member.name.to_string(),
            folder: folder.to_string_lossy().into_owned(),
            manifest: std::fs::read_to_string(manifest)?,
            dependencies: dependencies.collect(),
        });
    }
    Ok(crates)
}

const fn kind_name(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::Development => "dev",
        DependencyKind::Build => "build",
        _ => "normal",
    }
}
