//! Files from forms, handed to the media domain as they arrive, never whole in memory; and the text fields beside them.

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
