//! What waits for push services, and what becomes of it.

use std::time::Duration;

use business_graph_gateway::Relationship;
use infra_kernel::{Caller, Clock as _, Page, SystemClock};
use product_notifications::Settings;
use product_notifications_gateway::{
    ClaimPushesRequest, DismissNotificationRequest, Filter, PUSHES_LIMIT_MAX, Push, PushAlerts,
    PushOutcome, PushPolicy, SetPushSubscriptionRequest, SettlePushRequest,
    UpdatePushSubscriptionRequest,
};

use crate::neighbours::SESSIONS_OF_ONE;
use crate::push::{SESSION, SUBSCRIPTIONS, get, set, wanted};
use crate::support::{ADA, BOB, EVE, World, by, mentioning, signed_in};

const WAITING: &str = "SELECT count(*) FROM push_queue";

async fn claim_but(world: &World, hosts: &[&str], accounts: &[u64]) -> Vec<Push> {
    let request = ClaimPushesRequest {
        limit: PUSHES_LIMIT_MAX,
        busy_hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        busy_account_ids: accounts.to_vec(),
    };
    let context = by(Caller::system());
    let claimed = world.notifications.claim_pushes(&context, request).await;
    claimed.unwrap().pushes
}

async fn claim(world: &World) -> Vec<Push> {
    claim_but(world, &[], &[]).await
}

async fn settle(world: &World, push: &Push, outcome: PushOutcome, retry_after_s: u32) {
    let request = SettlePushRequest {
        subscription_id: push.subscription_id,
        notification_id: push.notification_id,
        outcome: outcome.into(),
        retry_after_s,
    };
    let context = by(Caller::system());
    world
        .notifications
        .settle_push(&context, request)
        .await
        .unwrap();
}

async fn newest(world: &World) -> u64 {
    let listed = world.list(ADA, Page::newest(1), Filter::default()).await;
    listed.unwrap()[0].id
}

#[tokio::test]
async fn what_is_wanted_waits_and_is_claimed_once() {
    let world = World::new().await;
    set(&world, wanted(SESSION, &["favourite"])).await.unwrap();
    set(&world, wanted(SESSION + 1, &["favourite", "follow"]))
        .await
        .unwrap();
    set(&world, wanted(BOB * SESSIONS_OF_ONE, &["favourite"]))
        .await
        .unwrap();
    world.liked(100, BOB, 7).await;
    world.followed(101, EVE).await;
    // Heard again, and taken back and done again: told once each.
    world.liked(100, BOB, 7).await;
    let mut claimed = claim(&world).await;
    claimed.sort_by_key(|push| (push.subscription_id, push.notification_id));
    let endpoints: Vec<_> = claimed.iter().map(|push| push.endpoint.as_str()).collect();
    let (first, second) = ("https://push.example/100", "https://push.example/101");
    assert_eq!(endpoints, [first, second, second]);
    for push in &claimed {
        assert_eq!((push.account_id, push.host.as_str()), (ADA, "push.example"));
        assert!(push.standard && push.ttl_s == 86_400 && push.p256dh.len() == 65);
        assert_eq!(push.token.split('.').count(), 3);
    }
    assert!(claim(&world).await.is_empty());
    for push in &claimed {
        settle(&world, push, PushOutcome::Delivered, 0).await;
    }
    world.clock.advance(Duration::from_hours(1));
    assert!(claim(&world).await.is_empty());
    assert_eq!(world.number(WAITING).await, 0);
}

#[tokio::test]
async fn what_nobody_settles_is_due_again_also_after_a_stop() {
    let world = World::new().await;
    set(&world, wanted(SESSION, &["follow"])).await.unwrap();
    world.followed(101, EVE).await;
    assert_eq!(claim(&world).await.len(), 1);
    let now = world.clock.now();
    let world = world.restarted().await;
    world.clock.set(now.plus(Duration::from_secs(59)));
    assert!(claim(&world).await.is_empty());
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(claim(&world).await.len(), 1);
}

#[tokio::test]
async fn what_is_never_settled_is_tried_so_often_too() {
    let world = World::new().await;
    set(&world, wanted(SESSION, &["follow"])).await.unwrap();
    world.followed(101, EVE).await;
    for attempt in 1..=10 {
        assert_eq!(claim(&world).await.len(), 1, "{attempt}");
        world.clock.advance(Duration::from_secs(61));
    }
    assert!(claim(&world).await.is_empty());
    assert_eq!(world.number(WAITING).await, 0);
}

#[tokio::test]
async fn a_push_is_tried_so_often_and_no_sooner_than_its_push_service_wants() {
    let world = World::new().await;
    set(&world, wanted(SESSION, &["follow"])).await.unwrap();
    world.followed(101, EVE).await;
    let push = claim(&world).await.remove(0);
    settle(&world, &push, PushOutcome::Retry, 7_200).await;
    world.clock.advance(Duration::from_secs(7_199));
    assert!(claim(&world).await.is_empty());
    let mut attempts = 1;
    while world.number(WAITING).await > 0 {
        world.clock.advance(Duration::from_hours(1));
        for push in claim(&world).await {
            attempts += 1;
            settle(&world, &push, PushOutcome::Retry, 0).await;
        }
    }
    assert_eq!(attempts, 10);
    assert!(get(&world, SESSION).await.is_ok());
}

