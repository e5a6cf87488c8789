//! The contract, call by call. All of it is for the account itself.

mod dismiss;
mod groups;
mod list;
mod markers;

use std::sync::Arc;

use async_trait::async_trait;
use infra_kernel::{AccountId, Context, Result};
use product_notifications_gateway::{
    ClearNotificationsReply, ClearNotificationsRequest, CountUnreadReply, CountUnreadRequest,
    DismissGroupReply, DismissGroupRequest, DismissNotificationReply, DismissNotificationRequest,
    GetMarkersReply, GetMarkersRequest, GetNotificationReply, GetNotificationRequest,
    ListGroupReply, ListGroupRequest, ListGroupsReply, ListGroupsRequest, ListNotificationsReply,
    ListNotificationsRequest, Notifications, SetMarkersReply, SetMarkersRequest,
};

use crate::state::State;

pub(crate) struct NotificationsService {
    state: Arc<State>,
}

impl NotificationsService {
    pub(crate) const fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

#[async_trait]
impl Notifications for NotificationsService {
    async fn list_notifications(
        &self,
        context: &Context,
        request: ListNotificationsRequest,
    ) -> Result<ListNotificationsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(list::page(&self.state, request).await?)
    }

    async fn get_notification(
        &self,
        context: &Context,
        request: GetNotificationRequest,
    ) -> Result<GetNotificationReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(list::one(&self.state, request).await?)
    }

    async fn list_groups(
        &self,
        context: &Context,
        request: ListGroupsRequest,
    ) -> Result<ListGroupsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(groups::page(&self.state, request).await?)
    }

    async fn list_group(
        &self,
        context: &Context,
        request: ListGroupRequest,
    ) -> Result<ListGroupReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(groups::one(&self.state, request).await?)
    }

    async fn dismiss_group(
        &self,
        context: &Context,
        request: DismissGroupRequest,
    ) -> Result<DismissGroupReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(groups::dismiss(&self.state, request).await?)
    }

    async fn dismiss_notification(
        &self,
        context: &Context,
        request: DismissNotificationRequest,
    ) -> Result<DismissNotificationReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(dismiss::one(&self.state, request).await?)
    }

    async fn clear_notifications(
        &self,
        context: &Context,
        request: ClearNotificationsRequest,
    ) -> Result<ClearNotificationsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(dismiss::all(&self.state, request).await?)
    }

    async fn count_unread(
        &self,
        context: &Context,
        request: CountUnreadRequest,
    ) -> Result<CountUnreadReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(list::count(&self.state, request).await?)
    }

    async fn get_markers(
        &self,
        context: &Context,
        request: GetMarkersRequest,
    ) -> Result<GetMarkersReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(markers::get(&self.state, request).await?)
    }

    async fn set_markers(
        &self,
        context: &Context,
        request: SetMarkersRequest,
    ) -> Result<SetMarkersReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(markers::set(&self.state, request).await?)
    }
}
