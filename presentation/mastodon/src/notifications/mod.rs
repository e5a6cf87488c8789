//! Notifications: what one was told, and removing it.

mod dismiss;
mod filter;
mod groups;
mod list;
mod unread;

use presentation_kit::Api;
use presentation_kit::api::Describe;
use presentation_kit::paging::PageQuery;

use crate::entities::{Account, GroupedNotificationsResults, Nothing, Notification};

pub(crate) fn routes() -> Api {
    each().merge(grouped())
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
