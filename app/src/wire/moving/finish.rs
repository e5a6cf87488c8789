//! What is left to do when the databases are on the other side. All of it may be done twice.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};
use infra_db::transfer;

use super::super::data_folder::causes;
use super::super::own_files::MOVED;
use super::super::record::Switch;
use super::{Destination, Side, movable, schemas, unfinished};
use crate::config::Configuration;

/// What a database has beside its file, after an end that was not in order.
const BESIDE: [&str; 3] = ["", "-wal", "-shm"];

/// What became of the old databases.
pub(super) struct Tidied {
    /// Their files, or schemas, under the names that they have now.
    pub(super) kept: Vec<String>,
    /// What could not be done, and does not matter to what was moved.
    pub(super) warnings: Vec<String>,
}

/// Opens the new databases to their users, and gives the old ones other names.
pub(super) async fn finish(
    configuration: &Configuration,
    destination: &Destination,
    switch: &Switch,
) -> Result<Tidied> {
    match switch.to {
        Side::Server => {
            transfer::release_schemas(&destination.url, &schemas()).await?;
            let kept = rename_files(configuration, &switch.name)?;
            let warnings = Vec::new();
            Ok(Tidied { kept, warnings })
        }
        Side::Folder => {
            for spec in movable() {
                let path = configuration.data_dir.join(spec.file);
                // The line of the switch names this file already; until it is here, a start is
                // refused.
                rename(&unfinished(configuration, spec), &path)?;
            }
            // Before the move is noted as finished: a loss of power must not undo the renames
            // alone.
            sync(&configuration.data_dir)?;
            Ok(rename_schemas(&destination.url, &switch.name).await)
        }
    }
}

/// Gives the files of databases that are on a server now names that nobody takes for a database.
fn rename_files(configuration: &Configuration, name: &str) -> Result<Vec<String>> {
    let folder = configuration.data_dir.as_path();
    let mut kept = Vec::new();
    for spec in movable() {
        // With the move's name, so that an older one that was kept is not overwritten.
        let moved = format!("{}{MOVED}{name}", spec.file);
        for ending in BESIDE {
            let from = folder.join(format!("{}{ending}", spec.file));
            rename(&from, &folder.join(format!("{moved}{ending}")))?;
        }
        kept.push(folder.join(moved).display().to_string());
    }
    sync(folder)?;
    Ok(kept)
}

/// Gives the schemas of databases that are in the folder now names that no domain has.
async fn rename_schemas(url: &str, name: &str) -> Tidied {
    let (mut kept, mut warnings) = (Vec::new(), Vec::new());
    if url.is_empty() {
        warnings.push(
            "`database_url` is not set any more, so the old schemas keep their names; drop them"
                .to_owned(),
        );
        return Tidied { kept, warnings };
    }
    for spec in movable() {
        // With the move's name, so that an older one that was kept is not in its way.
        let moved = format!("{}_moved_{name}", spec.name);
        match transfer::rename_schema(url, spec.name, &moved).await {
            Ok(_) => kept.push(moved),
            // The move is done, and nobody needs the old schema: this must not make it fail.
            Err(error) => warnings.push(format!(
                "the schema {} on the server is not used any more, and could not be renamed ({}); drop it",
                spec.name,
                causes(&error)
            )),
        }
    }
    Tidied { kept, warnings }
}

/// Renames a file, unless an earlier run has.
fn rename(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        renamed => renamed
            .with_context(|| format!("{} cannot be renamed to {}", from.display(), to.display())),
    }
}

fn sync(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.with_context(|| format!("{} cannot be written to", folder.display()))
}
