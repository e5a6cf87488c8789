//! Where the photos' files are: in the folder, or in the bucket that `media_url` names. A folder
//! knows which it is, by a line in its list of databases and an id that the bucket holds.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use infra_blob::{
    BlobError, BlobStore, DirectoryStore, S3Credentials, S3Location, S3Problem, S3Settings, S3Store,
};

use super::Topology;
use super::data_folder::{Contents, MEDIA};
use super::record::Record;
use crate::config::Configuration;

/// The store of the photos' files.
///
/// # Errors
/// When it cannot be prepared.
pub(crate) async fn open(configuration: &Configuration) -> Result<Arc<dyn BlobStore>> {
    const FOLDER: &str = "the photo folder cannot be opened";
    let reserve_bytes = configuration.disk_reserve_bytes;
    if let Some(store) = bucket(configuration)? {
        store.prepare().await.context(FOLDER)?;
        return Ok(Arc::new(store.with_reserve(reserve_bytes)));
    }
    let store = open_folder(&configuration.data_dir).await.context(FOLDER)?;
    Ok(Arc::new(store.with_reserve(reserve_bytes)))
}

/// The store in a data folder.
pub(super) async fn open_folder(folder: &Path) -> Result<DirectoryStore> {
    Ok(DirectoryStore::open(&folder.join(MEDIA)).await?)
}

/// The bucket that the configuration names, if it names one. Nobody is asked yet.
///
/// # Errors
/// When the settings say nothing that could be reached.
pub(crate) fn bucket(configuration: &Configuration) -> Result<Option<S3Store>> {
    if configuration.media_url.is_empty() {
        return Ok(None);
    }
    let folder = configuration.data_dir.as_path();
    bucket_at(&configuration.media_url, &configuration.s3, folder).map(Some)
}

/// The bucket of this URL, for the photos of a data folder.
pub(super) fn bucket_at(url: &str, settings: &S3Settings, folder: &Path) -> Result<S3Store> {
    let invalid = |(setting, problem): S3Problem| anyhow!("`{setting}` cannot be so: {problem}");
    let location = S3Location::of(url, settings).map_err(invalid)?;
    let credentials = S3Credentials::of(settings).map_err(invalid)?;
    Ok(S3Store::new(location, &credentials, &folder.join(MEDIA))?)
}

/// Whether the photos' folder is gone, or holds nothing at all: a disk that is not mounted looks
/// so.
pub(crate) fn has_no_files(folder: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(folder.join(MEDIA)) else {
        return true;
    };
    // The store's own folders; `incoming` and `lost+found` are there without a photo.
    !entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().len() == 2))
}

/// What is wrong without the photos' files, and what to do.
pub(crate) fn no_files(folder: &Path) -> String {
    format!(
        "{} is not there or holds nothing, and there are photos: if it is on a disk of its own, mount it; or restore it from a \
         backup; or go on without the photos' files: heliograph serve --accept-lost photos",
        folder.join(MEDIA).display()
    )
}

/// Whether photos may be lost or elsewhere, as far as can be seen without asking anybody.
pub(super) fn may_be_lost(configuration: &Configuration) -> bool {
    !configuration.media_url.is_empty() || has_no_files(&configuration.data_dir)
}

/// Refuses to continue without the photos' files where they are needed, or over others than this
/// folder's, unless the operator says or has said so; and remembers where they are.
pub(super) async fn require_place(
    configuration: &Configuration,
    contents: &mut Contents,
    topology: &Topology,
    have_blobs: bool,
) -> Result<()> {
    match bucket(configuration)? {
        Some(store) => {
            Bucket::new(&store, configuration, topology, have_blobs)
                .require(contents)
                .await
        }
        None => {
            require_no_bucket(&configuration.data_dir, contents.record().bucket())?;
            require_files(&configuration.data_dir, contents, topology, have_blobs)
        }
    }
}

fn require_no_bucket(folder: &Path, known: Option<&str>) -> Result<()> {
    match known {
        None => Ok(()),
        Some(_) => bail!(
            "the photos of {} are in a bucket: set `media_url` as it was, or move them into the folder first with `heliograph \
             move photos --to folder`",
            folder.display()
        ),
    }
}

fn require_files(
    folder: &Path,
    contents: &mut Contents,
    topology: &Topology,
    have_blobs: bool,
) -> Result<()> {
    // There are files again: from now on they can be lost again.
    if !has_no_files(folder) {
        return contents.record_files(false);
    }
    if !have_blobs {
        return Ok(());
    }
    if topology.accepts_lost_files() {
        tracing::warn!(folder = %folder.join(MEDIA).display(), "the photos' files are lost, as the operator says");
        return contents.record_files(true);
    }
    if contents.files_are_given_up() || !topology.requires_files {
        return Ok(());
    }
    bail!(no_files(folder))
}

/// A bucket, and what is known of the folder whose photos are to be in it.
struct Bucket<'b> {
    store: &'b S3Store,
    folder: &'b Path,
    is_accepted: bool,
    is_required: bool,
    have_blobs: bool,
}

