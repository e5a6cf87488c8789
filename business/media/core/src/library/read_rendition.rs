//! The bytes of a rendition.

use business_media_gateway::{ReadRenditionRequest, RenditionChunk};
use infra_blob::{BlobError, BlobKey, ByteRange};
use infra_kernel::Error;
use infra_rpc::Messages;

use crate::error::MediaError;
use crate::forms::{Form, Head};
use crate::library::Library;
use crate::library::send::{Sending, send_cached};
use crate::store::renditions;

/// What is not open and not asked for with a signature is treated as not found.
pub(crate) async fn read_rendition(
    library: &Library,
    request: &ReadRenditionRequest,
) -> Result<Messages<RenditionChunk>, MediaError> {
    let not_found = || Error::not_found("photo");
    let (key, content_type) = renditions::key_of_file_name(&request.key).ok_or_else(not_found)?;
    let head = head(library, key).await?;
    let head = head
        // Another ending would be another address of the same bytes, under a wrong type.
        .filter(|head| *head.itself.content_type == *content_type)
        .filter(|head| head.open || request.signed)
        .ok_or_else(not_found)?;
    let sending = |form: &Form| Sending {
        form: form.clone(),
        varies: !head.others.is_empty(),
        open: head.open,
        forms_to_come: head.forms_to_come,
        range: ByteRange {
            offset: request.offset,
            length: (request.length > 0).then_some(request.length),
        },
        head_only: request.head_only,
    };
    let preferred = head.preferred(&request.preferred_types);
    match send_cached(library, sending(preferred)).await {
        // A form that is lost, or was deleted by another process a moment ago, is no reason to
        // show nothing.
        Err(MediaError::Blob(BlobError::NotFound(_) | BlobError::Damaged(_)))
            if preferred.key != key =>
        {
            library.invalidate(&[], &[key, preferred.key]);
            send_cached(library, sending(&head.itself)).await
        }
        sent => sent,
    }
}

async fn head(library: &Library, key: BlobKey) -> Result<Option<Head>, MediaError> {
    if let Some(head) = library.caches.heads.get(&key) {
        return Ok(Some(head));
    }
    // Taken before the read: what is written in between refuses the insertion.
    let version = library.caches.heads.version(&key);
    let head = renditions::read_head(&library.database, key).await?;
    if let Some(head) = &head {
        library.caches.heads.insert(key, version, head.clone());
    }
    Ok(head)
}
