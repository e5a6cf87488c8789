//! Blobs on their way to a reader: a header, then the bytes asked for.

use business_media_gateway::{RenditionChunk, RenditionHeader, rendition_chunk};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use infra_blob::{BlobKey, ByteRange};
use infra_kernel::Error;
use infra_rpc::Messages;

use crate::error::MediaError;
use crate::forms::Form;
use crate::library::Library;
use crate::library::caches::BODY_BYTES_MAX;
use crate::store::renditions;

pub(crate) struct Sending {
    pub(crate) form: Form,
    /// Whether there are other forms.
    pub(crate) varies: bool,
    /// Whether everyone may have it.
    pub(crate) open: bool,
    /// Whether other forms are yet to be made.
    pub(crate) forms_to_come: bool,
    pub(crate) range: ByteRange,
    pub(crate) head_only: bool,
}

impl Sending {
    fn length(&self) -> u64 {
        self.range.length_within(self.form.bytes)
    }

    fn header(&self) -> RenditionChunk {
        RenditionChunk {
            part: Some(rendition_chunk::Part::Header(RenditionHeader {
                content_type: self.form.content_type.to_string(),
                bytes: self.form.bytes,
                length: self.length(),
                hash: self.form.key.to_string(),
                varies: self.varies,
                open: self.open,
                forms_to_come: self.forms_to_come,
            })),
        }
    }

    fn has_body(&self) -> bool {
        !self.head_only && self.length() > 0
    }
}

/// Sends a rendition, or another form of one, from the cache when it is small enough to be kept
/// there.
pub(crate) async fn send_cached(
    library: &Library,
    sending: Sending,
) -> Result<Messages<RenditionChunk>, MediaError> {
    let form = &sending.form;
    // Without a body nothing has to be loaded; what is longer than a message goes in chunks.
    if !sending.has_body() || form.bytes > BODY_BYTES_MAX {
        return send(library, sending).await;
    }
    let body = body(library, form.key, form.bytes).await?;
    let part = part_of(&body, sending.range, sending.length());
    let chunks = [Ok(sending.header()), Ok(RenditionChunk::data(part))];
    Ok(Box::pin(stream::iter(chunks)))
}

/// Sends any blob, in chunks from the store.
pub(crate) async fn send(
    library: &Library,
    sending: Sending,
) -> Result<Messages<RenditionChunk>, MediaError> {
    let first = stream::iter([Ok(sending.header())]);
    if !sending.has_body() {
        return Ok(Box::pin(first));
    }
    let read = library
        .blobs
        .store()
        .read(sending.form.key, sending.range)
        .await?;
    let chunks = read
        .chunks
        .map(|chunk| chunk.map(RenditionChunk::data).map_err(Error::from));
    Ok(Box::pin(first.chain(chunks)))
}

/// The whole of a rendition. Its row was there a moment ago: should it have been deleted since,
/// what is read here is not kept, because the caches have forgotten it in between or the next
/// line finds no file.
async fn body(library: &Library, key: BlobKey, bytes: u64) -> Result<Bytes, MediaError> {
    if let Some(body) = library.caches.bodies.get(&key) {
        return Ok(body);
    }
    let version = library.caches.bodies.version(&key);
    let body = library.blobs.store().read_all(key, bytes).await?;
    // Looked at again under the same version: the row may have gone between the first look and
    // it.
    if renditions::is_served(&library.database, key).await? {
        library.caches.bodies.insert(key, version, body.clone());
    }
    Ok(body)
}

/// A part of the body without copying it.
fn part_of(body: &Bytes, range: ByteRange, length: u64) -> Bytes {
    let end = range.offset.saturating_add(length);
    let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
    body.slice(bound(range.offset)..bound(end))
}
