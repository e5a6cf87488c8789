//! Holds the workspace's dependencies against the rules.

use super::pattern::{Pattern, first_fit};
use super::rules::{Layer, Rules};
use crate::finding::Finding;

/// The file that holds the rules.
const FILE: &str = "layers.toml";

/// A crate of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Crate {
    pub(crate) name: String,
    /// Its folder from the root: "infra/db".
    pub(crate) folder: String,
    /// Its manifest, line by line, to say where a dependency stands.
    pub(crate) manifest: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as a manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// "normal", "dev" or "build".
    pub(crate) kind: String,
    /// Whether it is a crate of this workspace.
    pub(crate) internal: bool,
}

/// Everything in the graph that no rule allows.
pub(crate) fn check(crates: &[Crate], rules: &Rules) -> Vec<Finding> {
    let mut findings = Vec::new();
    for one in crates {
        findings.extend(check_place(one, rules));
        for dependency in &one.dependencies {
            let found = if dependency.internal {
                check_edge(one, dependency, rules)
            } else {
                check_external(one, dependency, rules)
            };
            findings.extend(found);
        }
    }
    findings
}

fn check_place(one: &Crate, rules: &Rules) -> Option<Finding> {
    let layers: Vec<_> = rules
        .layers
        .iter()
        .filter(|layer| first_fit(&layer.crates, &one.name).is_some())
        .collect();
    let problem = match layers[..] {
        [layer] if one.folder.split('/').next() == Some(&layer.folder) => return None,
        [layer] => format!(
            "`{}` belongs to the layer {} but lives in {}",
            one.name, layer.name, one.folder
        ),
        [] => format!("`{}` belongs to no layer", one.name),
        _ => format!("`{}` belongs to more than one layer", one.name),
    };
    Some(Finding {
        place: format!("{}/Cargo.toml", one.folder),
        problem,
        rule: format!("{FILE}: every crate belongs to exactly one layer and lives in its folder"),
        remedy: "name the crate <layer>-<name> and put it into the layer's folder".to_owned(),
    })
}

fn check_edge(one: &Crate, dependency: &Dependency, rules: &Rules) -> Option<Finding> {
    if is_allowed(one, dependency, rules) {
        return None;
    }
    let (rule, remedy) = reason(one, dependency, rules);
    Some(Finding {
        place: place(one, dependency),
        problem: format!(
            "`{}` may not depend on `{}`{}",
            one.name,
            dependency.name,
            kind_note(dependency)
        ),
        rule: format!("{FILE}: {rule}"),
        remedy,
    })
}

fn is_allowed(one: &Crate, dependency: &Dependency, rules: &Rules) -> bool {
    let core = first_fit(&rules.cores.crates, &dependency.name).is_some();
    // Before all else: no rule below may let others name a core.
    if core && first_fit(&rules.cores.named_by, &one.name).is_none() {
        return false;
    }
    in_order(&one.name, &dependency.name, rules)
        || is_called(&one.name, &dependency.name, rules)
        || rules.rules.iter().any(|rule| {
            let kind = rule
                .kinds
                .as_ref()
                .is_none_or(|kinds| kinds.contains(&dependency.kind));
            let fit = first_fit(&rule.from, &one.name);
            kind && fit.is_some_and(|fit| {
                rule.to
                    .iter()
                    .any(|to| to.with_domain(&fit).fit(&dependency.name).is_some())
            })
        })
}

/// Whether both are in infra and the dependency stands before.
fn in_order(from: &str, to: &str, rules: &Rules) -> bool {
    let place = |name: &str| rules.infra.order.iter().position(|other| other == name);
    matches!((place(from), place(to)), (Some(from), Some(to)) if to < from)
}

/// Whether a business core calls another business domain that it may call.
fn is_called(from: &str, to: &str, rules: &Rules) -> bool {
    let (Some(caller), Some(called)) = (core_of("business", from), gateway_of("business", to))
    else {
        return false;
    };
    rules
        .business
        .calls
        .get(&caller)
        .is_some_and(|domains| domains.contains(&called))
}

fn core_of(layer: &str, name: &str) -> Option<String> {
    Pattern(format!("{layer}-{{domain}}")).fit(name)?.domain
}

fn gateway_of(layer: &str, name: &str) -> Option<String> {
    Pattern(format!("{layer}-{{domain}}-gateway"))
        .fit(name)?
        .domain
}

