//! The bytes of an upload.

use std::sync::Arc;

use business_media_gateway::{ReadOriginalRequest, RenditionChunk};
use infra_kernel::{Context, Error};
use infra_rpc::Messages;

use crate::Core;
use crate::error::MediaError;

impl Core {
    pub(crate) async fn read_original(
        self: &Arc<Self>,
        _: &Context,
        _: ReadOriginalRequest,
    ) -> Result<Messages<RenditionChunk>, MediaError> {
        Err(Error::internal("not built yet").into())
    }
}
