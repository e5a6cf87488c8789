//! How many connections the system's limit on open files allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for databases (a file, its log and its index for each connection to it), the log, worker
/// processes' pipes and what the runtime needs.
const RESERVED: u64 = 256;
/// What one connection may need: itself, and the file that it reads or writes.
const PER_CONNECTION: u64 = 2;

/// Raises the soft limit on open files to the hard one, and returns what it is then; none where
/// there is no limit.
///
/// The soft limit is 1,024 by custom, for the sake of programs that use `select`.
pub fn raise_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit on open files could not be raised");
        }
    }
    // Asked again: it may not have been raised.
    getrlimit(Resource::Nofile).current
}

/// How many connections there may be under a limit on open files, at most as many as are wanted and
/// at least one.
#[must_use]
pub fn connections_within(open_files_max: Option<u64>, wanted: usize) -> usize {
    let Some(open_files_max) = open_files_max else {
        return wanted;
    };
    let allowed = open_files_max.saturating_sub(RESERVED) / PER_CONNECTION;
    wanted.min(usize::try_from(allowed).unwrap_or(usize::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        assert_eq!(connections_within(None, 10_000), 10_000);
        assert_eq!(connections_within(Some(1_048_576), 10_000), 10_000);
        assert_eq!(connections_within(Some(1_024), 10_000), 384);
        assert_eq!(connections_within(Some(1_024), 8), 8);
        assert_eq!(connections_within(Some(64), 10_000), 1);
    }

    #[test]
    fn the_limit_is_the_hard_one_afterwards() {
        let raised = raise_limit();
        assert_eq!(raised, getrlimit(Resource::Nofile).maximum);
    }
}
