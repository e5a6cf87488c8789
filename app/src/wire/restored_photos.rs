//! Where a restore puts the photos' files: into the folder, or into the bucket that `media_url`
//! names.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use infra_blob::{BlobStore, S3Store};

use super::photos::bucket;
use super::record::Record;
use crate::config::Configuration;

/// What a bucket is to be known by that an unfinished restore is about to take; in the folder of
/// what is unfinished.
const CLAIM: &str = "bucket.id";

/// The bucket that a restore puts photos into.
pub(crate) struct RestoredBucket {
    store: S3Store,
    /// Whether it may be the one of the installation that was backed up.
    may_be_used: bool,
}

impl RestoredBucket {
    /// The bucket that the configuration names, if it names one, after it was tried.
    ///
    /// # Errors
    /// When it cannot be reached, written to or read.
    pub(crate) async fn look(
        configuration: &Configuration,
        may_be_used: bool,
    ) -> Result<Option<Self>> {
        let Some(store) = bucket(configuration)? else {
            ensure!(
                !may_be_used,
                "--used-bucket is for photos in a bucket, and `media_url` names none"
            );
            return Ok(None);
        };
        let cannot = || format!("{} cannot be used", store.location());
        // Tried before anything is restored: a refusal after hours would be found too late.
        store.inspect().await.with_context(cannot)?;
        Ok(Some(Self { store, may_be_used }))
    }

    /// What holds the photos.
    pub(crate) fn store(&self) -> &dyn BlobStore {
        &self.store
    }

    /// The bucket and its server as reports name them, without keys.
    pub(crate) fn place(&self) -> String {
        self.store.location().to_string()
    }

    /// Has it be the place of the photos that are restored, and notes that in the list of what was
    /// restored to this folder.
    ///
    /// # Errors
    /// When it is the place of others.
    pub(crate) async fn take(&self, restored: &Path) -> Result<()> {
        self.store.prepare().await?;
        let mut record = Record::read(restored)?;
        let id = self.claim(restored, record.backed_up_bucket()).await?;
        record.set_bucket(restored, Some(&id))
    }

    async fn claim(&self, restored: &Path, backed_up: Option<&str>) -> Result<String> {
        let (note, place) = (restored.join(CLAIM), self.place());
        let noted = match fs::read_to_string(&note) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            noted => Some(noted.with_context(|| format!("{} cannot be read", note.display()))?),
        };
        let found = self.store.identity().await?;
        if let Some(found) = found.as_deref()
            // An earlier try of this restore has taken it.
            && (noted.as_deref() == Some(found) || is_noted_beside(restored, found)?)
        {
            return Ok(found.to_owned());
        }
        match found {
            None => {}
            Some(found) if Some(found.as_str()) == backed_up => {
                ensure!(
                    self.may_be_used,
                    "{place} has the photos of the installation that was backed up, and two would delete each other's: choose \
                     another prefix in `media_url`; or, if that installation is gone for good, go on with its bucket: \
                     --used-bucket"
                );
                return Ok(found);
            }
            Some(_) => bail!(
                "{place} is the place of another installation's photos, and two would delete each other's: choose another \
                 prefix in `media_url`; or, if a restore began there whose folder you have emptied since, delete the object \
                 heliograph.id there and try again"
            ),
        }
        // Before the bucket has it: after a kill in between, it would be taken for another's.
        let id = S3Store::new_id();
        infra_host::replace(&note, id.as_bytes())?;
        let claimed = self.store.claim(&id).await?;
        ensure!(
            claimed == id,
            "{place} was taken by another installation in this moment; choose another prefix in `media_url`"
        );
        Ok(id)
    }
}

/// Whether the data folder has its list already, and that says that its photos are in this bucket:
/// an earlier try was cut off while it removed the folder of what is unfinished.
fn is_noted_beside(restored: &Path, bucket: &str) -> Result<bool> {
    let Some(folder) = restored.parent() else {
        return Ok(false);
    };
    Ok(Record::read(folder)?.bucket() == Some(bucket))
}

/// Notes in the list of what was restored to this folder that the photos are in the folder.
///
/// # Errors
/// When it cannot be read or written.
pub(crate) fn note_in_folder(restored: &Path) -> Result<()> {
    let mut record = Record::read(restored)?;
    match record.backed_up_bucket() {
        Some(_) => record.set_bucket(restored, None),
        None => Ok(()),
    }
}
