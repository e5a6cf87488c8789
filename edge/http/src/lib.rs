//! The way in: connections, and what every request and response passes whatever it is about.
//!
//! What it does: listens and refuses what is too much ([`server`]), finds the client's address
//! behind proxies ([`address`]), watches bodies ([`body`]), gives each request a name and the time
//! that its route declares ([`context`]), admits as many as can be worked on ([`overload`]), and
//! completes responses ([`compression`], [`headers`]). Where no surface makes the response, it does
//! ([`refusal`]).
//!
//! What is absent on purpose: it knows no domain and no route. What depends on the product (which
//! routes take longer, in which form a refusal is written) it is given as values by the surfaces,
//! and the composition in `app` puts the pieces in their order.
//!
//! Start reading at [`server::Server::serve`], then [`context`].

pub mod address;
pub mod body;
pub mod compression;
pub mod context;
pub mod headers;
pub mod overload;
pub mod refusal;
pub mod server;

mod network;

pub use address::ClientAddress;
pub use context::RequestContext;
