//! The name of a domain, and what is made of it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;

/// How long a name is, in letters.
const LENGTH_MIN: usize = 3;
const LENGTH_MAX: usize = 24;
/// Names that mean something else where a domain's name would stand: modules, databases, settings,
/// what may be lost.
const RESERVED: [&str; 11] = [
    "bus",
    "codec",
    "core",
    "crate",
    "domain",
    "gateway",
    "heliograph",
    "infra",
    "photos",
    "self",
    "super",
];
/// The settings, where every domain has a section.
const SETTINGS: &str = "app/src/config/mod.rs";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Layer {
    /// A noun that everyone builds on.
    Business,
    /// An experience that is composed of business domains.
    Product,
}

impl Layer {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Business => "business",
            Self::Product => "product",
        }
    }
}

/// A domain that is not there yet and may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewDomain {
    /// In lower case, as paths and modules have it: "engagement".
    pub(super) name: String,
    /// With a capital, as types begin: "Engagement".
    pub(super) title: String,
    pub(super) layer: Layer,
}

impl NewDomain {
    /// Refuses what is no name, or the name of something that is there.
    pub(super) fn checked(root: &Path, name: &str, layer: Layer) -> Result<Self> {
        let is_word = name.bytes().all(|byte| byte.is_ascii_lowercase());
        ensure!(
            // One word: `{domain}` in layers.toml takes no hyphen, and a module's name takes none
            // either.
            is_word && (LENGTH_MIN..=LENGTH_MAX).contains(&name.len()),
            "`{name}` is no name for a domain: it is one word of {LENGTH_MIN} to {LENGTH_MAX} letters from a to z"
        );
        if RESERVED.contains(&name) || is_keyword(name) {
            bail!("`{name}` means something else here or in Rust; choose another name");
        }
        // In either layer: modules of the program and its settings have only the domain's name.
        for layer in [Layer::Business, Layer::Product] {
            let folder = PathBuf::from(layer.name()).join(name);
            ensure!(
                !root.join(&folder).exists(),
                "there is a domain `{name}` already, in {}",
                folder.display()
            );
        }
        let settings = std::fs::read_to_string(root.join(SETTINGS)).context(SETTINGS)?;
        ensure!(
            // Sections that belong to no domain would otherwise be there twice.
            !settings.contains(&format!("    pub {name}: ")),
            "`{name}` is a setting already, in {SETTINGS}; choose another name"
        );
        let (first, rest) = name.split_at(1);
        Ok(Self {
            name: name.to_owned(),
            title: first.to_ascii_uppercase() + rest,
            layer,
        })
    }

    /// A template with this domain's names in it.
    pub(super) fn fill(&self, template: &str) -> String {
        template
            .replace("{{name}}", &self.name)
            .replace("{{Name}}", &self.title)
            .replace("{{layer}}", self.layer.name())
    }
}

fn is_keyword(name: &str) -> bool {
    // Those that are lower-case words of at least three letters (doc.rust-lang.org/reference).
    const KEYWORDS: [&str; 36] = [
        "abstract", "async", "await", "become", "box", "break", "const", "continue", "dyn", "else",
        "enum", "extern", "false", "final", "for", "gen", "impl", "let", "loop", "macro", "match",
        "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct",
        "trait", "true", "try", "type", "typeof",
    ];
    const MORE: [&str; 8] = [
        "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union",
    ];
    KEYWORDS.contains(&name) || MORE.contains(&name)
}
