//! Uploads in parts: begun, asked about, given up. What arrives is described in `upload_append.rs`,
//! what becomes of it in `upload_finish.rs`.
//!
//! An upload is a row, and a blob for each part that arrived: no file is held open between two
//! requests, and every blob store will do. Parts are kept as any blob is (`blobs.rs`), so that a
//! crash at any moment leaves neither bytes without a row nor a row without bytes.

use std::sync::Arc;
use std::time::Duration;

use business_media_gateway::{
    BeginUploadRequest, CancelUploadReply, CancelUploadRequest, GetUploadRequest, MediaId,
    MediaItem, UploadHeader, UploadSession,
};
use infra_kernel::{AccountId, Context, Error, ErrorCode, Result, Timestamp};

use crate::error::MediaError;
use crate::service::receive::too_large;
use crate::store::upload_sessions::{self, SessionRow, Unfinished};
use crate::{Core, run_to_completion};

/// The most bytes that a client may have returned.
const METADATA_BYTES_MAX: usize = 8_192;
/// How long an upload of which nothing has come keeps its place when its account has as many as it
/// may and begins another.
const UNTOUCHED_LIFETIME: Duration = Duration::from_secs(15 * 60);
const MIB: u64 = 1024 * 1024;

impl Core {
    pub(crate) async fn begin_upload(
        self: &Arc<Self>,
        context: &Context,
        request: BeginUploadRequest,
    ) -> Result<UploadSession, MediaError> {
        let header = request.header.unwrap_or_default();
        let owner = AccountId::new(header.owner_id);
        context.caller().require_account(owner)?;
        self.check_whole(request.bytes)?;
        check_metadata(&request.metadata)?;
        let header = self.check_upload(header, request.bytes).await?;
        let session = SessionRow {
            id: self.ids.next_raw().cast_signed(),
            owner_id: owner.to_sql(),
            bytes: request.bytes.cast_signed(),
            position: 0,
            description: header.description,
            focus_x: header.focus_x.map(f64::from),
            focus_y: header.focus_y.map(f64::from),
            metadata: request.metadata,
            expires_at: self.session_end().microseconds(),
            media_id: 0,
        };
        match self.insert_session(&session).await {
            Err(MediaError::Refused(_)) if self.forget_untouched(owner).await? => {
                self.insert_session(&session).await?;
            }
            inserted => inserted?,
        }
        Ok(told(&session, None))
    }

