//! What is on its way to push services: claimed by who sends it, and settled.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use business_accounts_gateway::{GetGrantsRequest, Grant, Scope, Scopes};
use business_graph_gateway::{GetRelationshipsRequest, Relationship};
use infra_kernel::{AccountId, Context, Error, Timestamp};
use infra_outbound::Address;
use infra_resilience::pause_after;
use product_notifications_gateway::{
    Alert, ClaimPushesReply, ClaimPushesRequest, Kind, PUSHES_LIMIT_MAX, Push, PushOutcome,
    PushPolicy, SettlePushReply, SettlePushRequest,
};

use super::push_key;
use crate::error::NotificationsError;
use crate::push::{
    ATTEMPTS_MAX, KEPT_FOR, LIFETIME, OF_ONE_MAX, PAUSE_MAX, PAUSE_MIN, TAKEN_FOR, TOKEN_LIFETIME,
    bit,
};
use crate::state::State;
use crate::store::push_queue::{self, DueRow};
use crate::store::push_subscriptions;

/// The most that a claim takes the names of: no more is ever on its way.
const BUSY_MAX: usize = 1_000;
/// How many that are due are looked at together.
const LOOK_MAX: u32 = 100;
/// How often a claim looks when nothing of what was due is to be sent: more rows than wait for one
/// account.
const LOOKS_MAX: u32 = 8;

/// What becomes of pushes that are due.
#[derive(Default)]
struct Sorted {
    wanted: Vec<DueRow>,
    /// What is not to be sent.
    dropped: Vec<(i64, i64)>,
    /// Subscriptions whose sessions have ended.
    ended: HashSet<i64>,
}

pub(super) async fn claim(
    state: &State,
    context: &Context,
    request: ClaimPushesRequest,
) -> Result<ClaimPushesReply, NotificationsError> {
    check(&request)?;
    let (hosts, accounts) = (&request.busy_hosts, &request.busy_account_ids);
    let mut reply = ClaimPushesReply::default();
    for _ in 0..LOOKS_MAX {
        let now = state.clock.now();
        let due = push_queue::due(&state.database, now, hosts, accounts, LOOK_MAX).await?;
        reply.more_due = due.len() == LOOK_MAX as usize;
        if due.is_empty() {
            break;
        }
        let mut sorted = sort(state, context, due).await?;
        sorted.wanted = take_turns(sorted.wanted, request.limit as usize);
        for push in take(state, sorted).await? {
            reply.pushes.push(complete(state, push, now).await?);
        }
        // What is not to be sent has gone, and does not stand before the rest any more.
        if !reply.pushes.is_empty() || !reply.more_due {
            break;
        }
    }
    Ok(reply)
}

fn check(request: &ClaimPushesRequest) -> Result<(), Error> {
    if !(1..=PUSHES_LIMIT_MAX).contains(&request.limit) {
        let text = format!("1 to {PUSHES_LIMIT_MAX} pushes can be claimed.");
        return Err(Error::invalid("limit", text));
    }
    if request.busy_hosts.len() > BUSY_MAX || request.busy_account_ids.len() > BUSY_MAX {
        let text = format!("At most {BUSY_MAX} hosts and accounts are busy.");
        return Err(Error::invalid("busy_hosts", text));
    }
    Ok(())
}

/// The first of these, of which so many are to each host and for each account.
fn take_turns(wanted: Vec<DueRow>, limit: usize) -> Vec<DueRow> {
    let (mut hosts, mut accounts) = (HashMap::new(), HashMap::new());
    let mut turns = Vec::with_capacity(limit);
    for push in wanted {
        let of_host = hosts.entry(push.host.clone()).or_insert(0);
        let of_account = accounts.entry(push.account_id).or_insert(0);
        if *of_host < OF_ONE_MAX && *of_account < OF_ONE_MAX {
            *of_host += 1;
            *of_account += 1;
            turns.push(push);
        }
    }
    turns.truncate(limit);
    turns
}

