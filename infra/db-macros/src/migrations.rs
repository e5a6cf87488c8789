//! `infra_db::migrations!("./migrations")`.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use sha2::{Digest, Sha384};
use syn::{Error, LitStr};

/// The first line of a migration that cannot run in a transaction.
const NO_TRANSACTION: &str = "-- no-transaction";

/// A `Migrator` of the files in the folder, in the order of their numbers.
pub(crate) fn expand(folder: &LitStr) -> Result<TokenStream, Error> {
    let migrations = read_folder(&root().join(folder.value()))
        .map_err(|problem| Error::new(folder.span(), problem))?;
    Ok(quote! {
        ::infra_db::migration::Migrator {
            migrations: ::std::borrow::Cow::Borrowed(const { &[#(#migrations),*] }),
            ..::infra_db::migration::Migrator::DEFAULT
        }
    })
}

/// The folder of the crate that is compiled.
fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from)
}

/// One file.
struct Migration {
    version: i64,
    description: String,
    /// Absolute, for `include_str!`, by which the compiler sees that the file has changed.
    path: String,
    is_outside_transactions: bool,
    /// By it a database knows that what it was made by is what stands here. SHA-384, as databases
    /// that exist have it.
    checksum: [u8; 48],
}

impl ToTokens for Migration {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self {
            version,
            description,
            path,
            is_outside_transactions,
            checksum,
        } = self;
        tokens.extend(quote! {
            ::infra_db::migration::Migration {
                version: #version,
                description: ::std::borrow::Cow::Borrowed(#description),
                migration_type: ::infra_db::migration::MigrationType::Simple,
                sql: ::infra_db::migration::SqlStr::from_static(include_str!(#path)),
                checksum: ::std::borrow::Cow::Borrowed(&[#(#checksum),*]),
                no_tx: #is_outside_transactions,
            }
        });
    }
}

fn read_folder(folder: &Path) -> Result<Vec<Migration>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut migrations = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == "sql") {
            migrations.push(read_file(&path)?);
        }
    }
    migrations.sort_by_key(|migration| migration.version);
    for pair in migrations.windows(2) {
        if pair[0].version == pair[1].version {
            return Err(format!(
                "{} and {} have one number",
                pair[0].path, pair[1].path
            ));
        }
    }
    if migrations.is_empty() {
        return Err(format!("{} has no migration", folder.display()));
    }
    Ok(migrations)
}

fn read_file(path: &Path) -> Result<Migration, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", path.display());
    let path = path.canonicalize().map_err(unreadable)?;
    let text = fs::read_to_string(&path).map_err(unreadable)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let (version, description) = name
        .split_once('_')
        .and_then(|(number, words)| Some((number.parse().ok()?, words.replace('_', " "))))
        .ok_or_else(|| format!("{} is not named like 0001_what_it_does.sql", path.display()))?;
    Ok(Migration {
        version,
        description,
        path: path
            .to_str()
            .ok_or_else(|| format!("{} is no text", path.display()))?
            .to_owned(),
        is_outside_transactions: text.starts_with(NO_TRANSACTION),
        checksum: Sha384::digest(&text).into(),
    })
}

#[cfg(test)]
mod tests {
    // A test's helper that cannot continue has failed the test.
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn problem(files: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(folder.path().join(file), "SELECT 1").unwrap();
        }
        read_folder(folder.path()).err().unwrap_or_default()
    }

    #[test]
    fn a_folder_that_cannot_be_right_is_refused_by_name() {
        assert!(problem(&["README.md"]).ends_with("has no migration"));
        assert!(problem(&["0001_one.sql", "two.sql"]).contains("two.sql is not named like"));
        assert!(problem(&["0001_one.sql", "x_two.sql"]).contains("x_two.sql is not named like"));
        let twice = problem(&["0001_one.sql", "0001_other.sql", "0002_two.sql"]);
        assert!(
            twice.contains("0001_one.sql") && twice.contains("0001_other.sql"),
            "{twice}"
        );
        let missing = read_folder(Path::new("no-such-folder")).err().unwrap();
        assert!(missing.starts_with("no-such-folder: "), "{missing}");
        assert_eq!(problem(&["0002_two.sql", "0001_one.sql", "notes.txt"]), "");
    }
}
