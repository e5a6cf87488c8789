//! Makes a data folder from a snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use infra_kernel::Clock;

use crate::backup::ENCRYPTED;
use crate::batch::{self, remove_if_there};
use crate::error::failed;
use crate::list::LIST;
use crate::manifest::{MANIFEST, Manifest};
use crate::restored_photos::{Passing, PhotoPlace, PhotoRestorer};
use crate::target::Target;
use crate::{
    BackupError, Damages, Identity, Installation, OnStep, Phase, Result, Step, files, name_key,
    workplace,
};

/// What must stay free besides, in bytes.
const RESERVE_BYTES: u64 = 64 * 1024 * 1024;

/// What is to be restored, and where to.
pub struct RestorePlan<'a> {
    /// The folder of backups.
    pub source: &'a Path,
    /// The name of the snapshot; without it, the last one.
    pub snapshot: Option<&'a str>,
    /// Who can read it, if it is encrypted.
    pub identities: &'a [Identity],
    /// The data folder. It is there, held by the caller, and empty but for what an earlier restore
    /// of the same snapshot left.
    pub folder: &'a Path,
    /// A folder in it for what is unfinished. While it is there, nothing may be started on the data
    /// folder.
    pub workplace: &'a Path,
    /// Where the photos' files are put.
    pub photos: PhotoPlace<'a>,
    /// The names of files that a data folder may have.
    pub known_files: &'a [&'a str],
    /// That of them which holds the installation's secret.
    pub secret_file: &'a str,
    /// Who knows the databases.
    pub installation: &'a dyn Installation,
    /// Whether photos' files that are damaged or missing in the backup are left out.
    pub skip_damaged: bool,
    /// What time it is.
    pub clock: &'a dyn Clock,
}

/// What a restore has come to.
#[derive(Debug)]
pub struct RestoreReport {
    /// The name of the snapshot.
    pub snapshot: String,
    /// What the snapshot says of itself.
    pub manifest: Manifest,
    /// How many photos' files were restored.
    pub photos_files: u64,
    /// The bytes of these files in the clear.
    pub photos_bytes: u64,
    /// Those that were left out.
    pub skipped: Damages,
}

/// Makes the data folder from a snapshot. Everything is compared with its checksums: the databases
/// before anything is written, each photo's file while it is. One that is cut off is continued by
/// the same call.
///
/// # Errors
/// When the snapshot is damaged, encrypted to somebody else or newer than this program, or the
/// folder cannot be written to. The workplace stays then.
pub fn restore(plan: &RestorePlan<'_>, on_step: OnStep<'_>) -> Result<RestoreReport> {
    let target = Target::open(plan.source)?;
    let name = target.find(plan.snapshot)?;
    let manifest = Manifest::read(&target.snapshot(&name))?;
    let mut run = Run {
        plan,
        target: &target,
        report: RestoreReport {
            snapshot: name,
            manifest,
            photos_files: 0,
            photos_bytes: 0,
            skipped: Damages::default(),
        },
    };
    // All that can be refused is refused before the workplace is made, which keeps a server from
    // starting.
    run.require_usable()?;
    run.check_before(on_step)?;
    let (name, manifest) = (&run.report.snapshot, &run.report.manifest);
    workplace::begin(plan.workplace, plan.folder, name, manifest)?;
    run.files()?;
    // Before the photos, which take the longest.
    plan.installation.check_copies(plan.workplace)?;
    plan.installation.restored(plan.workplace)?;
    run.photos(on_step)?;
    run.finish()?;
    Ok(run.report)
}

struct Run<'r> {
    plan: &'r RestorePlan<'r>,
    target: &'r Target,
    report: RestoreReport,
}

impl<'r> Run<'r> {
    fn snapshot(&self) -> PathBuf {
        self.target.snapshot(&self.report.snapshot)
    }

