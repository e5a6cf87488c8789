//! Names of crates as `layers.toml` writes them.

use serde::Deserialize;

const DOMAIN: &str = "{domain}";

/// A crate's name with `*` for anything and `{domain}` for one word without a hyphen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Pattern(pub(crate) String);

/// A name that fits a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fit {
    /// What `{domain}` stands for, if the pattern has one.
    pub(crate) domain: Option<String>,
}

impl Pattern {
    pub(crate) fn fit(&self, name: &str) -> Option<Fit> {
        let Some((before, after)) = self.0.split_once(DOMAIN) else {
            return glob(&self.0, name).then_some(Fit { domain: None });
        };
        let domain = name.strip_prefix(before)?.strip_suffix(after)?;
        // So `business-{domain}` does not fit `business-posts-gateway`.
        let word = !domain.is_empty() && !domain.contains('-');
        word.then(|| Fit {
            domain: Some(domain.to_owned()),
        })
    }

    /// The same with `{domain}` standing for what it stands for elsewhere in the rule.
    pub(crate) fn with_domain(&self, fit: &Fit) -> Self {
        match &fit.domain {
            Some(domain) => Self(self.0.replace(DOMAIN, domain)),
            None => self.clone(),
        }
    }
}

/// The fit of the first of these patterns that fits.
pub(crate) fn first_fit(patterns: &[Pattern], name: &str) -> Option<Fit> {
    patterns.iter().find_map(|pattern| pattern.fit(name))
}

fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| glob(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(pattern: &str, name: &str) -> Option<Option<String>> {
        Pattern(pattern.to_owned()).fit(name).map(|fit| fit.domain)
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name, fits) in [
            ("infra-*", "infra-db", true),
            ("infra-*", "infra-", true),
            ("infra-*", "presentation-infra-db", false),
            ("business-*-gateway", "business-posts-gateway", true),
            ("business-*-gateway", "business-posts", false),
            ("*", "anything", true),
            ("xtask", "xtask", true),
            ("xtask", "xtasks", false),
        ] {
            assert_eq!(domain(pattern, name).is_some(), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn a_domain_is_one_word() {
        let posts = Some(Some("posts".to_owned()));
        assert_eq!(domain("business-{domain}", "business-posts"), posts);
        assert_eq!(
            domain("business-{domain}-gateway", "business-posts-gateway"),
            posts
        );
        assert_eq!(domain("business-{domain}", "business-posts-gateway"), None);
        assert_eq!(domain("business-{domain}", "business-"), None);
    }
}
