//! Calls about what an account is told.

use infra_rpc::Contract;
use product_notifications_gateway::{
    AcceptRequestsRequest, ClearNotificationsRequest, CountUnreadRequest, DismissGroupRequest,
    DismissNotificationRequest, DismissRequestsRequest, GetMarkersRequest, GetNotificationRequest,
    GetPolicyRequest, GetPushSubscriptionRequest, GetRequestRequest, ListGroupRequest,
    ListGroupsRequest, ListNotificationsRequest, ListRequestsRequest, Notifications,
    RemovePushSubscriptionRequest, SetMarkersRequest, SetPolicyRequest, SetPushSubscriptionRequest,
    UpdatePushSubscriptionRequest,
};

use super::{Call, calls};

/// What only the account itself may do of what it is told, and the server.
pub(super) fn of_who_is_told() -> Vec<(String, Call)> {
    calls! {
        dyn Notifications {
            list_notifications(account_id => ListNotificationsRequest { account_id, ..Default::default() });
            get_notification(account_id => GetNotificationRequest { account_id, ..Default::default() });
            dismiss_notification(account_id => DismissNotificationRequest { account_id, ..Default::default() });
            clear_notifications(account_id => ClearNotificationsRequest { account_id });
            get_policy(account_id => GetPolicyRequest { account_id });
            set_policy(account_id => SetPolicyRequest { account_id, ..Default::default() });
            list_requests(account_id => ListRequestsRequest { account_id, ..Default::default() });
            get_request(account_id => GetRequestRequest { account_id, ..Default::default() });
            accept_requests(account_id => AcceptRequestsRequest { account_id, ..Default::default() });
            dismiss_requests(account_id => DismissRequestsRequest { account_id, ..Default::default() });
            list_groups(account_id => ListGroupsRequest { account_id, ..Default::default() });
            list_group(account_id => ListGroupRequest { account_id, ..Default::default() });
            dismiss_group(account_id => DismissGroupRequest { account_id, ..Default::default() });
            count_unread(account_id => CountUnreadRequest { account_id, ..Default::default() });
            get_markers(account_id => GetMarkersRequest { account_id, ..Default::default() });
            set_markers(account_id => SetMarkersRequest { account_id, ..Default::default() });
            set_push_subscription(account_id => SetPushSubscriptionRequest { account_id, ..Default::default() });
            get_push_subscription(account_id => GetPushSubscriptionRequest { account_id, ..Default::default() });
            update_push_subscription(account_id => UpdatePushSubscriptionRequest { account_id, ..Default::default() });
            remove_push_subscription(account_id => RemovePushSubscriptionRequest { account_id, ..Default::default() });
        }
    }
}
