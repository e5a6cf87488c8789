//! `heliograph restore`: a data folder from a backup.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use infra_backup::{Identity, PhotoPlace, RestorePlan, RestoreReport};
use infra_kernel::SystemClock;
use serde_json::json;

use super::copies::Copies;
use super::progress::Progress;
use super::report::{lost, megabytes};
use super::{exit_code, in_background};
use crate::config::Configuration;
use crate::wire::backups::{self, RESTORE, SMALL_FILES};
use crate::wire::data_folder::{self, DataFolder};
use crate::wire::own_files::is_own_file;
use crate::wire::restored_photos::RestoredBucket;
use crate::wire::{databases, permissions};

/// The largest file of identities that is read.
const IDENTITY_BYTES_MAX: u64 = 64 * 1024;

/// Make a data folder from a backup
///
/// Restores a snapshot of the folder SOURCE, which `heliograph backup` was given, into the folder
/// --data-dir, which must be empty or not there yet. Every checksum is compared. Until all is done
/// nothing can be started on the folder; a restore that is cut off continues when it is run again.
/// Then `heliograph serve` starts on it as it was at the moment of the snapshot; home timelines are
/// made again as they are read.
///
/// Photos go into the folder; or, where `media_url` names a bucket in the configuration, into that
/// one, which must be nobody's. Each is read there when it has been put there.
///
/// What people did after that moment is not there: posts, but also changed passwords and sessions
/// that were ended.
///
/// The exit code is 0 when all is well, 1 when photos were left out (--skip-damaged), 2 when it
/// could not be done.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct RestoreArguments {
    /// The folder of backups
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// Which snapshot, by its name [default: the last one]; `heliograph backup --list` lists them
    #[arg(long, value_name = "NAME")]
    snapshot: Option<String>,
    /// The file with the key of age that the backup is encrypted to, as `age-keygen` makes it
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Leave out photos' files that are damaged or missing in the backup
    #[arg(long)]
    skip_damaged: bool,
    /// Put the photos into the bucket that the lost installation used; it must not run any more
    #[arg(long)]
    used_bucket: bool,
    /// Print JSON at the end
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  heliograph restore /mnt/backup/photos --data-dir /srv/photos                    the last snapshot
  heliograph restore /mnt/backup/photos --data-dir /srv/photos --snapshot 2026-11-30T03-00-00.000Z
  heliograph restore /mnt/other/photos --data-dir /srv/photos --identity key.txt  an encrypted one";

pub(in crate::commands) async fn run(
    arguments: RestoreArguments,
    configuration: &Configuration,
) -> ExitCode {
    exit_code(restore(arguments, configuration).await)
}

async fn restore(arguments: RestoreArguments, configuration: &Configuration) -> Result<bool> {
    ensure!(
        configuration.database_url.is_empty(),
        "a snapshot has databases in files, and `database_url` says that they are on a server: unset it to restore to files"
    );
    let identities = identities(arguments.identity.as_deref())?;
    let folder = configuration.data_dir.clone();
    // Before the folder is held, which puts a lock into it.
    require_empty(&folder)?;
    // Before anything is written: a bucket that will not do should be found at once.
    let bucket = RestoredBucket::look(configuration, arguments.used_bucket).await?;
    let place = bucket.as_ref().map(RestoredBucket::place);
    // Nothing else starts on the folder meanwhile.
    let held = DataFolder::hold(&folder)?;
    let json = arguments.json;
    let known_files: Vec<&str> = databases::specs()
        .map(|spec| spec.file)
        .chain(SMALL_FILES)
        .collect();
    let report = in_background(move || {
        let runtime = tokio::runtime::Handle::current();
        let copies = Copies::restored_with(runtime.clone(), bucket.as_ref());
        let (folder, media) = (held.path(), held.path().join(data_folder::MEDIA));
        let plan = RestorePlan {
            source: &arguments.source,
            snapshot: arguments.snapshot.as_deref(),
            identities: &identities,
            folder,
            workplace: &folder.join(RESTORE),
            photos: match &bucket {
                Some(bucket) => PhotoPlace::Store {
                    store: bucket.store(),
                    runtime: &runtime,
                },
                None => PhotoPlace::Folder(&media),
            },
            known_files: &known_files,
            secret_file: data_folder::SECRET,
            installation: &copies,
            skip_damaged: arguments.skip_damaged,
            clock: &SystemClock,
        };
        let mut progress = Progress::default();
        let report = infra_backup::restore(&plan, &mut |step| progress.show(step))?;
        permissions::restrict(folder);
        data_folder::give_all(folder)?;
        Ok(report)
    })
    .await?;
    if json {
        crate::commands::print_json(&json!({
            "snapshot": report.snapshot, "data_dir": folder, "taken_at_us": report.manifest.taken_at_us,
            "photos_files": report.photos_files, "photos_bytes": report.photos_bytes,
            "photos_place": place, "photos_lost": report.manifest.photos.lost, "skipped": report.skipped.shown, "skipped_files": report.skipped.count,
        }))?;
    } else {
        print_report(&folder, place.as_deref(), &report);
    }
    Ok(report.skipped.count == 0)
}

/// The keys in this file.
fn identities(file: Option<&Path>) -> Result<Vec<Identity>> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    ensure!(
        // A secret on a command line is in the shell's history; say so rather than "no such file".
        file.to_str()
            .is_none_or(|text| text.parse::<Identity>().is_err()),
        "--identity was given the key itself: write it to a file that only you can read, and name the file"
    );
    let cannot = || format!("the identity {} cannot be read", file.display());
    let bytes = fs::metadata(file).with_context(cannot)?.len();
    ensure!(
        bytes <= IDENTITY_BYTES_MAX,
        "the identity {} is no key of age: it has {bytes} bytes",
        file.display()
    );
    let text = fs::read_to_string(file).with_context(cannot)?;
    Identity::parse_file(&text).with_context(cannot)
}

/// Refuses a folder with something in it, but for what an unfinished restore left, and an empty
/// folder for photos, which may be a disk of its own.
fn require_empty(folder: &Path) -> Result<()> {
    let is_begun = folder.join(RESTORE).exists();
    let Ok(entries) = fs::read_dir(folder) else {
        // It is made, or says why it cannot be read, in the next step.
        return Ok(());
    };
    for entry in entries {
        let name = entry?.file_name();
        let is_harmless = name == data_folder::LOCK
            // A disk of its own has this at its root.
            || name == "lost+found"
            || name == backups::LOCK
            || (name == data_folder::MEDIA && is_empty(&folder.join(&name)))
            || (is_begun && is_own_file(&name));
        if !is_harmless {
            bail!(
                "{} is not empty: there is {name:?} in it. Restore to a folder that is empty or not there yet, with --data-dir; \
                 nothing was changed",
                folder.display()
            );
        }
    }
    Ok(())
}

fn is_empty(folder: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == "lost+found"))
}

fn print_report(folder: &Path, place: Option<&str>, report: &RestoreReport) {
    for skipped in &report.skipped.shown {
        println!("left out: {skipped}");
    }
    println!(
        "Restored {} to {}: {} photos' files, {}{}{}.",
        report.snapshot,
        folder.display(),
        report.photos_files,
        megabytes(report.photos_bytes),
        place.map_or(String::new(), |place| format!(", in {place}")),
        lost(&report.manifest)
    );
    if report.skipped.count > 0 {
        println!("left out: {} photos' files", report.skipped.count);
        println!(
            "Make again what can be made again of the photos: heliograph media check --repair"
        );
    }
    println!("Start it: heliograph serve --data-dir {}", folder.display());
}
