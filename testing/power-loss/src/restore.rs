//! The folder that a disk holds after the power was lost.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::Journal;
use crate::journal::{Entry, key_of};

/// What a disk writes at once, in bytes.
const PAGE_BYTES: usize = 4_096;

/// How much of what was not synced is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All of it: only what was synced is left.
    All,
    /// Any part of it: of names each, of contents each page of 4 KiB, drawn by this seed.
    Any(u64),
}

/// One file or folder, under the names of one folder.
struct Restoration<'a> {
    journal: &'a Journal,
    /// Nothing when all that was not synced is lost.
    random: Option<StdRng>,
}

impl Journal {
    /// Makes in `into` what the disk holds of `folder` when the power is lost now.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn restore(&self, folder: &Path, into: &Path, loss: Loss) -> io::Result<()> {
        let random = match loss {
            Loss::All => None,
            Loss::Any(seed) => Some(StdRng::seed_from_u64(seed)),
        };
        let key = key_of(&fs::metadata(folder)?)?;
        let mut restoration = Restoration {
            journal: self,
            random,
        };
        restoration.folder(&key, Some(folder), into)
    }
}

impl Restoration<'_> {
    /// `now` is where the folder is, if it still is anywhere.
    fn folder(&mut self, key: &str, now: Option<&Path>, into: &Path) -> io::Result<()> {
        fs::create_dir_all(into)?;
        // Never synced, it is empty: its own name may be on the disk before any name in it.
        let synced = self.journal.names(key)?.unwrap_or_default();
        let present = now.map(present_in).transpose()?.unwrap_or_default();
        for (name, (entry, path)) in self.names(synced, present) {
            if entry.is_folder {
                self.folder(&entry.key, path.as_deref(), &into.join(name))?;
            } else {
                fs::write(into.join(name), self.content(&entry.key, path.as_deref())?)?;
            }
        }
        Ok(())
    }

    /// What each name stands for, and where that is now: by the last sync, or for some by what came
    /// after it.
    fn names(
        &mut self,
        synced: Vec<Entry>,
        present: Vec<(Entry, PathBuf)>,
    ) -> Vec<(PathBuf, (Entry, Option<PathBuf>))> {
        let places: HashMap<String, PathBuf> = present
            .iter()
            .map(|(entry, path)| (entry.key.clone(), path.clone()))
            .collect();
        let present_keys: HashMap<PathBuf, String> = present
            .iter()
            .map(|(entry, _)| (entry.name.clone(), entry.key.clone()))
            .collect();
        let mut names = Vec::new();
        let mut synced_keys = HashMap::new();
        for entry in synced {
            synced_keys.insert(entry.name.clone(), entry.key.clone());
            // Removed or renamed since, and that may have reached the disk.
            let is_changed = present_keys.get(&entry.name) != Some(&entry.key);
            if !(is_changed && self.happens()) {
                let place = places.get(&entry.key).cloned();
                names.push((entry.name.clone(), (entry, place)));
            }
        }
        for (entry, path) in present {
            // One name stands for one thing: the old one was kept, or the new one comes.
            let is_new = !names.iter().any(|(name, _)| *name == entry.name)
                && synced_keys.get(&entry.name) != Some(&entry.key);
            if is_new && self.happens() {
                names.push((entry.name.clone(), (entry, Some(path))));
            }
        }
        names
    }

    /// What was synced, with pages of what was written since.
    fn content(&mut self, key: &str, now: Option<&Path>) -> io::Result<Vec<u8>> {
        let mut content = self.journal.content(key)?.unwrap_or_default();
        let (Some(_), Some(now)) = (&self.random, now) else {
            return Ok(content);
        };
        let written = fs::read(now)?;
        for (number, page) in written.chunks(PAGE_BYTES).enumerate() {
            let (from, to) = (number * PAGE_BYTES, number * PAGE_BYTES + page.len());
            if content.get(from..to) != Some(page) && self.happens() {
                // Pages before it that did not reach the disk are zeros, as in a hole.
                content.resize(content.len().max(to), 0);
                content[from..to].copy_from_slice(page);
            }
        }
        Ok(content)
    }

    /// Whether something that was not synced has reached the disk all the same.
    fn happens(&mut self) -> bool {
        self.random
            .as_mut()
            .is_some_and(|random| random.random_bool(0.5))
    }
}

