//! Workers that crash, hang and talk rubbish.

use std::time::{Duration, Instant};

use infra_sandbox::{Bounds, Pool, SandboxError};

use crate::{ask, ask_until, assert_well, bounds, pool, program};

#[track_caller]
fn assert_dies(action: &str, how_it_ends: &str) {
    let pool = pool();
    let error = ask(&pool, action).unwrap_err();
    assert!(
        matches!(&error, SandboxError::Died { how } if how.contains(how_it_ends)),
        "{action}: {error}"
    );
    assert_well(&pool);
}

#[test]
fn a_crash_is_reported_with_its_cause() {
    assert_dies("abort", "SIGABRT");
    assert_dies("segfault", "SIGSEGV");
    assert_dies("half an answer", "exit status: 3");
}

#[test]
fn the_last_words_of_a_worker_are_one_line() {
    assert_dies("panic", "on purpose, in two lines");
}

#[test]
fn a_worker_that_hangs_is_killed_at_the_deadline() {
    let pool = pool();
    for action in ["spin", "sleep"] {
        assert_well(&pool);
        let begun = Instant::now();
        let deadline = begun + Duration::from_millis(300);
        assert_eq!(
            ask_until(&pool, action.as_bytes(), deadline),
            Err(SandboxError::Deadline)
        );
        assert!(begun.elapsed() < Duration::from_secs(20));
        assert_well(&pool);
    }
}

#[test]
fn processor_time_is_counted_for_each_request() {
    let limit = Duration::from_secs(1);
    let bounds = Bounds {
        processor_max: limit,
        ..bounds()
    };
    let pool = Pool::new(program(&[]), bounds).unwrap();
    assert_well(&pool);
    assert_eq!(
        ask(&pool, "spin"),
        Err(SandboxError::ProcessorTime { limit })
    );
    assert_well(&pool);
}

#[test]
fn a_worker_that_is_deaf_to_the_end_of_its_processor_time_is_killed() {
    let limit = Duration::from_secs(1);
    let bounds = Bounds {
        processor_max: limit,
        ..bounds()
    };
    let pool = Pool::new(program(&[]), bounds).unwrap();
    // Twice, and once by a worker that has worked before: each request has its own time.
    for _ in 0..2 {
        assert_well(&pool);
        assert_eq!(
            ask(&pool, "deaf spin"),
            Err(SandboxError::ProcessorTime { limit })
        );
    }
    let mut lease = pool.lease_once(crate::soon()).unwrap();
    lease.send(&[b"deaf spin"]).unwrap();
    assert_eq!(
        lease.receive(64),
        Err(SandboxError::ProcessorTime { limit })
    );
    drop(lease);
    assert_well(&pool);
}

#[test]
fn the_kernel_ends_a_deaf_worker_that_nobody_watches() {
    let bounds = Bounds {
        processor_max: Duration::from_secs(1),
        ..bounds()
    };
    let pool = Pool::new(program(&[]), bounds).unwrap();
    let mut lease = pool.lease_once(crate::soon()).unwrap();
    lease.send(&[b"deaf spin"]).unwrap();
    let process = lease.process().unwrap();
    crate::pool::eventually("ended", || crate::pool::is_dead(process));
}

#[test]
fn a_worker_of_too_many_threads_is_killed() {
    let pool = pool();
    let error = ask(&pool, "swarm").unwrap_err();
    assert!(
        matches!(&error, SandboxError::Died { how } if how.contains("threads")),
        "{error}"
    );
    assert_well(&pool);
}

#[test]
fn rubbish_is_not_taken_for_a_response() {
    let pool = pool();
    let error = ask(&pool, "rubbish").unwrap_err();
    assert!(matches!(error, SandboxError::Rubbish { .. }), "{error}");
    assert_well(&pool);
    let error = ask(&pool, "hang up").unwrap_err();
    assert!(matches!(error, SandboxError::Rubbish { .. }), "{error}");
    assert_well(&pool);
}

#[test]
fn a_library_that_prints_neither_spoils_responses_nor_waits() {
    let pool = pool();
    assert_eq!(ask(&pool, "talk"), Ok("talked".to_owned()));
    assert_eq!(ask(&pool, "talk"), Ok("talked".to_owned()));
}

#[test]
fn large_messages_pass_whole() {
    let pool = pool();
    let request: Vec<u8> = (0..40_000_000_u32).map(|at| (at % 251) as u8).collect();
    let response = ask_until(&pool, &request, crate::soon()).unwrap();
    assert!(response == request);
}

#[test]
fn a_program_that_is_no_worker_is_absence() {
    let starts = |path: &str, arguments: &[&str]| {
        let mut program = program(arguments);
        if !path.is_empty() {
            program.path = path.into();
        }
        let bounds = Bounds {
            start_max: Duration::from_millis(300),
            ..bounds()
        };
        ask(&Pool::new(program, bounds).unwrap(), "hello").unwrap_err()
    };
    for (path, arguments) in [
        ("/no/such/program", vec![]),
        ("/bin/true", vec![]),
        ("", vec!["mute"]),
    ] {
        let error = starts(path, &arguments);
        assert!(
            matches!(error, SandboxError::Absent { .. }),
            "{path}: {error}"
        );
    }
}
