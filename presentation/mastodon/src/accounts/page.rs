//! Pages of accounts.

use std::sync::Arc;

use axum::Json;
use http::{HeaderMap, Uri};
use presentation_kit::{Listing, Person, Surface};

use crate::entities::Account;
use crate::reply;

/// How many accounts a page holds when it is not said, and at most.
pub(crate) const LIMIT_DEFAULT: u32 = 40;
pub(crate) const LIMIT_MAX: u32 = 80;

/// Accounts, and links to the pages round them.
pub(crate) type Page = (HeaderMap, Json<Vec<Account>>);

/// A page of accounts.
pub(crate) fn page_of(surface: &Surface, uri: &Uri, listing: &Listing<Arc<Person>>) -> Page {
    let people = listing.items.iter();
    let accounts = people.map(|person| Account::of(&surface.site, person));
    (
        reply::links(surface, uri, listing),
        Json(accounts.collect()),
    )
}
