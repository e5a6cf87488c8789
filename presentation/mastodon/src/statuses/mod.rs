//! Statuses: posting, reading and deleting.

mod context;
mod create;
mod delete;
mod show;

use presentation_kit::Api;
use presentation_kit::api::Describe;

use crate::entities::{Status, StatusContext};
use crate::ids::IdsQuery;

pub(crate) fn routes() -> Api {
    Api::new()
        .post(
            "/api/v1/statuses",
            create::create,
            Describe::new(
                "Posts a status. With the header `Idempotency-Key`, the same key answers the same status again.",
            )
            .body::<create::StatusForm>()
            .returns::<Status>()
            .refuses(&[(404, "The status to answer is not there, or not for whom asks.")]),
        )
        .get(
            "/api/v1/statuses",
            show::list,
            Describe::new("Lists statuses by their ids; those that one may not see are left out.")
                .query::<IdsQuery>()
                .returns::<Vec<Status>>(),
        )
        .get(
            "/api/v1/statuses/{id}",
            show::show,
            Describe::new("Shows a status.").returns::<Status>(),
        )
        .delete(
            "/api/v1/statuses/{id}",
            delete::delete,
            Describe::new(
                "Deletes one's own status; answers it with its `text`, to write it again. A token without \
                 `read:statuses` hears which status it was, and nothing of what stood in it.",
            )
                .returns::<Status>(),
        )
        .get(
            "/api/v1/statuses/{id}/context",
            context::show,
            Describe::new("Shows what a status answers, and what answers it.")
                .returns::<StatusContext>(),
        )
}
