//! The contract, call by call. All of it is for the account itself, but for what sends pushes.

mod dismiss;
mod groups;
mod list;
mod markers;
mod policy;
mod push;
mod push_key;
pub(crate) mod push_queue;
mod requests;

use std::sync::Arc;

use async_trait::async_trait;
use infra_kernel::{AccountId, Context, Result};
use product_notifications_gateway::{
    AcceptRequestsReply, AcceptRequestsRequest, ClaimPushesReply, ClaimPushesRequest,
    ClearNotificationsReply, ClearNotificationsRequest, CountUnreadReply, CountUnreadRequest,
    DismissGroupReply, DismissGroupRequest, DismissNotificationReply, DismissNotificationRequest,
    DismissRequestsReply, DismissRequestsRequest, GetMarkersReply, GetMarkersRequest,
    GetNotificationReply, GetNotificationRequest, GetPolicyReply, GetPolicyRequest,
    GetPushKeyReply, GetPushKeyRequest, GetPushSubscriptionRequest, GetRequestReply,
    GetRequestRequest, ListGroupReply, ListGroupRequest, ListGroupsReply, ListGroupsRequest,
    ListNotificationsReply, ListNotificationsRequest, ListRequestsReply, ListRequestsRequest,
    Notifications, PushSubscription, RemovePushSubscriptionReply, RemovePushSubscriptionRequest,
    SetMarkersReply, SetMarkersRequest, SetPolicyReply, SetPolicyRequest,
    SetPushSubscriptionRequest, SettlePushReply, SettlePushRequest, UpdatePushSubscriptionRequest,
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

    async fn get_policy(
        &self,
        context: &Context,
        request: GetPolicyRequest,
    ) -> Result<GetPolicyReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(policy::get(&self.state, request).await?)
    }

    async fn set_policy(
        &self,
        context: &Context,
        request: SetPolicyRequest,
    ) -> Result<SetPolicyReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(policy::set(&self.state, request).await?)
    }

    async fn list_requests(
        &self,
        context: &Context,
        request: ListRequestsRequest,
    ) -> Result<ListRequestsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(requests::page(&self.state, request).await?)
    }

    async fn get_request(
        &self,
        context: &Context,
        request: GetRequestRequest,
    ) -> Result<GetRequestReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(requests::one(&self.state, request).await?)
    }

    async fn accept_requests(
        &self,
        context: &Context,
        request: AcceptRequestsRequest,
    ) -> Result<AcceptRequestsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(requests::accept(&self.state, request).await?)
    }

    async fn dismiss_requests(
        &self,
        context: &Context,
        request: DismissRequestsRequest,
    ) -> Result<DismissRequestsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(requests::dismiss(&self.state, request).await?)
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

    async fn set_push_subscription(
        &self,
        context: &Context,
        request: SetPushSubscriptionRequest,
    ) -> Result<PushSubscription> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(push::set(&self.state, request).await?)
    }

    async fn get_push_subscription(
        &self,
        context: &Context,
        request: GetPushSubscriptionRequest,
    ) -> Result<PushSubscription> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(push::get(&self.state, request).await?)
    }

    async fn update_push_subscription(
        &self,
        context: &Context,
        request: UpdatePushSubscriptionRequest,
    ) -> Result<PushSubscription> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(push::update(&self.state, request).await?)
    }

    async fn remove_push_subscription(
        &self,
        context: &Context,
        request: RemovePushSubscriptionRequest,
    ) -> Result<RemovePushSubscriptionReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(push::remove(&self.state, request).await?)
    }

    async fn get_push_key(&self, _: &Context, _: GetPushKeyRequest) -> Result<GetPushKeyReply> {
        Ok(push::key(&self.state).await?)
    }

    async fn claim_pushes(
        &self,
        context: &Context,
        request: ClaimPushesRequest,
    ) -> Result<ClaimPushesReply> {
        context.caller().require_system()?;
        Ok(push_queue::claim(&self.state, context, request).await?)
    }

    async fn settle_push(
        &self,
        context: &Context,
        request: SettlePushRequest,
    ) -> Result<SettlePushReply> {
        context.caller().require_system()?;
        Ok(push_queue::settle(&self.state, request).await?)
    }
}
