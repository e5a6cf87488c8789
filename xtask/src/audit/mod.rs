//! `cargo xtask audit`: what the program stands on, held against `deny.toml`.
//!
//! Licences, banned crates, several versions of one crate, and sources are checked in full,
//! offline, from cargo's own metadata. Advisories are not: without the advisory database only a
//! short list of known-bad versions can be checked, and this says so. Run cargo-deny on the same
//! `deny.toml` where the database can be had.

mod policy;
mod spdx;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use cargo_metadata::Metadata;
use cargo_metadata::semver::Version;

use crate::finding::{Finding, report};
use crate::workspace;
use policy::{Advisories, Policy, Spec};
use spdx::Expression;

/// A crate that the program, its tests or its tools stand on.
#[derive(Debug, Clone)]
struct Package {
    name: String,
    version: Version,
    licence: Option<String>,
    /// Where it comes from; none for the workspace's own.
    source: Option<Source>,
    /// The crates that depend on it directly.
    dependents: BTreeSet<String>,
}

/// Where a crate comes from.
#[derive(Debug, Clone)]
enum Source {
    /// The public registry, where what was published once stays as it is.
    Registry,
    Other(String),
}

/// Checks the dependencies of the workspace at this root.
pub(crate) fn run(root: &Path) -> Result<()> {
    let policy: Policy = policy::read(root, "deny.toml")?;
    let advisories: Advisories = policy::read(root, ".ci/advisories.toml")?;
    let metadata = workspace::metadata(root)?;
    let packages = packages(metadata);
    let findings = check(&packages, &policy, &advisories);
    let passed = format!(
        "{} crates: licences, bans, versions and sources are in order; {} advisories were checked, the whole database was not",
        packages.len(),
        advisories.all.len()
    );
    report("audit", findings, &passed)
}

/// Everything that is built for the program, its tests or its tools on any platform. Cargo.lock
/// holds more: what only features want that nobody turns on.
fn packages(metadata: Metadata) -> Vec<Package> {
    let nodes = metadata
        .resolve
        .map(|resolve| resolve.nodes)
        .unwrap_or_default();
    let nodes: BTreeMap<_, _> = nodes
        .into_iter()
        .map(|node| (node.id.clone(), node))
        .collect();
    let described: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|package| (package.id.clone(), package))
        .collect();
    let mut wanted = BTreeSet::new();
    let mut dependents: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    let mut next = metadata.workspace_members;
    while let Some(id) = next.pop() {
        if let (Some(node), Some(package)) = (nodes.get(&id), described.get(&id))
            // Each once: the graph may have circles by way of dev-dependencies.
            && wanted.insert(id)
        {
            let on = node.deps.iter().filter(|dependency| {
                let target = described.get(&dependency.pkg);
                target.is_none_or(|target| is_turned_on(package, &node.features, &target.name))
            });
            for dependency in on {
                let by = dependents.entry(dependency.pkg.clone()).or_default();
                by.insert(package.name.to_string());
                next.push(dependency.pkg.clone());
            }
        }
    }
    let packages = metadata
        .packages
        .into_iter()
        .filter(|package| wanted.contains(&package.id));
    let package = |package: cargo_metadata::Package| Package {
        dependents: dependents.get(&package.id).cloned().unwrap_or_default(),
        name: package.name.to_string(),
        version: package.version,
        licence: package.license,
        source: package.source.map(|source| match source.is_crates_io() {
            true => Source::Registry,
            false => Source::Other(source.repr),
        }),
    };
    packages.map(package).collect()
}

/// Whether a package is built with this dependency. Cargo resolves one that is optional already
/// when a feature only speaks of it (`name?/feature`), and does not build it.
fn is_turned_on<F: AsRef<str>>(
    package: &cargo_metadata::Package,
    features: &[F],
    name: &str,
) -> bool {
    let mut declared = package.dependencies.iter().filter(|one| one.name == name);
    declared.any(|one| {
        // Features speak of a dependency by the name that the manifest gives it.
        let name = one.rename.as_deref().unwrap_or(name);
        let turns_on = |value: &String| {
            value == name
                || value.strip_prefix("dep:") == Some(name)
                || value
                    .split_once('/')
                    .is_some_and(|(before, _)| before == name)
        };
        let by_feature = |feature: &F| {
            let values = package.features.get(feature.as_ref());
            values.is_some_and(|values| values.iter().any(turns_on))
        };
        !one.optional || features.iter().any(by_feature)
    })
}

