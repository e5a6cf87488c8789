//! An upload in parts: a row, and a blob for each part that arrived. What arrives is described in
//! `append.rs`, what becomes of it in `finish.rs`.
//!
//! No file is held open between two requests, and every blob store will do. Parts are kept as any
//! blob is (`blobs.rs`), so that a crash at any moment leaves neither bytes without a row nor a row
//! without bytes.

use business_media_gateway::{MediaId, MediaItem, UploadHeader, UploadSession};
use infra_kernel::{AccountId, Error, ErrorCode};

use crate::error::MediaError;
use crate::store::upload_sessions::{self, SessionRow};
use crate::uploads::Uploads;

/// An account's own upload, if its time is not up.
pub(crate) async fn read_session(
    uploads: &Uploads,
    id: i64,
    owner: AccountId,
) -> Result<SessionRow, MediaError> {
    let session = upload_sessions::read(&uploads.database, id, owner).await?;
    let session = session.ok_or_else(|| Error::not_found("upload"))?;
    if session.expires_at <= uploads.clock.now().microseconds() {
        let text = "This upload was not finished in time and is gone. Please send the file again.";
        return Err(Error::new(ErrorCode::Gone, text).into());
    }
    Ok(session)
}

/// Deletes an upload and the bytes of its parts.
pub(crate) async fn end_session(uploads: &Uploads, id: i64) -> Result<(), MediaError> {
    let now = uploads.clock.now();
    let left = uploads
        .database
        .write(move |connection| {
            Box::pin(async move { upload_sessions::delete(connection, id, now).await })
        })
        .await?;
    uploads.blobs.collect(&left).await;
    Ok(())
}

/// An upload as its owner sees it.
pub(crate) async fn describe_session(
    uploads: &Uploads,
    session: &SessionRow,
) -> Result<UploadSession, MediaError> {
    if session.media_id == 0 {
        return Ok(session_reply(session, None));
    }
    let id = MediaId::from_sql(session.media_id);
    let item = uploads.library.items(&[id]).await?.pop().ok_or_else(|| {
        let text = "The photo that this upload became was deleted.";
        Error::new(ErrorCode::Gone, text)
    })?;
    Ok(session_reply(session, Some(MediaItem::clone(&item))))
}

/// Deletes uploads whose time is up; their parts are then on the queue of blobs to delete.
/// Returns how many.
pub(crate) async fn sweep_uploads(uploads: &Uploads, limit: i64) -> Result<u64, MediaError> {
    let now = uploads.clock.now();
    let old = upload_sessions::expired(&uploads.database, now, limit).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let count = old.len() as u64;
    uploads
        .database
        .write(move |connection| {
            Box::pin(async move {
                for id in old {
                    upload_sessions::delete(connection, id, now).await?;
                }
                Ok::<_, MediaError>(())
            })
        })
        .await?;
    tracing::info!(uploads = count, "forgot uploads in parts whose time was up");
    Ok(count)
}

pub(crate) fn session_reply(session: &SessionRow, item: Option<MediaItem>) -> UploadSession {
    UploadSession {
        upload_id: session.id.cast_unsigned(),
        offset: session.position.cast_unsigned(),
        bytes: session.bytes.cast_unsigned(),
        expires_at_us: session.expires_at,
        item,
        metadata: session.metadata.clone(),
    }
}

#[allow(clippy::cast_possible_truncation)] // they were written from 32 bits
pub(crate) fn header_of(session: &SessionRow) -> UploadHeader {
    UploadHeader {
        owner_id: session.owner_id.cast_unsigned(),
        description: session.description.clone(),
        focus_x: session.focus_x.map(|x| x as f32),
        focus_y: session.focus_y.map(|y| y as f32),
        file_name: String::new(),
    }
}

pub(crate) fn busy() -> Error {
    let text = "Another request is sending this upload just now. Please try again in a moment.";
    Error::new(ErrorCode::Conflict, text).for_field("upload")
}