/// Asks whose sessions have not ended, and how accounts stand to one another, as it is now.
async fn sort(
    state: &State,
    context: &Context,
    due: Vec<DueRow>,
) -> Result<Sorted, NotificationsError> {
    let sessions: HashSet<i64> = due.iter().map(|push| push.session_id).collect();
    let grants = grants(state, context, sessions.into_iter().collect()).await?;
    let known = relationships(state, context, &due).await?;
    let mut sorted = Sorted::default();
    for push in due {
        let is_granted = grants
            .get(&push.session_id)
            .is_some_and(|grant| grants_pushes(grant, push.account_id));
        if !is_granted {
            sorted.ended.insert(push.subscription_id);
        } else if is_wanted(&push, &known) {
            sorted.wanted.push(push);
        } else {
            let key = (push.subscription_id, push.notification_id);
            sorted.dropped.push(key);
        }
    }
    Ok(sorted)
}

/// What sessions stand for that have not ended.
pub(crate) async fn grants(
    state: &State,
    context: &Context,
    sessions: Vec<i64>,
) -> Result<HashMap<i64, Grant>, NotificationsError> {
    let request = GetGrantsRequest {
        session_ids: sessions.into_iter().map(i64::cast_unsigned).collect(),
    };
    let grants = state.accounts.get_grants(context, request).await?.grants;
    let grants = grants.into_iter();
    Ok(grants
        .map(|grant| (grant.session_id.cast_signed(), grant))
        .collect())
}

fn grants_pushes(grant: &Grant, account: i64) -> bool {
    let scopes = Scopes::parse(&grant.scopes);
    grant.account_id.cast_signed() == account
        && scopes.is_ok_and(|scopes| scopes.cover(Scope::PUSH))
}

type Relationships = HashMap<(i64, i64), Relationship>;

/// How accounts stand to those who did what they are to be told of, where that matters.
async fn relationships(
    state: &State,
    context: &Context,
    due: &[DueRow],
) -> Result<Relationships, NotificationsError> {
    let mut asked: BTreeMap<i64, HashSet<u64>> = BTreeMap::new();
    for push in due {
        if let (true, Some(from)) = (policy(push) != PushPolicy::All, push.from_id) {
            let of_account = asked.entry(push.account_id).or_default();
            of_account.insert(from.cast_unsigned());
        }
    }
    let mut known = Relationships::new();
    for (account, targets) in asked {
        let viewer = AccountId::new(account.cast_unsigned());
        let targets = targets.into_iter().map(AccountId::new);
        let request = GetRelationshipsRequest::new(viewer, targets);
        let reply = state.graph.get_relationships(context, request).await?;
        for relationship in reply.relationships {
            let target = relationship.target_id.cast_signed();
            known.insert((account, target), relationship);
        }
    }
    Ok(known)
}

fn policy(push: &DueRow) -> PushPolicy {
    // What this program does not know is nothing that somebody is told by.
    let policy = i32::try_from(push.policy).ok();
    let policy = policy.and_then(|policy| PushPolicy::try_from(policy).ok());
    policy.unwrap_or(PushPolicy::None)
}

/// Whether the subscription still is to be told of what was done.
fn is_alerted(push: &DueRow) -> bool {
    let kind = push.kind.and_then(|kind| i32::try_from(kind).ok());
    let kind = kind.and_then(|kind| Kind::try_from(kind).ok());
    let alert = kind.and_then(Alert::of);
    alert.is_some_and(|alert| push.alerts & bit(alert) != 0)
}

fn is_wanted(push: &DueRow, known: &Relationships) -> bool {
    // Dismissed or taken back meanwhile.
    let Some(from) = push.from_id else {
        return false;
    };
    // A process that ends before it settles what it took says nothing of the attempt.
    if push.attempts >= ATTEMPTS_MAX || !is_alerted(push) {
        return false;
    }
    let relationship = known.get(&(push.account_id, from));
    match policy(push) {
        PushPolicy::All => true,
        PushPolicy::Followed => relationship.is_some_and(|one| one.following),
        PushPolicy::Follower => relationship.is_some_and(|one| one.followed_by),
        PushPolicy::None | PushPolicy::Unspecified => false,
    }
}

