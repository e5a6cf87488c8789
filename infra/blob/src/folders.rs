//! The folders that blobs are in, and whether their names are on disk.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::BlobKey;

/// How many folders of the second level there can be: two bytes of a key.
const FOLDERS: usize = 1 << 16;

/// Remembers of which folders this process knows that a power cut does not take their names away. A
/// folder that is there may have been made by another process a moment ago, which has not synced
/// the folder above it yet; so a folder is not relied on before this process has synced what is
/// above it, once.
pub(crate) struct Folders {
    /// A bit for each.
    durable: Box<[AtomicU64]>,
}

impl Folders {
    pub(crate) fn new() -> Self {
        let words = (0..FOLDERS / 64).map(|_| AtomicU64::new(0));
        Self {
            durable: words.collect(),
        }
    }

    /// Makes the two levels of folders that this blob is in, and their names durable. Costs a few
    /// system calls when this process has used the folder before.
    pub(crate) fn make(&self, key: BlobKey, folder: &Path) -> io::Result<()> {
        self.make_with(key, folder, sync_directory)
    }

    fn make_with(
        &self,
        key: BlobKey,
        folder: &Path,
        sync: impl Fn(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let (word, bit) = Self::place(key);
        // What root makes: the root of the store is the second above.
        let above = folder.ancestors().skip(1).take(2).collect::<Vec<_>>();
        if let [first, root] = above[..] {
            infra_host::give_to_owner_of(root, first)?;
            infra_host::give_to_owner_of(root, folder)?;
        }
        if self.durable[word].load(Ordering::Acquire) & bit != 0 {
            return Ok(());
        }
        for above in above {
            sync(above)?;
        }
        // Only after both syncs: who reads the bit relies on them.
        self.durable[word].fetch_or(bit, Ordering::Release);
        Ok(())
    }

    fn place(key: BlobKey) -> (usize, u64) {
        let [first, second] = key.first_bytes();
        let number = usize::from(u16::from_be_bytes([first, second]));
        (number / 64, 1 << (number % 64))
    }
}

/// Makes durable which names a folder holds.
pub(crate) fn sync_directory(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_folder_that_another_made_is_synced_before_its_first_use_and_only_then() {
        let root = tempfile::tempdir().unwrap();
        let key = BlobKey::of(b"photo");
        let name = key.to_string();
        let first = root.path().join(&name[..2]);
        let folder = first.join(&name[2..4]);
        // As another process leaves it that has not come to syncing.
        fs::create_dir_all(&folder).unwrap();
        let synced: RefCell<Vec<PathBuf>> = RefCell::default();
        let sync = |path: &Path| {
            synced.borrow_mut().push(path.to_owned());
            Ok(())
        };
        let folders = Folders::new();
        folders.make_with(key, &folder, sync).unwrap();
        assert_eq!(*synced.borrow(), [first, root.path().to_owned()]);
        folders.make_with(key, &folder, sync).unwrap();
        assert_eq!(synced.borrow().len(), 2);
    }

    #[test]
    fn a_folder_whose_name_could_not_be_synced_is_not_relied_on() {
        let root = tempfile::tempdir().unwrap();
        let key = BlobKey::of(b"photo");
        let folder = root.path().join("aa").join("bb");
        let folders = Folders::new();
        let failing = |_: &Path| Err(io::Error::other("the disk failed"));
        assert!(folders.make_with(key, &folder, failing).is_err());
        assert!(folders.make_with(key, &folder, failing).is_err());
        folders.make(key, &folder).unwrap();
        folders.make_with(key, &folder, failing).unwrap();
    }
}
