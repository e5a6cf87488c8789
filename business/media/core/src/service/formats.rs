//! Which formats are taken.

use std::sync::Arc;

use business_media_gateway::{ListFormatsReply, ListFormatsRequest, SwitchFormatRequest};
use infra_kernel::{Context, Error};

use crate::Core;
use crate::error::MediaError;

impl Core {
    pub(crate) async fn switch_format(
        self: &Arc<Self>,
        _: &Context,
        _: SwitchFormatRequest,
    ) -> Result<ListFormatsReply, MediaError> {
        Err(Error::internal("not built yet").into())
    }

    pub(crate) async fn list_formats(
        self: &Arc<Self>,
        _: &Context,
        _: ListFormatsRequest,
    ) -> Result<ListFormatsReply, MediaError> {
        Err(Error::internal("not built yet").into())
    }
}