fn check(packages: &[Package], policy: &Policy, advisories: &Advisories) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        findings.extend(licence(package, policy));
        findings.extend(banned(package, &policy.bans.deny));
        findings.extend(source(package));
        findings.extend(known_bad(package, advisories));
    }
    findings.extend(duplicates(packages, &policy.bans.skip));
    findings.extend(unneeded(packages, &policy.bans.skip));
    findings
}

fn licence(package: &Package, policy: &Policy) -> Option<Finding> {
    let exceptions = policy
        .licenses
        .exceptions
        .iter()
        .filter(|one| one.name == package.name);
    let also: Vec<_> = exceptions.flat_map(|one| &one.allow).collect();
    let allowed = |name: &str| {
        policy
            .licenses
            .allow
            .iter()
            .chain(also.iter().copied())
            .any(|other| other == name)
    };
    let problem = match package.licence.as_deref().map(Expression::parse) {
        Some(Ok(expression)) if expression.is_met_by(&allowed) => return None,
        Some(Ok(_)) => format!(
            "is under {}",
            package.licence.as_deref().unwrap_or_default()
        ),
        Some(Err(error)) => error.to_string(),
        None => "names no licence".to_owned(),
    };
    Some(finding(
        package,
        &problem,
        "[licenses] only licences on the list",
        "replace it, or add the licence after reading it",
    ))
}

fn banned(package: &Package, deny: &[Spec]) -> Option<Finding> {
    let spec = deny
        .iter()
        .find(|spec| spec.matches(&package.name, &package.version))?;
    let mut others = package
        .dependents
        .iter()
        .filter(|name| !spec.wrappers.contains(name));
    if !spec.wrappers.is_empty() && others.next().is_none() {
        return None;
    }
    let remedy = format!(
        "find what brings it with `cargo tree -i {}` and turn it off there",
        package.name
    );
    Some(finding(
        package,
        &format!("is banned: {}", spec.reason),
        "[bans] deny",
        &remedy,
    ))
}

fn source(package: &Package) -> Option<Finding> {
    let Some(Source::Other(source)) = &package.source else {
        return None;
    };
    let rule = "[sources] only the public registry";
    Some(finding(
        package,
        &format!("comes from {source}"),
        rule,
        "depend on a published version",
    ))
}

fn known_bad(package: &Package, advisories: &Advisories) -> Option<Finding> {
    let advisory = advisories.all.iter().find(|advisory| {
        advisory.name == package.name
            && advisory
                .affected
                .iter()
                .any(|versions| versions.matches(&package.version))
    })?;
    let problem = format!("is affected by {}: {}", advisory.id, advisory.what);
    let remedy = format!("run `cargo update -p {}`", package.name);
    Some(finding(package, &problem, ".ci/advisories.toml", &remedy))
}

/// Crates in more than one version, apart from the versions that the list puts up with.
fn duplicates(packages: &[Package], skip: &[Spec]) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
    for package in packages {
        if !skip
            .iter()
            .any(|spec| spec.matches(&package.name, &package.version))
        {
            versions.entry(&package.name).or_default().push(package);
        }
    }
    versions.retain(|_, packages| packages.len() > 1);
    let findings = versions.values().map(|packages| {
        let all: Vec<_> = packages.iter().map(|package| package.version.to_string()).collect();
        let remedy = format!(
            "agree on one version (`cargo tree -i {}@{}` says who wants it), or put up with the older one in [bans] skip, with the reason",
            packages[0].name, all[0]
        );
        finding(packages[0], &format!("is there in the versions {}", all.join(", ")), "[bans] multiple-versions", &remedy)
    });
    findings.collect()
}

/// Entries of the list that put up with nothing any more.
fn unneeded(packages: &[Package], skip: &[Spec]) -> Vec<Finding> {
    let is_needed = |spec: &&Spec| {
        packages
            .iter()
            .any(|package| spec.matches(&package.name, &package.version))
            && packages
                .iter()
                .filter(|package| spec.names(&package.name))
                // One version alone needs no exception.
                .count()
                > 1
    };
    let unneeded = skip
        .iter()
        .filter(|spec| !is_needed(spec))
        .map(|spec| Finding {
            place: "deny.toml".to_owned(),
            problem: format!("`{}` is put up with and not there any more", spec.spec),
            rule: "[bans] skip lists what is there and nothing else".to_owned(),
            remedy: "take the entry out".to_owned(),
        });
    unneeded.collect()
}

fn finding(package: &Package, problem: &str, rule: &str, remedy: &str) -> Finding {
    Finding {
        place: format!("{} {}", package.name, package.version),
        problem: problem.to_owned(),
        rule: format!("deny.toml: {rule}"),
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests;
