//! Push subscriptions: one for each session.

use infra_kernel::Error;
use infra_outbound::{Address, AddressError};
use infra_webpush::{Recipient, WebPushError, decode};
use product_notifications_gateway::{
    Alert, GetPushKeyReply, GetPushSubscriptionRequest, PushPolicy, PushSubscription,
    RemovePushSubscriptionReply, RemovePushSubscriptionRequest, SetPushSubscriptionRequest,
    UpdatePushSubscriptionRequest,
};

use super::push_key;
use crate::error::NotificationsError;
use crate::push::{SUBSCRIPTIONS_MAX, alerts, bits};
use crate::state::State;
use crate::store::push_subscriptions::{self, SubscriptionRow};

infra_kernel::define_id! {
    /// A push subscription.
    SubscriptionId;
}

pub(super) async fn set(
    state: &State,
    request: SetPushSubscriptionRequest,
) -> Result<PushSubscription, NotificationsError> {
    let address = Address::parse(&request.endpoint, state.outbound).map_err(refused_address)?;
    let p256dh = decode(&request.p256dh).ok_or_else(|| refused_key(WebPushError::Key))?;
    let auth = decode(&request.auth).ok_or_else(|| refused_key(WebPushError::Secret))?;
    Recipient::new(&p256dh, &auth).map_err(refused_key)?;
    let policy = match request.policy() {
        PushPolicy::Unspecified => PushPolicy::All,
        named => named,
    };
    let row = SubscriptionRow {
        id: state.ids.next::<SubscriptionId>().to_sql(),
        session_id: request.session_id.cast_signed(),
        account_id: request.account_id.cast_signed(),
        host: address.host().to_owned(),
        // As it is asked, which may be longer than it was written.
        endpoint: address.to_string(),
        p256dh,
        auth,
        standard: request.standard,
        alerts: bits(&named(&request.alerts)?),
        policy: policy as i64,
    };
    let now = state.clock.now();
    let row = state
        .database
        .write(move |connection| {
            Box::pin(async move {
                let (account, session) = (request.account_id, request.session_id);
                let before = push_subscriptions::read(connection, account, session).await?;
                if let Some(before) = before {
                    push_subscriptions::remove(connection, before.id).await?;
                }
                push_subscriptions::insert(connection, &row, now).await?;
                push_subscriptions::trim(connection, row.account_id, SUBSCRIPTIONS_MAX).await?;
                Ok::<_, NotificationsError>(row)
            })
        })
        .await?;
    shown(state, row).await
}

pub(super) async fn get(
    state: &State,
    request: GetPushSubscriptionRequest,
) -> Result<PushSubscription, NotificationsError> {
    let (account, session) = (request.account_id, request.session_id);
    let found = push_subscriptions::get(&state.database, account, session).await?;
    shown(state, found.ok_or(NotificationsError::NoSubscription)?).await
}

pub(super) async fn update(
    state: &State,
    request: UpdatePushSubscriptionRequest,
) -> Result<PushSubscription, NotificationsError> {
    let policy = request.policy();
    let alerts = match &request.alerts {
        Some(alerts) => Some(bits(&named(&alerts.names)?)),
        None => None,
    };
    let row = state
        .database
        .write(move |connection| {
            Box::pin(async move {
                let (account, session) = (request.account_id, request.session_id);
                let found = push_subscriptions::read(connection, account, session).await?;
                let mut row = found.ok_or(NotificationsError::NoSubscription)?;
                row.alerts = alerts.unwrap_or(row.alerts);
                if policy != PushPolicy::Unspecified {
                    row.policy = policy as i64;
                }
                push_subscriptions::change(connection, &row).await?;
                Ok::<_, NotificationsError>(row)
            })
        })
        .await?;
    shown(state, row).await
}

pub(super) async fn remove(
    state: &State,
    request: RemovePushSubscriptionRequest,
) -> Result<RemovePushSubscriptionReply, NotificationsError> {
    state
        .database
        .write(move |connection| {
            Box::pin(async move {
                let (account, session) = (request.account_id, request.session_id);
                let found = push_subscriptions::read(connection, account, session).await?;
                if let Some(found) = found {
                    push_subscriptions::remove(connection, found.id).await?;
                }
                Ok::<_, NotificationsError>(RemovePushSubscriptionReply {})
            })
        })
        .await
}

pub(super) async fn key(state: &State) -> Result<GetPushKeyReply, NotificationsError> {
    Ok(GetPushKeyReply {
        public_key: push_key::get(state).await?.published(),
    })
}

async fn shown(
    state: &State,
    row: SubscriptionRow,
) -> Result<PushSubscription, NotificationsError> {
    Ok(PushSubscription {
        id: row.id.cast_unsigned(),
        endpoint: row.endpoint,
        standard: row.standard,
        alerts: alerts(row.alerts)
            .map(|one| one.name().to_owned())
            .collect(),
        policy: i32::try_from(row.policy).unwrap_or_default(),
        server_key: push_key::get(state).await?.published(),
    })
}

fn named(names: &[String]) -> Result<Vec<Alert>, Error> {
    let known = |name: &String| {
        let text = format!("There is no alert `{name}`.");
        Alert::named(name).ok_or_else(|| Error::invalid("data[alerts]", text))
    };
    names.iter().map(known).collect()
}

/// In Mastodon's words, with the reason.
fn refused_address(error: AddressError) -> Error {
    let text = format!("Validation failed: Endpoint is invalid: {error}");
    Error::invalid("subscription[endpoint]", text)
}

fn refused_key(error: WebPushError) -> Error {
    let (field, name) = match error {
        WebPushError::Secret => ("subscription[keys][auth]", "Key auth"),
        _ => ("subscription[keys][p256dh]", "Key p256dh"),
    };
    Error::invalid(
        field,
        format!("Validation failed: {name} is invalid: {error}"),
    )
}
