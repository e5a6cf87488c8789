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
use axum::routing::{MethodRouter, get, post};
use edge_http::context::RouteBudget;
use presentation_kit::Surface;

use pages::{
    about, authorize, composer, follow, front, people, post as post_page, profile, requests,
    security, session, settings, setup, signup, tag, uploads,
};

/// The most bytes of a form without files.
const FORM_BYTES_MAX: usize = 256 * 1024;

const NEW: &str = "/new";
const NEW_PHOTOS: &str = "/new/photos";
const SETTINGS: &str = "/settings";

/// The time budgets of pages whose forms bring files, as each declares it; all others have the
/// default.
#[must_use]
pub fn route_budgets() -> Vec<RouteBudget> {
    pages().budgets
}

/// Every page. The addresses are those of this crate's own pages and `/oauth/authorize`; nothing
/// under `/api` or `/media`.
pub fn router(surface: &Surface) -> Router<Surface> {
    pages()
        .router
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

/// The pages, each with the time that its requests have.
#[derive(Default)]
struct Pages {
    router: Router<Surface>,
    budgets: Vec<RouteBudget>,
}

impl Pages {
    /// A page in the default budget.
    fn route(mut self, path: &'static str, methods: MethodRouter<Surface>) -> Self {
        self.router = self.router.route(path, methods);
        self
    }

    /// A page whose form may bring files, which a slow line takes longer to send.
    fn route_with_files(mut self, path: &'static str, methods: MethodRouter<Surface>) -> Self {
        self.budgets.push(RouteBudget::of_form(path));
        self.route(path, methods)
    }
}

fn pages() -> Pages {
    Pages::default()
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
        .route("/requests", get(requests::show))
        .route("/requests/{name}", post(requests::answer))
        .route("/@{name}/followers", get(people::followers))
        .route("/@{name}/following", get(people::following))
        .route("/@{name}/{id}", get(post_page::show))
        .route("/@{name}/{id}/reply", post(post_page::reply))
        .route("/@{name}/{id}/delete", post(post_page::delete))
        .route("/tags/{name}", get(tag::show))
        // Read field by field, each against a limit of its own.
        .route_with_files(NEW, get(composer::show).post(composer::publish))
        .route_with_files(NEW_PHOTOS, get(uploads::show).post(composer::take))
        .route("/new/photos/{id}", get(composer::state))
        .route("/new/photos/{id}/delete", post(uploads::delete))
        .route_with_files(SETTINGS, get(settings::show).post(settings::save))
        .route("/.well-known/security.txt", get(security::show))
        .route("/security.txt", get(security::old_address))
}
