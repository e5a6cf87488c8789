//! What clients ask for when they start, and of which there is truly nothing here: no custom emoji
//! or announcements can be made yet, so the right response is an empty list. What is not built
//! otherwise is not here at all.

use axum::Json;
use presentation_kit::access::{Person, scope};
use presentation_kit::api::Describe;
use presentation_kit::{Allowed, Anyone, Api};

use crate::entities::Empty;

pub(crate) fn routes() -> Api {
    Api::new()
        .get(
            "/api/v1/custom_emojis",
            for_anyone,
            Describe::new("Lists custom emoji; there are none.").returns::<Empty>(),
        )
        .get(
            "/api/v1/announcements",
            for_a_person,
            Describe::new("Lists announcements; there are none.").returns::<Empty>(),
        )
}

async fn for_anyone(Allowed(_): Allowed<Anyone>) -> Json<Empty> {
    Json([])
}

async fn for_a_person(Allowed(_): Allowed<Person<scope::Any>>) -> Json<Empty> {
    Json([])
}
