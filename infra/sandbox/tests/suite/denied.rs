//! What a worker cannot do once it is confined, tried from inside.

use std::os::fd::AsRawFd as _;

use infra_sandbox::SandboxError;

use crate::{ask, assert_well, pool, soon};

#[test]
fn what_a_library_may_try_is_refused_and_the_worker_goes_on() {
    let pool = pool();
    let process = pool.lease(soon()).map(|lease| {
        let process = lease.process();
        lease.finish();
        process
    });
    for action in ["open", "fork", "code", "shared", "raise limit"] {
        let response = ask(&pool, action).unwrap();
        assert!(response.starts_with("refused:"), "{action}: {response}");
    }
    let lease = pool.lease(soon()).unwrap();
    assert_eq!(Ok(lease.process()), process, "another worker was started");
}

#[test]
fn what_only_an_intruder_does_is_death() {
    let pool = pool();
    for action in ["connect", "exec", "ptrace", "kill"] {
        let error = ask(&pool, action).unwrap_err();
        assert!(
            matches!(&error, SandboxError::Died { how } if how.contains("system call")),
            "{action}: {error}"
        );
        assert_well(&pool);
    }
}

#[test]
fn memory_beyond_the_limit_is_not_had() {
    let pool = pool();
    let error = ask(&pool, "allocate").unwrap_err();
    assert!(
        matches!(&error, SandboxError::Died { how } if how.contains("memory allocation")),
        "{error}"
    );
    assert_well(&pool);
}

#[test]
fn a_request_may_be_given_less_memory_than_the_worker_may_have() {
    let pool = pool();
    let large = vec![b'x'; 48 << 20];
    let mut lease = pool.lease(soon()).unwrap();
    lease.allow_memory(32 << 20).unwrap();
    // It dies while the rest is sent, or when the response is waited for.
    let response = lease.send(&[&large]).and_then(|()| lease.receive(64 << 20));
    assert!(matches!(response, Err(SandboxError::Died { .. })), "no end");
    drop(lease);
    // The next has all of it again.
    let response = crate::ask_until(&pool, &large, soon()).unwrap();
    assert!(response == large);
}

#[test]
fn threads_can_be_made() {
    assert_eq!(ask(&pool(), "thread"), Ok("from a thread".to_owned()));
}

#[test]
#[allow(unsafe_code)]
fn it_inherits_nothing() {
    // A descriptor that would be inherited: opened without the flag that closes it.
    let file = tempfile::tempfile().unwrap();
    // SAFETY: the descriptor is open; its flags are a number.
    assert_eq!(
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) },
        0
    );
    let pool = pool();
    let lease = pool.lease(soon()).unwrap();
    let greeting = String::from_utf8(lease.greeting().to_vec()).unwrap();
    let heap = r#""MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_""#;
    let expected =
        format!(r#"Full; environment [{heap}]; descriptors ["0", "1", "2"]; folder "/""#);
    assert_eq!(greeting, expected);
}
