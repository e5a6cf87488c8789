//! `heliograph backup`: copies of everything, made while the server runs.

mod copies;
mod progress;
mod report;
pub(super) mod restore;

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use infra_backup::{BackupPlan, BackupReport, PhotoSource, Recipient, VerifyReport};
use infra_blob::transfer::CONCURRENT_MAX;
use infra_db::Database;
use infra_kernel::SystemClock;
use serde_json::json;

use crate::config::Configuration;
use crate::wire::backups::{self, LastBackup};
use crate::wire::compose::DOMAINS;
use crate::wire::data_folder::{self, Contents};
use crate::wire::photos;
use copies::Copies;
use progress::Progress;
use report::{lost, megabytes, print_report, report_json};

/// The exit code when it was done and something is lost or damaged.
const FINDINGS: u8 = 1;
/// The exit code when it could not be done.
const NOT_DONE: u8 = 2;

/// Copy everything to another folder, while the server runs
///
/// Makes a snapshot in the folder TARGET: the databases as they are in one moment, and the photos'
/// files that they name. The next backup into the same folder copies only files that are new. Older
/// snapshots than the last --keep are removed, and the files that only they needed.
///
/// Photos in a bucket are copied as those in the folder are: what the backup has not.
///
/// The server goes on: it waits for some milliseconds, once. A backup that is cut off leaves the
/// earlier ones whole, and the next one continues.
///
/// With --recipient, everything is encrypted to a key of age (make one with `age-keygen`); only who
/// has the key can restore it. Without, the folder holds password hashes and every photo: keep it
/// as safe as the data folder. `heliograph restore` makes a data folder of a snapshot.
///
/// The exit code is 0 when all is well, 1 when it was done and files were lost or damaged (of the
/// photos; or with --verify of the backup, or that has no snapshot), 2 when it could not be done.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BackupArguments {
    /// The folder of backups; made when it is not there. Best on another machine's disk
    #[arg(value_name = "TARGET")]
    target: PathBuf,
    /// How many snapshots to keep
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = RangedU64ValueParser::<usize>::new().range(1..=infra_backup::KEEP_MAX as u64))]
    keep: usize,
    /// Encrypt to this key of age (`age1…`); may be given several times
    #[arg(long, value_name = "KEY")]
    recipient: Vec<String>,
    /// Read at most so many megabytes a second
    #[arg(long, value_name = "N")]
    megabytes_per_second: Option<NonZeroU64>,
    /// Make no backup: compare every file in TARGET with its checksum. No key is needed
    #[arg(long, conflicts_with_all = ["keep", "recipient", "megabytes_per_second", "list"])]
    verify: bool,
    /// Make no backup: list the snapshots in TARGET
    #[arg(long, conflicts_with_all = ["keep", "recipient", "megabytes_per_second"])]
    list: bool,
    /// Print JSON at the end
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  heliograph backup /mnt/backup/photos                           a snapshot, alongside the running server
  heliograph backup /mnt/backup/photos --keep 30                 keep thirty of them, one a day for a month
  heliograph backup /mnt/other/photos --recipient age1…          encrypted: only the key's owner can read it
  heliograph backup /mnt/backup/photos --verify                  is every file in it what was written?
  heliograph restore /mnt/backup/photos --data-dir /srv/new      make a data folder of the last snapshot";

/// What could not be done has an exit code of its own, so that a script can distinguish it from a
/// finding.
pub(super) async fn run(arguments: BackupArguments, configuration: &Configuration) -> ExitCode {
    let result = if arguments.list {
        list(&arguments)
    } else if arguments.verify {
        verify(arguments).await
    } else {
        back_up(arguments, configuration).await
    };
    exit_code(result)
}

/// Whether all is well, as an exit code.
fn exit_code(result: Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FINDINGS),
        Err(error) => {
            eprintln!("heliograph: {error:#}");
            ExitCode::from(NOT_DONE)
        }
    }
}

