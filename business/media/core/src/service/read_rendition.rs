//! The bytes of a rendition.

use business_media_gateway::{
    ReadRenditionRequest, RenditionChunk, RenditionHeader, rendition_chunk,
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use infra_blob::{BlobKey, ByteRange};
use infra_kernel::Error;
use infra_rpc::Messages;

use crate::Core;
use crate::caches::{BODY_BYTES_MAX, Head};
use crate::error::MediaError;
use crate::store::renditions;

impl Core {
    pub(crate) async fn read_rendition(
        &self,
        request: &ReadRenditionRequest,
    ) -> Result<Messages<RenditionChunk>, MediaError> {
        let not_found = || Error::not_found("photo");
        let key = renditions::key_of_file_name(&request.key).ok_or_else(not_found)?;
        let head = self.head(key).await?.ok_or_else(not_found)?;
        let range = ByteRange {
            offset: request.offset,
            length: (request.length > 0).then_some(request.length),
        };
        let length = range.length_within(head.bytes);
        let first = Ok(header(&head, length));
        if request.head_only || length == 0 {
            return Ok(Box::pin(stream::iter([first])));
        }
        if head.bytes <= BODY_BYTES_MAX {
            let body = self.body(key, head.bytes).await?;
            let part = Ok(RenditionChunk::data(part_of(&body, range, length)));
            return Ok(Box::pin(stream::iter([first, part])));
        }
        let read = self.blobs.store.read(key, range).await?;
        let chunks = read
            .chunks
            .map(|chunk| chunk.map(RenditionChunk::data).map_err(Error::from));
        Ok(Box::pin(stream::iter([first]).chain(chunks)))
    }

    async fn head(&self, key: BlobKey) -> Result<Option<Head>, MediaError> {
        let since = self.caches.since();
        if let Some(head) = self.caches.head(key) {
            return Ok(Some(head));
        }
        let head = renditions::read_head(&self.database, key).await?;
        if let Some(head) = &head {
            self.caches.keep_head(since, key, head.clone());
        }
        Ok(head)
    }

    /// The whole of a small rendition. Its row was there a moment ago: should it have been deleted since, what is read
    /// here is not kept, because the caches have forgotten it in between or the next line finds no file.
    async fn body(&self, key: BlobKey, bytes: u64) -> Result<Bytes, MediaError> {
        if let Some(body) = self.caches.body(key) {
            return Ok(body);
        }
        let since = self.caches.since();
        let body = self.blobs.store.read_all(key, bytes).await?;
        // Looked at again under the same `since`: the row may have gone between the first look and `since`.
        if renditions::read_head(&self.database, key).await?.is_some() {
            self.caches.keep_body(since, key, body.clone());
        }
        Ok(body)
    }
}

fn header(head: &Head, length: u64) -> RenditionChunk {
    RenditionChunk {
        part: Some(rendition_chunk::Part::Header(RenditionHeader {
            content_type: head.content_type.to_string(),
            bytes: head.bytes,
            length,
            ..RenditionHeader::default()
        })),
    }
}

/// A part of the body without copying it.
fn part_of(body: &Bytes, range: ByteRange, length: u64) -> Bytes {
    let end = range.offset.saturating_add(length);
    let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
    body.slice(bound(range.offset)..bound(end))
}
