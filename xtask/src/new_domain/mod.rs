//! `cargo xtask new-domain`: writes the files that every domain begins with, and its entries in the
//! files that all domains share.
//!
//! What it writes is a whole, small domain: an account adds entries and lists its own. It compiles,
//! keeps to the layers and passes its tests; its noun is then replaced by the domain's own. All is
//! done in a copy of the tree and checked there, so what is refused leaves nothing behind.

mod edits;
mod files;
mod name;
mod staging;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::{generate, layers, tidy};

use name::{Layer, NewDomain};
use staging::Staging;

/// What is left to do by hand.
const NEXT: &str = "
What it does so far is an example: put the domain's own noun in place of the entries, in the contract
first, and then `cargo xtask generate`.
  - the scopes that each call needs, narrower than `read` and `write`, go into the contract and into
    app/tests/end_to_end/fixed_shape/callers/scopes.rs
  - whom it calls goes into `Dependencies`, `layers.toml` and `app/src/wire/compose`
  - docs: the code map in ARCHITECTURE.md, docs/systems.md, docs/glossary.md, the files in
    docs/operators-guide.md, CHANGELOG.md
  - a surface that shows it has it in `presentation_kit::Gateways`";

#[derive(Args)]
pub(crate) struct NewDomainArguments {
    /// One word in lower-case letters, like `engagement`.
    name: String,
    /// The layer it belongs to.
    #[arg(long, value_enum, default_value_t = Layer::Business)]
    layer: Layer,
}

/// Writes a domain into the tree at this root.
pub(crate) fn run(root: &Path, arguments: &NewDomainArguments) -> Result<()> {
    let domain = NewDomain::checked(root, &arguments.name, arguments.layer)?;
    let staging = Staging::copy(root)?;
    write(staging.root(), &domain)?;
    for path in staging.bring_back(root)? {
        println!("wrote {}", path.display());
    }
    println!("{NEXT}");
    Ok(())
}

/// Writes a domain into a tree and checks what can be checked without compiling it.
fn write(root: &Path, domain: &NewDomain) -> Result<()> {
    let files = files::render(domain);
    for (path, text) in &files {
        let path = root.join(path);
        let folder = path.parent().context("a file is in a folder")?;
        std::fs::create_dir_all(folder)?;
        ensure!(!path.exists(), "{} is there already", path.display());
        std::fs::write(path, text)?;
    }
    let edited = edits::apply(root, domain)?;
    let rust = files.into_iter().map(|(path, _)| path).chain(edited);
    // Before the formatting and the checks, which read what it writes.
    generate::write(root, false)?;
    format(root, rust.filter(|path| has_extension(path, "rs")))?;
    lock(root)?;
    layers::run(root)?;
    tidy::run(root, false)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Names differ in length and in the alphabet, so lines break and sort differently.
fn format(root: &Path, files: impl Iterator<Item = PathBuf>) -> Result<()> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt
        .current_dir(root)
        .args(["--edition", "2024"])
        .args(files);
    let status = rustfmt.status().context("starting rustfmt")?;
    ensure!(status.success(), "rustfmt refused what was written");
    Ok(())
}

/// Has cargo enter the new crates into the lock file; they stand on nothing that is not there yet.
fn lock(root: &Path) -> Result<()> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        // Not `--locked`: this is the one run that may change the lock file. It needs no network.
        .args(["metadata", "--offline", "--format-version", "1"])
        .output()
        .context("starting cargo")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "cargo refused the workspace: {said}"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
