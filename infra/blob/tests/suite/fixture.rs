//! A store of each kind on a place of its own, and a way to what is behind it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use infra_blob::{
    BlobKey, BlobStore, DirectoryStore, S3Credentials, S3Location, S3Settings, S3Store,
};
use tempfile::TempDir;
use testing_engines::{Objects, S3};

/// One server for all tests of this process, if tests are to use S3.
static SERVER: LazyLock<Option<S3>> = LazyLock::new(S3::start);

/// A store, and where it keeps what it has.
pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn BlobStore>,
    place: Place,
    /// Of a directory, the directory; of a bucket, where files wait to be sent.
    folder: TempDir,
}

enum Place {
    Directory,
    Bucket(Objects),
}

impl Fixture {
    pub(crate) async fn directory() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = DirectoryStore::open(folder.path()).await.unwrap();
        Self {
            store: Arc::new(store),
            place: Place::Directory,
            folder,
        }
    }

    pub(crate) async fn s3() -> Option<Self> {
        let prefix = new_prefix();
        let folder = tempfile::tempdir().unwrap();
        let store = open(SERVER.as_ref()?, &prefix, folder.path()).await;
        Some(Self {
            store: Arc::new(store),
            place: Place::Bucket(SERVER.as_ref()?.objects(&prefix)),
            folder,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The names of everything that is kept, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match &self.place {
            Place::Directory => self.files(),
            Place::Bucket(objects) => objects.names(),
        };
        names.sort_unstable();
        names
    }

    /// What is in files on this machine.
    pub(crate) fn files(&self) -> Vec<String> {
        let of_root = |path: PathBuf| {
            let name = path.strip_prefix(self.folder.path()).unwrap();
            name.display().to_string()
        };
        files(self.folder.path()).into_iter().map(of_root).collect()
    }

    /// Puts something in its place, around the store.
    pub(crate) fn overwrite(&self, name: &str, bytes: &[u8]) {
        match &self.place {
            Place::Directory => {
                let path = self.folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            Place::Bucket(objects) => objects.write(name, bytes),
        }
    }
}

/// Where a blob is.
pub(crate) fn name_of(key: BlobKey) -> String {
    let name = key.to_string();
    format!("{}/{}/{name}", &name[..2], &name[2..4])
}

/// A prefix that no other test of this process has.
pub(crate) fn new_prefix() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}/media", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn settings(server: &S3, endpoint: &str) -> S3Settings {
    S3Settings {
        endpoint: endpoint.to_owned(),
        access_key_id: server.access_key_id().to_owned(),
        secret_access_key: server.secret_access_key().to_owned().into(),
        ..S3Settings::default()
    }
}

/// A store on this server.
pub(crate) async fn open(server: &S3, prefix: &str, staging: &Path) -> S3Store {
    let settings = settings(server, &server.endpoint());
    open_with(&server.url(prefix), &settings, staging).await
}

/// A store as these settings say.
pub(crate) async fn open_with(url: &str, settings: &S3Settings, staging: &Path) -> S3Store {
    let location = S3Location::of(url, settings).unwrap();
    let credentials = S3Credentials::of(settings).unwrap();
    let store = S3Store::new(location, &credentials, staging).unwrap();
    store.prepare().await.unwrap();
    store
}

/// Every file in a folder, at any depth.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
