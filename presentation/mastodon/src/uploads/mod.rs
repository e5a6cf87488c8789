//! Resumable uploads by the tus protocol, version 1.0.0
//! (<https://tus.io/protocols/resumable-upload>), with the extensions creation,
//! creation-with-upload, termination, checksum and expiration.
//!
//! A file is announced with its length, sent in as many requests as the connection needs, and
//! becomes a picture when its last byte is here: the response's header `Heliograph-Media-Id` names
//! it, as does every later response to `HEAD`. From there on it is one's own picture like any other
//! (`/api/v1/media/{id}`).
//!
//! One file for each verb; what they share of the protocol is in `protocol.rs`.

mod append;
mod body;
mod cancel;
mod create;
mod fields;
mod options;
mod protocol;
mod show;
mod stand_in;

use presentation_kit::Api;
use presentation_kit::api::{Describe, Header};

pub(crate) use protocol::mark;

const UPLOADS: &str = "/api/v1/media/uploads";
const UPLOAD: &str = "/api/v1/media/uploads/{id}";

const VERSION: Header = Header::required("Tus-Resumable", "`1.0.0`");
const CHECKSUM: Header = Header::optional(
    "Upload-Checksum",
    "`sha1`, `sha256` or `md5`, a space, and the body's digest in base64. A body that does not fit is dropped (460).",
);
const OFFSET: Header = Header::optional("Upload-Offset", "How many bytes are here.");
const EXPIRES: Header = Header::optional("Upload-Expires", "When the upload is forgotten.");
const MEDIA_ID: Header = Header::optional(
    "Heliograph-Media-Id",
    "Once the file is whole: the picture's id, for `/api/v1/media/{id}` and for posts.",
);
const LENGTH: Header = Header::optional("Upload-Length", "The file's length in bytes.");

/// What the protocol refuses, each under its own code.
const REFUSALS: &[(u16, &str)] = &[
    (400, "A header is missing or not as it should be."),
    (412, "The version in `Tus-Resumable` is not spoken here."),
];
/// What it refuses of bytes beside that.
const REFUSALS_OF_BYTES: &[(u16, &str)] = &[
    (
        405,
        "The method that is meant is not one of those that `POST` stands in for.",
    ),
    (408, "No more bytes came; what came is kept."),
    (
        409,
        "The bytes belong elsewhere; `Upload-Offset` is not where the upload is.",
    ),
    (410, "The upload has expired."),
    (413, "The file is larger than is taken."),
    (415, "The body is not `application/offset+octet-stream`."),
    (422, "The bytes are no picture."),
    (423, "Another request is at it."),
    (460, "The checksum does not fit."),
];

pub(crate) fn routes() -> Api {
    let api = on_the_collection(Api::new());
    bytes_of_one_upload(on_one_upload(api))
}

fn on_the_collection(api: Api) -> Api {
    api.post(
        UPLOADS,
        create::create,
        Describe::new("Begins a resumable upload (tus 1.0); a body may bring the first bytes.")
            .takes(&[
                VERSION,
                Header::required("Upload-Length", "The file's length in bytes."),
                Header::optional(
                    "Upload-Metadata",
                    "`description` (alt text) and `focus` (\"x,y\"), each with its value in base64; other keys are told \
                     back and used for nothing.",
                ),
                CHECKSUM,
            ])
            .bytes("application/offset+octet-stream")
            .responds_with(
                201,
                &[
                    Header::optional("Location", "Where the bytes go."),
                    OFFSET,
                    EXPIRES,
                    MEDIA_ID,
                ],
            )
            .refuses(REFUSALS)
            .refuses(REFUSALS_OF_BYTES),
    )
    .options(
        UPLOADS,
        options::options,
        options::describe("Tells what of the tus protocol is spoken here."),
    )
}

fn on_one_upload(api: Api) -> Api {
    api.head(
        UPLOAD,
        show::show,
        Describe::new("Tells how far a resumable upload is.")
            .takes(&[VERSION])
            .responds_with(
                200,
                &[
                    OFFSET,
                    LENGTH,
                    Header::optional("Upload-Metadata", "As it was given."),
                    EXPIRES,
                    MEDIA_ID,
                ],
            )
            .refuses(REFUSALS)
            .refuses(&[
                (410, "The upload has expired."),
                (423, "Another request is at it."),
            ]),
    )
    .delete(
        UPLOAD,
        cancel::cancel,
        Describe::new("Gives up a resumable upload; what was sent is deleted.")
            .goes_on()
            .takes(&[VERSION])
            .responds_with(204, &[])
            .refuses(REFUSALS)
            .refuses(&[(423, "Another request is at it.")]),
    )
    .options(
        UPLOAD,
        options::options,
        options::describe("Tells what of the tus protocol is spoken here."),
    )
}

fn bytes_of_one_upload(api: Api) -> Api {
    api.patch(
        UPLOAD,
        append::append,
        Describe::new("Sends bytes of a resumable upload, from where it is.")
            .goes_on()
            .takes(&[
                VERSION,
                Header::required(
                    "Upload-Offset",
                    "Where the bytes belong; 409 when it is elsewhere.",
                ),
                CHECKSUM,
            ])
            .bytes("application/offset+octet-stream")
            .responds_with(204, &[OFFSET, EXPIRES, MEDIA_ID])
            .refuses(REFUSALS)
            .refuses(REFUSALS_OF_BYTES),
    )
    .post(
        UPLOAD,
        stand_in::stand_in,
        Describe::new("`HEAD`, `PATCH` or `DELETE` for clients that cannot send them.")
            .goes_on()
            .takes(&[
                VERSION,
                Header::required("X-HTTP-Method-Override", "The method that is meant."),
            ])
            .responds_with(204, &[OFFSET, EXPIRES, MEDIA_ID])
            .also(200, "How far it is, in place of `HEAD`.")
            .refuses(REFUSALS)
            .refuses(REFUSALS_OF_BYTES),
    )
}
