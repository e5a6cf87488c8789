//! Where the bytes come from: the media domain, asked for a rendition or for an original.

use axum::body::Body;
use business_media_gateway::rendition_chunk::Part;
use business_media_gateway::{
    MediaId, ReadOriginalRequest, ReadRenditionRequest, RenditionChunk, RenditionHeader,
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use infra_kernel::{Context, Error, Result};
use infra_rpc::Messages;
use presentation_kit::Surface;
use presentation_kit::problem::log_fault;

#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'request> {
    Rendition {
        key: &'request str,
        /// Types that the reader would rather have, best first.
        preferred: &'request [&'static str],
        /// Whether the address was signed by us.
        signed: bool,
    },
    Original {
        id: MediaId,
        as_owner: bool,
    },
}

/// How much of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    /// The header and no bytes, for `HEAD` and for conditions.
    Head,
    /// So many bytes from an offset on; 0 for all the rest.
    Bytes(u64, u64),
}

/// A header, and the bytes that follow.
pub(super) type Opened = (RenditionHeader, Messages<RenditionChunk>);

/// Where it is asked for.
#[derive(Clone, Copy)]
pub(super) struct Source<'request> {
    pub(super) surface: &'request Surface,
    pub(super) context: &'request Context,
    pub(super) wanted: Wanted<'request>,
}

impl Source<'_> {
    pub(super) async fn head(&self) -> Result<RenditionHeader> {
        let (header, _) = self.open(Asked::Head).await?;
        Ok(header)
    }

    pub(super) async fn open(&self, asked: Asked) -> Result<Opened> {
        let mut chunks = self.read(asked).await?;
        match chunks.next().await.transpose()? {
            Some(RenditionChunk {
                part: Some(Part::Header(header)),
            }) => Ok((header, chunks)),
            _ => Err(Error::internal("a rendition began without its header")),
        }
    }

    async fn read(&self, asked: Asked) -> Result<Messages<RenditionChunk>> {
        let (offset, length, head_only) = match asked {
            Asked::Head => (0, 0, true),
            Asked::Bytes(offset, length) => (offset, length, false),
        };
        let media = &self.surface.gateways.media;
        match self.wanted {
            Wanted::Rendition {
                key,
                preferred,
                signed,
            } => {
                let request = ReadRenditionRequest {
                    key: key.to_owned(),
                    offset,
                    length,
                    head_only,
                    preferred_types: preferred.iter().map(ToString::to_string).collect(),
                    signed,
                };
                media.read_rendition(self.context, request).await
            }
            Wanted::Original { id, as_owner } => {
                let request = ReadOriginalRequest {
                    id: id.get(),
                    as_owner,
                    offset,
                    length,
                    head_only,
                };
                media.read_original(self.context, request).await
            }
        }
    }
}

/// The body: what fits one chunk as it is, what does not as a stream.
pub(super) async fn body((header, mut chunks): Opened) -> Result<Body> {
    let first = match chunks.next().await.transpose()? {
        Some(chunk) => data(chunk)?,
        None => Bytes::new(),
    };
    if first.len() as u64 >= header.length {
        return Ok(Body::from(first));
    }
    let rest = chunks.map(|chunk| {
        let bytes = chunk.and_then(data);
        // The response has begun: the connection is cut, and the reason can only be logged here.
        bytes.inspect_err(log_fault)
    });
    let first = stream::once(std::future::ready(Ok(first)));
    Ok(Body::from_stream(first.chain(rest)))
}

fn data(chunk: RenditionChunk) -> Result<Bytes> {
    match chunk.part {
        Some(Part::Data(bytes)) => Ok(bytes),
        _ => Err(Error::internal("a rendition's bytes held something else")),
    }
}
