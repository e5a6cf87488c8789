//! Files in forms: handed to the media domain as they arrive, never held. What is in memory are a few chunks.

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use business_media_gateway::{Media, MediaItem, UploadChunk, UploadHeader};
use futures::{StreamExt as _, stream};
use infra_kernel::{Context, Error, ErrorCode, Result};
use tokio::sync::mpsc;

/// The most chunks that wait for the media domain to take them. A chunk is what the connection read at once.
const CHUNKS_WAITING_MAX: usize = 4;
/// The most bytes of a refused file that are read and thrown away, so that a client that sends before it listens hears
/// why it was refused. A larger file's connection is cut.
const REFUSED_BYTES_READ_MAX: usize = 64 * 1024 * 1024;

/// A body for a form with files. A form's parser takes whatever has arrived before it looks at any of it, so a sender that is quicker than the disk would fill
/// the memory. After each frame the body says that there is no more just now, which makes the parser hand on what it has.
/// After, not before: a parser that meets the end in the same look as the first frame takes the form for a broken one.
pub fn one_frame_at_a_time(body: Body) -> Body {
    let frames = (body.into_data_stream(), false);
    Body::from_stream(stream::unfold(frames, |(mut frames, begun)| async move {
        if begun {
            tokio::task::yield_now().await;
        }
        let frame = frames.next().await?;
        Some((frame, (frames, true)))
    }))
}

/// Hands a file on while it arrives. The answer comes when both are done: the file is read, and the media domain has it;
/// its renditions come later.
///
/// # Errors
/// The media domain's, or `invalid` when the connection broke off.
pub async fn upload(
    context: &Context,
    media: &dyn Media,
    header: UploadHeader,
    field: Field<'_>,
) -> Result<MediaItem> {
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let chunks = stream::unfold(receiver, |mut receiver: mpsc::Receiver<_>| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let upload = media.upload(context, Box::pin(chunks));
    let (item, ()) = tokio::join!(upload, send(sender, header, field));
    item
}

async fn send(
    sender: mpsc::Sender<Result<UploadChunk>>,
    header: UploadHeader,
    mut field: Field<'_>,
) {
    let mut taken = sender.send(Ok(UploadChunk::header(header))).await.is_ok();
    let mut refused_bytes = 0;
    loop {
        match field.chunk().await {
            Ok(Some(data)) if taken => {
                taken = sender.send(Ok(UploadChunk::data(data))).await.is_ok();
            }
            // The media domain has its answer already; what still comes is only read so that the client gets to hear it.
            Ok(Some(data)) => refused_bytes += data.len(),
            Ok(None) => {
                let _ = sender.send(Ok(UploadChunk::end())).await;
                return;
            }
            Err(error) => {
                let _ = sender.send(Err(cut_off(error))).await;
                return;
            }
        }
        if refused_bytes > REFUSED_BYTES_READ_MAX {
            return;
        }
    }
}

/// A form that cannot be read on: too large, or broken off.
#[must_use]
pub fn cut_off(error: MultipartError) -> Error {
    let code = if error.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
        ErrorCode::TooLarge
    } else {
        ErrorCode::Invalid
    };
    Error::new(
        code,
        "The upload broke off before its end. Check the connection and try again.",
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::extract::{FromRequest as _, Multipart, Request};
    use bytes::Bytes;

    use super::*;

    /// A form with a file of 1,000 frames that are all there at once, and how many of them were taken.
    fn hasty_form() -> (Request, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let head =
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n";
        let frames = (0..1_000).map(move |index| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(if index == 0 {
                Bytes::from(head)
            } else {
                Bytes::from(vec![b'x'; 16 * 1024])
            })
        });
        let request = Request::builder()
            .method("POST")
            .header("content-type", "multipart/form-data; boundary=b")
            .body(Body::from_stream(futures::stream::iter(frames)))
            .unwrap();
        (request, taken)
    }

    #[tokio::test]
    async fn a_hasty_sender_does_not_fill_the_memory() {
        let (request, taken) = hasty_form();
        let request = request.map(one_frame_at_a_time);
        let mut form = Multipart::from_request(request, &()).await.unwrap();
        let mut field = form.next_field().await.unwrap().unwrap();
        field.chunk().await.unwrap().unwrap();
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken < 10, "{taken} frames were taken to read one");
    }
}
