//! Makes a snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use infra_db::cut::Cut;
use infra_kernel::Clock;

use crate::age::RECIPIENTS_MAX;
use crate::batch::{self, Batch, make_folder, remove_folder, remove_if_there};
use crate::error::failed;
use crate::fetch::PhotoSource;
use crate::files::{self, Throttle};
use crate::known::{Known, Trust};
use crate::list::{LIST, ListReader, ListWriter};
use crate::manifest::{FORMAT, FileEntry, MANIFEST, Manifest, PhotosEntry};
use crate::photos::{Copied, Lost, PhotoCopier};
use crate::prune::{KEEP_MAX, Pruned, prune};
use crate::target::{Mark, Target, is_ahead, snapshot_name};
use crate::{
    BackupError, Installation, OnStep, Phase, Recipient, Result, Step, installation_name, name_key,
};

/// How often the databases are copied again because photos' files went away meanwhile.
const ROUNDS_MAX: usize = 5;
/// What must stay free on the disk of the data folder beside copies that are to be encrypted.
const SCRATCH_RESERVE_BYTES: u64 = 256 * 1024 * 1024;

/// What is to be backed up, and where to.
pub struct BackupPlan<'a> {
    /// The databases' files, in the order in which a cut locks them.
    pub databases: &'a [PathBuf],
    /// Small files by name, with what is in them.
    pub small_files: &'a [(&'static str, Vec<u8>)],
    /// Where the photos' files are.
    pub photos: PhotoSource<'a>,
    /// Who knows the databases.
    pub installation: &'a dyn Installation,
    /// The installation's secret, or nothing. It names the installation, and encrypted files.
    pub secret: &'a [u8],
    /// The folder of backups.
    pub target: &'a Path,
    /// Whom it is encrypted to; nobody, and it is not.
    pub recipients: &'a [Recipient],
    /// A folder for copies of databases that are to be encrypted, as safe as the databases are. It
    /// is made and removed.
    pub scratch: &'a Path,
    /// How many snapshots are kept: at least one, at most [`KEEP_MAX`].
    pub keep: usize,
    /// How much is read in a second; without it, as much as possible.
    pub bytes_per_second: Option<u64>,
    /// What time it is.
    pub clock: &'a dyn Clock,
}

/// What a backup has come to.
#[derive(Debug)]
pub struct BackupReport {
    /// The name of the snapshot.
    pub snapshot: String,
    /// Whether the name is of a later time than the snapshot, as that of an earlier one is: names
    /// are in the order in which snapshots were made.
    pub is_named_ahead: bool,
    /// What the snapshot says of itself, as it was written.
    pub manifest: Manifest,
    /// How many photos' files were copied; the others were there.
    pub copied_files: u64,
    /// Their bytes, as they lie in the backup.
    pub copied_bytes: u64,
    /// Files that the databases name and that are not there.
    pub missing: Lost,
    /// Files that are there, and damaged.
    pub damaged: Lost,
    /// What was removed of older snapshots.
    pub pruned: Pruned,
}

/// Makes a snapshot in the folder of backups, and removes those that are too many.
///
/// The databases are copied as they were in one moment, then the photos' files that they name. When
/// files have gone away in between, because they were deleted, the databases are copied again: the
/// snapshot is of a moment at which everything that it names was there or is in the backup.
///
/// # Errors
/// When something cannot be read or written. Earlier snapshots are whole then, and the next backup
/// continues with the files that were copied.
pub fn back_up(plan: &BackupPlan<'_>, on_step: OnStep<'_>) -> Result<BackupReport> {
    if !plan.recipients.is_empty() && plan.secret.is_empty() {
        return Err(BackupError::Refused(
            "there is no address-signing.key in the data folder, from which the names of encrypted files are made: start \
             `heliograph serve` once, which makes it"
                .to_owned(),
        ));
    }
    if plan.recipients.len() > RECIPIENTS_MAX {
        return Err(BackupError::Refused(format!(
            "there are {} recipients, and a file can be encrypted to {RECIPIENTS_MAX}",
            plan.recipients.len()
        )));
    }
    let mark = Mark::new(&installation_name(plan.secret), plan.recipients);
    let target = Target::create(plan.target, &mark)?;
    // Before the batch: it also saves the list of files that a run which was cut off has copied.
    target.remove_unfinished()?;
    let snapshots = target.snapshots()?;
    let now = plan.clock.now();
    let name = snapshot_name(now, snapshots.last().map(String::as_str));
    let mut run = Run {
        plan,
        batch: Batch::new(&target.incoming(), None)?,
        folder: target.unfinished(&name),
        throttle: Throttle::new(plan.bytes_per_second),
        target: &target,
        snapshots: &snapshots,
    };
    let (manifest, copied) = run.snapshot(on_step)?;
    // Before the snapshot has its name: from then on its own list says all that this one could.
    remove_if_there(&target.earlier_list())?;
    let finished = target.snapshot(&name);
    fs::rename(&run.folder, &finished).map_err(failed("written", &finished))?;
    // Before older snapshots are removed: a loss of power must leave one.
    batch::sync(target.root())?;
    let pruned = prune(&target, plan.keep.clamp(1, KEEP_MAX), on_step);
    Ok(BackupReport {
        is_named_ahead: is_ahead(&name, now),
        snapshot: name,
        manifest,
        copied_files: copied.files,
        copied_bytes: copied.bytes,
        missing: copied.missing,
        damaged: copied.damaged,
        pruned,
    })
}