/// Which rule refuses the edge, and what to do instead.
fn reason(one: &Crate, dependency: &Dependency, rules: &Rules) -> (String, String) {
    let (from, to) = (&one.name, &dependency.name);
    if first_fit(&rules.cores.crates, to).is_some() {
        return (
            format!("[cores] only {} names a core", names(&rules.cores.named_by)),
            format!("depend on `{to}-gateway` and take an Arc of its trait"),
        );
    }
    let layer_of = |name: &str| {
        rules
            .layers
            .iter()
            .position(|layer| first_fit(&layer.crates, name).is_some())
    };
    let layer_name = |at: usize| rules.layers.get(at).map_or("", |layer: &Layer| &layer.name);
    let business = (core_of("business", from), gateway_of("business", to));
    match (layer_of(from), layer_of(to)) {
        // First: both are in one layer, and the advice for neighbours would be too general.
        _ if business.0.is_some() && business.1.is_some() => (
            format!("[business.calls] does not let {} call {}", business.0.unwrap_or_default(), business.1.unwrap_or_default()),
            "act on an event instead, or add the call there if the list stays free of circles".to_owned(),
        ),
        (Some(lower), Some(upper)) if lower < upper => (
            format!("dependencies point down: {} is below {}", layer_name(lower), layer_name(upper)),
            "publish an event from the lower layer, or move the code".to_owned(),
        ),
        (Some(one), Some(other)) if one == other => (
            format!("no rule lets `{from}` depend on its neighbour `{to}` in {}", layer_name(one)),
            "speak by events, move what is shared one layer down, or reach the domain's gateway from above".to_owned(),
        ),
        _ => (
            format!("no rule allows it{}", rules_for(from, rules)),
            "depend on what the rule lists; widen the rule only with a reason beside it".to_owned(),
        ),
    }
}

/// What the rules that speak of a crate say.
fn rules_for(from: &str, rules: &Rules) -> String {
    let whys: Vec<_> = rules
        .rules
        .iter()
        // A rule for every crate explains none.
        .filter(|rule| rule.from.iter().all(|pattern| pattern.0 != "*"))
        .filter(|rule| first_fit(&rule.from, from).is_some())
        .map(|rule| rule.why.as_str())
        .collect();
    if whys.is_empty() {
        String::new()
    } else {
        format!(" ({})", whys.join("; "))
    }
}

fn check_external(one: &Crate, dependency: &Dependency, rules: &Rules) -> Option<Finding> {
    let external = rules.externals.iter().find(|external| {
        let in_tests =
            dependency.kind == "dev" && first_fit(&external.named_by_tests_of, &one.name).is_some();
        external.crates.contains(&dependency.name)
            && first_fit(&external.named_by, &one.name).is_none()
            && !in_tests
    })?;
    Some(Finding {
        place: place(one, dependency),
        problem: format!(
            "`{}` may not name `{}`{}",
            one.name,
            dependency.name,
            kind_note(dependency)
        ),
        rule: format!(
            "{FILE}: only {} may ({})",
            names(&external.named_by),
            external.why
        ),
        remedy: "use the crate that wraps it, or move the code there".to_owned(),
    })
}

fn names(patterns: &[Pattern]) -> String {
    patterns
        .iter()
        .map(|pattern| pattern.0.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn kind_note(dependency: &Dependency) -> String {
    match dependency.kind.as_str() {
        "normal" => String::new(),
        kind => format!(" (as a {kind}-dependency)"),
    }
}

/// `folder/Cargo.toml:line` of a dependency.
fn place(one: &Crate, dependency: &Dependency) -> String {
    let declares = |line: &str| {
        let name = line
            .split(['=', '.', ' '])
            .next()
            .unwrap_or_default()
            .trim_matches('"');
        name == dependency.name
    };
    let section = match dependency.kind.as_str() {
        "dev" => "dev-dependencies]",
        "build" => "build-dependencies]",
        _ => "dependencies]",
    };
    let mut within = false;
    for (index, line) in one.manifest.lines().enumerate() {
        if line.starts_with('[') {
            // "dependencies]" is the end of the other two headings as well.
            within = line.ends_with(section) && (section != "dependencies]" || !line.contains('-'));
        }
        if within && declares(line) {
            return format!("{}/Cargo.toml:{}", one.folder, index + 1);
        }
    }
    format!("{}/Cargo.toml", one.folder)
}

#[cfg(test)]
mod tests;
