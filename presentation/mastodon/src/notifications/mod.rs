//! Notifications: what one was told, and removing it.

mod dismiss;
mod filter;
mod list;
mod unread;

use presentation_kit::Api;
use presentation_kit::api::Describe;
use presentation_kit::paging::PageQuery;

use crate::entities::{Nothing, Notification};

pub(crate) fn routes() -> Api {
    Api::new()
        .get(
            "/api/v1/notifications",
            list::list,
            Describe::new(
                "Lists what one was told, the latest first: likes of one's statuses, statuses that mention or \
                 answer one, new followers and who asks to be one, reshares. What one may not see, or no longer, is left out.",
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