#[tokio::test]
async fn what_waits_too_long_is_forgotten() {
    let world = World::with(Settings::default(), Duration::from_hours(200)).await;
    set(&world, wanted(SESSION, &["follow", "favourite"]))
        .await
        .unwrap();
    world.followed(101, EVE).await;
    world.clock.advance(Duration::from_hours(20));
    world.liked(102, EVE, 7).await;
    assert_eq!(world.core.forget_pushes().await.unwrap(), 0);
    world.clock.advance(Duration::from_hours(5));
    assert_eq!(world.core.forget_pushes().await.unwrap(), 1);
    assert_eq!(claim(&world).await.len(), 1);
    // What is heard of a day late is no news.
    world.clock.advance(Duration::from_hours(20));
    let late = SystemClock.now();
    world.liked_at(103, BOB, 8, late).await;
    assert_eq!(world.number(WAITING).await, 1);
    assert_eq!(world.notified(ADA).await.len(), 3);
}

#[tokio::test]
async fn a_subscription_that_its_push_service_does_not_know_ends_with_what_waits() {
    let world = World::new().await;
    set(&world, wanted(SESSION, &["follow"])).await.unwrap();
    set(&world, wanted(SESSION + 1, &["follow"])).await.unwrap();
    world.followed(101, EVE).await;
    world.followed(102, BOB).await;
    let claimed = claim(&world).await;
    assert_eq!(claimed.len(), 4);
    settle(&world, &claimed[0], PushOutcome::Gone, 0).await;
    assert_eq!(world.number(SUBSCRIPTIONS).await, 1);
    assert_eq!(world.number(WAITING).await, 2);
    // Another one in its place is not ended by what is heard of the first.
    let gone = claimed[0]
        .endpoint
        .rsplit('/')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    set(&world, wanted(gone, &["follow"])).await.unwrap();
    settle(&world, &claimed[0], PushOutcome::Gone, 0).await;
    assert!(get(&world, gone).await.is_ok());
}

#[tokio::test]
async fn a_session_that_has_ended_gets_nothing_and_goes() {
    let world = World::new().await;
    for session in [SESSION, SESSION + 1, SESSION + 2] {
        set(&world, wanted(session, &["follow"])).await.unwrap();
    }
    world.followed(101, EVE).await;
    world.followers.ended.lock().unwrap().insert(SESSION);
    let claimed = claim(&world).await;
    assert_eq!(claimed.len(), 2);
    assert!(
        claimed
            .iter()
            .all(|push| push.endpoint != "https://push.example/100")
    );
    assert_eq!(world.number(SUBSCRIPTIONS).await, 2);
    assert_eq!(world.number(WAITING).await, 2);
    // One of which nothing is due goes in its time.
    world.followers.ended.lock().unwrap().insert(SESSION + 1);
    assert_eq!(world.core.forget_pushes().await.unwrap(), 1);
    assert_eq!(world.number(SUBSCRIPTIONS).await, 1);
    assert_eq!(world.number(WAITING).await, 1);
}

#[tokio::test]
async fn a_policy_is_about_how_accounts_stand_when_it_is_sent() {
    let world = World::new().await;
    let all = [
        PushPolicy::All,
        PushPolicy::Followed,
        PushPolicy::Follower,
        PushPolicy::None,
    ];
    for (policy, session) in all.into_iter().zip(SESSION..) {
        let request = SetPushSubscriptionRequest {
            policy: policy.into(),
            ..wanted(session, &["follow"])
        };
        set(&world, request).await.unwrap();
    }
    world.followed(101, BOB).await;
    world.followed(102, EVE).await;
    let relation = |following, followed_by, target_id| Relationship {
        target_id,
        following,
        followed_by,
        ..Relationship::default()
    };
    let relations = [relation(true, false, BOB), relation(false, true, EVE)];
    for one in relations {
        let mut known = world.followers.relations.lock().unwrap();
        known.insert((ADA, one.target_id), one);
    }
    let claimed = claim(&world).await;
    let to = |session| {
        let endpoint = format!("https://push.example/{session}");
        claimed
            .iter()
            .filter(|push| push.endpoint == endpoint)
            .count()
    };
    let each = [SESSION, SESSION + 1, SESSION + 2, SESSION + 3].map(to);
    assert_eq!(each, [2, 1, 1, 0]);
    assert_eq!(world.number(WAITING).await, 4);
}

