//! How many workers there are, and how long.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use infra_sandbox::{Bounds, Pool, SandboxError};

use crate::{assert_well, bounds, pool, program, soon};

/// Waits, with a generous bound, until something holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < until, "never {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn exists(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

/// Gone, or waiting for its parent to ask how it ended.
pub(crate) fn is_dead(process: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat"));
    state.map_or(true, |stat| stat.contains(") Z "))
}

#[test]
fn a_worker_is_used_again() {
    let pool = pool();
    assert_well(&pool);
    let idle = pool.idle_processes();
    assert_well(&pool);
    assert_eq!(idle.len(), 1);
    assert_eq!(pool.idle_processes(), idle);
}

#[test]
fn a_worker_for_one_request_is_not_used_again() {
    let pool = pool();
    let lease = pool.lease_once(soon()).unwrap();
    let process = lease.process().unwrap();
    lease.finish();
    assert!(pool.idle_processes().is_empty());
    assert!(!exists(process));
    assert_well(&pool);
}

#[test]
fn there_are_no_more_workers_than_there_may_be() {
    let pool = pool();
    let first = pool.lease(soon()).unwrap();
    let second = pool.lease(soon()).unwrap();
    assert_ne!(first.process(), second.process());
    let in_a_moment = Instant::now() + Duration::from_millis(50);
    assert_eq!(
        pool.lease(in_a_moment).unwrap_err(),
        SandboxError::Busy { workers: 2 }
    );
    let waiting = std::thread::scope(|scope| {
        let waiter = scope.spawn(|| pool.lease(soon()).map(|lease| lease.process()));
        let freed = first.process();
        first.finish();
        (waiter.join().unwrap(), freed)
    });
    assert_eq!(waiting.0, Ok(waiting.1));
}

#[test]
fn an_idle_worker_is_ended() {
    let bounds = Bounds {
        idle_max: Duration::from_millis(50),
        ..bounds()
    };
    let pool = Pool::new(program(&[]), bounds).unwrap();
    assert_well(&pool);
    eventually("ended", || pool.idle_processes().is_empty());
    assert_well(&pool);
}

#[test]
#[allow(unsafe_code)]
fn a_worker_that_died_while_idle_is_replaced() {
    let pool = pool();
    assert_well(&pool);
    let idle = pool.idle_processes()[0];
    // SAFETY: a signal to a child of this process.
    unsafe { libc::kill(libc::pid_t::try_from(idle).unwrap(), libc::SIGKILL) };
    eventually("died", || is_dead(idle));
    assert_well(&pool);
    assert_ne!(pool.idle_processes(), [idle]);
}

#[test]
fn a_lease_that_is_dropped_midway_kills_its_worker() {
    let pool = pool();
    let mut lease = pool.lease(soon()).unwrap();
    lease.send(&[b"sleep"]).unwrap();
    let process = lease.process().unwrap();
    drop(lease);
    assert!(!exists(process));
    assert_well(&pool);
}

#[test]
fn workers_end_with_their_pool() {
    let pool = pool();
    assert_well(&pool);
    let process = pool.idle_processes()[0];
    drop(pool);
    eventually("ended", || !exists(process));
}

#[test]
fn workers_die_with_a_server_that_was_killed() {
    let program = program(&["parent"]);
    let mut parent = Command::new(&program.path)
        .args(&program.arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let worker: u32 = line.trim().parse().unwrap();
    assert!(exists(worker));
    parent.kill().unwrap();
    parent.wait().unwrap();
    eventually("died", || is_dead(worker));
}
