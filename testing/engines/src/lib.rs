//! Real engines for tests: servers started on free ports of this machine, in folders of their own,
//! and ended with the test.
//!
//! A bare clone has none of them, so each is asked for by an environment variable that says where
//! its program is; a test whose engine is not asked for does nothing. What is asked for and cannot
//! be started fails the test.

mod archive;
mod certificates;
mod http_proxy;
mod link;
mod nats;
mod network;
mod objects;
mod postgres;
mod process;
mod redis;
mod s3;
mod shape;
mod site;

pub use archive::Archive;
pub use certificates::{Authority, Certificate};
pub use http_proxy::{HttpFault, HttpProxy};
pub use link::Link;
pub use nats::Nats;
pub use network::Network;
pub use objects::Objects;
pub use postgres::Postgres;
pub use process::{EngineProcess, free_port};
pub use redis::{Redis, RedisDatabase};
pub use s3::S3;
pub use shape::Shape;
pub use site::Site;
