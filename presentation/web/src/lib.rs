//! The web page: what a browser is shown, rendered here on the server.
//!
//! It works without JavaScript; the script that is embedded only makes it better. Everything a page
//! needs is in the binary, under addresses that carry a hash of their content. A handler is thin:
//! it takes what came in, makes one call to a gateway or one read through the kit, and shows a
//! view. What is absent on purpose: no rule about who may see what (that is the kit's), no HTML
//! made from people's words (that too), no page that needs a third party.
//!
//! Start reading at [`router`], then `page_context` (who is there), `guard` (whether a form is
//! ours) and `pages`.

mod assets;
mod guard;
mod headers;
mod page_context;
mod pages;
mod respond;
mod upload;
mod view;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use presentation_kit::Surface;
use presentation_kit::context::UploadRoute;

use pages::{
    about, authorize, composer, follow, front, people, post as post_page, profile, security,
    session, settings, setup, signup, tag, uploads,
};

/// The most bytes of a form without files.
const FORM_BYTES_MAX: usize = 256 * 1024;

const NEW: &str = "/new";
const NEW_PHOTOS: &str = "/new/photos";
const SETTINGS: &str = "/settings";

/// The pages that may take longer, because files come with their forms.
#[must_use]
pub fn upload_routes() -> Vec<UploadRoute> {
    [NEW, NEW_PHOTOS, SETTINGS]
        .map(UploadRoute::of_form)
        .to_vec()
}

/// Every page. The addresses are those of this crate's own pages and `/oauth/authorize`; nothing
/// under `/api` or `/media`.
pub fn router(surface: &Surface) -> Router<Surface> {
    Router::new()
        .route("/", get(front::show))
        .route("/about", get(about::show))
        .route("/login", get(session::show).post(session::log_in))
        .route("/logout", post(session::log_out))
        .route("/session", get(session::state))
        .route("/signup", get(signup::show).post(signup::sign_up))
        .route("/setup", get(setup::show).post(setup::sign_up))
        .route(
            "/oauth/authorize",
            get(authorize::show).post(authorize::decide),
        )
        .route("/@{name}", get(profile::show))
        .route("/@{name}/follow", post(follow::follow))
        .route("/@{name}/unfollow", post(follow::unfollow))
        .route("/@{name}/followers", get(people::followers))
        .route("/@{name}/following", get(people::following))
        .route("/@{name}/{id}", get(post_page::show))
        .route("/@{name}/{id}/reply", post(post_page::reply))
        .route("/@{name}/{id}/delete", post(post_page::delete))
        .route("/tags/{name}", get(tag::show))
        // Three with files: read field by field, each against a limit of its own.
        .route(NEW, get(composer::show).post(composer::publish))
        .route(NEW_PHOTOS, get(uploads::show).post(composer::take))
        .route("/new/photos/{id}", get(composer::state))
        .route("/new/photos/{id}/delete", post(uploads::delete))
        .route(SETTINGS, get(settings::show).post(settings::save))
        .route("/.well-known/security.txt", get(security::show))
        .route("/security.txt", get(security::change_password_redirect))
        .fallback(respond::nothing_here)
        .method_not_allowed_fallback(respond::wrong_method)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        // Inside out: errors become pages for the visitor, so the visitor must be known first;
        // headers go on everything.
        .layer(from_fn(guard::count_writes))
        .layer(from_fn(respond::show_error))
        .layer(from_fn_with_state(surface.clone(), page_context::begin))
        .layer(from_fn_with_state(surface.clone(), headers::add))
        .merge(assets::router())
}
