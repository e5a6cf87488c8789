//! Workers that misbehave in every way known, and a pool that continues.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that cannot continue fails

mod denied;
mod pool;
mod trouble;

use std::time::{Duration, Instant};

use infra_sandbox::{Bounds, Pool, Program, SandboxError};

const MEMORY_BYTES_MAX: u64 = 256 << 20;

fn bounds() -> Bounds {
    Bounds {
        workers_max: 2,
        idle_max: Duration::from_secs(600),
        start_max: Duration::from_secs(60),
        memory_bytes_max: MEMORY_BYTES_MAX,
        processor_max: Duration::from_secs(600),
        threads_max: 16,
    }
}

fn program(arguments: &[&str]) -> Program {
    Program {
        path: env!("CARGO_BIN_EXE_infra-sandbox-test-worker").into(),
        arguments: arguments.iter().map(Into::into).collect(),
    }
}

fn pool() -> Pool {
    Pool::new(program(&[]), bounds()).unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn ask_until(pool: &Pool, request: &[u8], deadline: Instant) -> Result<Vec<u8>, SandboxError> {
    let mut lease = pool.lease(deadline)?;
    lease.send(&[request])?;
    let response = lease.receive(64 << 20)?;
    lease.finish();
    Ok(response)
}

fn ask(pool: &Pool, request: &str) -> Result<String, SandboxError> {
    let response = ask_until(pool, request.as_bytes(), soon())?;
    Ok(String::from_utf8(response).unwrap())
}

/// The pool responds as if nothing had happened.
#[track_caller]
fn assert_well(pool: &Pool) {
    assert_eq!(ask(pool, "hello"), Ok("hello".to_owned()));
}
