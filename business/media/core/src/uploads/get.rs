//! How far an upload in parts is, and giving it up.

use std::sync::Arc;

use business_media_gateway::{
    CancelUploadReply, CancelUploadRequest, GetUploadRequest, UploadSession,
};
use infra_kernel::{AccountId, Context, Error};

use crate::error::MediaError;
use crate::store::upload_sessions;
use crate::tasks::run_to_completion;
use crate::uploads::Uploads;
use crate::uploads::finish::finish_upload;
use crate::uploads::session::{busy, describe_session, end_session, read_session, session_reply};

pub(crate) async fn get_upload(
    uploads: &Arc<Uploads>,
    context: &Context,
    request: GetUploadRequest,
) -> Result<UploadSession, MediaError> {
    let owner = AccountId::new(request.owner_id);
    let id = request.upload_id.cast_signed();
    read_session(uploads, id, owner).await?;
    if !uploads.append_locks.end(id).await {
        return Err(busy().into());
    }
    let session = read_session(uploads, id, owner).await?;
    if session.media_id == 0 && session.position == session.bytes {
        // Everything is here, and yet it was not taken: a crash came between, or the account
        // could take no more then.
        let append = uploads.append_locks.begin(id).ok_or_else(busy)?;
        // Read again: the one that was just under way may have taken it.
        let session = read_session(uploads, id, owner).await?;
        if session.media_id != 0 {
            return describe_session(uploads, &session).await;
        }
        let (uploads, context) = (Arc::clone(uploads), context.clone());
        return run_to_completion(async move {
            let taken = finish_upload(&uploads, &context, &session).await;
            drop(append);
            match taken {
                // Anyone who adds to it hears why; that every byte is here is true all the
                // same.
                Err(error) if !error.is_about_the_file() => {
                    let cause = Error::from(error).causes();
                    tracing::info!(upload = id, cause, "a whole upload is not taken yet");
                    Ok(session_reply(&session, None))
                }
                taken => taken,
            }
        })
        .await;
    }
    describe_session(uploads, &session).await
}

pub(crate) async fn cancel_upload(
    uploads: &Arc<Uploads>,
    request: CancelUploadRequest,
) -> Result<CancelUploadReply, MediaError> {
    let owner = AccountId::new(request.owner_id);
    let id = request.upload_id.cast_signed();
    let session = upload_sessions::read(&uploads.database, id, owner).await?;
    let found = session.is_some();
    if found {
        // An append that does not end in time finds no row to add to.
        uploads.append_locks.end(id).await;
        let uploads = Arc::clone(uploads);
        run_to_completion(async move { end_session(&uploads, id).await }).await?;
    }
    Ok(CancelUploadReply { found })
}
