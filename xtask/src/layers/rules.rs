//! `layers.toml` as it is written.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde::Deserialize;

use super::pattern::Pattern;

/// Which crates may depend on which, and which tables they share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    #[serde(rename = "layer")]
    pub(crate) layers: Vec<Layer>,
    pub(crate) infra: Infra,
    pub(crate) business: Business,
    pub(crate) cores: Cores,
    #[serde(rename = "rule")]
    pub(crate) rules: Vec<Rule>,
    #[serde(default, rename = "external")]
    pub(crate) externals: Vec<External>,
    pub(crate) tables: Tables,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layer {
    pub(crate) name: String,
    pub(crate) crates: Vec<Pattern>,
    pub(crate) folder: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Infra {
    pub(crate) order: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Business {
    pub(crate) calls: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cores {
    pub(crate) crates: Vec<Pattern>,
    pub(crate) named_by: Vec<Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) from: Vec<Pattern>,
    pub(crate) to: Vec<Pattern>,
    /// "normal", "dev" or "build"; without it all of them.
    pub(crate) kinds: Option<Vec<String>>,
    pub(crate) why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct External {
    pub(crate) crates: Vec<String>,
    pub(crate) named_by: Vec<Pattern>,
    /// Whose tests may name them, too.
    #[serde(default)]
    pub(crate) named_by_tests_of: Vec<Pattern>,
    pub(crate) why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tables {
    pub(crate) shared: Vec<String>,
}

impl Rules {
    /// Reads the rules and refuses those that cannot be meant.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let rules: Self = toml::from_str(text)?;
        let calls = &rules.business.calls;
        for (caller, called) in calls {
            if let Some(unknown) = called.iter().find(|domain| !calls.contains_key(*domain)) {
                bail!(
                    "[business.calls] lets `{caller}` call `{unknown}`, which has no line of its own"
                );
            }
        }
        // Cargo would refuse only circles of crates, and a core calls a gateway, never another
        // core.
        if let Some(circle) = circle(calls) {
            bail!("[business.calls] goes in a circle: {}", circle.join(" -> "));
        }
        Ok(rules)
    }
}

/// A way from a domain back to itself, if there is one.
fn circle(calls: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    fn walk(
        calls: &BTreeMap<String, Vec<String>>,
        way: &mut Vec<String>,
        domain: &String,
    ) -> Option<Vec<String>> {
        if let Some(at) = way.iter().position(|before| before == domain) {
            // Without the way that leads into it.
            return Some([&way[at..], std::slice::from_ref(domain)].concat());
        }
        way.push(domain.clone());
        let found = calls
            .get(domain)?
            .iter()
            .find_map(|next| walk(calls, way, next));
        way.pop();
        found
    }
    calls
        .keys()
        .find_map(|domain| walk(calls, &mut Vec::new(), domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs
            .iter()
            .map(|(caller, called)| ((*caller).to_owned(), owned(called)))
            .collect()
    }

    #[test]
    fn a_circle_of_calls_is_found() {
        assert_eq!(
            circle(&calls(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])),
            None
        );
        let round = circle(&calls(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]));
        assert_eq!(round, Some(["b", "c", "b"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn the_committed_rules_can_be_read() {
        Rules::parse(include_str!("../../../layers.toml")).unwrap();
    }
}