fn present_in(folder: &Path) -> io::Result<Vec<(Entry, PathBuf)>> {
    let mut present = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        present.extend(Entry::of(&entry)?.map(|known| (known, entry.path())));
    }
    // In one order, so that a seed draws the same each time.
    present.sort_by(|left, right| left.0.name.cmp(&right.0.name));
    Ok(present)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    struct Scene {
        disk: tempfile::TempDir,
        journal: Journal,
        _folder: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self {
                disk: tempfile::tempdir().unwrap(),
                journal: Journal::open(folder.path()).unwrap(),
                _folder: folder,
            }
        }

        fn write(&self, name: &str, content: &[u8]) {
            fs::write(self.disk.path().join(name), content).unwrap();
        }

        fn sync(&self, name: &str) {
            let file = File::open(self.disk.path().join(name)).unwrap();
            self.journal.record(&file).unwrap();
        }

        fn after(&self, loss: Loss) -> Vec<(String, Vec<u8>)> {
            let into = tempfile::tempdir().unwrap();
            self.journal
                .restore(self.disk.path(), into.path(), loss)
                .unwrap();
            let mut found: Vec<_> = fs::read_dir(into.path())
                .unwrap()
                .map(|entry| {
                    let entry = entry.unwrap();
                    let content = fs::read(entry.path()).unwrap();
                    (entry.file_name().into_string().unwrap(), content)
                })
                .collect();
            found.sort();
            found
        }
    }

    fn file(name: &str, content: &[u8]) -> (String, Vec<u8>) {
        (name.to_owned(), content.to_owned())
    }

    #[test]
    fn a_name_needs_a_sync_of_its_folder_and_a_content_one_of_its_file() {
        let scene = Scene::new();
        scene.write("a", b"one");
        scene.sync("a");
        assert_eq!(scene.after(Loss::All), []);
        scene.sync(".");
        scene.write("a", b"two");
        scene.write("b", b"new");
        assert_eq!(scene.after(Loss::All), [file("a", b"one")]);
        scene.sync(".");
        assert_eq!(
            scene.after(Loss::All),
            [file("a", b"one"), file("b", b"")],
            "a name that is on disk before its content"
        );
    }

    #[test]
    fn a_rename_and_a_removal_that_were_not_synced_are_undone() {
        let scene = Scene::new();
        for name in ["kept", "removed"] {
            scene.write(name, name.as_bytes());
            scene.sync(name);
        }
        scene.sync(".");
        fs::rename(
            scene.disk.path().join("kept"),
            scene.disk.path().join("renamed"),
        )
        .unwrap();
        fs::remove_file(scene.disk.path().join("removed")).unwrap();
        assert_eq!(
            scene.after(Loss::All),
            [file("kept", b"kept"), file("removed", b"removed")]
        );
        scene.sync(".");
        assert_eq!(scene.after(Loss::All), [file("renamed", b"kept")]);
    }

    #[test]
    fn by_chance_each_page_is_the_old_one_or_the_new_one() {
        let scene = Scene::new();
        scene.write("a", &vec![1; 64 * PAGE_BYTES]);
        scene.sync("a");
        scene.sync(".");
        scene.write("a", &vec![2; 64 * PAGE_BYTES]);
        let after = scene.after(Loss::Any(7));
        let pages: Vec<&[u8]> = after[0].1.chunks(PAGE_BYTES).collect();
        assert!(
            pages
                .iter()
                .all(|page| page.iter().all(|byte| *byte == page[0]))
        );
        let new = pages.iter().filter(|page| page[0] == 2).count();
        assert!((16..48).contains(&new), "{new} of 64 pages are new");
        assert_eq!(
            after,
            scene.after(Loss::Any(7)),
            "the same by the same seed"
        );
    }

    #[test]
    fn all_that_lies_there_at_the_start_is_synced() {
        let scene = Scene::new();
        scene.write("a", b"one");
        scene.journal.record_all(scene.disk.path()).unwrap();
        assert_eq!(scene.after(Loss::All), [file("a", b"one")]);
    }
}
