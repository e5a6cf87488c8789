//! Against a real server. Without `HELIOGRAPH_TEST_REDIS` these do nothing.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, too.

mod connecting;
mod faults;
mod limits;
mod limits_faults;
mod support;
