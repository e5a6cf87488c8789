//! All of it is for the account itself.

use infra_kernel::{AccountId, Caller, Context, Error, ErrorCode, Page};
use product_notifications_gateway::{
    ClearNotificationsRequest, CountUnreadRequest, DismissGroupRequest, DismissNotificationRequest,
    Filter, GetMarkersRequest, GetNotificationRequest, ListGroupRequest, ListGroupsRequest,
    ListNotificationsRequest, SetMarkersRequest,
};

use crate::support::{ADA, BOB, EVE, World, by, signed_in};

/// How calls for Ada are refused to this caller.
async fn refused(world: &World, context: &Context, notification_id: u64) -> [Option<Error>; 10] {
    let gateway = &world.notifications;
    let (account_id, account) = (ADA, AccountId::new(ADA));
    let list = ListNotificationsRequest::new(account, Page::newest(10), Filter::default());
    let get = GetNotificationRequest {
        account_id,
        notification_id,
    };
    let dismiss = DismissNotificationRequest {
        account_id,
        notification_id,
    };
    let clear = ClearNotificationsRequest { account_id };
    let count = CountUnreadRequest {
        account_id,
        limit: 1,
        ..CountUnreadRequest::default()
    };
    let groups = ListGroupsRequest {
        account_id,
        ..ListGroupsRequest::default()
    };
    let group = ListGroupRequest {
        account_id,
        ..ListGroupRequest::default()
    };
    let dismiss_group = DismissGroupRequest {
        account_id,
        ..DismissGroupRequest::default()
    };
    let get_markers = GetMarkersRequest {
        account_id,
        ..GetMarkersRequest::default()
    };
    let set_markers = SetMarkersRequest {
        account_id,
        ..SetMarkersRequest::default()
    };
    [
        gateway.list_notifications(context, list).await.err(),
        gateway.get_notification(context, get).await.err(),
        gateway.dismiss_notification(context, dismiss).await.err(),
        gateway.clear_notifications(context, clear).await.err(),
        gateway.count_unread(context, count).await.err(),
        gateway.list_groups(context, groups).await.err(),
        gateway.list_group(context, group).await.err(),
        gateway.dismiss_group(context, dismiss_group).await.err(),
        gateway.get_markers(context, get_markers).await.err(),
        gateway.set_markers(context, set_markers).await.err(),
    ]
}

#[tokio::test]
async fn what_is_an_accounts_own_is_refused_to_others() {
    let world = World::new().await;
    world.liked(100, BOB, 7).await;
    let listed = world.list(ADA, Page::newest(10), Filter::default()).await;
    let id = listed.unwrap()[0].id;
    for (context, code) in [
        (signed_in(EVE), ErrorCode::Forbidden),
        (by(Caller::anonymous()), ErrorCode::Unauthenticated),
    ] {
        for error in refused(&world, &context, id).await {
            assert_eq!(error.map(|error| error.code()), Some(code));
        }
    }
    assert_eq!(world.notified(ADA).await.len(), 1);
}