/// Runs what waits for disks where it may, behind the server's own work.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let worked = tokio::task::spawn_blocking(|| {
        infra_resilience::lower_priority();
        work()
    });
    worked.await?
}

async fn back_up(arguments: BackupArguments, configuration: &Configuration) -> Result<bool> {
    let recipients = recipients(&arguments.recipient)?;
    super::require_folder(configuration)?;
    require_databases_in_files(configuration)?;
    let folder = configuration.data_dir.clone();
    require_outside(&folder, &arguments.target)?;
    // Before the databases are looked at, which a move could take away.
    let _lock = backups::hold(&folder)?;
    let (contents, databases) = backups::databases(configuration).await?;
    require_photos(configuration, &contents, &databases).await?;
    let photos = photos::open(configuration).await?;
    let concurrent = files_at_a_time(configuration);
    let (small_files, secret) = backups::small_files(&folder, &databases)?;
    let (json, target) = (arguments.json, arguments.target.clone());
    let held = folder.clone();
    let report = in_background(move || {
        let runtime = tokio::runtime::Handle::current();
        let copies = Copies::new(runtime.clone());
        let plan = BackupPlan {
            databases: &databases,
            small_files: &small_files,
            photos: PhotoSource {
                store: &*photos,
                concurrent,
                runtime: &runtime,
            },
            installation: &copies,
            secret: &secret,
            target: &arguments.target,
            recipients: &recipients,
            scratch: &folder.join(backups::SCRATCH),
            keep: arguments.keep,
            bytes_per_second: arguments
                .megabytes_per_second
                .map(|n| n.get().saturating_mul(1_000_000)),
            clock: &SystemClock,
        };
        let mut progress = Progress::default();
        Ok(infra_backup::back_up(&plan, &mut |step| {
            progress.show(step);
        })?)
    })
    .await?;
    // A backup that root makes leaves locks and notes that the server has to write.
    data_folder::give_all(&held)?;
    remember(&held, &target, &report);
    if json {
        super::print_json(&report_json(&target, &report))?;
    } else {
        print_report(&target, &report);
    }
    Ok(report.manifest.photos.lost == 0 && report.pruned.failed.is_none())
}

/// Whom it is encrypted to, each once. What is none is not repeated: it may be the secret key,
/// given by mistake.
fn recipients(texts: &[String]) -> Result<Vec<Recipient>> {
    let mut recipients = Vec::new();
    for text in texts {
        let recipient = text.parse().context("--recipient was given what is")?;
        if !recipients.contains(&recipient) {
            recipients.push(recipient);
        }
    }
    Ok(recipients)
}

/// How many photos' files are read at a time. In a folder the server reads, too; a bucket is far
/// away.
const fn files_at_a_time(configuration: &Configuration) -> usize {
    match configuration.media_url.is_empty() {
        true => 1,
        false => CONCURRENT_MAX,
    }
}

/// Refuses databases that are not in files: nothing but their server can copy them.
fn require_databases_in_files(configuration: &Configuration) -> Result<()> {
    ensure!(
        configuration.database_url.is_empty(),
        "the databases are on a server (`database_url`), which has its own ways to be backed up: docs/operators-guide.md says \
         what to run, `pg_dump` among it, under \"Back up databases on a server\""
    );
    Ok(())
}

/// Refuses a folder of backups within the data folder: it would be lost with it.
fn require_outside(folder: &Path, target: &Path) -> Result<()> {
    let folder = folder
        .canonicalize()
        .with_context(|| folder.display().to_string())?;
    let target = std::path::absolute(target)?;
    // The folder may be made yet: look at the nearest that is there.
    let known = target
        .ancestors()
        .find_map(|above| above.canonicalize().ok());
    if known.is_some_and(|known| known.starts_with(&folder)) {
        bail!(
            "{} is in the data folder {}, and would be lost with it; choose a folder outside, best on another disk",
            target.display(),
            folder.display()
        );
    }
    Ok(())
}

