//! The bytes of a rendition.

use business_media_gateway::{ReadRenditionRequest, RenditionChunk};
use infra_blob::{BlobError, BlobKey, ByteRange};
use infra_kernel::Error;
use infra_rpc::Messages;

use crate::Core;
use crate::caches::{Form, Head};
use crate::error::MediaError;
use crate::service::send::Sending;
use crate::store::renditions;

impl Core {
    /// What is not open and not asked for with a signature is treated as not found.
    pub(crate) async fn read_rendition(
        &self,
        request: &ReadRenditionRequest,
    ) -> Result<Messages<RenditionChunk>, MediaError> {
        let not_found = || Error::not_found("photo");
        let (key, content_type) =
            renditions::key_of_file_name(&request.key).ok_or_else(not_found)?;
        let head = self.head(key).await?;
        let head = head
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
        match self.send_cached(sending(preferred)).await {
            // A form that is lost, or was deleted by another process a moment ago, is no reason to
            // show nothing.
            Err(MediaError::Blob(BlobError::NotFound(_) | BlobError::Damaged(_)))
                if preferred.key != key =>
            {
                self.caches.invalidate(&[], &[key, preferred.key]);
                self.send_cached(sending(&head.itself)).await
            }
            sent => sent,
        }
    }

    async fn head(&self, key: BlobKey) -> Result<Option<Head>, MediaError> {
        if let Some(head) = self.caches.heads.get(&key) {
            return Ok(Some(head));
        }
        let version = self.caches.heads.version(&key);
        let head = renditions::read_head(&self.database, key).await?;
        if let Some(head) = &head {
            self.caches.heads.insert(key, version, head.clone());
        }
        Ok(head)
    }
}
