//! What an account may upload: looked at before a file is received, so that nobody sends for
//! nothing, and held to in the transaction that adds the item. What is refused counts, too: a
//! stranger's files would else cost time without end.

use business_media_gateway::UploadHeader;
use infra_db::Connection;
use infra_kernel::{AccountId, Error};

use crate::error::MediaError;
use crate::rules::requests;
use crate::store::items::NewItem;
use crate::store::{upload_sessions, usage};
use crate::uploads::Uploads;
use crate::uploads::quota::Quotas;

/// Refuses what can be refused before the file is received, and returns the header as it is
/// kept. `bytes` is the file's length, 0 when that is not known.
pub(crate) async fn check_upload(
    uploads: &Uploads,
    mut header: UploadHeader,
    bytes: u64,
) -> Result<UploadHeader, MediaError> {
    header.description = requests::description(&header.description)?;
    requests::focus([header.focus_x, header.focus_y])?;
    if header.owner_id == 0 {
        return Err(Error::invalid("owner_id", "An upload needs an owner.").into());
    }
    let quotas = Quotas::of(&uploads.settings);
    let (owner, now) = (AccountId::new(header.owner_id), uploads.clock.now());
    let mut connection = uploads.database.reader().acquire().await?;
    quotas
        .check(&mut connection, owner, Some(bytes), now)
        .await?;
    drop(connection);
    uploads.blobs.store().require_room(bytes).await?;
    Ok(header)
}

/// Counts an upload of a file that is refused. That it cannot be counted is logged, and changes
/// nothing of the refusal.
pub(crate) async fn note_refused(
    uploads: &Uploads,
    owner: AccountId,
    bytes: u64,
    refused: &MediaError,
) {
    let cause = refused.cause();
    tracing::info!(account = %owner, bytes, cause, "a file was refused");
    let now = uploads.clock.now();
    let pending = uploads.database.write(move |connection| {
        Box::pin(async move { usage::record_upload(connection, owner, bytes, now).await })
    });
    if let Err(error) = pending.await {
        let causes = infra_kernel::Error::from(error).causes();
        tracing::warn!(causes, "an upload that was refused could not be counted");
    }
}

/// Holds an item against what its account may use, in the transaction that adds it, and counts the
/// upload. One in parts becomes the item.
pub(crate) async fn admit(
    connection: &mut Connection,
    quotas: &Quotas,
    item: &NewItem,
) -> Result<(), MediaError> {
    let (owner, now) = (item.owner, item.created_at);
    let has = usage::has_content(connection, owner, &item.original_key).await?;
    let bytes = (!has).then_some(item.original_bytes);
    quotas.check(connection, owner, bytes, now).await?;
    if let Some((upload, ends)) = item.upload {
        upload_sessions::become_item(connection, upload, item.id, (now, ends)).await?;
    }
    usage::record_upload(connection, owner, item.original_bytes, now).await
}
