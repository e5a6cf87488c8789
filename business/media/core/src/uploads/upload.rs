//! Takes a file that comes in one request. What is refused leaves no item, no blob and no
//! half-written file.

use std::sync::Arc;

use business_media_gateway::{MediaItem, UploadChunk};
use infra_kernel::{AccountId, Context, ErrorCode};
use infra_rpc::Messages;

use crate::error::MediaError;
use crate::tasks::run_to_completion;
use crate::uploads::Uploads;
use crate::uploads::admission::{check_upload, note_refused};
use crate::uploads::gather::Gathered;
use crate::uploads::receive;
use crate::uploads::take_file::take_file;

/// A file that is refused while it arrives counts when so many bytes of it were written: below that
/// it costs no more than any request.
const COUNTED_BYTES_MIN: u64 = 1024 * 1024;

pub(crate) async fn upload(
    uploads: &Arc<Uploads>,
    context: &Context,
    mut chunks: Messages<UploadChunk>,
) -> Result<MediaItem, MediaError> {
    let header = receive::header(context, &mut chunks).await?;
    let owner = AccountId::new(header.owner_id);
    context.caller().require_account(owner)?;
    let header = check_upload(uploads, header, 0).await?;
    let arrival = uploads
        .in_flight
        .begin(owner, uploads.settings.uploads_at_once_max)?;
    let mut writer = uploads.blobs.store().begin().await?;
    let gathered = Gathered::new(uploads.budget.upload_buffer());
    let received = receive::body(
        context,
        &mut chunks,
        uploads.settings.upload_bytes_max,
        (&uploads.formats.accepted().await?, gathered),
        &mut *writer,
    )
    .await;
    if let Err(error) = received {
        if writer.bytes() >= COUNTED_BYTES_MIN && is_about_the_sender(&error) {
            note_refused(uploads, owner, writer.bytes(), &error).await;
        }
        return Err(error);
    }
    // Also when its caller goes away: reading a header costs time anyone who waits for it.
    let (uploads, context) = (Arc::clone(uploads), context.clone());
    run_to_completion(async move {
        let taken = take_file(&uploads, &context, header, writer, None).await;
        drop(arrival);
        taken
    })
    .await
}

/// Whether what arrived is refused for what its sender did, and not because this server or the
/// network is in trouble.
fn is_about_the_sender(error: &MediaError) -> bool {
    let MediaError::Refused(refused) = error else {
        return false;
    };
    matches!(refused.code(), ErrorCode::Invalid | ErrorCode::TooLarge)
}