    async fn insert_session(&self, session: &SessionRow) -> Result<(), MediaError> {
        let (row, owner) = (session.clone(), AccountId::from_sql(session.owner_id));
        let (uploads_max, bytes_max) = (
            self.settings.upload_sessions_max,
            self.settings.upload_sessions_bytes_max,
        );
        self.database
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
    async fn forget_untouched(&self, owner: AccountId) -> Result<bool, MediaError> {
        let begun_before = self.clock.now().minus(UNTOUCHED_LIFETIME);
        let ends_before = begun_before.plus(self.settings.upload_session_lifetime());
        let untouched = upload_sessions::untouched(&self.database, owner, ends_before).await?;
        let mut forgotten = false;
        for id in untouched {
            // What is being sent of it just now is not yet here.
            if let Some(append) = self.append_locks.begin(id) {
                forgotten |= self
                    .database
                    .write(move |connection| {
                        Box::pin(
                            async move { upload_sessions::delete_untouched(connection, id).await },
                        )
                    })
                    .await?;
                drop(append);
            }
        }
        Ok(forgotten)
    }

    fn check_whole(&self, bytes: u64) -> Result<()> {
        if bytes == 0 {
            let text = "This file is empty: there is no picture in it.";
            return Err(Error::invalid("file", text));
        }
        let bytes_max = self.settings.upload_bytes_max;
        if bytes > bytes_max {
            return Err(too_large(bytes_max));
        }
        Ok(())
    }

    /// When an upload that is begun or finished now is forgotten.
    pub(crate) fn session_end(&self) -> Timestamp {
        let lifetime = self.settings.upload_session_lifetime();
        self.clock.now().plus(lifetime)
    }

    pub(crate) async fn get_upload(
        self: &Arc<Self>,
        context: &Context,
        request: GetUploadRequest,
    ) -> Result<UploadSession, MediaError> {
        let owner = AccountId::new(request.owner_id);
        let id = request.upload_id.cast_signed();
        self.session(id, owner).await?;
        if !self.append_locks.end(id).await {
            return Err(busy().into());
        }
        let session = self.session(id, owner).await?;
        if session.media_id == 0 && session.position == session.bytes {
            // Everything is here, and yet it was not taken: a crash came between, or the account
            // could take no more then.
            let append = self.append_locks.begin(id).ok_or_else(busy)?;
            // Read again: the one that was just under way may have taken it.
            let session = self.session(id, owner).await?;
            if session.media_id != 0 {
                return self.describe_session(&session).await;
            }
            let (core, context) = (Arc::clone(self), context.clone());
            return run_to_completion(async move {
                let taken = core.finish_upload(&context, &session).await;
                drop(append);
                match taken {
                    // Anyone who adds to it hears why; that every byte is here is true all the
                    // same.
                    Err(error) if !error.is_about_the_file() => {
                        let cause = Error::from(error).causes();
                        tracing::info!(upload = id, cause, "a whole upload is not taken yet");
                        Ok(told(&session, None))
                    }
                    taken => taken,
                }
            })
            .await;
        }
        self.describe_session(&session).await
    }

    pub(crate) async fn cancel_upload(
        self: &Arc<Self>,
        _: &Context,
        request: CancelUploadRequest,
    ) -> Result<CancelUploadReply, MediaError> {
        let owner = AccountId::new(request.owner_id);
        let id = request.upload_id.cast_signed();
        let session = upload_sessions::read(&self.database, id, owner).await?;
        let found = session.is_some();
        if found {
            // An append that does not end in time finds no row to add to.
            self.append_locks.end(id).await;
            let core = Arc::clone(self);
            run_to_completion(async move { core.end_session(id).await }).await?;
        }
        Ok(CancelUploadReply { found })
    }

    /// An account's own upload, if its time is not up.
    pub(crate) async fn session(
        &self,
        id: i64,
        owner: AccountId,
    ) -> Result<SessionRow, MediaError> {
        let session = upload_sessions::read(&self.database, id, owner).await?;
        let session = session.ok_or_else(|| Error::not_found("upload"))?;
        if session.expires_at <= self.clock.now().microseconds() {
            let text =
                "This upload was not finished in time and is gone. Please send the file again.";
            return Err(Error::new(ErrorCode::Gone, text).into());
        }
        Ok(session)
    }

    /// Deletes an upload and the bytes of its parts.
    pub(crate) async fn end_session(&self, id: i64) -> Result<(), MediaError> {
        let now = self.clock.now();
        let left = self
            .database
            .write(move |connection| {
                Box::pin(async move { upload_sessions::delete(connection, id, now).await })
            })
            .await?;
        self.blobs.collect(&left).await;
        Ok(())
    }

    /// An upload as its owner sees it.
    pub(crate) async fn describe_session(
        &self,
        session: &SessionRow,
    ) -> Result<UploadSession, MediaError> {
        if session.media_id == 0 {
            return Ok(told(session, None));
        }
        let id = MediaId::from_sql(session.media_id);
        let item = self.items(&[id]).await?.pop().ok_or_else(|| {
            let text = "The photo that this upload became was deleted.";
            Error::new(ErrorCode::Gone, text)
        })?;
        Ok(told(session, Some(MediaItem::clone(&item))))
    }

    /// Deletes uploads whose time is up; their parts are then on the queue of blobs to delete.
    /// Returns how many.
    pub(crate) async fn sweep_uploads(&self, limit: i64) -> Result<u64, MediaError> {
        let now = self.clock.now();
        let old = upload_sessions::expired(&self.database, now, limit).await?;
        if old.is_empty() {
            return Ok(0);
        }
        let count = old.len() as u64;
        self.database
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
}

pub(crate) fn told(session: &SessionRow, item: Option<MediaItem>) -> UploadSession {
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

fn check_metadata(metadata: &str) -> Result<()> {
    if metadata.len() <= METADATA_BYTES_MAX {
        return Ok(());
    }
    let text = format!(
        "What is said of an upload may have {METADATA_BYTES_MAX} bytes; this has {}.",
        metadata.len()
    );
    Err(Error::invalid("metadata", text))
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
