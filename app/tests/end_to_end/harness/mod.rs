//! Servers, callers and people.

pub(crate) mod caller;
pub(crate) mod facts;
pub(crate) mod html;
pub(crate) mod ledger;
pub(crate) mod leftovers;
pub(crate) mod load;
pub(crate) mod person;
pub(crate) mod proxy;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod shape;
mod stored;
pub(crate) mod stream;
pub(crate) mod tus;
pub(crate) mod wait;
pub(crate) mod web;
pub(crate) mod window;
pub(crate) mod wire;

pub(crate) use caller::{Caller, Reply};
pub(crate) use person::Person;
pub(crate) use server::Server;
pub(crate) use wait::eventually;
pub(crate) use web::WebSession;
