//! Where there are no workers: what keeps one from doing harm is Linux's own.

use std::io;
use std::time::Instant;

use crate::{Bounds, Landlock, Program, SandboxError};

/// A pool that never has a worker.
#[derive(Debug, Clone)]
pub struct Pool;

fn absence() -> SandboxError {
    SandboxError::absent("worker processes need Linux")
}

#[allow(missing_docs, clippy::missing_errors_doc)] // as on Linux
impl Pool {
    pub fn new(_: Program, _: Bounds) -> Result<Self, SandboxError> {
        Err(absence())
    }

    pub fn lease(&self, _: Instant) -> Result<Lease, SandboxError> {
        Err(absence())
    }

    pub fn lease_once(&self, _: Instant) -> Result<Lease, SandboxError> {
        Err(absence())
    }
}

/// A lease that there never is.
#[derive(Debug)]
pub enum Lease {}

#[allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::needless_pass_by_value
)] // as on Linux
impl Lease {
    #[must_use]
    pub fn greeting(&self) -> &[u8] {
        match *self {}
    }

    #[must_use]
    pub fn process(&self) -> Option<u32> {
        match *self {}
    }

    pub fn allow_memory(&mut self, _: u64) -> Result<(), SandboxError> {
        match *self {}
    }

    pub fn send(&mut self, _: &[&[u8]]) -> Result<(), SandboxError> {
        match *self {}
    }

    pub fn receive(&mut self, _: usize) -> Result<Vec<u8>, SandboxError> {
        match *self {}
    }

    pub fn finish(self) {
        match self {}
    }
}

/// A worker's side that is never entered.
#[derive(Debug)]
pub enum Inside {}

#[allow(missing_docs, clippy::missing_errors_doc)] // as on Linux
impl Inside {
    pub fn enter() -> io::Result<Self> {
        Err(io::Error::other(absence()))
    }

    pub fn confine(&mut self) -> io::Result<Landlock> {
        match *self {}
    }

    pub fn receive(&mut self, _: usize) -> io::Result<Option<Vec<u8>>> {
        match *self {}
    }

    pub fn send(&mut self, _: &[&[u8]]) -> io::Result<()> {
        match *self {}
    }
}