    fn identities(&self) -> &'r [Identity] {
        if self.target.is_encrypted {
            self.plan.identities
        } else {
            &[]
        }
    }

    fn require_usable(&self) -> Result<()> {
        let (plan, manifest) = (self.plan, &self.report.manifest);
        let refuse = |sentence: String| Err(BackupError::Refused(sentence));
        let is_for = |identity: &Identity| {
            let recipient = identity.recipient().to_string();
            manifest.recipients.contains(&recipient)
        };
        if self.target.is_encrypted && !plan.identities.iter().any(is_for) {
            return refuse(format!(
                "{} is encrypted to {}: give the file with the identity of one of these with --identity",
                plan.source.display(),
                manifest.recipients.join(", ")
            ));
        }
        // Ids are made from the time: with a clock that is behind, they could be made twice.
        if plan.clock.now().microseconds() < manifest.taken_at_us {
            return refuse(format!(
                "the clock of this machine is behind: the snapshot {} was made later than it says it is now; set the clock",
                self.report.snapshot
            ));
        }
        for file in &manifest.files {
            let name = self.plain_name(&file.name);
            if name != LIST && !plan.known_files.contains(&name) {
                return refuse(format!(
                    "the snapshot {} has a file {name}, which this heliograph ({}) does not know: use the version that made it, {}",
                    self.report.snapshot,
                    env!("CARGO_PKG_VERSION"),
                    manifest.heliograph.escape_debug()
                ));
            }
        }
        Ok(())
    }

    fn plain_name<'n>(&self, name: &'n str) -> &'n str {
        if !self.target.is_encrypted {
            return name;
        }
        name.strip_suffix(ENCRYPTED).unwrap_or(name)
    }

    /// Reads the databases, and looks whether the photos' files are all there, before anything is
    /// written.
    fn check_before(&self, on_step: OnStep<'_>) -> Result<()> {
        let folder = self.snapshot();
        let mut bytes = RESERVE_BYTES;
        for file in &self.report.manifest.files {
            let sum = file.sum(&folder.join(MANIFEST))?;
            files::check(&folder.join(&file.name), &[sum])?;
            bytes += file.bytes;
        }
        let mut list = self
            .target
            .list(&self.report.snapshot, &self.report.manifest)?;
        let is_here = matches!(self.plan.photos, PhotoPlace::Folder(_));
        let mut passing = Passing::default();
        let (mut checked, mut damaged, mut first) = (0, 0_u64, None);
        while let Some(stored) = list.next()? {
            let path = self.target.file(stored.name);
            let length = fs::metadata(&path).map(|metadata| metadata.len());
            if !length.is_ok_and(|length| length == stored.sum.bytes) {
                damaged += 1;
                first.get_or_insert(path);
            }
            if is_here {
                bytes += stored.sum.bytes;
            } else {
                passing.add(stored.sum.bytes);
            }
            checked += 1;
            on_step(Step {
                phase: Phase::Checking,
                files: checked,
                of_files: self.report.manifest.photos.files,
                bytes: 0,
            });
        }
        if let Some(first) = first.filter(|_| !self.plan.skip_damaged) {
            let reason = format!(
                "it is cut short or not there, and so are {} others. {ADVICE}",
                damaged - 1
            );
            return Err(BackupError::damaged(&first, reason));
        }
        // On its way elsewhere, a file is staged, and decrypted before that.
        let copies = if self.target.is_encrypted { 2 } else { 1 };
        self.require_room(bytes + copies * passing.most)
    }

    fn require_room(&self, needed: u64) -> Result<()> {
        let plan = self.plan;
        // What an earlier try has written is there already.
        if plan.workplace.exists() {
            return Ok(());
        }
        let disk = match plan.photos {
            PhotoPlace::Folder(photos) if photos.exists() => photos,
            _ => plan.folder,
        };
        let available = infra_host::available_bytes(disk).map_err(failed("read", disk))?;
        if available < needed {
            return Err(BackupError::Refused(format!(
                "the snapshot {} needs {} MB, and {} MB are free on the disk of {}: make room, or choose a folder on another disk",
                self.report.snapshot,
                needed / 1_000_000,
                available / 1_000_000,
                disk.display()
            )));
        }
        Ok(())
    }

    /// Writes the databases and the small files into the workplace.
    fn files(&self) -> Result<()> {
        let folder = self.snapshot();
        for file in self.plain_files() {
            let written = self.plan.workplace.join(self.plain_name(&file));
            // An earlier try may have left half of it.
            remove_if_there(&written)?;
            let entry = self
                .report
                .manifest
                .files
                .iter()
                .find(|entry| entry.name == file);
            let Some(entry) = entry else { continue };
            let sum = entry.sum(&folder.join(MANIFEST))?;
            let path = folder.join(&file);
            let read = files::restore(&path, sum.bytes, self.identities(), &written)?;
            files::require_sum(&path, read.stored == sum)?;
            batch::sync_file(&written)?;
            let given = infra_host::give_to_owner_of(self.plan.folder, &written);
            given.map_err(failed("given to the folder's owner", &written))?;
        }
        Ok(())
    }

    /// The names in the snapshot of what goes into the data folder.
    fn plain_files(&self) -> Vec<String> {
        let names = self
            .report
            .manifest
            .files
            .iter()
            .map(|file| file.name.clone());
        names.filter(|name| name != LIST).collect()
    }

    fn photos(&mut self, on_step: OnStep<'_>) -> Result<()> {
        let plan = self.plan;
        // One that is not encrypted may have none, and needs none.
        let secret = fs::read(plan.workplace.join(plan.secret_file)).unwrap_or_default();
        let restorer = PhotoRestorer {
            target: self.target,
            identities: self.identities(),
            name_key: name_key(&secret),
            folder: plan.folder,
            workplace: plan.workplace,
        };
        let list = self
            .target
            .list(&self.report.snapshot, &self.report.manifest)?;
        let report = &mut self.report;
        restorer.run(list, plan.photos, &mut |photo| {
            match photo {
                Ok(bytes) => {
                    report.photos_files += 1;
                    report.photos_bytes += bytes;
                }
                Err(error) if error.is_damage() && plan.skip_damaged => report.skipped.add(&error),
                Err(BackupError::Damaged { path, reason }) => {
                    return Err(BackupError::damaged(&path, format!("{reason}. {ADVICE}")));
                }
                Err(error) => return Err(error),
            }
            on_step(Step {
                phase: Phase::Photos,
                files: report.photos_files,
                of_files: report.manifest.photos.files,
                bytes: report.photos_bytes,
            });
            Ok(())
        })
    }

    /// Moves everything out of the workplace and removes it: from here on a server may start.
    fn finish(&self) -> Result<()> {
        let plan = self.plan;
        // All content before any name: a file that has its place is whole after a loss of power.
        batch::sync(plan.folder)?;
        for file in self.plain_files() {
            let name = self.plain_name(&file);
            let (written, place) = (plan.workplace.join(name), plan.folder.join(name));
            fs::rename(&written, &place).map_err(failed("written", &place))?;
        }
        batch::sync_file(plan.folder)?;
        // Last, and after the names are on disk: it is what keeps a server from starting on half a
        // folder.
        workplace::remove(plan.workplace)?;
        batch::sync_file(plan.folder)
    }
}

const ADVICE: &str = "Restore another snapshot (`heliograph backup --list` lists them), or go on without such photos: --skip-damaged";
