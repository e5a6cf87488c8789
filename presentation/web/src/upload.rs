//! Files from forms, handed to the media domain as they arrive, never whole in memory; and the text
//! fields beside them.

use business_media_gateway::{Media, MediaItem, UploadHeader, WaitUntilProcessedRequest};
use infra_kernel::{AccountId, Context, Error, ErrorCode, Result};
use presentation_kit::upload::{FileField, upload};

/// The most bytes of a text field beside a file.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Sends a file on while it arrives. Returns once it is stored; its renditions come later.
///
/// # Errors
/// The media domain's, or `invalid` when the connection broke off.
pub(crate) async fn receive(
    context: &Context,
    media: &dyn Media,
    owner: AccountId,
    field: FileField<'_>,
) -> Result<MediaItem> {
    let header = UploadHeader {
        owner_id: owner.get(),
        file_name: field.file_name().unwrap_or_default().to_owned(),
        ..UploadHeader::default()
    };
    upload(context, media, header, field).await
}

/// Waits until a photo's renditions are there.
///
/// # Errors
/// `unsupported`, with the reason for its owner, when it could not be read; `unavailable` when it
/// takes too long.
pub(crate) async fn finish(context: &Context, media: &dyn Media, id: u64) -> Result<MediaItem> {
    let item = media
        .wait_until_processed(context, WaitUntilProcessedRequest { id })
        .await?;
    if let Some(reason) = failure(&item) {
        return Err(Error::new(ErrorCode::Unsupported, reason));
    }
    if item.is_ready() {
        return Ok(item);
    }
    Err(Error::new(
        ErrorCode::Unavailable,
        "The photo is still being worked on. Please try again in a moment.",
    ))
}

/// Why a photo could not be processed; none when it was, or may still be.
pub(crate) fn failure(item: &MediaItem) -> Option<&str> {
    if !item.has_failed() {
        return None;
    }
    Some(if item.failure.is_empty() {
        "This photo could not be processed. Try exporting it again as JPEG."
    } else {
        &item.failure
    })
}

/// A text field, up to its bound.
///
/// # Errors
/// When it is longer, or is no text.
pub(crate) async fn text(mut field: FileField<'_>) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
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
pub(crate) fn is_file(field: &FileField<'_>) -> bool {
    field.file_name().is_some_and(|name| !name.is_empty())
}

/// The error for a form that has more fields than so many.
pub(crate) fn too_many_fields(most: usize) -> Error {
    Error::invalid("form", format!("A form may have at most {most} fields."))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::{FromRequest as _, Request};
    use presentation_kit::upload::FileForm;

    use super::*;

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
        let mut form = FileForm::from_request(request, &()).await.unwrap();
        let field = form.next_field().await.unwrap().unwrap();
        assert_eq!(text(field).await.unwrap_err().code(), ErrorCode::TooLarge);
    }
}
