//! A media domain on an empty folder, with the clock, the disk and the bus in the test's hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use business_media::{DATABASE, Dependencies, MIGRATIONS, MediaCore, Settings};
use business_media_codec::ExternalCodecs;
use business_media_gateway::{
    AttachRequest, GetMediaRequest, Media, MediaId, MediaItem, ReadRenditionRequest,
    ReleaseRequest, RenditionChunk, RenditionHeader, UploadChunk, UploadHeader,
    WaitUntilProcessedRequest, rendition_chunk::Part,
};
use futures::StreamExt as _;
use infra_bus::Event;
use infra_db::{CommitWatch, Database};
use infra_kernel::{Context, CorrelationId, Error, IdGenerator, ManualClock, Result, Timestamp};
use infra_rpc::Messages;
use tempfile::TempDir;
use testing_blobs::Blobs;
use testing_kit::{Picture, jpeg};

use crate::faults::FaultyStore;
use crate::machine::CrashPoint;

pub(crate) const OWNER: u64 = 7;
/// The most events that a test reads from the outbox.
const EVENTS_MAX: usize = 10_000;

/// Where a scene is: it removes its own folder at its end.
pub(crate) enum Folder {
    Own(TempDir),
    Another(PathBuf),
}

impl From<TempDir> for Folder {
    fn from(folder: TempDir) -> Self {
        Self::Own(folder)
    }
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Another(path) => path,
        }
    }
}

