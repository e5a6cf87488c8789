//! An installation with one database and some files, and folders to back it up to.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use infra_backup::{
    BackupPlan, BackupReport, Identity, Installation, NamedBlob, PhotoPlace, PhotoSource,
    Recipient, RestorePlan, RestoreReport, Result,
};
use infra_blob::{BlobKey, BlobStore, DirectoryStore};
use infra_db::{Database, Migrator};
use infra_kernel::{ManualClock, Timestamp};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// No tables: what is in the database does not matter here.
static MIGRATIONS: Migrator = Migrator::DEFAULT;

/// A key of age.
const IDENTITY: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
/// Some moment.
const NOW_US: i64 = 1_796_000_000_000_000;

type OnCopied = Box<dyn Fn(&Home, usize)>;

pub(crate) struct Home {
    root: TempDir,
    named: Vec<NamedBlob>,
    /// Is deleted, row and file, when the databases have been copied for the first time.
    pub(crate) vanishing: Cell<Option<BlobKey>>,
    /// Is called when the databases have been copied, with how often they were.
    pub(crate) on_copied: OnCopied,
    copied: Cell<usize>,
    /// Was deleted after the copy that is looked at.
    deleted: Cell<Option<BlobKey>>,
    /// Was deleted before it.
    vanished: Cell<Option<BlobKey>>,
    pub(crate) clock: ManualClock,
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) identities: Vec<Identity>,
}

impl Installation for Home {
    fn check_copies(&self, folder: &Path) -> Result<()> {
        assert!(folder.join("things.db").exists());
        self.copied.update(|times| times + 1);
        (self.on_copied)(self, self.copied.get());
        self.vanished.set(self.deleted.take());
        if let Some(key) = self.vanishing.take() {
            fs::remove_file(DirectoryStore::file_in(&self.path("data/media"), key)).unwrap();
            self.deleted.set(Some(key));
        }
        Ok(())
    }

    fn named_blobs(
        &self,
        _: &Path,
        page: &mut dyn FnMut(Vec<NamedBlob>) -> Result<()>,
    ) -> Result<()> {
        let is_named = |blob: &&NamedBlob| self.vanished.get() != Some(blob.key);
        let named: Vec<_> = self.named.iter().filter(is_named).copied().collect();
        named.chunks(3).try_for_each(|blobs| page(blobs.to_vec()))
    }
}

