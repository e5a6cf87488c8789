//! Files from forms, handed to the media domain as they arrive, never whole in memory; and the text fields beside them.

use axum::body::Body;
use axum::extract::Request;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use business_media_gateway::upload_chunk::Part;
use business_media_gateway::{
    Media, MediaItem, MediaState, UploadChunk, UploadEnd, UploadHeader, WaitUntilProcessedRequest,
};
use futures::StreamExt as _;
use infra_kernel::{AccountId, Context, Error, ErrorCode, Result};
use infra_rpc::Messages;
use tokio::sync::mpsc;

/// How many chunks may wait between the connection and the media domain. A chunk is what the connection read at once.
const CHUNKS_WAITING_MAX: usize = 4;
/// The most bytes of a text field beside a file.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Middleware: the form's parser takes whatever has arrived before it looks at any of it, so a sender that is quicker than
/// the disk would fill the memory. After each frame the body says that there is no more just now, which makes the parser
/// hand on what it has. After, not before: a parser that meets the end together with the first frame takes the form for a
/// broken one.
pub(crate) async fn one_frame_at_a_time(request: Request) -> Request {
    request.map(|body| {
        let frames = (body.into_data_stream(), false);
        Body::from_stream(futures::stream::unfold(
            frames,
            |(mut frames, begun)| async move {
                if begun {
                    tokio::task::yield_now().await;
                }
                let frame = frames.next().await?;
                Some((frame, (frames, true)))
            },
        ))
    })
}

/// Sends a file on while it arrives. Answers once it is stored; its renditions come later.
///
/// # Errors
/// The media domain's, or `invalid` when the connection broke off.
pub(crate) async fn receive(
    context: &Context,
    media: &dyn Media,
    owner: AccountId,
    field: Field<'_>,
) -> Result<MediaItem> {
    let header = UploadHeader {
        owner_id: owner.get(),
        file_name: field.file_name().unwrap_or_default().to_owned(),
        ..UploadHeader::default()
    };
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let chunks: Messages<UploadChunk> =
        Box::pin(futures::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|chunk| (chunk, receiver))
        }));
    let upload = media.upload(context, chunks);
    // When the file is refused half way the receiver is gone and sending stops with it.
    let (item, ()) = tokio::join!(upload, send(field, header, sender));
    item
}

async fn send(
    mut field: Field<'_>,
    header: UploadHeader,
    sender: mpsc::Sender<Result<UploadChunk>>,
) {
    let chunk = |part| Ok(UploadChunk { part: Some(part) });
    if sender.send(chunk(Part::Header(header))).await.is_err() {
        return;
    }
    while let Some(read) = field.next().await {
        let (message, is_last) = match read {
            Ok(bytes) => (chunk(Part::Data(bytes)), false),
            Err(error) => (Err(broken(error)), true),
        };
        if sender.send(message).await.is_err() || is_last {
            return;
        }
    }
    // Nobody left to tell means that the file was refused, which the other side answers.
    let _ = sender.send(chunk(Part::End(UploadEnd {}))).await;
}

/// Waits until a photo's renditions are there.
///
/// # Errors
/// `unsupported`, with the reason for its owner, when it could not be read; `unavailable` when it takes too long.
pub(crate) async fn finish(context: &Context, media: &dyn Media, id: u64) -> Result<MediaItem> {
    let item = media
        .wait_until_processed(context, WaitUntilProcessedRequest { id })
        .await?;
    match item.state() {
        MediaState::Ready => Ok(item),
        MediaState::Failed => Err(Error::new(ErrorCode::Unsupported, item.failure)),
        MediaState::Uploaded | MediaState::Unspecified => Err(Error::new(
            ErrorCode::Unavailable,
            "The photo is still being worked on. Please try again in a moment.",
        )),
    }
}

/// The next field of a form.
///
/// # Errors
/// When the form is no multipart form, or breaks off.
pub(crate) async fn next_field(form: &mut Multipart) -> Result<Option<Field<'_>>> {
    form.next_field().await.map_err(broken)
}

/// A text field, up to its bound.
///
/// # Errors
/// When it is longer, or is no text.
pub(crate) async fn text(mut field: Field<'_>) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > TEXT_BYTES_MAX {
            return Err(Error::new(
                ErrorCode::TooLarge,
                "A text in this form is longer than is taken here.",
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|error| {
        Error::new(ErrorCode::Invalid, "A text in this form is no text.").with_source(error)
    })
}

/// Whether a file was chosen: a browser sends an empty field when none was.
pub(crate) fn is_file(field: &Field<'_>) -> bool {
    field.file_name().is_some_and(|name| !name.is_empty())
}

fn broken(error: MultipartError) -> Error {
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

    use axum::extract::FromRequest as _;
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
        let request = one_frame_at_a_time(request).await;
        let mut form = Multipart::from_request(request, &()).await.unwrap();
        let mut field = next_field(&mut form).await.unwrap().unwrap();
        assert!(is_file(&field));
        field.chunk().await.unwrap().unwrap();
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken < 10, "{taken} frames were taken to read one");
    }

    #[tokio::test]
    async fn a_text_has_a_bound() {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{}\r\n--b--\r\n",
            "x".repeat(TEXT_BYTES_MAX + 1)
        );
        let request = Request::builder()
            .method("POST")
            .header("content-type", "multipart/form-data; boundary=b")
            .body(Body::from(body))
            .unwrap();
        let mut form = Multipart::from_request(request, &()).await.unwrap();
        let field = next_field(&mut form).await.unwrap().unwrap();
        assert_eq!(text(field).await.unwrap_err().code(), ErrorCode::TooLarge);
    }
}
