//! What one does with notifications of those whom one may not expect.

use axum::Json;
use axum::extract::State;
use infra_kernel::{Context, Error};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::{BodyOf, lenient};
use presentation_kit::reader::Held;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use product_notifications_gateway::{Action, GetPolicyRequest, Policy, SetPolicyRequest};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::notification_policy::{FirstPolicy, NotificationPolicy, action_named};

/// What is to change: each "accept", "filter" or "drop"; what is not sent stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct PolicyForm {
    /// Of those whom one does not follow.
    #[serde(deserialize_with = "lenient::text")]
    for_not_following: Option<String>,
    /// Of those who do not follow one.
    #[serde(deserialize_with = "lenient::text")]
    for_not_followers: Option<String>,
    /// Of accounts of the last 30 days that one does not follow.
    #[serde(deserialize_with = "lenient::text")]
    for_new_accounts: Option<String>,
    /// Of direct statuses by those whom one does not follow, but for replies to one's own.
    #[serde(deserialize_with = "lenient::text")]
    for_private_mentions: Option<String>,
    /// Of accounts that moderators limited.
    #[serde(deserialize_with = "lenient::text")]
    for_limited_accounts: Option<String>,
}

/// What is to change, as the first version says it; what is not sent stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct FirstPolicyForm {
    /// Whether notifications of those whom one does not follow wait for being accepted.
    #[serde(deserialize_with = "lenient::truth")]
    filter_not_following: Option<bool>,
    /// The same of those who do not follow one.
    #[serde(deserialize_with = "lenient::truth")]
    filter_not_followers: Option<bool>,
    /// The same of accounts of the last 30 days that one does not follow.
    #[serde(deserialize_with = "lenient::truth")]
    filter_new_accounts: Option<bool>,
    /// The same of direct statuses by those whom one does not follow.
    #[serde(deserialize_with = "lenient::truth")]
    filter_private_mentions: Option<bool>,
}

impl PolicyForm {
    fn policy(&self) -> Result<Policy, Error> {
        let action = |name: &Option<String>, field: &'static str| match name.as_deref() {
            None | Some("") => Ok(Action::Unspecified.into()),
            Some(name) => action_named(name).map(i32::from).ok_or_else(|| {
                let text = format!("`{field}` is `accept`, `filter` or `drop`.");
                Error::invalid(field, text)
            }),
        };
        Ok(Policy {
            for_not_following: action(&self.for_not_following, "for_not_following")?,
            for_not_followers: action(&self.for_not_followers, "for_not_followers")?,
            for_new_accounts: action(&self.for_new_accounts, "for_new_accounts")?,
            for_private_mentions: action(&self.for_private_mentions, "for_private_mentions")?,
            for_limited_accounts: action(&self.for_limited_accounts, "for_limited_accounts")?,
        })
    }
}

impl FirstPolicyForm {
    fn policy(&self) -> Policy {
        let action = |filtered: Option<bool>| {
            let action = match filtered {
                None => Action::Unspecified,
                Some(true) => Action::Filter,
                Some(false) => Action::Accept,
            };
            i32::from(action)
        };
        Policy {
            for_not_following: action(self.filter_not_following),
            for_not_followers: action(self.filter_not_followers),
            for_new_accounts: action(self.filter_new_accounts),
            for_private_mentions: action(self.filter_private_mentions),
            for_limited_accounts: Action::Unspecified.into(),
        }
    }
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<NotificationPolicy>, Problem> {
    let (policy, held) = read(&surface, &context, viewer).await?;
    Ok(Json(NotificationPolicy::of(&policy, held)))
}

pub(super) async fn show_first(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<FirstPolicy>, Problem> {
    let (policy, held) = read(&surface, &context, viewer).await?;
    Ok(Json(FirstPolicy::of(&policy, held)))
}

pub(super) async fn change(
    Allowed(viewer): Allowed<Person<scope::WriteNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(form): BodyOf<PolicyForm>,
) -> Result<Json<NotificationPolicy>, Problem> {
    let (policy, held) = changed(&surface, &context, viewer, form.policy()?).await?;
    Ok(Json(NotificationPolicy::of(&policy, held)))
}

pub(super) async fn change_first(
    Allowed(viewer): Allowed<Person<scope::WriteNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(form): BodyOf<FirstPolicyForm>,
) -> Result<Json<FirstPolicy>, Problem> {
    let (policy, held) = changed(&surface, &context, viewer, form.policy()).await?;
    Ok(Json(FirstPolicy::of(&policy, held)))
}

async fn read(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
) -> Result<(Policy, Held), Error> {
    let request = GetPolicyRequest {
        account_id: viewer.account_id.get(),
    };
    let notifications = &surface.gateways.notifications;
    let (reply, held) = tokio::try_join!(
        notifications.get_policy(context, request),
        surface.reader.held(context, viewer.account_id),
    )?;
    Ok((reply.policy.unwrap_or_default(), held))
}

async fn changed(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    policy: Policy,
) -> Result<(Policy, Held), Error> {
    let request = SetPolicyRequest {
        account_id: viewer.account_id.get(),
        policy: Some(policy),
    };
    let notifications = &surface.gateways.notifications;
    let reply = notifications.set_policy(context, request).await?;
    // A token that may only write reads nothing of what is held.
    let held = match viewer.may(business_accounts_gateway::Scope::READ_NOTIFICATIONS) {
        true => surface.reader.held(context, viewer.account_id).await?,
        false => Held::default(),
    };
    Ok((reply.policy.unwrap_or_default(), held))
}
