//! Good and bad graphs.

use super::*;

fn rules() -> Rules {
    Rules::parse(include_str!("../../../../layers.toml")).unwrap()
}

fn one(name: &str, folder: &str, dependencies: &[(&str, &str, bool)]) -> Crate {
    let line = |(name, _, _): &(&str, &str, bool)| format!("{name}.workspace = true\n");
    Crate {
        name: name.to_owned(),
        folder: folder.to_owned(),
        manifest: format!(
            "[package]\nname = \"{name}\"\n\n[dependencies]\n{}",
            dependencies.iter().map(line).collect::<String>()
        ),
        dependencies: dependencies
            .iter()
            .map(|(name, kind, internal)| Dependency {
                name: (*name).to_owned(),
                kind: (*kind).to_owned(),
                internal: *internal,
            })
            .collect(),
    }
}

/// What is found about one crate with one dependency.
fn edge(name: &str, folder: &str, to: &str, kind: &str) -> Vec<Finding> {
    let internal = !matches!(
        to,
        "sqlx" | "rusqlite" | "axum" | "moka" | "serde" | "argon2"
    );
    check(&[one(name, folder, &[(to, kind, internal)])], &rules())
}

/// Crate, folder, what it depends on, how.
const ALLOWED: &str = "
    infra-bus infra/bus infra-db normal
    business-posts-gateway business/posts/gateway infra-rpc normal
    business-posts business/posts/core business-posts-gateway normal
    business-posts business/posts/core business-media-gateway normal
    infra-db infra/db sqlx normal
    business-media business/media/core business-media-codec normal
    product-feed product/feed/core business-graph-gateway normal
    product-feed product/feed/core testing-kit dev
    presentation-web presentation/web presentation-kit normal
    presentation-web presentation/web axum normal
    heliograph app product-feed normal
    heliograph app testing-kit dev
    heliograph app rusqlite dev
    xtask xtask serde normal";

/// The same, and the words by which the rule that refuses it is known.
const FORBIDDEN: &str = "
    infra-db infra/db infra-bus normal neighbour
    infra-bus infra/bus business-posts-gateway normal point down
    business-graph business/graph/core product-feed-gateway normal point down
    business-accounts business/accounts/core business-graph-gateway normal [business.calls]
    business-posts business/posts/core business-accounts normal [cores]
    business-posts business/posts/core business-accounts dev [cores]
    business-posts-gateway business/posts/gateway infra-db normal a contract is messages
    business-posts business/posts/core business-media-codec normal neighbour
    product-feed product/feed/core product-explore-gateway normal neighbour
    product-feed product/feed/core testing-kit normal point down
    presentation-web presentation/web infra-db normal a surface calls gateways
    presentation-web presentation/web presentation-mastodon normal neighbour
    presentation-web presentation/web business-posts dev [cores]
    business-posts business/posts/core sqlx normal only infra-db
    presentation-web presentation/web sqlx normal only infra-db
    heliograph app sqlx normal only infra-db
    business-graph business/graph/core axum dev only edge-*, presentation-*
    testing-kit testing/kit business-posts normal [cores]
    xtask xtask business-posts normal [cores]
    heliograph app xtask dev point down";

#[test]
fn what_the_house_allows_passes() {
    for line in ALLOWED.lines().skip(1) {
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(edge(words[0], words[1], words[2], words[3]), [], "{line}");
    }
}

#[test]
fn what_the_house_forbids_is_found() {
    for line in FORBIDDEN.lines().skip(1) {
        let words: Vec<_> = line.split_whitespace().collect();
        let findings = edge(words[0], words[1], words[2], words[3]);
        assert_eq!(findings.len(), 1, "{line}: {findings:?}");
        assert!(
            findings[0].rule.contains(&words[4..].join(" ")),
            "{line}: {}",
            findings[0]
        );
        assert!(
            findings[0].place.starts_with(words[1]),
            "{line}: {}",
            findings[0]
        );
    }
}

#[test]
fn a_crate_outside_every_layer_or_its_folder_is_found() {
    let found = |name, folder| check(&[one(name, folder, &[])], &rules());
    assert!(found("helpers", "helpers")[0].problem.contains("no layer"));
    assert!(
        found("infra-db", "business/db")[0]
            .problem
            .contains("lives in")
    );
    assert_eq!(found("infra-db", "infra/db"), []);
}

#[test]
fn the_finding_names_the_line() {
    let graph = [one(
        "presentation-web",
        "presentation/web",
        &[("serde", "normal", false), ("sqlx", "normal", false)],
    )];
    assert_eq!(
        check(&graph, &rules())[0].place,
        "presentation/web/Cargo.toml:6"
    );
}
