//! A store of each kind on a place of its own, and a way to what is behind it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use futures::TryStreamExt as _;
use infra_blob::{BlobKey, BlobStore, DirectoryStore, S3Credentials, S3Location, S3Store};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use tempfile::TempDir;
use testing_engines::S3;

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
    Bucket { objects: AmazonS3, prefix: String },
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
            place: Place::Bucket {
                objects: objects(SERVER.as_ref()?),
                prefix,
            },
            folder,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The names of everything that is kept, in order.
    pub(crate) async fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match &self.place {
            Place::Directory => self.files().await,
            Place::Bucket { objects, prefix } => {
                let root = ObjectPath::from(prefix.as_str());
                let listed: Vec<_> = objects.list(Some(&root)).try_collect().await.unwrap();
                let names = listed.iter().map(|object| object.location.as_ref());
                let begin = format!("{prefix}/");
                names
                    .map(|name| name.strip_prefix(&begin).unwrap().to_owned())
                    .collect()
            }
        };
        names.sort_unstable();
        names
    }

    /// What is in files on this machine.
    pub(crate) async fn files(&self) -> Vec<String> {
        let of_root = |path: PathBuf| {
            let name = path.strip_prefix(self.folder.path()).unwrap();
            name.display().to_string()
        };
        files(self.folder.path()).into_iter().map(of_root).collect()
    }

    /// Puts something in its place, around the store.
    pub(crate) async fn overwrite(&self, name: &str, bytes: Bytes) {
        match &self.place {
            Place::Directory => {
                let path = self.folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            Place::Bucket { objects, prefix } => {
                let path = ObjectPath::from(format!("{prefix}/{name}"));
                objects.put(&path, bytes.into()).await.unwrap();
            }
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

pub(crate) fn credentials(server: &S3) -> S3Credentials {
    S3Credentials {
        access_key_id: server.access_key_id().to_owned(),
        secret_access_key: server.secret_access_key().to_owned(),
    }
}

/// A store on this server.
pub(crate) async fn open(server: &S3, prefix: &str, staging: &Path) -> S3Store {
    let location = S3Location::parse(&server.url(prefix)).unwrap();
    let store = S3Store::new(location, &credentials(server), staging).unwrap();
    store.prepare().await.unwrap();
    store
}

fn objects(server: &S3) -> AmazonS3 {
    let builder = AmazonS3Builder::new()
        .with_bucket_name("photos")
        .with_endpoint(server.endpoint())
        .with_allow_http(true)
        .with_access_key_id(server.access_key_id())
        .with_secret_access_key(server.secret_access_key());
    builder.build().unwrap()
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
