//! Items that have failed, for operators.

use std::sync::Arc;

use business_media_gateway::{
    DropFailedReply, DropFailedRequest, ListFailedReply, ListFailedRequest, MediaItem,
    RetryFailedRequest,
};
use infra_kernel::{Context, Error};

use crate::Core;
use crate::error::MediaError;

impl Core {
    pub(crate) async fn list_failed(
        self: &Arc<Self>,
        _: &Context,
        _: ListFailedRequest,
    ) -> Result<ListFailedReply, MediaError> {
        Err(Error::internal("not built yet").into())
    }

    pub(crate) async fn retry_failed(
        self: &Arc<Self>,
        _: &Context,
        _: RetryFailedRequest,
    ) -> Result<MediaItem, MediaError> {
        Err(Error::internal("not built yet").into())
    }

    pub(crate) async fn drop_failed(
        self: &Arc<Self>,
        _: &Context,
        _: DropFailedRequest,
    ) -> Result<DropFailedReply, MediaError> {
        Err(Error::internal("not built yet").into())
    }
}
