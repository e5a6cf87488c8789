//! Notifications: what one was told, and removing it.

mod dismiss;
mod filter;
mod groups;
mod list;
mod policy;
mod requests;
mod unread;

use presentation_kit::Api;
use presentation_kit::api::Describe;
use presentation_kit::paging::PageQuery;

use crate::entities::notification_policy::{FirstPolicy, NotificationPolicy};
use crate::entities::notification_request::NotificationRequest;
use crate::entities::{Account, GroupedNotificationsResults, Nothing, Notification};

pub(crate) fn routes() -> Api {
    each().merge(grouped()).merge(policies()).merge(held())
}

fn each() -> Api {
    Api::new()
        .get(
            "/api/v1/notifications",
            list::list,
            Describe::new(
                "Lists what one was told, the latest first: likes of one's statuses, statuses that mention or \
                 answer one, new followers and who asks to be one, reshares, \
                 and statuses of those whom one follows with `notify`. What one may not see, or no longer, is left out.",
            )
            .query::<PageQuery>()
            .query::<filter::FilterQuery>()
            .returns::<Vec<Notification>>(),
        )
        .get(
            "/api/v1/notifications/unread_count",
            unread::count,
            Describe::new(
                "Counts what one was told after the marker of `notifications`, up to `limit`: 100 when it does not \
                 say, 1,000 at most.",
            )
            .query::<unread::LimitQuery>()
            .query::<filter::FilterQuery>()
            .returns::<unread::Unread>(),
        )
        .get(
            "/api/v1/notifications/{id}",
            list::show,
            Describe::new("Shows one notification.").returns::<Notification>(),
        )
        .post(
            "/api/v1/notifications/clear",
            dismiss::all,
            Describe::new("Removes all notifications.").returns::<Nothing>(),
        )
        .post(
            "/api/v1/notifications/{id}/dismiss",
            dismiss::one,
            Describe::new("Removes one notification.").returns::<Nothing>(),
        )
}

fn grouped() -> Api {
    Api::new()
        .get(
            "/api/v2/notifications",
            groups::list,
            Describe::new(
                "Lists what one was told, the latest first, with likes and reshares of one status, and follows, of \
                 twelve hours as one group each. A group of which a page holds a part is on the next one again, with \
                 the older part. What one may not see, or no longer, is neither shown nor counted.",
            )
            .query::<PageQuery>()
            .query::<filter::FilterQuery>()
            .query::<groups::GroupedQuery>()
            .query::<groups::ExpandQuery>()
            .returns::<GroupedNotificationsResults>(),
        )
        .get(
            "/api/v2/notifications/unread_count",
            groups::unread,
            Describe::new(
                "Counts the groups of what one was told after the marker of `notifications`, up to `limit`: 100 when \
                 it does not say, 1,000 at most.",
            )
            .query::<unread::LimitQuery>()
            .query::<filter::FilterQuery>()
            .query::<groups::GroupedQuery>()
            .returns::<unread::Unread>(),
        )
        .post(
            "/api/v2/notifications/clear",
            dismiss::all,
            Describe::new("Removes all notifications.").returns::<Nothing>(),
        )
        .get(
            "/api/v2/notifications/{group_key}",
            groups::show,
            Describe::new("Shows one group of notifications.")
                .returns::<GroupedNotificationsResults>(),
        )
        .get(
            "/api/v2/notifications/{group_key}/accounts",
            groups::accounts,
            Describe::new("Lists who did what a group of notifications is about, the latest first.")
                .query::<PageQuery>()
                .returns::<Vec<Account>>(),
        )
        .post(
            "/api/v2/notifications/{group_key}/dismiss",
            groups::dismiss,
            Describe::new("Removes a group of notifications.").returns::<Nothing>(),
        )
}

fn policies() -> Api {
    let show = "Shows what one does with notifications of those whom one may not expect.";
    let change =
        "Changes what one does with notifications of those whom one may not expect, from now on.";
    let second = || {
        Describe::new(change)
            .body::<policy::PolicyForm>()
            .returns::<NotificationPolicy>()
            .refuses(&[(422, "One of them is no action.")])
    };
    let first = || {
        Describe::new(change)
            .body::<policy::FirstPolicyForm>()
            .returns::<FirstPolicy>()
    };
    let path = "/api/v2/notifications/policy";
    let first_path = "/api/v1/notifications/policy";
    Api::new()
        .get(
            path,
            policy::show,
            Describe::new(show).returns::<NotificationPolicy>(),
        )
        .patch(path, policy::change, second())
        .put(path, policy::change, second())
        .get(
            first_path,
            policy::show_first,
            Describe::new(show).returns::<FirstPolicy>(),
        )
        .patch(first_path, policy::change_first, first())
        .put(first_path, policy::change_first, first())
}

fn held() -> Api {
    let missing = &[(404, "One has no such request.")];
    let refused = &[(422, "Too many are named, or were accepted.")];
    Api::new()
        .get(
            "/api/v1/notifications/requests",
            requests::list,
            Describe::new(
                "Lists whose notifications wait for being accepted, the newest account first.",
            )
            .query::<PageQuery>()
            .returns::<Vec<NotificationRequest>>(),
        )
        .get(
            "/api/v1/notifications/requests/merged",
            requests::merged,
            Describe::new("Says whether what was accepted is among the notifications.")
                .returns::<requests::Merged>(),
        )
        .get(
            "/api/v1/notifications/requests/{id}",
            requests::show,
            Describe::new("Shows one request.")
                .returns::<NotificationRequest>()
                .refuses(missing),
        )
        .post(
            "/api/v1/notifications/requests/{id}/accept",
            requests::accept,
            Describe::new("Makes what waits of an account notifications, and all of it to come.")
                .returns::<Nothing>()
                .refuses(missing),
        )
        .post(
            "/api/v1/notifications/requests/{id}/dismiss",
            requests::dismiss,
            Describe::new("Removes what waits of an account.")
                .returns::<Nothing>()
                .refuses(missing),
        )
        .post(
            "/api/v1/notifications/requests/accept",
            requests::accept_some,
            Describe::new(
                "Makes what waits of some accounts notifications, and all of it to come.",
            )
            .body::<requests::RequestsForm>()
            .returns::<Nothing>()
            .refuses(refused),
        )
        .post(
            "/api/v1/notifications/requests/dismiss",
            requests::dismiss_some,
            Describe::new("Removes what waits of some accounts.")
                .body::<requests::RequestsForm>()
                .returns::<Nothing>()
                .refuses(refused),
        )
}