/// A snapshot that is being made.
struct Run<'a> {
    plan: &'a BackupPlan<'a>,
    target: &'a Target,
    batch: Batch,
    folder: PathBuf,
    throttle: Throttle,
    /// The names of those before it.
    snapshots: &'a [String],
}

impl Run<'_> {
    /// Makes everything of the snapshot but its name.
    fn snapshot(&mut self, on_step: OnStep<'_>) -> Result<(Manifest, Copied)> {
        let mut copied = Copied::default();
        for round in 1.. {
            // Each round counts its own; files that were copied stay copied, whatever the round
            // comes to.
            let missing = std::mem::take(&mut copied.missing);
            copied.damaged = Lost::default();
            let manifest = self.round(round, &mut copied, on_step)?;
            // What is missing twice was not deleted meanwhile: it is lost.
            let is_lost = copied.missing == missing;
            // At the bound, too, a snapshot is made: one that says what it lacks is better than
            // none.
            if copied.missing.count == 0 || is_lost || round == ROUNDS_MAX {
                batch::write_small(&self.folder.join(MANIFEST), &manifest.to_json())?;
                self.batch.sync()?;
                return Ok((manifest, copied));
            }
        }
        unreachable!("the rounds have a bound")
    }

    fn round(
        &mut self,
        round: usize,
        copied: &mut Copied,
        on_step: OnStep<'_>,
    ) -> Result<Manifest> {
        self.target.discard(&self.folder)?;
        make_folder(&self.folder, None)?;
        let scratch = Scratch::new(self.plan, &self.folder)?;
        let cut = Cut::take(self.plan.databases)?;
        // After the cut, so that no id in it is later: a restore holds its clock against this.
        let taken_at = self.plan.clock.now();
        let mut names = self.copy_databases(&cut, &scratch.folder, on_step)?;
        // As long as it is held, the databases' logs grow.
        drop(cut);
        // Before the photos, which take the longest: a copy that is not sound ends the backup at
        // once.
        self.plan.installation.check_copies(&scratch.folder)?;
        for (name, content) in self.plan.small_files {
            let path = scratch.folder.join(name);
            fs::write(&path, content).map_err(failed("written", &path))?;
            names.push((*name).to_owned());
        }
        let stored = names.iter().map(|name| self.store(&scratch.folder, name));
        let mut files = stored.collect::<Result<Vec<_>>>()?;
        let list_path = self.folder.join(LIST);
        let mut copier = PhotoCopier {
            source: self.plan.photos,
            target: self.target,
            recipients: self.plan.recipients,
            name_key: name_key(self.plan.secret),
            known: self.known(round),
            list: ListWriter::create(&list_path)?,
            batch: &mut self.batch,
            throttle: &self.throttle,
            copied: std::mem::take(copied),
        };
        copier.run(self.plan.installation, &scratch.folder, on_step)?;
        *copied = copier.copied;
        let photos = PhotosEntry {
            files: copier.list.files,
            bytes: copier.list.bytes,
            lost: copied.missing.count + copied.damaged.count,
        };
        files.push(FileEntry::new(LIST, copier.list.finish()?));
        Ok(Manifest {
            format: FORMAT,
            heliograph: env!("CARGO_PKG_VERSION").to_owned(),
            taken_at_us: taken_at.microseconds(),
            recipients: self
                .plan
                .recipients
                .iter()
                .map(ToString::to_string)
                .collect(),
            files,
            photos,
        })
    }

    fn copy_databases(&self, cut: &Cut, copies: &Path, on_step: OnStep<'_>) -> Result<Vec<String>> {
        let databases = self.plan.databases;
        let (mut bytes, mut names) = (0, Vec::new());
        for (database, done) in databases.iter().zip(0..) {
            let name = file_name(database);
            let copy = copies.join(&name);
            let throttle = &self.throttle;
            cut.copy(database, &copy, &mut |more| {
                bytes += more;
                // Within the cut: a slow copy holds the logs for longer, and takes less of the disk
                // from the server.
                throttle.hold(more);
                on_step(Step {
                    phase: Phase::Databases,
                    files: done,
                    of_files: databases.len() as u64,
                    bytes,
                });
            })?;
            names.push(name);
        }
        Ok(names)
    }

    /// Puts a copy into the snapshot, where it is already unless it is to be encrypted.
    fn store(&self, copies: &Path, name: &str) -> Result<FileEntry> {
        let copy = &copies.join(name);
        if self.plan.recipients.is_empty() {
            let sum = files::sum(copy, &self.throttle)?;
            batch::sync_file(copy)?;
            return Ok(FileEntry::new(name, sum));
        }
        let name = format!("{name}{ENCRYPTED}");
        let (recipients, place) = (self.plan.recipients, self.folder.join(&name));
        let written = files::copy(copy, &place, recipients, &self.throttle)?;
        batch::sync_file(&place)?;
        Ok(FileEntry::new(&name, written.stored))
    }

    /// What is known of the files that are there. A list that is damaged helps nobody.
    fn known(&self, round: usize) -> Known {
        let list = |name: &String| {
            let manifest = Manifest::read(&self.target.snapshot(name)).ok()?;
            self.target.list(name, &manifest).ok()
        };
        let mut known = Known::default();
        // That of the round before, or of a backup that was cut off.
        let earlier = ListReader::open(&self.target.earlier_list()).ok();
        // Of this run, in which only this process changes files here.
        let trust = if round > 1 {
            Trust::Finished
        } else {
            Trust::Doubtful
        };
        known.add(earlier, trust);
        let last = self.snapshots.last().and_then(list);
        // Its list cannot be read: of an older one files may have been copied again since.
        if last.is_none() {
            let whole = self.snapshots.iter().rev().find_map(list);
            known.add(whole, Trust::Doubtful);
        }
        known.add(last, Trust::Finished);
        known
    }
}

