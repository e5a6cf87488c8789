//! A store of blobs for tests, on the engine that the run is about: a folder, or a place of its own
//! in the bucket of an object store that all tests of a program share; and what is behind it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use infra_blob::{BlobStore, DirectoryStore, S3Credentials, S3Location, S3Settings, S3Store};
use testing_engines::{Objects, S3, Shape};

/// One server for all tests of this process.
static SERVER: LazyLock<S3> =
    LazyLock::new(|| S3::start().expect("HELIOGRAPH_TEST_S3 names the program weed of SeaweedFS"));
/// The prefix of each folder: who opens its store again finds what was in it.
static PREFIXES: LazyLock<Mutex<HashMap<PathBuf, String>>> = LazyLock::new(Mutex::default);

/// Blobs, and what they are kept as. Each has a path below the root, also where it is an object.
pub struct Blobs {
    root: PathBuf,
    bucket: Option<Bucket>,
}

struct Bucket {
    url: String,
    objects: Objects,
}

impl Blobs {
    /// Of the test that has this folder, on the engine of the run.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        let bucket = match Shape::of_this_run() {
            Shape::Embedded => None,
            Shape::Engines => {
                let prefix = prefix_of(root);
                Some(Bucket {
                    url: SERVER.url(&prefix),
                    objects: SERVER.objects(&prefix),
                })
            }
        };
        let root = root.to_owned();
        Self { root, bucket }
    }

    /// In this folder, whatever the run is about.
    #[must_use]
    pub fn in_folder(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            bucket: None,
        }
    }

    /// Opens the store.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self) -> Arc<dyn BlobStore> {
        let Some(bucket) = &self.bucket else {
            let store = DirectoryStore::open(&self.root).await;
            return Arc::new(store.expect("a folder that can be opened"));
        };
        let settings = S3Settings {
            endpoint: SERVER.endpoint(),
            access_key_id: SERVER.access_key_id().to_owned(),
            secret_access_key: SERVER.secret_access_key().to_owned().into(),
            ..S3Settings::default()
        };
        let location = S3Location::of(&bucket.url, &settings).expect("a place in a bucket");
        let credentials = S3Credentials::of(&settings).expect("a key with two halves");
        let store = S3Store::new(location, &credentials, &self.root).expect("certificates");
        store.prepare().await.expect("a folder that can be made");
        Arc::new(store)
    }

    /// Everything that is kept, finished or not.
    ///
    /// # Panics
    /// When it cannot be listed.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = files(&self.root);
        let objects = self.bucket.iter().flat_map(|bucket| bucket.objects.names());
        found.extend(objects.map(|name| self.root.join(name)));
        found
    }

    /// Where a blob is, by its key.
    #[must_use]
    pub fn file(&self, key: &str) -> PathBuf {
        self.root.join(&key[..2]).join(&key[2..4]).join(key)
    }

    /// What is in a file or an object.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn read(&self, path: &Path) -> Vec<u8> {
        match self.object(path) {
            Some((objects, name)) => objects.read(&name),
            None => fs::read(path).expect("a file that is there"),
        }
    }

    /// Puts this in its place, around the store.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &Path, content: &[u8]) {
        match self.object(path) {
            Some((objects, name)) => objects.write(&name, content),
            None => fs::write(path, content).expect("a folder that is there"),
        }
    }

    /// Removes it, around the store.
    ///
    /// # Panics
    /// When it is not there.
    pub fn remove(&self, path: &Path) {
        match self.object(path) {
            Some((objects, name)) => objects.remove(&name),
            None => fs::remove_file(path).expect("a file that is there"),
        }
    }

    /// The object that a path stands for; what is not finished is a file.
    fn object(&self, path: &Path) -> Option<(&Objects, String)> {
        let bucket = self.bucket.as_ref()?;
        let name = path
            .strip_prefix(&self.root)
            .expect("a path below the root");
        // Before it is sent, a file lies in the folder with either store.
        let is_finished = !name.starts_with("incoming");
        is_finished.then(|| (&bucket.objects, name.display().to_string()))
    }
}

fn prefix_of(root: &Path) -> String {
    let mut prefixes = PREFIXES.lock().expect("no test panics while it holds this");
    // Counted, not drawn: two tests of a program never share a prefix.
    let number = prefixes.len();
    let prefix = prefixes
        .entry(root.to_owned())
        .or_insert_with(|| format!("test-{number}"));
    prefix.clone()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder that is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
