//! Compares the database with the blobs.

use std::sync::Arc;

use business_media_gateway::{CheckMediaRequest, CheckProgress};
use infra_kernel::{Context, Error};
use infra_rpc::Messages;

use crate::Core;
use crate::error::MediaError;

impl Core {
    pub(crate) async fn check_media(
        self: &Arc<Self>,
        _: &Context,
        _: CheckMediaRequest,
    ) -> Result<Messages<CheckProgress>, MediaError> {
        Err(Error::internal("not built yet").into())
    }
}