/// The ending of a file in a snapshot that is encrypted.
pub(crate) const ENCRYPTED: &str = ".age";

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Where copies of databases are in the clear: the snapshot itself, or a folder that is removed.
struct Scratch {
    folder: PathBuf,
    is_temporary: bool,
}

impl Scratch {
    fn new(plan: &BackupPlan<'_>, snapshot: &Path) -> Result<Self> {
        if plan.recipients.is_empty() {
            return Ok(Self {
                folder: snapshot.to_owned(),
                is_temporary: false,
            });
        }
        // It may hold databases in the clear that a killed run has left.
        remove_folder(plan.scratch)?;
        // Should this process be killed, the next one may be another user's.
        make_folder(plan.scratch, plan.scratch.parent())?;
        let scratch = Self {
            folder: plan.scratch.to_owned(),
            is_temporary: true,
        };
        require_room(plan)?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.is_temporary {
            // The next backup removes what stays.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn require_room(plan: &BackupPlan<'_>) -> Result<()> {
    let sizes = plan.databases.iter().map(fs::metadata);
    let needed: u64 = sizes.flatten().map(|metadata| metadata.len()).sum();
    let needed = needed + SCRATCH_RESERVE_BYTES;
    let available =
        infra_host::available_bytes(plan.scratch).map_err(failed("read", plan.scratch))?;
    if available < needed {
        return Err(BackupError::Refused(format!(
            "the databases are copied to {} before they are encrypted, which needs {} MB, and {} MB are free: make room",
            plan.scratch.display(),
            needed / 1_000_000,
            available / 1_000_000
        )));
    }
    Ok(())
}