impl Home {
    /// With a database and these photos.
    pub(crate) async fn with(photos: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("data/media")).unwrap();
        let path = root.path().join("data/things.db");
        let database = Database::open(&path, &MIGRATIONS).await.unwrap();
        assert!(database.close().await);
        let mut home = Self {
            root,
            named: Vec::new(),
            vanishing: Cell::default(),
            on_copied: Box::new(|_, _| ()),
            copied: Cell::default(),
            deleted: Cell::default(),
            vanished: Cell::default(),
            clock: ManualClock::at(Timestamp::from_microseconds(NOW_US)),
            recipients: Vec::new(),
            identities: Vec::new(),
        };
        for photo in photos {
            home.add(photo);
        }
        home
    }

    /// The same, to be backed up to a recipient of age.
    pub(crate) async fn encrypted(photos: &[&str]) -> Self {
        let mut home = Self::with(photos).await;
        let identity: Identity = IDENTITY.parse().unwrap();
        home.recipients = vec![identity.recipient()];
        home.identities = vec![identity];
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.path("backups")
    }

    pub(crate) fn photo(&self, folder: &str, content: &str) -> PathBuf {
        let key = BlobKey::of(content.as_bytes());
        DirectoryStore::file_in(&self.path(folder).join("media"), key)
    }

    /// Adds a photo, and a row that names it.
    pub(crate) fn add(&mut self, content: &str) {
        let path = self.photo("data", content);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self.named.push(NamedBlob {
            key: BlobKey::of(content.as_bytes()),
            is_lost: false,
        });
    }

    /// Removes the row.
    pub(crate) fn forget(&mut self, content: &str) {
        let key = BlobKey::of(content.as_bytes());
        self.named.retain(|named| named.key != key);
    }

    /// Notes in the row that the photo is lost.
    pub(crate) fn note_lost(&mut self, content: &str) {
        let key = BlobKey::of(content.as_bytes());
        for named in &mut self.named {
            named.is_lost |= named.key == key;
        }
    }

    pub(crate) fn back_up(&self, keep: usize) -> Result<BackupReport> {
        self.back_up_from(&self.store("data/media"), 1, keep)
    }

    /// A store of blobs in a folder of this name.
    pub(crate) fn store(&self, folder: &str) -> DirectoryStore {
        let folder = self.path(folder);
        block_in_place(|| Handle::current().block_on(DirectoryStore::open(&folder))).unwrap()
    }

    /// The same of photos that are in this store, so many of which are read at a time.
    pub(crate) fn back_up_from(
        &self,
        store: &dyn BlobStore,
        concurrent: usize,
        keep: usize,
    ) -> Result<BackupReport> {
        let plan = BackupPlan {
            databases: &[self.path("data/things.db")],
            small_files: &[("secret.key", b"a secret".to_vec())],
            photos: PhotoSource {
                store,
                concurrent,
                runtime: &Handle::current(),
            },
            installation: self,
            secret: b"a secret",
            target: &self.target(),
            recipients: &self.recipients,
            scratch: &self.path("data/scratch"),
            keep,
            bytes_per_second: None,
            clock: &self.clock,
        };
        block_in_place(|| infra_backup::back_up(&plan, &mut |_| {}))
    }

    /// Restores the last snapshot into a folder of this name.
    pub(crate) fn restore(&self, folder: &str) -> Result<RestoreReport> {
        self.restore_with(folder, None, false)
    }

    pub(crate) fn restore_with(
        &self,
        folder: &str,
        snapshot: Option<&str>,
        skip_damaged: bool,
    ) -> Result<RestoreReport> {
        let media = self.path(folder).join("media");
        self.restore_to(folder, snapshot, PhotoPlace::Folder(&media), skip_damaged)
    }

    /// Restores a snapshot, with its photos in this store.
    pub(crate) fn restore_to_store(
        &self,
        folder: &str,
        store: &dyn BlobStore,
        skip_damaged: bool,
    ) -> Result<RestoreReport> {
        let runtime = &Handle::current();
        let place = PhotoPlace::Store { store, runtime };
        block_in_place(|| self.restore_to(folder, None, place, skip_damaged))
    }

    fn restore_to(
        &self,
        folder: &str,
        snapshot: Option<&str>,
        photos: PhotoPlace<'_>,
        skip_damaged: bool,
    ) -> Result<RestoreReport> {
        let folder = self.path(folder);
        fs::create_dir_all(&folder).unwrap();
        let plan = RestorePlan {
            source: &self.target(),
            snapshot,
            identities: &self.identities,
            folder: &folder,
            workplace: &folder.join("unfinished"),
            photos,
            known_files: &["things.db", "secret.key"],
            secret_file: "secret.key",
            installation: self,
            skip_damaged,
            clock: &self.clock,
        };
        infra_backup::restore(&plan, &mut |_| {})
    }

    /// A file of a snapshot.
    pub(crate) fn in_snapshot(&self, snapshot: &str, file: &str) -> PathBuf {
        self.target().join("snapshots").join(snapshot).join(file)
    }

    /// How many files of the backups are damaged.
    pub(crate) fn damaged(&self) -> u64 {
        let report = infra_backup::verify(&self.target(), &mut |_| {}).unwrap();
        report.damages.count
    }

    /// The photos' files of the backups.
    pub(crate) fn stored(&self) -> Vec<PathBuf> {
        let mut files = files_in(&self.target().join("files"));
        files.sort();
        files
    }
}

/// All files in a folder and those within it.
pub(crate) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            files.extend(files_in(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}
