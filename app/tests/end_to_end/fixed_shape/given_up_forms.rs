//! What the operator sees and does of photos whose smaller forms were given up.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use business_media::{Dependencies, MIGRATIONS, MediaCore, Settings};
use business_media_codec::{
    CodecError, EncoderMemory, Encoding, ExternalCodecs, Format, Frame, Pixels, StoppedBy,
};
use business_media_gateway::{UploadChunk, UploadHeader};
use infra_blob::DirectoryStore;
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{Context, IdGenerator, ManualClock, Timestamp};
use serde_json::json;
use testing_kit::{charts, jpeg};

use crate::fixed_shape::commands::{fail, json_output, succeed};
use crate::harness::Server;

/// An encoder that will write nothing.
struct Refusing;

fn refused() -> CodecError {
    CodecError::Stopped {
        by: StoppedBy::Refusal,
        cause: "not today".to_owned(),
    }
}

impl ExternalCodecs for Refusing {
    fn reads(&self) -> Vec<Format> {
        Vec::new()
    }

    fn writes(&self) -> Vec<Encoding> {
        vec![Encoding::WebP]
    }

    fn decode(&self, _: Format, _: &[u8], _: u64, _: Instant) -> Result<Pixels, CodecError> {
        Err(refused())
    }

    fn encode(
        &self,
        _: &Pixels,
        _: Encoding,
        _: u8,
        _: EncoderMemory,
        _: Instant,
    ) -> Result<Vec<u8>, CodecError> {
        Err(refused())
    }

    fn encode_animation(
        &self,
        _: (u32, u32),
        _: &mut dyn Iterator<Item = Result<Frame, CodecError>>,
        _: u16,
        _: u8,
        _: Instant,
    ) -> Result<Vec<u8>, CodecError> {
        Err(refused())
    }
}

/// Makes a photo ready in a stopped server's folder and has its forms given up. Returns its id.
async fn give_up_forms(folder: &Path) -> String {
    let clock = Arc::new(ManualClock::at(Timestamp::from_milliseconds(
        1_790_000_000_000,
    )));
    let database = Database::open(&folder.join("media.db"), &MIGRATIONS)
        .await
        .unwrap();
    let core = MediaCore::new(Dependencies {
        database: database.clone(),
        blobs: Arc::new(DirectoryStore::open(&folder.join("media")).await.unwrap()),
        clock: Arc::clone(&clock) as _,
        ids: Arc::new(IdGenerator::new(1, Arc::clone(&clock) as _)),
        external_codecs: Some(Arc::new(Refusing)),
        settings: Settings::default(),
    });
    let header = UploadHeader {
        owner_id: 7,
        ..UploadHeader::default()
    };
    let file = jpeg::encode(&charts::corners(1_500, 1_000), 85);
    let chunks = [
        UploadChunk::header(header),
        UploadChunk::data(file),
        UploadChunk::end(),
    ];
    let chunks = Box::pin(futures::stream::iter(chunks.map(Ok)));
    let context = Context::background(Duration::from_secs(30));
    let item = core.gateway().upload(&context, chunks).await.unwrap();
    for _ in 0..5 {
        core.drain_queue().await.unwrap();
        clock.advance(Duration::from_secs(600));
    }
    database.close().await;
    item.id.to_string()
}

#[tokio::test]
async fn ready_photos_whose_smaller_forms_were_given_up_stand_in_the_list() {
    let mut server = Server::start().await;
    let folder = server.folder().to_owned();
    server.ask_to_stop();
    server.ended().await;
    let id = give_up_forms(&folder).await;
    let list = ["media", "failed", "list", "--json"];
    let listed = json_output(&folder, &list);
    let left = &listed[0];
    assert_eq!(left["what"], "forms", "{listed}");
    assert_eq!((&left["id"], &left["attempts"]), (&json!(id), &json!(3)));
    let shown = succeed(&folder, &["media", "failed", "show", &id]);
    assert!(shown.contains("not today"), "{shown}");
    let why = "only its smaller forms were given up";
    fail(&folder, &["media", "failed", "drop", &id], why);
    let told = succeed(&folder, &["media", "failed", "retry", "--all"]);
    assert!(told.contains("The smaller forms of 1 photos"), "{told}");
    assert_eq!(json_output(&folder, &list), json!([]));
}
