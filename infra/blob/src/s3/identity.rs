//! What a place in a bucket is known by, so that another one is not taken for it.

use bytes::Bytes;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions};

use super::client::{WORK_MAX, within};
use super::{Failure, S3Store};
use crate::{BlobError, Result};

/// The object that holds it.
const NAME: &str = "heliograph.id";
/// How the name of an object begins with which the store is tried.
pub(super) const PROBE: &str = "heliograph.probe-";
/// Its length: a random number of 128 bits, in hexadecimal digits.
const ID_LENGTH: usize = 32;
/// How often it is looked for while others make it or remove it.
const LOOKS_MAX: usize = 3;

/// Whether a name without its prefix is one that the store gives to what is no blob.
pub(super) fn is_own_name(name: &str) -> bool {
    name == NAME || name.starts_with(PROBE)
}

impl S3Store {
    /// What this place is known by; nothing when it was never used.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses; what to look at is said.
    pub async fn identity(&self) -> Result<Option<String>> {
        const OPERATION: &str = "read what the bucket is known by";
        within(WORK_MAX, OPERATION, async {
            let client = &self.parts.clients.retrying;
            let read = match client.get(&self.identity_path()).await {
                // A foreign object of this name may have any length: it is not read.
                Ok(found) if found.meta.size <= 2 * ID_LENGTH as u64 => found.bytes().await,
                Ok(_) => Ok(Bytes::new()),
                Err(error) => Err(error),
            };
            match read.map_err(Failure::of) {
                Ok(text) => read_id(&text).map(Some).ok_or(BlobError::Refused {
                    operation: OPERATION,
                    advice: "its object heliograph.id is none of ours: choose another prefix in media_url",
                    source: std::io::ErrorKind::InvalidData.into(),
                }),
                Err(failure) if failure.is_missing_object() => Ok(None),
                Err(failure) => Err(failure.during(OPERATION)),
            }
        })
        .await
    }

    /// Has the place be known by this id, unless it is known by another one already. Returns what
    /// it is known by then.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses; what to look at is said.
    pub async fn claim(&self, id: &str) -> Result<String> {
        const OPERATION: &str = "write what the bucket is known by";
        for _ in 0..LOOKS_MAX {
            if let Some(id) = self.identity().await? {
                return Ok(id);
            }
            // Of two who find none, one makes it: the other finds that one.
            let options = PutOptions::from(PutMode::Create);
            let made = within(WORK_MAX, OPERATION, async {
                let client = &self.parts.clients.retrying;
                let path = self.identity_path();
                let put = client.put_opts(&path, id.to_owned().into(), options);
                match put.await.map_err(Failure::of) {
                    Err(failure) if !failure.is_there_already() => Err(failure.during(OPERATION)),
                    _ => Ok(()),
                }
            });
            made.await?;
        }
        let vanishing = std::io::Error::other("it is removed as soon as it is written");
        Err(BlobError::io(OPERATION)(vanishing))
    }

    /// An id that no other place has.
    #[must_use]
    pub fn new_id() -> String {
        new_id()
    }

    fn identity_path(&self) -> ObjectPath {
        ObjectPath::from(format!("{}{NAME}", self.root()))
    }
}

pub(super) fn new_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn read_id(text: &[u8]) -> Option<String> {
    let text = str::from_utf8(text).ok()?.trim();
    let is_id = text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| text.to_owned())
}
