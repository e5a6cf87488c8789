//! Heliograph's binary as a library: configuration, composition, listener and commands.
//!
//! This is the only crate that knows every other: it opens the domains, hands them to the surfaces
//! and runs what the roles say. It holds no rule of the product.
//!
//! Start reading at [`commands`], then [`wire`].

pub mod commands;
pub mod config;
pub mod memory;
pub mod roles;
pub mod wire;
