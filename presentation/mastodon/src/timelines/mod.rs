//! Timelines.

mod home;
mod list;
mod public;
mod tag;

use presentation_kit::Api;
use presentation_kit::api::Describe;
use presentation_kit::paging::PageQuery;

use crate::entities::Status;

/// How many statuses a page holds when it is not said, and at most.
pub(crate) const LIMIT_DEFAULT: u32 = 20;
pub(crate) const LIMIT_MAX: u32 = 40;

pub(crate) fn routes() -> Api {
    Api::new()
        .get(
            "/api/v1/timelines/home",
            home::show,
            Describe::new("Lists the posts of those one follows, newest first.")
                .query::<PageQuery>()
                .returns::<Vec<Status>>(),
        )
        .get(
            "/api/v1/timelines/list/{id}",
            list::show,
            Describe::new("Lists the posts of those who are on one's list, newest first.")
                .query::<PageQuery>()
                .returns::<Vec<Status>>()
                .refuses(&[(404, "One has no such list.")]),
        )
        .get(
            "/api/v1/timelines/public",
            public::show,
            Describe::new("Lists the public posts of this place, newest first.")
                .query::<PageQuery>()
                .query::<public::PublicQuery>()
                .returns::<Vec<Status>>(),
        )
        .get(
            "/api/v1/timelines/tag/{hashtag}",
            tag::show,
            Describe::new("Lists the public posts with a hashtag, newest first.")
                .query::<PageQuery>()
                .query::<tag::TagQuery>()
                .returns::<Vec<Status>>(),
        )
}
