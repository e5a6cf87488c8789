//! The Mastodon client API: the vocabulary of Mastodon's clients, mapped from the gateways.
//!
//! What it does: routes under `/api`, `/oauth/token`, `/oauth/revoke`, `/.well-known`, `/nodeinfo`,
//! the names of accounts and statuses under `/users`, the bytes of the photos under `/media`, and
//! streams of what happens ([`streaming`]). What it does not do: it decides nothing (who may see
//! what is the kit's, what is valid is the domains'), keeps nothing but the JSON of cards and who
//! listens, and responds only for what this product has; the page where a person allows an
//! application (`/oauth/authorize`) belongs to the web surface.
//!
//! Start reading at [`router`]; then a noun's `mod.rs`, which lists its routes.

mod accounts;
mod admin;
mod apps;
mod conversations;
mod empty;
mod entities;
mod fallback;
mod filters;
mod ids;
mod instance;
mod lists;
mod markers;
mod media;
mod media_files;
mod nodeinfo;
mod notifications;
mod oauth;
mod push;
mod reply;
mod reports;
mod search;
mod statuses;
pub mod streaming;
mod tags;
mod timelines;
mod uploads;
mod uris;

use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get};
use axum::{Router, middleware};
use bytes::Bytes;
use edge_http::context::RouteBudget;
use presentation_kit::rate::CountedByAddress;
use presentation_kit::{Api, Surface, cors};

/// The most bytes of a body, but for uploads: there the media domain's own limit holds while the
/// file arrives.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The routes of this surface, with the OpenAPI document that describes them at
/// `/api/openapi.json`.
pub fn router(surface: &Surface) -> Router<Surface> {
    let (routes, document) = api().into_parts(TITLE, &surface.site.version, ABOUT);
    // Once: it stays the same as long as the program runs.
    let document = Bytes::from(document.to_string());
    routes
        .route(
            "/api/openapi.json",
            get(move |_: CountedByAddress| std::future::ready(reply::json(document.clone()))),
        )
        .route("/users/{username}", get(uris::account))
        .route("/users/{username}/statuses/{id}", get(uris::status))
        .route("/api", any(fallback::not_found))
        .route("/api/{*rest}", any(fallback::not_found))
        .method_not_allowed_fallback(fallback::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(uploads::mark))
        // Outermost, so that refusals too are readable for a script of another site.
        .layer(middleware::from_fn(cors::add))
}

/// The bytes of photos. Apart from the API, because what an API call has to pass is of no use to a
/// file, and there are many times more files.
pub fn files() -> Router<Surface> {
    let preflight = || std::future::ready(cors::preflight());
    let rendition = get(media_files::serve).options(preflight);
    let original = get(media_files::serve_original).options(preflight);
    Router::new()
        .route("/media/{key}", rendition)
        .route("/media/original/{id}", original)
        .method_not_allowed_fallback(media_files::method_not_allowed)
}

/// The time budgets of routes that take files, as each declares it; all others have the default.
#[must_use]
pub fn route_budgets() -> Vec<RouteBudget> {
    api().route_budgets().collect()
}

/// The OpenAPI document, for the copy that is kept in review.
#[must_use]
pub fn openapi(version: &str) -> serde_json::Value {
    api().into_parts(TITLE, version, ABOUT).1
}

const TITLE: &str = "Heliograph";
/// What authors of apps should know beside the routes.
const ABOUT: &str = include_str!("about.md");

fn api() -> Api {
    Api::new()
        .merge(apps::routes())
        .merge(oauth::routes())
        .merge(accounts::routes())
        .merge(media::routes())
        .merge(uploads::routes())
        .merge(statuses::routes())
        .merge(timelines::routes())
        .merge(tags::routes())
        .merge(lists::routes())
        .merge(filters::routes())
        .merge(notifications::routes())
        .merge(conversations::routes())
        .merge(markers::routes())
        .merge(push::routes())
        .merge(search::routes())
        .merge(reports::routes())
        .merge(admin::routes())
        .merge(instance::routes())
        .merge(nodeinfo::routes())
        .merge(empty::routes())
}