pub(crate) struct Scene {
    pub(crate) folder: Folder,
    pub(crate) database: Database,
    /// What is behind the store.
    pub(crate) blobs: Blobs,
    pub(crate) store: Arc<FaultyStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) core: Arc<MediaCore>,
    pub(crate) media: Arc<dyn Media>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::on(folder, clock(), settings).await
    }

    /// On a folder as another process left it.
    pub(crate) async fn on(
        folder: impl Into<Folder>,
        clock: Arc<ManualClock>,
        settings: Settings,
    ) -> Self {
        Self::beside(folder, clock, settings, None).await
    }

    /// The same, with codecs of another process.
    pub(crate) async fn beside(
        folder: impl Into<Folder>,
        clock: Arc<ManualClock>,
        settings: Settings,
        external_codecs: Option<Arc<dyn ExternalCodecs>>,
    ) -> Self {
        let folder = folder.into();
        let path = folder.path();
        let database = testing_databases::open(&DATABASE, path).await;
        let blobs = Blobs::of(&path.join("blobs"));
        let store = Arc::new(FaultyStore::new(blobs.open().await, None));
        let stored = (database, blobs, store);
        Self::made(folder, stored, clock, settings, external_codecs)
    }

    /// On an empty folder, with a look at every commit.
    pub(crate) async fn watched(watch: CommitWatch) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_milliseconds(
            1_790_000_000_000,
        )));
        let file = folder.path().join("media.db");
        let database = Database::open_watched(&file, &MIGRATIONS, watch).await;
        let blobs = Blobs::in_folder(&folder.path().join("blobs"));
        let store = Arc::new(FaultyStore::new(blobs.open().await, None));
        let stored = (database.unwrap(), blobs, store);
        Self::made(folder.into(), stored, clock, Settings::default(), None)
    }

    /// On a database that is open, with blobs in this folder.
    pub(crate) async fn over(database: Database, path: &Path, clock: Arc<ManualClock>) -> Self {
        let blobs = Blobs::in_folder(path);
        let store = Arc::new(FaultyStore::new(blobs.open().await, None));
        let folder = Folder::Another(path.to_owned());
        let stored = (database, blobs, store);
        Self::made(folder, stored, clock, Settings::default(), None)
    }

    /// On another's folder, in a process that dies when the fuse has burnt down.
    pub(crate) async fn mortal(
        path: &Path,
        clock: Arc<ManualClock>,
        settings: Settings,
        external_codecs: Arc<dyn ExternalCodecs>,
        crash_point: &Arc<CrashPoint>,
    ) -> Self {
        let file = path.join("media.db");
        let database = Database::open_watched(&file, &MIGRATIONS, crash_point.watch())
            .await
            .unwrap();
        let blobs = Blobs::in_folder(&path.join("blobs"));
        let crash_point = Some(Arc::clone(crash_point));
        let store = Arc::new(FaultyStore::new(blobs.open().await, crash_point));
        let folder = Folder::Another(path.to_owned());
        let stored = (database, blobs, store);
        Self::made(folder, stored, clock, settings, Some(external_codecs))
    }

    fn made(
        folder: Folder,
        (database, blobs, store): (Database, Blobs, Arc<FaultyStore>),
        clock: Arc<ManualClock>,
        settings: Settings,
        external_codecs: Option<Arc<dyn ExternalCodecs>>,
    ) -> Self {
        let core = Arc::new(MediaCore::new(Dependencies {
            database: database.clone(),
            blobs: store.clone(),
            clock: clock.clone(),
            ids: Arc::new(IdGenerator::new(1, clock.clone())),
            external_codecs,
            settings,
        }));
        Self {
            folder,
            database,
            blobs,
            store,
            clock,
            media: infra_domain::Domain::gateway(&*core),
            core,
        }
    }

    pub(crate) async fn upload(&self, bytes: &[u8]) -> Result<MediaItem> {
        self.upload_as(OWNER, bytes).await
    }

    pub(crate) async fn upload_as(&self, owner_id: u64, bytes: &[u8]) -> Result<MediaItem> {
        let header = UploadHeader {
            owner_id,
            ..UploadHeader::default()
        };
        self.upload_chunks(whole(header, bytes)).await
    }

    pub(crate) async fn upload_chunks(
        &self,
        chunks: Vec<Result<UploadChunk>>,
    ) -> Result<MediaItem> {
        let chunks = Box::pin(futures::stream::iter(chunks));
        self.media.upload(&context(), chunks).await
    }

    /// In a request of this name.
    pub(crate) async fn upload_named(&self, name: &str, bytes: &[u8]) -> Result<MediaItem> {
        let header = UploadHeader {
            owner_id: OWNER,
            ..UploadHeader::default()
        };
        let chunks = Box::pin(futures::stream::iter(whole(header, bytes)));
        let name = CorrelationId::from_caller(name).unwrap();
        let context = Context::system(name, Duration::from_secs(30));
        self.media.upload(&context, chunks).await
    }

    /// Uploads, processes, and returns the item as it then is.
    pub(crate) async fn ready(&self, owner_id: u64, bytes: &[u8]) -> MediaItem {
        let item = self.upload_as(owner_id, bytes).await.unwrap();
        self.process(item.media()).await.unwrap();
        // Another of the test's workers may have taken it.
        let request = WaitUntilProcessedRequest { id: item.id };
        let item = self.media.wait_until_processed(&context(), request).await;
        let item = item.unwrap();
        assert!(item.is_ready(), "{item:?}");
        item
    }

    /// Works off what waits, the item among it.
    pub(crate) async fn process(&self, _: MediaId) -> Result<()> {
        self.core.drain_queue().await.map(|_| ())
    }

    pub(crate) async fn get(&self, id: u64) -> Option<MediaItem> {
        let request = GetMediaRequest { ids: vec![id] };
        let reply = self.media.get_media(&context(), request).await;
        reply.unwrap().items.pop()
    }

    pub(crate) async fn attach(&self, owner_id: u64, ids: &[u64], holder: &str) -> Result<()> {
        self.hold(owner_id, ids, holder, true).await
    }

    /// As something that everyone may see, or that not everyone may.
    pub(crate) async fn hold(
        &self,
        owner_id: u64,
        ids: &[u64],
        holder: &str,
        open: bool,
    ) -> Result<()> {
        let request = AttachRequest {
            owner_id,
            ids: ids.to_vec(),
            holder: holder.to_owned(),
            open,
        };
        self.media.attach(&context(), request).await.map(|_| ())
    }

    pub(crate) async fn release(&self, holder: &str) -> u32 {
        self.release_some(holder, &[]).await
    }

    pub(crate) async fn release_some(&self, holder: &str, ids: &[u64]) -> u32 {
        let owner = "SELECT owner_id FROM media JOIN holders ON media_id = id WHERE holder = $1";
        let owner = infra_db::query_scalar(owner).bind(holder);
        let owner: Option<i64> = owner.fetch_optional(self.database.reader()).await.unwrap();
        let request = ReleaseRequest {
            holder: holder.to_owned(),
            owner_id: owner.unwrap_or_default().cast_unsigned(),
            ids: ids.to_vec(),
        };
        let released = self.media.release(&context(), request).await;
        released.unwrap().deleted
    }

    /// Reads a rendition, or a part of it, as a surface does that has seen a signature.
    pub(crate) async fn read(
        &self,
        key: &str,
        offset: u64,
        length: u64,
    ) -> Result<(RenditionHeader, Vec<u8>)> {
        let request = ReadRenditionRequest {
            key: key.to_owned(),
            offset,
            length,
            signed: true,
            ..ReadRenditionRequest::default()
        };
        self.read_as(request).await
    }

    pub(crate) async fn read_as(
        &self,
        request: ReadRenditionRequest,
    ) -> Result<(RenditionHeader, Vec<u8>)> {
        Self::taken(self.media.read_rendition(&context(), request).await?).await
    }

    /// A header and all bytes that follow it.
    pub(crate) async fn taken(
        mut chunks: Messages<RenditionChunk>,
    ) -> Result<(RenditionHeader, Vec<u8>)> {
        let Some(Part::Header(header)) = chunks.next().await.unwrap()?.part else {
            panic!("the header comes first");
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let Some(Part::Data(data)) = chunk?.part else {
                panic!("bytes follow");
            };
            bytes.extend_from_slice(&data);
        }
        assert_eq!(bytes.len() as u64, header.length);
        Ok((header, bytes))
    }

    pub(crate) async fn events(&self, topic: &str) -> Vec<Event> {
        let read = infra_bus::outbox::read(&self.database, EVENTS_MAX).await;
        let events = read.unwrap().events.into_iter();
        events.filter(|event| event.topic == topic).collect()
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        infra_db::query_scalar(sql)
            .fetch_one(self.database.reader())
            .await
            .unwrap()
    }

    /// Does to the database what no code does; the statement may name the values as $1 to $3.
    pub(crate) async fn change(&self, sql: &'static str, values: (i64, String, i64)) {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    let statement = infra_db::query(sql).bind(values.0);
                    let statement = statement.bind(values.1).bind(values.2);
                    statement.execute(connection).await?;
                    Ok::<_, infra_db::DbError>(())
                })
            })
            .await
            .unwrap();
    }

    /// Every file that the store holds, finished or not.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.blobs.files()
    }

    /// Nothing at all is kept: no row in any table, no file. That a file was sent counts, whatever
    /// became of it.
    pub(crate) async fn assert_empty(&self, what: &str) {
        assert_eq!(self.files(), Vec::<PathBuf>::new(), "{what} left a file");
        let rows = "SELECT (SELECT COUNT(*) FROM media) + (SELECT COUNT(*) FROM renditions)
            + (SELECT COUNT(*) FROM holders) + (SELECT COUNT(*) FROM blob_writes)
            + (SELECT COUNT(*) FROM blob_deletions) + (SELECT COUNT(*) FROM outbox)
            + (SELECT COUNT(*) FROM upload_sessions) + (SELECT COUNT(*) FROM upload_parts)
            + (SELECT COUNT(*) FROM alternates) + (SELECT COUNT(*) FROM alternate_jobs)
            + (SELECT COUNT(*) FROM alternates_given_up)
            + (SELECT COUNT(*) FROM account_usage)";
        assert_eq!(self.count(rows).await, 0, "{what} left a row");
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

/// That stands still until it is told the time.
pub(crate) fn clock() -> Arc<ManualClock> {
    let start = Timestamp::from_milliseconds(1_790_000_000_000);
    Arc::new(ManualClock::at(start))
}

pub(crate) fn context() -> Context {
    Context::background(Duration::from_secs(30))
}

/// The messages of an upload that is whole.
pub(crate) fn whole(header: UploadHeader, bytes: &[u8]) -> Vec<Result<UploadChunk>> {
    let mut chunks = vec![Ok(UploadChunk::header(header))];
    let data = bytes
        .chunks(50_000)
        .map(|data| Ok(UploadChunk::data(data.to_vec())));
    chunks.extend(data);
    chunks.push(Ok(UploadChunk::end()));
    chunks
}

/// A small photo; each number gives another one.
pub(crate) fn photo(number: u8) -> Vec<u8> {
    jpeg::encode(&picture(600, 450, number), 85)
}

pub(crate) fn picture(width: u32, height: u32, number: u8) -> Picture {
    Picture::from_fn(width, height, |x, y| {
        [(x / 3) as u8, (y / 2) as u8, number.wrapping_mul(37)]
    })
}

/// A picture that does not compress well.
pub(crate) fn noise(width: u32, height: u32) -> Picture {
    Picture::from_fn(width, height, |x, y| {
        let mut value = x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b);
        value ^= value >> 15;
        value = value.wrapping_mul(0x2c1b_3c6d);
        value ^= value >> 12;
        [value as u8, (value >> 8) as u8, (value >> 16) as u8]
    })
}

pub(crate) fn code(result: Result<impl std::fmt::Debug>) -> infra_kernel::ErrorCode {
    result
        .map_err(|error: Error| error.code())
        .expect_err("it was refused")
}
