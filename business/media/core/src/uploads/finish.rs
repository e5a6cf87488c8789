//! Makes an item of an upload whose last byte is here.

use std::sync::Arc;

use business_media_gateway::UploadSession;
use futures::StreamExt as _;
use infra_blob::{BlobKey, BlobWriter, ByteRange};
use infra_kernel::{Context, Error};

use crate::error::MediaError;
use crate::store::upload_sessions::{self, SessionRow};
use crate::uploads::Uploads;
use crate::uploads::admission::check_upload;
use crate::uploads::session::{end_session, header_of, session_reply};
use crate::uploads::take_file::take_file;

/// Takes the whole file as if it had come in one piece. A file that is refused ends the upload;
/// what cannot be done just now, or is more than the account may have, leaves it as it is, and
/// a caller that asks again retries.
pub(crate) async fn finish_upload(
    uploads: &Arc<Uploads>,
    context: &Context,
    session: &SessionRow,
) -> Result<UploadSession, MediaError> {
    let header = header_of(session);
    // Again: the account may have uploaded much since it began this one.
    let header = check_upload(uploads, header, session.bytes.cast_unsigned());
    let header = header.await?;
    let parts = upload_sessions::parts(&uploads.database, session.id).await?;
    let keys = parts
        .iter()
        .map(|part| part.key.parse())
        .collect::<Result<Vec<BlobKey>, _>>()?;
    let writer = join_parts(uploads, session, &keys).await?;
    let taken = take_file(uploads, context, header, writer, Some(session.id)).await;
    match taken {
        Ok(item) => {
            uploads.blobs.collect(&keys).await;
            Ok(session_reply(session, Some(item)))
        }
        Err(error) => {
            if error.is_about_the_file() {
                end_session(uploads, session.id).await?;
            }
            Err(error)
        }
    }
}

/// One blob of the parts.
async fn join_parts(
    uploads: &Uploads,
    session: &SessionRow,
    keys: &[BlobKey],
) -> Result<Box<dyn BlobWriter>, MediaError> {
    let mut writer = uploads.blobs.store().begin().await?;
    for &key in keys {
        let read = uploads.blobs.store().read_for_upload(key, ByteRange::ALL);
        let mut chunks = read.await?.chunks;
        while let Some(chunk) = chunks.next().await {
            writer.write(chunk?).await?;
        }
    }
    if writer.bytes() != session.bytes.cast_unsigned() {
        return Err(Error::internal("the parts of an upload are not the whole").into());
    }
    Ok(writer)
}
