//! What a server has stored, in its folder or on engines: to tell whether something was left
//! behind.

use std::collections::{BTreeMap, BTreeSet};

use super::wait::eventually;
use super::{Server, leftovers};

/// Tables whose rows come and go by themselves: messages on their way and those that were heard,
/// what was migrated, and who is the home.
const ON_THEIR_OWN: [&str; 5] = [
    "outbox",
    "inbox",
    "notifications.heard",
    "_sqlx_migrations",
    "_heliograph",
];

/// The object that says whose photos are in a bucket.
const IDENTITY: &str = "heliograph.id";

impl Server {
    /// How many rows every table has, by domain and table, `media.upload_parts`.
    pub(crate) fn rows(&self) -> BTreeMap<String, i64> {
        let place = self.place();
        let mut rows = place
            .rows()
            .unwrap_or_else(|| leftovers::rows(self.folder()));
        rows.retain(|table, _| !ON_THEIR_OWN.iter().any(|name| table.contains(name)));
        assert!(!rows.is_empty(), "the tables are not where the test looks");
        rows
    }

    /// The names of the files and objects that hold photos, or parts of some.
    pub(crate) fn photo_files(&self) -> BTreeSet<String> {
        let in_folder = leftovers::photo_files(self.folder()).into_keys();
        let in_folder = in_folder.map(|path| path.to_string_lossy().into_owned());
        let objects = self.place().objects();
        let in_bucket = objects.iter().flat_map(testing_engines::Objects::names);
        let photos = in_bucket.filter(|name| name != IDENTITY);
        in_folder.chain(photos).collect()
    }

    /// Whether one of those is this, to the bit.
    pub(crate) fn keeps(&self, bytes: &[u8]) -> bool {
        let files = leftovers::photo_files(self.folder());
        let mut alike = files
            .iter()
            .filter(|(_, length)| **length == bytes.len() as u64);
        let is_kept = alike.any(|(path, _)| std::fs::read(path).unwrap() == bytes);
        let objects = self.place().objects();
        let mut objects = objects
            .iter()
            .flat_map(|all| all.names().into_iter().map(|name| all.read(&name)));
        is_kept || objects.any(|object| object == bytes)
    }

    /// Waits until the other forms of every photo (WebP, AVIF), which are made later, are made.
    pub(crate) async fn all_forms_made(&self) {
        // Recounted while they get fewer: there may be many.
        let mut waiting_before = i64::MAX;
        while waiting_before > 0 {
            waiting_before = eventually("more forms to be made", async || {
                let waiting = self.rows()["media.alternate_jobs"];
                (waiting < waiting_before).then_some(waiting)
            })
            .await;
        }
    }
}