/// Removes what is not to be sent, and takes the rest for a time.
async fn take(state: &State, sorted: Sorted) -> Result<Vec<DueRow>, NotificationsError> {
    let clock = Arc::clone(&state.clock);
    state
        .database
        .write(move |connection| {
            Box::pin(async move {
                for subscription in sorted.ended {
                    push_subscriptions::remove(connection, subscription).await?;
                }
                for (subscription, notification) in sorted.dropped {
                    push_queue::remove(connection, subscription, notification).await?;
                }
                let until = clock.now().plus(TAKEN_FOR);
                let mut taken = Vec::with_capacity(sorted.wanted.len());
                for push in sorted.wanted {
                    if push_queue::take(connection, &push, until).await? {
                        taken.push(push);
                    }
                }
                Ok(taken)
            })
        })
        .await
}

/// A push with the server's signed word for its push service.
async fn complete(state: &State, push: DueRow, now: Timestamp) -> Result<Push, NotificationsError> {
    let key = push_key::get(state).await?;
    // An address that was taken with another setting is sent to no more: who sends looks again.
    let origin = Address::parse(&push.endpoint, state.outbound);
    let origin = origin.map(|address| address.origin()).unwrap_or_default();
    let until = now.plus(TOKEN_LIFETIME).milliseconds() / 1_000;
    Ok(Push {
        subscription_id: push.subscription_id.cast_unsigned(),
        notification_id: push.notification_id.cast_unsigned(),
        account_id: push.account_id.cast_unsigned(),
        token: key.token(&origin, &state.push_contact, until)?,
        server_key: key.public(),
        endpoint: push.endpoint,
        host: push.host,
        p256dh: push.p256dh.into(),
        auth: push.auth.into(),
        standard: push.standard,
        // What waited here was made within a day.
        ttl_s: u32::try_from((LIFETIME - KEPT_FOR).as_secs()).unwrap_or(u32::MAX),
    })
}

pub(super) async fn settle(
    state: &State,
    request: SettlePushRequest,
) -> Result<SettlePushReply, NotificationsError> {
    let now = state.clock.now();
    state
        .database
        .write(move |connection| {
            Box::pin(async move {
                let subscription = request.subscription_id.cast_signed();
                let notification = request.notification_id.cast_signed();
                match request.outcome() {
                    PushOutcome::Delivered | PushOutcome::Dropped => {
                        push_queue::remove(connection, subscription, notification).await?;
                    }
                    PushOutcome::Gone => {
                        push_subscriptions::remove(connection, subscription).await?;
                    }
                    PushOutcome::Retry | PushOutcome::Unspecified => {
                        let attempts =
                            push_queue::attempts(connection, subscription, notification).await?;
                        match attempts {
                            None => {}
                            Some(attempts) if attempts >= ATTEMPTS_MAX => {
                                push_queue::remove(connection, subscription, notification).await?;
                            }
                            Some(attempts) => {
                                let until = now.plus(pause(attempts, request.retry_after_s));
                                push_queue::put_off(connection, subscription, notification, until)
                                    .await?;
                            }
                        }
                    }
                }
                Ok(SettlePushReply {})
            })
        })
        .await
}

/// How long a push waits that failed so often: as the push service wants it, within the time in
/// which it is news.
fn pause(attempts: i64, retry_after_s: u32) -> std::time::Duration {
    let failures = u32::try_from(attempts).unwrap_or(1).max(1);
    let pause = pause_after(failures, PAUSE_MIN, PAUSE_MAX, rand::random());
    let wanted = std::time::Duration::from_secs(retry_after_s.into());
    pause.max(wanted).min(KEPT_FOR)
}
