//! Files in forms: handed to the media domain as they arrive, never held. What is in memory are a
//! few chunks.

pub(crate) mod disposition;
mod form;

use business_media_gateway::{Media, MediaItem, UploadChunk, UploadHeader};
use futures::stream;
use infra_kernel::{Context, Result};
use tokio::sync::mpsc;

pub use form::{FileField, FileForm};

/// The most chunks that wait for the media domain to take them. A chunk is what the connection read
/// at once.
const CHUNKS_WAITING_MAX: usize = 4;
/// The most bytes of a refused file that are read and thrown away, so that a client that sends
/// before it listens hears why it was refused. A larger file's connection is cut.
const REFUSED_BYTES_READ_MAX: usize = 64 * 1024 * 1024;

/// Hands a file on while it arrives. The response comes when both are done: the file is read, and
/// the media domain has it; its renditions come later.
///
/// # Errors
/// The media domain's, or `invalid` when the connection broke off.
pub async fn upload(
    context: &Context,
    media: &dyn Media,
    header: UploadHeader,
    field: FileField<'_>,
) -> Result<MediaItem> {
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let chunks = stream::unfold(receiver, |mut receiver: mpsc::Receiver<_>| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let upload = media.upload(context, Box::pin(chunks));
    // In one task, so that neither outlives the other when the request is dropped.
    let (item, ()) = tokio::join!(upload, send(sender, header, field));
    item
}

async fn send(
    sender: mpsc::Sender<Result<UploadChunk>>,
    header: UploadHeader,
    mut field: FileField<'_>,
) {
    let mut taken = sender.send(Ok(UploadChunk::header(header))).await.is_ok();
    let mut refused_bytes = 0;
    loop {
        match field.chunk().await {
            Ok(Some(data)) if taken => {
                taken = sender.send(Ok(UploadChunk::data(data))).await.is_ok();
            }
            // The media domain has its response already; what still comes is only read so that the
            // client gets to hear it.
            Ok(Some(data)) => refused_bytes += data.len(),
            Ok(None) => {
                // The end is said: a channel that only closes would look like a connection that
                // broke off.
                let _ = sender.send(Ok(UploadChunk::end())).await;
                return;
            }
            Err(error) => {
                // In place of the end, so that the media domain knows the file to be cut off.
                let _ = sender.send(Err(error)).await;
                return;
            }
        }
        if refused_bytes > REFUSED_BYTES_READ_MAX {
            return;
        }
    }
}
