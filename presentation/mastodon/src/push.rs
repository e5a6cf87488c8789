//! Push subscriptions: where the push service of one's device is told of what one is told.

use axum::Json;
use axum::extract::State;
use infra_kernel::Error;
use presentation_kit::access::{Person, scope};
use presentation_kit::api::Describe;
use presentation_kit::extract::{BodyOf, lenient};
use presentation_kit::{Allowed, Api, Problem, RequestContext, Surface};
use product_notifications_gateway::{
    Alert, GetPushSubscriptionRequest, PushAlerts, PushPolicy, RemovePushSubscriptionRequest,
    SetPushSubscriptionRequest, UpdatePushSubscriptionRequest,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::{Nothing, WebPushSubscription};

const PATH: &str = "/api/v1/push/subscription";
const NONE: [(u16, &str); 1] = [(404, "The token has no subscription.")];

pub(crate) fn routes() -> Api {
    Api::new()
        .post(
            PATH,
            create,
            Describe::new(
                "Has the push service of one's device told of what one is told. Each token has one subscription; \
                 another takes its place.",
            )
            .body::<SubscriptionForm>()
            .returns::<WebPushSubscription>(),
        )
        .get(
            PATH,
            show,
            Describe::new("Shows the subscription of the token.")
                .refuses(&NONE)
                .returns::<WebPushSubscription>(),
        )
        .put(
            PATH,
            update,
            Describe::new("Changes what the subscription of the token is told of.")
                .refuses(&NONE)
                .body::<ChangeForm>()
                .returns::<WebPushSubscription>(),
        )
        .delete(
            PATH,
            remove,
            Describe::new("Ends the subscription of the token.").returns::<Nothing>(),
        )
}

/// A subscription.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct SubscriptionForm {
    /// Where, and for whom to encrypt: as a browser's `PushSubscription` has it.
    subscription: TargetForm,
    /// What to be told of.
    data: Option<DataForm>,
    /// The same as `data[policy]`: some clients send it here.
    #[serde(deserialize_with = "lenient::text")]
    policy: Option<String>,
}

/// A change.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct ChangeForm {
    /// What to be told of.
    data: Option<DataForm>,
    /// The same as `data[policy]`: some clients send it here.
    #[serde(deserialize_with = "lenient::text")]
    policy: Option<String>,
}

/// Where, and for whom to encrypt.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct TargetForm {
    /// The push service's address, https.
    #[serde(deserialize_with = "lenient::text")]
    endpoint: Option<String>,
    keys: KeysForm,
    /// Whether to encrypt as RFC 8291 has it (`aes128gcm`). Otherwise, as Mastodon does, as a draft
    /// of it had it (`aesgcm`).
    #[serde(deserialize_with = "lenient::truth")]
    standard: Option<bool>,
}

/// The client's keys, in base64.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct KeysForm {
    /// A point on the curve P-256, 65 bytes.
    #[serde(deserialize_with = "lenient::text")]
    p256dh: Option<String>,
    /// A secret, 16 bytes.
    #[serde(deserialize_with = "lenient::text")]
    auth: Option<String>,
}

/// What to be told of.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct DataForm {
    /// All of them: those that are not named are off.
    alerts: Option<AlertsForm>,
    /// By whom: "all" (when it does not say), "followed", "follower" or "none".
    #[serde(deserialize_with = "lenient::text")]
    policy: Option<String>,
}

/// What to be told of, by types of notifications.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct AlertsForm {
    #[serde(deserialize_with = "lenient::truth")]
    mention: Option<bool>,
    #[serde(deserialize_with = "lenient::truth")]
    status: Option<bool>,
    #[serde(deserialize_with = "lenient::truth")]
    reblog: Option<bool>,
    #[serde(deserialize_with = "lenient::truth")]
    follow: Option<bool>,
    #[serde(deserialize_with = "lenient::truth")]
    follow_request: Option<bool>,
    #[serde(deserialize_with = "lenient::truth")]
    favourite: Option<bool>,
    #[serde(deserialize_with = "lenient::truth")]
    poll: Option<bool>,
    #[serde(deserialize_with = "lenient::truth")]
    update: Option<bool>,
    #[serde(rename = "admin.sign_up", deserialize_with = "lenient::truth")]
    admin_sign_up: Option<bool>,
    #[serde(rename = "admin.report", deserialize_with = "lenient::truth")]
    admin_report: Option<bool>,
}