/// Refuses a photos' folder that is gone or empty while there are photos, as on a disk that is not
/// mounted, and a bucket that is not the one that they are in.
async fn require_photos(
    configuration: &Configuration,
    contents: &Contents,
    databases: &[PathBuf],
) -> Result<()> {
    let folder = configuration.data_dir.as_path();
    photos::require_known_place(configuration)?;
    if let Some(store) = photos::bucket(configuration)? {
        let found = store.identity().await;
        let found = found.context("`media_url` leads to no photos")?;
        let problem = photos::place_problem(configuration, &store, found.as_deref())?;
        return problem.map_or(Ok(()), |problem| bail!(problem));
    }
    if contents.files_are_given_up() || !photos::has_no_files(folder) {
        return Ok(());
    }
    for entry in DOMAINS {
        let path = folder.join(entry.database.file);
        if !entry.database.names_blobs || !databases.contains(&path) {
            continue;
        }
        let database = Database::open_read_only(&path);
        let has_blobs = (entry.has_blobs)(&database).await;
        database.close().await;
        if has_blobs? {
            bail!(photos::no_files(folder));
        }
    }
    Ok(())
}

/// Notes the backup in the data folder, for `heliograph doctor`.
fn remember(folder: &Path, target: &Path, report: &BackupReport) {
    let last = LastBackup {
        snapshot: report.snapshot.clone(),
        // As a path that holds wherever the doctor is run from.
        target: target.canonicalize().unwrap_or_else(|_| target.to_owned()),
        taken_at_us: report.manifest.taken_at_us,
        lost: report.manifest.photos.lost,
    };
    if let Err(error) = last.record(folder) {
        eprintln!(
            "heliograph: the backup was made, and could not be noted in the data folder: {error:#}"
        );
    }
}

async fn verify(arguments: BackupArguments) -> Result<bool> {
    let target = arguments.target.clone();
    let report: VerifyReport = in_background(move || {
        let mut progress = Progress::default();
        Ok(infra_backup::verify(&target, &mut |step| {
            progress.show(step);
        })?)
    })
    .await?;
    if arguments.json {
        super::print_json(&json!({
            "snapshots": report.snapshots, "files": report.files, "bytes": report.bytes,
            "damaged": report.damages.count, "damages": report.damages.shown,
        }))?;
    } else {
        for damage in &report.damages.shown {
            println!("{damage}");
        }
        println!(
            "{} snapshots, {} files, {} read: {} damaged or missing.",
            report.snapshots,
            report.files,
            megabytes(report.bytes),
            report.damages.count
        );
        if report.snapshots == 0 {
            println!("There is no snapshot that was finished: nothing can be restored.");
        }
        if report.damages.count > 0 {
            println!(
                "Photos' files that are removed from the backup are copied again by the next one, as long as they are there."
            );
        }
    }
    Ok(report.damages.count == 0 && report.snapshots > 0)
}

fn list(arguments: &BackupArguments) -> Result<bool> {
    let snapshots = infra_backup::snapshots(&arguments.target)?;
    let are_whole = snapshots.iter().all(|(_, manifest)| manifest.is_ok());
    if arguments.json {
        let rows = snapshots.iter().map(|(name, manifest)| match manifest {
            Ok(manifest) => json!({"snapshot": name, "manifest": manifest}),
            Err(error) => json!({"snapshot": name, "error": error.sentence()}),
        });
        super::print_json(&rows.collect())?;
        return Ok(are_whole);
    }
    for (name, manifest) in &snapshots {
        match manifest {
            Ok(manifest) => {
                let databases: u64 = manifest.files.iter().map(|file| file.bytes).sum();
                println!(
                    "{name}  databases {}, {} photos' files of {}{}",
                    megabytes(databases),
                    manifest.photos.files,
                    megabytes(manifest.photos.bytes),
                    lost(manifest)
                );
            }
            Err(error) => println!("{name}  {}", error.sentence()),
        }
    }
    println!(
        "{} snapshots in {}.",
        snapshots.len(),
        arguments.target.display()
    );
    Ok(are_whole)
}
