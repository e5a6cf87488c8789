//! The contract, call by call.

mod attach;
mod check;
mod check_media;
mod delete;
mod failed;
mod formats;
mod original;
pub(crate) mod quota;
mod read;
mod read_rendition;
mod receive;
mod release;
mod send;
mod unused;
mod update;
mod upload;
mod upload_append;
mod upload_finish;
mod upload_session;
mod wait;

use std::sync::Arc;

use async_trait::async_trait;
use business_media_gateway::{
    AppendChunk, AttachReply, AttachRequest, BeginUploadRequest, CancelUploadReply,
    CancelUploadRequest, Capabilities, CheckMediaRequest, CheckProgress,
    DESCRIPTION_CHARACTERS_MAX, DeleteMediaReply, DeleteMediaRequest, DropFailedReply,
    DropFailedRequest, GetCapabilitiesRequest, GetMediaReply, GetMediaRequest, GetUploadRequest,
    ListFailedReply, ListFailedRequest, ListFormatsReply, ListFormatsRequest, ListUnusedReply,
    ListUnusedRequest, Media, MediaId, MediaItem, ReadOriginalRequest, ReadRenditionRequest,
    ReleaseReply, ReleaseRequest, RenditionChunk, RetryFailedRequest, SwitchFormatRequest,
    UpdateMediaRequest, UploadChunk, UploadSession, WaitUntilProcessedRequest,
};
use infra_kernel::{AccountId, Context, Result};
use infra_rpc::Messages;

use crate::Core;

pub(crate) use formats::Switches;

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

    async fn update_media(
        &self,
        context: &Context,
        request: UpdateMediaRequest,
    ) -> Result<MediaItem> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(self.core.update(request).await?)
    }

    async fn delete_media(
        &self,
        context: &Context,
        request: DeleteMediaRequest,
    ) -> Result<DeleteMediaReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        self.core.delete(context, request).await?;
        Ok(DeleteMediaReply {})
    }

    async fn list_unused(
        &self,
        context: &Context,
        request: ListUnusedRequest,
    ) -> Result<ListUnusedReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(self.core.list_unused(&request).await?)
    }

    async fn attach(&self, context: &Context, request: AttachRequest) -> Result<AttachReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        self.core.attach(request).await?;
        Ok(AttachReply {})
    }

    async fn release(&self, context: &Context, request: ReleaseRequest) -> Result<ReleaseReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
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

    async fn read_original(
        &self,
        context: &Context,
        request: ReadOriginalRequest,
    ) -> Result<Messages<RenditionChunk>> {
        Ok(self.core.read_original(context, request).await?)
    }

    async fn begin_upload(
        &self,
        context: &Context,
        request: BeginUploadRequest,
    ) -> Result<UploadSession> {
        Ok(self.core.begin_upload(context, request).await?)
    }

    async fn get_upload(
        &self,
        context: &Context,
        request: GetUploadRequest,
    ) -> Result<UploadSession> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(self.core.get_upload(context, request).await?)
    }

    async fn append_upload(
        &self,
        context: &Context,
        request: Messages<AppendChunk>,
    ) -> Result<UploadSession> {
        Ok(self.core.append_upload(context, request).await?)
    }

    async fn cancel_upload(
        &self,
        context: &Context,
        request: CancelUploadRequest,
    ) -> Result<CancelUploadReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(self.core.cancel_upload(context, request).await?)
    }

    async fn list_failed(
        &self,
        context: &Context,
        request: ListFailedRequest,
    ) -> Result<ListFailedReply> {
        context.caller().require_system()?;
        Ok(self.core.list_failed(context, request).await?)
    }

    async fn retry_failed(
        &self,
        context: &Context,
        request: RetryFailedRequest,
    ) -> Result<MediaItem> {
        context.caller().require_system()?;
        Ok(self.core.retry_failed(context, request).await?)
    }

    async fn drop_failed(
        &self,
        context: &Context,
        request: DropFailedRequest,
    ) -> Result<DropFailedReply> {
        context.caller().require_system()?;
        Ok(self.core.drop_failed(context, request).await?)
    }

    async fn switch_format(
        &self,
        context: &Context,
        request: SwitchFormatRequest,
    ) -> Result<ListFormatsReply> {
        context.caller().require_system()?;
        Ok(self.core.switch_format(context, request).await?)
    }

    async fn list_formats(
        &self,
        context: &Context,
        request: ListFormatsRequest,
    ) -> Result<ListFormatsReply> {
        Ok(self.core.list_formats(context, request).await?)
    }

    async fn check_media(
        &self,
        context: &Context,
        request: CheckMediaRequest,
    ) -> Result<Messages<CheckProgress>> {
        context.caller().require_system()?;
        Ok(self.core.check_media(context, request).await?)
    }

    async fn get_capabilities(
        &self,
        _: &Context,
        _: GetCapabilitiesRequest,
    ) -> Result<Capabilities> {
        let formats = self.core.formats().await?;
        let content_types = formats.formats().iter();
        Ok(Capabilities {
            content_types: content_types
                .map(|format| format.content_type().to_owned())
                .collect(),
            upload_bytes_max: self.core.settings.upload_bytes_max,
            pixels_max: self.core.settings.pixels_max,
            description_characters_max: DESCRIPTION_CHARACTERS_MAX as u32,
            account_bytes_max: self.core.settings.account_bytes_max,
            account_photos_max: self.core.settings.account_photos_max,
            uploads_per_hour_max: self.core.settings.uploads_per_hour_max,
        })
    }
}
