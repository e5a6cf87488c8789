//! Uploads in parts.

use std::sync::Arc;

use business_media_gateway::{
    AppendChunk, BeginUploadRequest, CancelUploadReply, CancelUploadRequest, GetUploadRequest,
    UploadSession,
};
use infra_kernel::{Context, Error};
use infra_rpc::Messages;

use crate::Core;
use crate::error::MediaError;

impl Core {
    pub(crate) async fn begin_upload(
        self: &Arc<Self>,
        _: &Context,
        _: BeginUploadRequest,
    ) -> Result<UploadSession, MediaError> {
        Err(Error::internal("not built yet").into())
    }

    pub(crate) async fn get_upload(
        self: &Arc<Self>,
        _: &Context,
        _: GetUploadRequest,
    ) -> Result<UploadSession, MediaError> {
        Err(Error::internal("not built yet").into())
    }

    pub(crate) async fn append_upload(
        self: &Arc<Self>,
        _: &Context,
        _: Messages<AppendChunk>,
    ) -> Result<UploadSession, MediaError> {
        Err(Error::internal("not built yet").into())
    }

    pub(crate) async fn cancel_upload(
        self: &Arc<Self>,
        _: &Context,
        _: CancelUploadRequest,
    ) -> Result<CancelUploadReply, MediaError> {
        Err(Error::internal("not built yet").into())
    }
}
