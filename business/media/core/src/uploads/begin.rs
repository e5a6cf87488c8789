//! Begins an upload in parts.

use std::sync::Arc;
use std::time::Duration;

use business_media_gateway::{BeginUploadRequest, UploadSession};
use infra_kernel::{AccountId, Context, Error, ErrorCode, Result};

use crate::error::MediaError;
use crate::store::upload_sessions::{self, SessionRow, Unfinished};
use crate::uploads::Uploads;
use crate::uploads::admission::check_upload;
use crate::uploads::receive::too_large;
use crate::uploads::session::session_reply;

/// The most bytes that a client may have returned.
const METADATA_BYTES_MAX: usize = 8_192;
/// How long an upload of which nothing has come keeps its place when its account has as many as it
/// may and begins another.
const UNTOUCHED_LIFETIME: Duration = Duration::from_secs(15 * 60);
const MIB: u64 = 1024 * 1024;

pub(crate) async fn begin_upload(
    uploads: &Arc<Uploads>,
    context: &Context,
    request: BeginUploadRequest,
) -> Result<UploadSession, MediaError> {
    let header = request.header.unwrap_or_default();
    let owner = AccountId::new(header.owner_id);
    context.caller().require_account(owner)?;
    check_whole(uploads, request.bytes)?;
    check_metadata(&request.metadata)?;
    let header = check_upload(uploads, header, request.bytes).await?;
    let session = SessionRow {
        id: uploads.ids.next_raw().cast_signed(),
        owner_id: owner.to_sql(),
        bytes: request.bytes.cast_signed(),
        position: 0,
        description: header.description,
        focus_x: header.focus_x.map(f64::from),
        focus_y: header.focus_y.map(f64::from),
        metadata: request.metadata,
        expires_at: uploads.session_end().microseconds(),
        media_id: 0,
    };
    // Uploads that were begun and never sent may be what is in the way.
    match insert_session(uploads, &session).await {
        Err(MediaError::Refused(_)) if forget_untouched(uploads, owner).await? => {
            insert_session(uploads, &session).await?;
        }
        inserted => inserted?,
    }
    Ok(session_reply(&session, None))
}

async fn insert_session(uploads: &Uploads, session: &SessionRow) -> Result<(), MediaError> {
    let (row, owner) = (session.clone(), AccountId::from_sql(session.owner_id));
    let (uploads_max, bytes_max) = (
        uploads.settings.upload_sessions_max,
        uploads.settings.upload_sessions_bytes_max,
    );
    uploads
        .database
        .write(move |connection| {
            Box::pin(async move {
                let unfinished = upload_sessions::count_unfinished(connection, owner).await?;
                check_unfinished(unfinished, row.bytes, uploads_max, bytes_max)?;
                upload_sessions::insert(connection, &row).await
            })
        })
        .await
}

/// Gives up what an account began a while ago and sent nothing of: its client may never have
/// heard where to send it, and started over. Returns whether there was any.
async fn forget_untouched(uploads: &Uploads, owner: AccountId) -> Result<bool, MediaError> {
    let begun_before = uploads.clock.now().minus(UNTOUCHED_LIFETIME);
    // A row has the time of its end only, a lifetime after its beginning.
    let ends_before = begun_before.plus(uploads.settings.upload_session_lifetime());
    let untouched = upload_sessions::untouched(&uploads.database, owner, ends_before).await?;
    let mut forgotten = false;
    for id in untouched {
        // What is being sent of it just now is not yet here.
        if let Some(append) = uploads.append_locks.begin(id) {
            forgotten |= uploads
                .database
                .write(move |connection| {
                    Box::pin(async move { upload_sessions::delete_untouched(connection, id).await })
                })
                .await?;
            drop(append);
        }
    }
    Ok(forgotten)
}

fn check_whole(uploads: &Uploads, bytes: u64) -> Result<()> {
    if bytes == 0 {
        let text = "This file is empty: there is no picture in it.";
        return Err(Error::invalid("file", text));
    }
    let bytes_max = uploads.settings.upload_bytes_max;
    if bytes > bytes_max {
        return Err(too_large(bytes_max));
    }
    Ok(())
}

fn check_metadata(metadata: &str) -> Result<()> {
    if metadata.len() > METADATA_BYTES_MAX {
        let text = format!(
            "What is said of an upload may have {METADATA_BYTES_MAX} bytes; this has {}.",
            metadata.len()
        );
        return Err(Error::invalid("metadata", text));
    }
    if metadata.contains('\0') {
        let text = "What is said of an upload holds a character that cannot be stored (U+0000).";
        return Err(Error::invalid("metadata", text));
    }
    Ok(())
}

fn check_unfinished(
    unfinished: Unfinished,
    bytes: i64,
    uploads_max: u32,
    bytes_max: u64,
) -> Result<()> {
    let uploads = unfinished.uploads;
    if uploads >= i64::from(uploads_max) {
        let text = format!(
            "You have {uploads} uploads under way, which is as many as there may be. Finish or cancel one of them first."
        );
        return Err(Error::new(ErrorCode::RateLimited, text));
    }
    let (before, bytes) = (unfinished.bytes.cast_unsigned(), bytes.cast_unsigned());
    if before.saturating_add(bytes) > bytes_max {
        let text = format!(
            "Your uploads under way have {} MiB together, and {} MiB is the most; this file has {} MiB. Finish or cancel one \
             of them first.",
            before.div_ceil(MIB),
            bytes_max / MIB,
            bytes.div_ceil(MIB)
        );
        return Err(Error::new(ErrorCode::RateLimited, text));
    }
    Ok(())
}
