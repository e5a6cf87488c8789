//! The contract, call by call.

use std::sync::Arc;

use async_trait::async_trait;
use business_media_gateway::{
    AppendChunk, AttachReply, AttachRequest, BeginUploadRequest, CancelUploadReply,
    CancelUploadRequest, Capabilities, CheckMediaRequest, CheckProgress, DeleteMediaReply,
    DeleteMediaRequest, DescribeMediaReply, DescribeMediaRequest, DropFailedReply,
    DropFailedRequest, GetCapabilitiesRequest, GetMediaReply, GetMediaRequest, GetUploadRequest,
    ListFailedReply, ListFailedRequest, ListFormatsReply, ListFormatsRequest, ListUnusedReply,
    ListUnusedRequest, Media, MediaId, MediaItem, ReadOriginalRequest, ReadRenditionRequest,
    ReleaseReply, ReleaseRequest, RenditionChunk, RetryFailedRequest, SwitchFormatRequest,
    UpdateMediaRequest, UploadChunk, UploadSession, WaitUntilProcessedRequest,
};
use infra_kernel::{AccountId, Context, Result};
use infra_rpc::Messages;

use crate::integrity::{check_media, failed};
use crate::library::{
    attach, delete, describe, read_original, read_rendition, release, unused, update, wait,
};
use crate::rules::requests;
use crate::state::State;
use crate::uploads::{append, begin, get, upload};

pub(crate) struct MediaService {
    state: Arc<State>,
}

impl MediaService {
    pub(crate) const fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

#[async_trait]
impl Media for MediaService {
    async fn upload(&self, context: &Context, request: Messages<UploadChunk>) -> Result<MediaItem> {
        Ok(upload::upload(&self.state.uploads, context, request).await?)
    }

    // Anyone may ask: to whom a photo is shown is decided by the rules of the surfaces.
    async fn get_media(&self, _: &Context, request: GetMediaRequest) -> Result<GetMediaReply> {
        requests::id_count(request.ids.len())?;
        let ids: Vec<MediaId> = request.ids.into_iter().map(MediaId::new).collect();
        let items = self.state.library.items(&ids).await?;
        let items = items.iter().map(|item| MediaItem::clone(item)).collect();
        Ok(GetMediaReply { items })
    }

    async fn wait_until_processed(
        &self,
        context: &Context,
        request: WaitUntilProcessedRequest,
    ) -> Result<MediaItem> {
        let item = wait::wait(&self.state.library, context, MediaId::new(request.id)).await?;
        Ok(MediaItem::clone(&item))
    }

    async fn update_media(
        &self,
        context: &Context,
        request: UpdateMediaRequest,
    ) -> Result<MediaItem> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(update::update(&self.state.library, request).await?)
    }

    async fn delete_media(
        &self,
        context: &Context,
        request: DeleteMediaRequest,
    ) -> Result<DeleteMediaReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        delete::delete(&self.state.library, context, request).await?;
        Ok(DeleteMediaReply {})
    }

    async fn list_unused(
        &self,
        context: &Context,
        request: ListUnusedRequest,
    ) -> Result<ListUnusedReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(unused::list_unused(&self.state.library, &request).await?)
    }

    async fn attach(&self, context: &Context, request: AttachRequest) -> Result<AttachReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        attach::attach(&self.state.library, request).await?;
        Ok(AttachReply {})
    }

    async fn describe_media(
        &self,
        context: &Context,
        request: DescribeMediaRequest,
    ) -> Result<DescribeMediaReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        let changed = describe::describe(&self.state.library, request).await?;
        Ok(DescribeMediaReply { changed })
    }

    async fn release(&self, context: &Context, request: ReleaseRequest) -> Result<ReleaseReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        let deleted = release::release(&self.state.library, context, request).await?;
        Ok(ReleaseReply { deleted })
    }

    async fn read_rendition(
        &self,
        _: &Context,
        request: ReadRenditionRequest,
    ) -> Result<Messages<RenditionChunk>> {
        Ok(read_rendition::read_rendition(&self.state.library, &request).await?)
    }

    // No account is required: the surface has checked the signature of the address.
    async fn read_original(
        &self,
        context: &Context,
        request: ReadOriginalRequest,
    ) -> Result<Messages<RenditionChunk>> {
        Ok(read_original::read_original(&self.state.library, context, request).await?)
    }

    async fn begin_upload(
        &self,
        context: &Context,
        request: BeginUploadRequest,
    ) -> Result<UploadSession> {
        Ok(begin::begin_upload(&self.state.uploads, context, request).await?)
    }

    async fn get_upload(
        &self,
        context: &Context,
        request: GetUploadRequest,
    ) -> Result<UploadSession> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(get::get_upload(&self.state.uploads, context, request).await?)
    }

    async fn append_upload(
        &self,
        context: &Context,
        request: Messages<AppendChunk>,
    ) -> Result<UploadSession> {
        Ok(append::append_upload(&self.state.uploads, context, request).await?)
    }

    async fn cancel_upload(
        &self,
        context: &Context,
        request: CancelUploadRequest,
    ) -> Result<CancelUploadReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(get::cancel_upload(&self.state.uploads, request).await?)
    }

    async fn list_failed(
        &self,
        context: &Context,
        request: ListFailedRequest,
    ) -> Result<ListFailedReply> {
        context.caller().require_system()?;
        Ok(failed::list_failed(&self.state.integrity, request).await?)
    }

    async fn retry_failed(
        &self,
        context: &Context,
        request: RetryFailedRequest,
    ) -> Result<MediaItem> {
        context.caller().require_system()?;
        Ok(failed::retry_failed(&self.state.integrity, context, request).await?)
    }

    async fn drop_failed(
        &self,
        context: &Context,
        request: DropFailedRequest,
    ) -> Result<DropFailedReply> {
        context.caller().require_system()?;
        Ok(failed::drop_failed(&self.state.integrity, context, request).await?)
    }

    async fn switch_format(
        &self,
        context: &Context,
        request: SwitchFormatRequest,
    ) -> Result<ListFormatsReply> {
        context.caller().require_system()?;
        Ok(self.state.formats.switch(request).await?)
    }

    async fn list_formats(&self, _: &Context, _: ListFormatsRequest) -> Result<ListFormatsReply> {
        Ok(self.state.formats.list().await?)
    }

    async fn check_media(
        &self,
        context: &Context,
        request: CheckMediaRequest,
    ) -> Result<Messages<CheckProgress>> {
        context.caller().require_system()?;
        Ok(check_media::check_media(
            &self.state.integrity,
            context,
            &request,
        ))
    }

    async fn get_capabilities(
        &self,
        _: &Context,
        _: GetCapabilitiesRequest,
    ) -> Result<Capabilities> {
        Ok(self.state.uploads.capabilities().await?)
    }
}
