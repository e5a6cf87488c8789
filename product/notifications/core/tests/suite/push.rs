//! Push subscriptions: one for each session.

use infra_kernel::{Caller, ErrorCode, Result};
use product_notifications_gateway::{
    GetPushKeyRequest, GetPushSubscriptionRequest, PushAlerts, PushPolicy, PushSubscription,
    RemovePushSubscriptionRequest, SetPushSubscriptionRequest, UpdatePushSubscriptionRequest,
};

use crate::neighbours::SESSIONS_OF_ONE;
use crate::support::{ADA, BOB, World, by, signed_in};

/// A client's key and secret: those of RFC 8291's example.
const P256DH: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
pub(crate) const SESSION: u64 = ADA * SESSIONS_OF_ONE;
pub(crate) const SUBSCRIPTIONS: &str = "SELECT count(*) FROM push_subscriptions";

pub(crate) fn wanted(session_id: u64, alerts: &[&str]) -> SetPushSubscriptionRequest {
    SetPushSubscriptionRequest {
        account_id: session_id / SESSIONS_OF_ONE,
        session_id,
        endpoint: format!("https://push.example/{session_id}"),
        p256dh: P256DH.to_owned(),
        auth: AUTH.to_owned(),
        standard: true,
        alerts: alerts.iter().map(|name| (*name).to_owned()).collect(),
        policy: PushPolicy::All.into(),
    }
}

pub(crate) async fn set(
    world: &World,
    request: SetPushSubscriptionRequest,
) -> Result<PushSubscription> {
    let context = signed_in(request.account_id);
    world
        .notifications
        .set_push_subscription(&context, request)
        .await
}

pub(crate) async fn get(world: &World, session_id: u64) -> Result<PushSubscription> {
    let account_id = session_id / SESSIONS_OF_ONE;
    let request = GetPushSubscriptionRequest {
        account_id,
        session_id,
    };
    let context = signed_in(account_id);
    world
        .notifications
        .get_push_subscription(&context, request)
        .await
}

#[tokio::test]
async fn a_session_has_one_subscription_which_is_changed_and_ended() {
    let world = World::new().await;
    assert_eq!(
        get(&world, SESSION).await.unwrap_err().code(),
        ErrorCode::NotFound
    );
    let first = set(&world, wanted(SESSION, &["mention", "poll"]))
        .await
        .unwrap();
    assert_eq!(first.alerts, ["mention", "poll"]);
    assert_eq!((first.standard, first.policy()), (true, PushPolicy::All));
    assert_eq!(get(&world, SESSION).await.unwrap(), first);
    assert!(get(&world, SESSION + 1).await.is_err());
    let second = set(&world, wanted(SESSION, &["follow"])).await.unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(world.number(SUBSCRIPTIONS).await, 1);
    let mut change = UpdatePushSubscriptionRequest {
        account_id: ADA,
        session_id: SESSION,
        alerts: None,
        policy: PushPolicy::Followed.into(),
    };
    let change_to = async |change: &UpdatePushSubscriptionRequest| {
        let gateway = &world.notifications;
        gateway
            .update_push_subscription(&signed_in(ADA), change.clone())
            .await
    };
    let changed = change_to(&change).await.unwrap();
    assert_eq!(
        (&*changed.alerts, changed.policy()),
        (&["follow".to_owned()][..], PushPolicy::Followed)
    );
    change.alerts = Some(PushAlerts { names: Vec::new() });
    change.policy = 0;
    let changed = change_to(&change).await.unwrap();
    assert!(changed.alerts.is_empty() && changed.policy() == PushPolicy::Followed);
    let world = world.restarted().await;
    let after = get(&world, SESSION).await.unwrap();
    assert_eq!((after.id, after.server_key), (changed.id, first.server_key));
    let remove = RemovePushSubscriptionRequest {
        account_id: ADA,
        session_id: SESSION,
    };
    let context = signed_in(ADA);
    for _ in 0..2 {
        let removed = world
            .notifications
            .remove_push_subscription(&context, remove);
        removed.await.unwrap();
    }
    assert!(get(&world, SESSION).await.is_err());
}

#[tokio::test]
async fn what_cannot_be_sent_to_is_refused() {
    let world = World::new().await;
    let refused = async |change: fn(&mut SetPushSubscriptionRequest)| {
        let mut request = wanted(SESSION, &[]);
        change(&mut request);
        let error = set(&world, request).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Invalid);
        error.field().unwrap().to_owned()
    };
    for field in [
        refused(|request| request.endpoint.clear()).await,
        refused(|request| request.endpoint = "http://push.example/".to_owned()).await,
        refused(|request| request.endpoint = "https://169.254.169.254/".to_owned()).await,
        refused(|request| request.endpoint = "https://localhost/".to_owned()).await,
        refused(|request| request.endpoint.push_str(&"a".repeat(3_000))).await,
    ] {
        assert_eq!(field, "subscription[endpoint]");
    }
    for field in [
        refused(|request| request.p256dh.clear()).await,
        refused(|request| request.p256dh.replace_range(5..9, "AAAA")).await,
        refused(|request| request.p256dh.push('!')).await,
    ] {
        assert_eq!(field, "subscription[keys][p256dh]");
    }
    for field in [
        refused(|request| request.auth.clear()).await,
        refused(|request| request.auth.truncate(12)).await,
    ] {
        assert_eq!(field, "subscription[keys][auth]");
    }
    let alert = refused(|request| request.alerts.push("emoji".to_owned())).await;
    assert_eq!(alert, "data[alerts]");
    assert_eq!(world.number(SUBSCRIPTIONS).await, 0);
}

#[tokio::test]
async fn the_latest_subscriptions_of_an_account_stay() {
    let world = World::new().await;
    set(&world, wanted(BOB * SESSIONS_OF_ONE, &[]))
        .await
        .unwrap();
    for session in SESSION..SESSION + 53 {
        set(&world, wanted(session, &["follow"])).await.unwrap();
    }
    assert_eq!(world.number(SUBSCRIPTIONS).await, 51);
    assert!(get(&world, SESSION + 2).await.is_err());
    assert!(get(&world, SESSION + 3).await.is_ok());
    assert!(get(&world, BOB * SESSIONS_OF_ONE).await.is_ok());
}

#[tokio::test]
async fn the_key_is_made_once() {
    let world = World::new().await;
    let key = async |world: &World| {
        let context = by(Caller::anonymous());
        let reply = world
            .notifications
            .get_push_key(&context, GetPushKeyRequest {});
        reply.await.unwrap().public_key
    };
    let made = key(&world).await;
    assert_eq!(made.len(), 88);
    assert_eq!(key(&world).await, made);
    let world = world.restarted().await;
    assert_eq!(key(&world).await, made);
}
