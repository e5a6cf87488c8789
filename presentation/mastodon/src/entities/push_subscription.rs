//! A push subscription.

use product_notifications_gateway::{Alert, PushSubscription};
use schemars::JsonSchema;
use serde::Serialize;

/// Where a push service is told of what one is told.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WebPushSubscription {
    id: String,
    endpoint: String,
    /// Whether pushes are encrypted as RFC 8291 has it.
    standard: bool,
    alerts: Alerts,
    /// By whom: "all", "followed", "follower" or "none".
    policy: &'static str,
    /// The public key by which push services know this server.
    server_key: String,
}

/// What a push service is told of.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[allow(clippy::struct_excessive_bools)] // Each is a choice of its own.
struct Alerts {
    mention: bool,
    status: bool,
    reblog: bool,
    follow: bool,
    follow_request: bool,
    favourite: bool,
    poll: bool,
    update: bool,
    #[serde(rename = "admin.sign_up")]
    admin_sign_up: bool,
    #[serde(rename = "admin.report")]
    admin_report: bool,
}

impl WebPushSubscription {
    pub(crate) fn of(subscription: PushSubscription) -> Self {
        Self {
            id: shown_id(subscription.id).to_string(),
            policy: subscription.policy().name(),
            alerts: Alerts::of(&subscription.alerts),
            endpoint: subscription.endpoint,
            standard: subscription.standard,
            server_key: subscription.server_key,
        }
    }
}

/// A number of 31 bits: Mastodon counts its subscriptions from one, and apps read an `int` here. It
/// names nothing: a token has one subscription, which every call is about.
const fn shown_id(id: u64) -> u64 {
    1 + id % 0x7fff_ffff
}

impl Alerts {
    fn of(names: &[String]) -> Self {
        let is_on = |alert: Alert| names.iter().any(|name| name == alert.name());
        Self {
            mention: is_on(Alert::Mention),
            status: is_on(Alert::Status),
            reblog: is_on(Alert::Reblog),
            follow: is_on(Alert::Follow),
            follow_request: is_on(Alert::FollowRequest),
            favourite: is_on(Alert::Favourite),
            poll: is_on(Alert::Poll),
            update: is_on(Alert::Update),
            admin_sign_up: is_on(Alert::AdminSignUp),
            admin_report: is_on(Alert::AdminReport),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_can_read_the_id_as_an_int() {
        for id in [
            0,
            1,
            0x7fff_fffe,
            0x7fff_ffff,
            0x8000_0000,
            1 << 62,
            u64::MAX,
        ] {
            let shown = WebPushSubscription::of(PushSubscription {
                id,
                ..PushSubscription::default()
            });
            assert!(shown.id.parse::<i32>().is_ok_and(|id| id > 0), "{id}");
        }
    }
}