#[tokio::test]
async fn an_alert_that_was_turned_off_is_not_claimed() {
    let world = World::new().await;
    let alerts = ["follow", "favourite"];
    set(&world, wanted(SESSION, &alerts)).await.unwrap();
    world.liked(100, BOB, 7).await;
    world.followed(101, EVE).await;
    let change = UpdatePushSubscriptionRequest {
        account_id: ADA,
        session_id: SESSION,
        alerts: Some(PushAlerts {
            names: vec!["follow".to_owned()],
        }),
        policy: 0,
    };
    let context = signed_in(ADA);
    let changed = world
        .notifications
        .update_push_subscription(&context, change);
    changed.await.unwrap();
    let claimed = claim(&world).await;
    let told: Vec<_> = claimed.iter().map(|push| push.notification_id).collect();
    assert_eq!(told, [newest(&world).await]);
    assert_eq!(world.number(WAITING).await, 1);
}

/// So many pushes for an account, by its 50 subscriptions, that it does not want any more.
async fn unwanted(world: &World, account: u64, posts: std::ops::Range<u64>) {
    let sessions = account * SESSIONS_OF_ONE..account * SESSIONS_OF_ONE + 50;
    for session in sessions {
        let request = SetPushSubscriptionRequest {
            policy: PushPolicy::Followed.into(),
            endpoint: format!("https://{session}.push.example/"),
            ..wanted(session, &["mention"])
        };
        set(world, request).await.unwrap();
    }
    for post in posts {
        world.published(mentioning(post, EVE, &[account])).await;
    }
}

#[tokio::test]
async fn what_one_account_does_not_want_holds_nobody_elses() {
    let world = World::new().await;
    unwanted(&world, ADA, 1..11).await;
    assert_eq!(world.number(WAITING).await, 500);
    let session = BOB * SESSIONS_OF_ONE;
    set(&world, wanted(session, &["mention"])).await.unwrap();
    world.published(mentioning(11, EVE, &[BOB])).await;
    let claimed = claim(&world).await;
    assert_eq!((claimed.len(), claimed[0].account_id), (1, BOB));
    assert_eq!(world.number(WAITING).await, 1);
}

#[tokio::test]
async fn a_claim_that_did_not_look_at_everything_says_so() {
    let world = World::new().await;
    unwanted(&world, ADA, 1..11).await;
    unwanted(&world, BOB, 11..21).await;
    let request = ClaimPushesRequest {
        limit: 1,
        ..ClaimPushesRequest::default()
    };
    let context = by(Caller::system());
    for (more_due, waiting) in [(true, 200), (false, 0)] {
        let claim = world
            .notifications
            .claim_pushes(&context, request.clone())
            .await;
        let claimed = claim.unwrap();
        assert_eq!((claimed.more_due, claimed.pushes.len()), (more_due, 0));
        assert_eq!(world.number(WAITING).await, waiting);
    }
}

#[tokio::test]
async fn what_was_dismissed_or_taken_back_is_not_claimed() {
    let world = World::new().await;
    set(&world, wanted(SESSION, &["follow", "favourite"]))
        .await
        .unwrap();
    world.liked(100, BOB, 7).await;
    world.unliked(100, BOB, 7).await;
    world.followed(101, EVE).await;
    let dismiss = DismissNotificationRequest {
        account_id: ADA,
        notification_id: newest(&world).await,
    };
    let context = signed_in(ADA);
    let dismissed = world.notifications.dismiss_notification(&context, dismiss);
    dismissed.await.unwrap();
    assert_eq!(world.number(WAITING).await, 2);
    assert!(claim(&world).await.is_empty());
    assert_eq!(world.number(WAITING).await, 0);
}

#[tokio::test]
async fn a_busy_host_and_a_busy_account_wait_and_others_have_their_turn() {
    let world = World::new().await;
    set(&world, wanted(SESSION, &["mention"])).await.unwrap();
    let elsewhere = SetPushSubscriptionRequest {
        endpoint: "https://other.example/".to_owned(),
        ..wanted(BOB * SESSIONS_OF_ONE, &["mention"])
    };
    set(&world, elsewhere).await.unwrap();
    for post in 1..=12 {
        world.published(mentioning(post, EVE, &[ADA])).await;
    }
    world.published(mentioning(13, EVE, &[BOB])).await;
    let hosts = |pushes: &[Push]| {
        let mut hosts: Vec<_> = pushes.iter().map(|push| push.host.clone()).collect();
        hosts.dedup();
        (pushes.len(), hosts)
    };
    let other = vec!["other.example".to_owned()];
    assert_eq!(
        hosts(&claim_but(&world, &["push.example"], &[]).await),
        (1, other)
    );
    assert!(claim_but(&world, &[], &[ADA]).await.is_empty());
    // Of one host there are so many at once.
    assert_eq!(claim(&world).await.len(), 8);
    assert_eq!(claim(&world).await.len(), 4);
}

#[tokio::test]
async fn so_many_wait_for_one_account() {
    let world = World::new().await;
    set(&world, wanted(SESSION, &["mention"])).await.unwrap();
    for post in 1..=503 {
        world.published(mentioning(post, EVE, &[ADA])).await;
    }
    assert_eq!(world.number(WAITING).await, 500);
}
