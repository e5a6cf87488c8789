//! Requests to servers of others, at addresses that others have named.
//!
//! A client that can make this server ask an address could otherwise reach what only this machine
//! and its network reach. So an address is https, each name is resolved once and connected to as it
//! was checked, no redirect is followed, no proxy of the environment is used, and everything has a
//! bound. Nothing else in the program asks strangers' servers.

mod address;
mod client;
mod network;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use address::{ADDRESS_BYTES_MAX, Address, AddressError};
pub use client::{Client, OutboundError, REPLY_BYTES_MAX, Reply};
pub use network::is_public;

/// What an operator may change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether requests may go to private addresses too, this machine's own among them, and without
    /// TLS. For tests, and for a network at home with a push service of its own: anyone with an
    /// account can then make this server send to whatever it reaches.
    pub allow_private_addresses: bool,
}
