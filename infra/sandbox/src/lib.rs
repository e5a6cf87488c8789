//! Worker processes that may crash, hang or be taken over without harm: for code that is not safe
//! for memory and reads untrusted input.
//!
//! A worker is another process of a program, the running one unless told otherwise, that speaks
//! over two pipes in messages of known length: one request at a time. The [`Pool`] starts workers
//! when they are asked for, keeps a few idle, and kills one at its deadline, when it breaks the
//! rules of the pipe, and when the caller goes away. Inside, the worker loads its libraries, calls
//! [`Inside::confine`], and only then reads the first byte that is not trusted: from there on it
//! can compute, respond, and nothing else. What is denied is described in `confine.rs`.
//!
//! It knows nothing of requests and responses. It works on Linux; elsewhere the pool says that no
//! worker is to be had.
//!
//! Start reading at [`Pool`] for the side that asks, at [`Inside`] for the side that responds.

mod bounds;
mod error;

#[cfg(target_os = "linux")]
mod confine;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod pool;
#[cfg(target_os = "linux")]
mod sys;
#[cfg(target_os = "linux")]
mod worker;

#[cfg(not(target_os = "linux"))]
mod absent;

pub use bounds::{Bounds, Program};
pub use error::SandboxError;

#[cfg(not(target_os = "linux"))]
pub use absent::{Inside, Lease, Pool};
#[cfg(target_os = "linux")]
pub use inside::Inside;
#[cfg(target_os = "linux")]
pub use pool::{Lease, Pool};

/// How far the kernel took access to files and the network away, beyond what the filter of system
/// calls does already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landlock {
    /// Everything that this program knows to take away.
    Full,
    /// What this kernel knows; newer ones know more.
    Partial,
    /// The kernel has no Landlock; the filter of system calls stands alone.
    Absent,
}