async fn create(
    Allowed(viewer): Allowed<Person<scope::Push>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(form): BodyOf<SubscriptionForm>,
) -> Result<Json<WebPushSubscription>, Problem> {
    let mut data = form.data.unwrap_or_default();
    data.policy = data.policy.or(form.policy);
    let target = form.subscription;
    let request = SetPushSubscriptionRequest {
        account_id: viewer.account_id.get(),
        session_id: viewer.session_id.get(),
        policy: data.policy()?.into(),
        endpoint: required(target.endpoint, "subscription[endpoint]", "Endpoint")?,
        p256dh: required(
            target.keys.p256dh,
            "subscription[keys][p256dh]",
            "Key p256dh",
        )?,
        auth: required(target.keys.auth, "subscription[keys][auth]", "Key auth")?,
        standard: target.standard.unwrap_or_default(),
        alerts: data.alerts.unwrap_or_default().names(),
    };
    let notifications = &surface.gateways.notifications;
    let set = notifications
        .set_push_subscription(&context, request)
        .await?;
    Ok(Json(WebPushSubscription::of(set)))
}

async fn show(
    Allowed(viewer): Allowed<Person<scope::Push>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<WebPushSubscription>, Problem> {
    let request = GetPushSubscriptionRequest {
        account_id: viewer.account_id.get(),
        session_id: viewer.session_id.get(),
    };
    let notifications = &surface.gateways.notifications;
    let found = notifications
        .get_push_subscription(&context, request)
        .await?;
    Ok(Json(WebPushSubscription::of(found)))
}

async fn update(
    Allowed(viewer): Allowed<Person<scope::Push>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(form): BodyOf<ChangeForm>,
) -> Result<Json<WebPushSubscription>, Problem> {
    let mut data = form.data.unwrap_or_default();
    data.policy = data.policy.or(form.policy);
    let policy = data.policy()?.into();
    let alerts = data.alerts.map(|alerts| PushAlerts {
        names: alerts.names(),
    });
    let request = UpdatePushSubscriptionRequest {
        account_id: viewer.account_id.get(),
        session_id: viewer.session_id.get(),
        alerts,
        policy,
    };
    let notifications = &surface.gateways.notifications;
    let updated = notifications
        .update_push_subscription(&context, request)
        .await?;
    Ok(Json(WebPushSubscription::of(updated)))
}

async fn remove(
    Allowed(viewer): Allowed<Person<scope::Push>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<Nothing>, Problem> {
    let request = RemovePushSubscriptionRequest {
        account_id: viewer.account_id.get(),
        session_id: viewer.session_id.get(),
    };
    let notifications = &surface.gateways.notifications;
    notifications
        .remove_push_subscription(&context, request)
        .await?;
    Ok(Json(Nothing {}))
}

/// In Mastodon's words.
fn required(given: Option<String>, field: &'static str, name: &str) -> Result<String, Error> {
    let given = given.filter(|text| !text.trim().is_empty());
    given.ok_or_else(|| Error::invalid(field, format!("Validation failed: {name} can't be blank")))
}

impl DataForm {
    fn policy(&self) -> Result<PushPolicy, Error> {
        let name = self.policy.as_deref().unwrap_or_default();
        if name.is_empty() {
            return Ok(PushPolicy::Unspecified);
        }
        PushPolicy::named(name).ok_or_else(|| {
            let sentence = "Validation failed: Policy is not included in the list";
            Error::invalid("data[policy]", sentence)
        })
    }
}

impl AlertsForm {
    /// The names of those that are on.
    fn names(&self) -> Vec<String> {
        let all = [
            (Alert::Mention, self.mention),
            (Alert::Status, self.status),
            (Alert::Reblog, self.reblog),
            (Alert::Follow, self.follow),
            (Alert::FollowRequest, self.follow_request),
            (Alert::Favourite, self.favourite),
            (Alert::Poll, self.poll),
            (Alert::Update, self.update),
            (Alert::AdminSignUp, self.admin_sign_up),
            (Alert::AdminReport, self.admin_report),
        ];
        let on = all.into_iter().filter(|(_, is_on)| *is_on == Some(true));
        on.map(|(alert, _)| alert.name().to_owned()).collect()
    }
}
