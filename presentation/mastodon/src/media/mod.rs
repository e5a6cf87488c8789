//! Pictures on their way to a post: uploading, waiting, describing.

mod delete;
mod failed;
pub(crate) mod focus;
pub(crate) mod form;
mod original;
pub(crate) mod show;
mod update;
mod upload;
pub(crate) mod wait;

use presentation_kit::Api;
use presentation_kit::api::{Describe, Header};

use crate::entities::MediaAttachment;

/// The form's field that holds the picture.
const FILE: &str = "file";

pub(crate) fn routes() -> Api {
    uploads().merge(own())
}

fn uploads() -> Api {
    Api::new()
        .post(
            "/api/v2/media",
            upload::upload,
            Describe::new("Uploads a picture; 202 while it is processed, 200 when it is ready.")
                .multipart::<upload::UploadForm>()
                .returns::<MediaAttachment>()
                .also(202, "Taken, and still processed."),
        )
        .post(
            "/api/v1/media",
            upload::upload_and_wait,
            Describe::new("Uploads a picture and waits until it is processed.")
                .multipart::<upload::UploadForm>()
                .returns::<MediaAttachment>()
                .also(202, "Taken, and still processed after all that waiting."),
        )
}

fn own() -> Api {
    Api::new()
        .get(
            "/api/v1/media/{id}",
            show::show,
            Describe::new(
                "Shows one's own picture; 206 while it is processed, 422 with the reason in `error` and `failure_code` \
                 when it failed. Once it is posted, and for `original_url`, the token needs `read:statuses`, too.",
            )
            .returns::<MediaAttachment>()
            .also(206, "Still processed.")
            .refuses(&[(422, "It could not be processed; `error` says why.")]),
        )
        .get(
            "/api/v1/media/{id}/original",
            original::original,
            Describe::new(
                "Redirects to where one's own file can be downloaded as it was uploaded, to the bit. The token needs \
                 `read:statuses`, too.",
            )
            .responds_with(
                307,
                &[Header::required(
                    "Location",
                    "Where it can be downloaded, without a token and for a time.",
                )],
            ),
        )
        .put(
            "/api/v1/media/{id}",
            update::update,
            Describe::new("Changes alt text and focal point, before the picture is posted.")
                .body::<update::UpdateForm>()
                .returns::<MediaAttachment>(),
        )
        .patch(
            "/api/v1/media/{id}",
            update::update,
            Describe::new("The same as `PUT`, as Rails takes it.")
                .body::<update::UpdateForm>()
                .returns::<MediaAttachment>(),
        )
        .delete(
            "/api/v1/media/{id}",
            delete::delete,
            Describe::new(
                "Deletes one's own picture, whatever its state; 422 while a post or a profile uses it.",
            )
            .returns::<delete::Deleted>()
            .refuses(&[(422, "A post or a profile uses it.")]),
        )
}
