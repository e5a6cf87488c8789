//! All of it is for the account itself.

use infra_kernel::{AccountId, Caller, Context, Error, ErrorCode, Page};
use product_notifications_gateway::{
    AcceptRequestsRequest, ClearNotificationsRequest, CountUnreadRequest, DismissGroupRequest,
    DismissNotificationRequest, DismissRequestsRequest, Filter, GetMarkersRequest,
    GetNotificationRequest, GetPolicyRequest, GetPushSubscriptionRequest, GetRequestRequest,
    ListGroupRequest, ListGroupsRequest, ListNotificationsRequest, ListRequestsRequest,
    RemovePushSubscriptionRequest, SetMarkersRequest, SetPolicyRequest, SetPushSubscriptionRequest,
    UpdatePushSubscriptionRequest,
};

use crate::policies::direct;
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

/// The same of its push subscriptions.
async fn pushes_refused(world: &World, context: &Context) -> [Option<Error>; 4] {
    let (gateway, account_id) = (&world.notifications, ADA);
    let set_push = SetPushSubscriptionRequest {
        account_id,
        ..SetPushSubscriptionRequest::default()
    };
    let get_push = GetPushSubscriptionRequest {
        account_id,
        ..GetPushSubscriptionRequest::default()
    };
    let update_push = UpdatePushSubscriptionRequest {
        account_id,
        ..UpdatePushSubscriptionRequest::default()
    };
    let remove_push = RemovePushSubscriptionRequest {
        account_id,
        ..RemovePushSubscriptionRequest::default()
    };
    [
        gateway.set_push_subscription(context, set_push).await.err(),
        gateway.get_push_subscription(context, get_push).await.err(),
        gateway
            .update_push_subscription(context, update_push)
            .await
            .err(),
        gateway
            .remove_push_subscription(context, remove_push)
            .await
            .err(),
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
        let refused = refused(&world, &context, id).await.into_iter();
        for error in refused.chain(pushes_refused(&world, &context).await) {
            assert_eq!(error.map(|error| error.code()), Some(code));
        }
    }
    assert_eq!(world.notified(ADA).await.len(), 1);
}

#[tokio::test]
async fn policies_and_requests_are_the_accounts_own() {
    let world = World::new().await;
    world.published(direct(9, EVE)).await;
    let account_id = ADA;
    let gateway = &world.notifications;
    for (context, code) in [
        (signed_in(EVE), ErrorCode::Forbidden),
        (by(Caller::anonymous()), ErrorCode::Unauthenticated),
    ] {
        let from_ids = vec![EVE];
        let set = SetPolicyRequest {
            account_id,
            ..SetPolicyRequest::default()
        };
        let list = ListRequestsRequest {
            account_id,
            page: Some(Page::newest(1).into()),
        };
        let get = GetRequestRequest {
            account_id,
            from_id: EVE,
        };
        let accept = AcceptRequestsRequest {
            account_id,
            from_ids: from_ids.clone(),
        };
        let dismiss = DismissRequestsRequest {
            account_id,
            from_ids,
        };
        let policy = GetPolicyRequest { account_id };
        let refused = [
            gateway.get_policy(&context, policy).await.err(),
            gateway.set_policy(&context, set).await.err(),
            gateway.list_requests(&context, list).await.err(),
            gateway.get_request(&context, get).await.err(),
            gateway.accept_requests(&context, accept).await.err(),
            gateway.dismiss_requests(&context, dismiss).await.err(),
        ];
        for error in refused {
            assert_eq!(error.unwrap().code(), code);
        }
    }
    // Of her own there is nothing.
    let get = GetRequestRequest {
        account_id: EVE,
        from_id: EVE,
    };
    let error = gateway.get_request(&signed_in(EVE), get).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
    assert_eq!(world.requests().await, [(EVE, 1, 9)]);
}