impl<'b> Bucket<'b> {
    fn new(
        store: &'b S3Store,
        configuration: &'b Configuration,
        topology: &Topology,
        have_blobs: bool,
    ) -> Self {
        Self {
            store,
            folder: &configuration.data_dir,
            is_accepted: topology.accepts_lost_files(),
            is_required: topology.requires_files,
            have_blobs,
        }
    }

    async fn require(&self, contents: &mut Contents) -> Result<()> {
        let found = match self.store.identity().await {
            Err(BlobError::Io { source, .. } | BlobError::Away { source, .. })
                // A command that needs no files works without them.
                if !self.is_required =>
            {
                tracing::warn!(error = %source, "the bucket of the photos cannot be reached");
                return Ok(());
            }
            found => found.context("`media_url` leads to no photos")?,
        };
        let record = contents.record();
        if let Some(problem) = self.problem(record, found.as_deref()) {
            bail!(problem);
        }
        if self.have_blobs && record.bucket() != found.as_deref() {
            tracing::warn!("the photos' files are lost, as the operator says");
        }
        // Changes nothing where it is known; a start that was cut off has yet to note it.
        claim(self.store, found, self.folder, record).await?;
        Ok(())
    }

    /// What keeps the photos of this folder from being in a bucket that is known by this.
    fn problem(&self, record: &Record, found: Option<&str>) -> Option<String> {
        let (known, place) = (record.bucket(), self.store.location());
        if known.is_some() && known == found {
            return None;
        }
        let folder = self.folder.display();
        // First: with photos in the folder none are in a bucket, whatever that one holds.
        if known.is_none() && !has_no_files(self.folder) {
            return Some(format!(
                "the photos of {folder} are in {}, and `media_url` names a bucket where they are not: move them there with \
                 `heliograph move photos --to s3`, or unset `media_url`",
                self.folder.join(MEDIA).display()
            ));
        }
        if let Some(found) = found {
            match known {
                Some(_) => {
                    return Some(format!(
                        "{place} is not the place of the photos of {folder}: set `media_url` and the table [s3] as they were"
                    ));
                }
                // A start, or a move, that was cut off after it had taken the place.
                None if record.knows_bucket(found) => {}
                None => {
                    return Some(format!(
                        "{place} is the place of another installation's photos, and two would delete each other's: choose another \
                     prefix in `media_url`. If it is this one's, and the databases.list that knew it was lost, add this line to \
                     the one in {folder}: photos s3 {found}"
                    ));
                }
            }
        }
        let is_lost = known.is_some() || self.have_blobs;
        (is_lost && !self.is_accepted).then(|| {
            format!(
                "{place} does not hold the photos of {folder} (any more): its object heliograph.id is not there. Set `media_url` \
                 and the table [s3] as they were, or restore the bucket; or go on without the photos' files: heliograph serve \
                 --accept-lost photos"
            )
        })
    }
}

/// Has the bucket be the place of this folder's photos, which may have been killed at it before.
/// Returns what it is known by.
async fn claim(
    store: &S3Store,
    found: Option<String>,
    folder: &Path,
    record: &mut Record,
) -> Result<String> {
    let id = claim_beside(store, found, folder, record).await?;
    record.set_bucket(folder, Some(&id))?;
    Ok(id)
}

/// The same for a bucket that the photos are not in yet.
pub(super) async fn claim_beside(
    store: &S3Store,
    found: Option<String>,
    folder: &Path,
    record: &mut Record,
) -> Result<String> {
    if let Some(id) = found {
        return Ok(id);
    }
    let id = S3Store::new_id();
    // Before the bucket has it: after a kill in between, it would be taken for another's.
    record.note_bucket(folder, &id)?;
    let claimed = store.claim(&id).await?;
    if claimed != id {
        bail!(
            "{} was taken by another installation in this moment; choose another prefix in `media_url`",
            store.location()
        );
    }
    Ok(id)
}

/// What is wrong with the place that the configuration names for the photos of its folder, for who
/// only looks. `found` is what the bucket is known by.
///
/// # Errors
/// When the folder's list cannot be read.
pub(crate) fn place_problem(
    configuration: &Configuration,
    store: &S3Store,
    found: Option<&str>,
) -> Result<Option<String>> {
    let record = Record::read(&configuration.data_dir)?;
    let bucket = Bucket::new(store, configuration, &Topology::default(), false);
    Ok(bucket.problem(&record, found))
}

/// Says no to settings that name the folder when the photos are in a bucket.
///
/// # Errors
/// A sentence that says what to do; or when the folder's list cannot be read.
pub(crate) fn require_known_place(configuration: &Configuration) -> Result<()> {
    if !configuration.media_url.is_empty() {
        return Ok(());
    }
    let folder = configuration.data_dir.as_path();
    require_no_bucket(folder, Record::read(folder)?.bucket())
}
