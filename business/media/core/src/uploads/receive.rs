//! The bytes of an upload, from the wire into a blob that nothing names yet.

use business_media_codec::{FormatSet, SNIFF_BYTES, sniff};
use business_media_gateway::{UploadChunk, UploadHeader, upload_chunk::Part};
use futures::StreamExt as _;
use infra_blob::BlobWriter;
use infra_kernel::{Context, Error, ErrorCode, Result};
use infra_rpc::{Messages, within_deadline};

use crate::error::MediaError;
use crate::uploads::gather::Gathered;

/// The next message's part; nothing when the stream ended.
async fn next_part(context: &Context, chunks: &mut Messages<UploadChunk>) -> Result<Option<Part>> {
    within_deadline(context, async {
        match chunks.next().await {
            None => Ok(None),
            Some(chunk) => chunk?.part.map_or_else(
                || {
                    Err(Error::invalid(
                        "file",
                        "The upload holds a message that is not known here.",
                    ))
                },
                |part| Ok(Some(part)),
            ),
        }
    })
    .await
}

/// The header, which comes first.
pub(crate) async fn header(
    context: &Context,
    chunks: &mut Messages<UploadChunk>,
) -> Result<UploadHeader> {
    match next_part(context, chunks).await? {
        Some(Part::Header(header)) => Ok(header),
        _ => Err(Error::invalid("file", "An upload begins with its header.")),
    }
}

/// Writes the file as it arrives. Refuses it as soon as its first bytes are here if it is of a kind
/// that is not taken, and as soon as it has more than `bytes_max` bytes. `gathered` is
/// where it waits to be written.
pub(crate) async fn body(
    context: &Context,
    chunks: &mut Messages<UploadChunk>,
    bytes_max: u64,
    (taken, mut gathered): (&FormatSet, Gathered),
    writer: &mut dyn BlobWriter,
) -> Result<(), MediaError> {
    let mut sniffed = false;
    let mut bytes = 0;
    loop {
        let data = match next_part(context, chunks).await? {
            Some(Part::Data(data)) => data,
            Some(Part::End(_)) => break,
            Some(Part::Header(_)) => {
                return Err(Error::invalid("file", "An upload has one header only.").into());
            }
            None => return Err(cut_off().into()),
        };
        bytes += data.len() as u64;
        if bytes > bytes_max {
            return Err(too_large(bytes_max).into());
        }
        gathered.push(&data);
        if !sniffed && gathered.len() >= SNIFF_BYTES {
            sniff(gathered.bytes(), taken)?;
            sniffed = true;
        }
        // What is no picture never reaches the store.
        if sniffed && gathered.is_enough() {
            gathered.write_to(writer).await?;
        }
    }
    // A file that is shorter is judged by all of it.
    if !sniffed {
        sniff(gathered.bytes(), taken)?;
    }
    gathered.write_to(writer).await
}

fn cut_off() -> Error {
    Error::invalid(
        "file",
        "The upload was cut off before its end. Please send it again.",
    )
}

pub(crate) fn too_large(bytes_max: u64) -> Error {
    const MIB: u64 = 1024 * 1024;
    let limit = if bytes_max >= MIB {
        format!("{} MiB", bytes_max / MIB)
    } else {
        format!("{bytes_max} bytes")
    };
    let sentence = format!("This file is too large: at most {limit} are taken.");
    Error::new(ErrorCode::TooLarge, sentence).for_field("file")
}
