//! The contract, call by call.

mod attach;
mod check;
mod read;
mod read_rendition;
mod receive;
mod release;
mod update;
mod upload;
mod wait;

use std::sync::Arc;

use async_trait::async_trait;
use business_media_codec::Format;
use business_media_gateway::{
    AttachReply, AttachRequest, Capabilities, DESCRIPTION_CHARACTERS_MAX, GetCapabilitiesRequest,
    GetMediaReply, GetMediaRequest, Media, MediaItem, ReadRenditionRequest, ReleaseReply,
    ReleaseRequest, RenditionChunk, UpdateMediaRequest, UploadChunk, WaitUntilProcessedRequest,
};
use infra_kernel::{Context, MediaId, Result};
use infra_rpc::Messages;

use crate::Core;

pub(crate) struct Service {
    pub(crate) core: Arc<Core>,
}

#[async_trait]
impl Media for Service {
    async fn upload(&self, context: &Context, request: Messages<UploadChunk>) -> Result<MediaItem> {
        Ok(self.core.upload(context, request).await?)
    }

    async fn get_media(&self, _: &Context, request: GetMediaRequest) -> Result<GetMediaReply> {
        check::id_count(request.ids.len())?;
        let ids: Vec<MediaId> = request.ids.into_iter().map(MediaId::new).collect();
        let items = self.core.items(&ids).await?;
        let items = items.iter().map(|item| MediaItem::clone(item)).collect();
        Ok(GetMediaReply { items })
    }

    async fn wait_until_processed(
        &self,
        context: &Context,
        request: WaitUntilProcessedRequest,
    ) -> Result<MediaItem> {
        let item = self.core.wait(context, MediaId::new(request.id)).await?;
        Ok(MediaItem::clone(&item))
    }

    async fn update_media(&self, _: &Context, request: UpdateMediaRequest) -> Result<MediaItem> {
        Ok(self.core.update(request).await?)
    }

    async fn attach(&self, _: &Context, request: AttachRequest) -> Result<AttachReply> {
        self.core.attach(request).await?;
        Ok(AttachReply {})
    }

    async fn release(&self, context: &Context, request: ReleaseRequest) -> Result<ReleaseReply> {
        let deleted = self.core.release(context, request).await?;
        Ok(ReleaseReply { deleted })
    }

    async fn read_rendition(
        &self,
        _: &Context,
        request: ReadRenditionRequest,
    ) -> Result<Messages<RenditionChunk>> {
        Ok(self.core.read_rendition(&request).await?)
    }

    async fn get_capabilities(
        &self,
        _: &Context,
        _: GetCapabilitiesRequest,
    ) -> Result<Capabilities> {
        let content_types = Format::ALL.map(|format| format.content_type().to_owned());
        Ok(Capabilities {
            content_types: content_types.to_vec(),
            upload_bytes_max: self.core.settings.upload_bytes_max,
            pixels_max: self.core.settings.pixels_max,
            description_characters_max: DESCRIPTION_CHARACTERS_MAX as u32,
        })
    }
}
