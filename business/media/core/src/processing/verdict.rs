//! What an attempt that failed means for its item: again later, or quarantined, and why.
//!
//! Only what may fare better at another time is retried. What is wrong with the file itself never
//! passes.

use std::time::Duration;

use business_media_codec::{CodecError, StoppedBy};
use infra_blob::BlobError;
use infra_resilience::pause_after;

use crate::error::{MediaError, needs_memory};
use crate::store::queue::{AttemptCounts, Failure};

/// How often an item is tried that needs more than its time: a second time, because the machine may
/// have been busy.
pub(crate) const TIMEOUTS_MAX: i64 = 2;
/// How often an item is tried whose decoder dies, and how often one that was at work when the whole
/// process died.
pub(crate) const CRASHES_MAX: i64 = 3;
/// How often an item is tried for which an encoder will not write what it was given, which it
/// should always do.
pub(crate) const REFUSALS_MAX: i64 = 3;
/// How often an item is tried when this server itself fails (a full disk): with the pauses below,
/// over about two hours.
pub(crate) const ATTEMPTS_MAX: i64 = 20;
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(600);

const LOST: &str =
    "The uploaded file can no longer be read on this server. Please upload it again.";
const GIVEN_UP: &str = "This picture could not be processed on this server, which is in trouble. It is kept for a while and can be tried again; \
     or upload it again later.";
const TIMED_OUT: &str =
    "This picture takes longer to process than is given here. Please send a smaller copy of it.";
const CRASHED: &str =
    "This picture stops the program that reads it. Please send another copy of it, such as a JPEG.";

/// What becomes of an item after an attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FailureVerdict {
    /// It waits this long and is retried.
    Again {
        pause: Duration,
        /// The technical cause, for the log and the operator.
        cause: String,
        /// Whether this server itself failed, and the item is not to blame.
        infra_failure: bool,
    },
    /// It is quarantined.
    GiveUp(Failure),
}

/// The verdict on an item after so many attempts. `jitter` is from 0 to 1.
pub(crate) fn on(error: MediaError, tries: AttemptCounts, jitter: f64) -> FailureVerdict {
    let (code, sentence, bound) = match &error {
        MediaError::Codec(error) => match error {
            CodecError::Broken { .. } => ("broken", error.to_string(), Bound::Once),
            CodecError::TooLarge { .. } => ("too_large", error.to_string(), Bound::Once),
            CodecError::Unsupported { .. } => ("unsupported", error.to_string(), Bound::Once),
            CodecError::Stopped { by, .. } => match by {
                StoppedBy::Deadline => {
                    ("timed_out", TIMED_OUT.to_owned(), Bound::Own(TIMEOUTS_MAX))
                }
                StoppedBy::Crash => ("crashed", CRASHED.to_owned(), Bound::Own(CRASHES_MAX)),
                StoppedBy::Refusal => ("given_up", GIVEN_UP.to_owned(), Bound::Own(REFUSALS_MAX)),
                StoppedBy::Absence => ("given_up", GIVEN_UP.to_owned(), Bound::InfraFailures),
            },
        },
        MediaError::NeedsMemory { bytes, bytes_max } => {
            ("too_large", needs_memory(*bytes, *bytes_max), Bound::Once)
        }
        // Not once more: each try may leave another thread hanging.
        MediaError::Overstayed => ("timed_out", TIMED_OUT.to_owned(), Bound::Once),
        MediaError::Died => ("crashed", CRASHED.to_owned(), Bound::Own(CRASHES_MAX)),
        MediaError::Row(_)
        | MediaError::Blob(
            BlobError::NotFound(_) | BlobError::Damaged(_) | BlobError::TooLarge { .. },
        ) => ("lost", LOST.to_owned(), Bound::Once),
        _ => ("given_up", GIVEN_UP.to_owned(), Bound::InfraFailures),
    };
    let cause = cause_of(error);
    if let Some(failures) = bound.allows(tries) {
        let failures = u32::try_from(failures).unwrap_or(u32::MAX);
        let pause = pause_after(failures, PAUSE_MIN, PAUSE_MAX, jitter);
        let infra_failure = bound == Bound::InfraFailures;
        return FailureVerdict::Again {
            pause,
            cause,
            infra_failure,
        };
    }
    FailureVerdict::GiveUp(Failure {
        code,
        sentence,
        cause,
    })
}

/// How often an attempt may end like this one. A full disk says nothing of the item, so the
/// attempts that it ended do not count towards those that the item may be to blame for, nor the
/// other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Once,
    /// So many attempts that the item may be to blame for.
    Own(i64),
    /// [`ATTEMPTS_MAX`] attempts on infrastructure failures.
    InfraFailures,
}

impl Bound {
    /// Whether there may be another attempt, and how many have ended like this one.
    const fn allows(self, tries: AttemptCounts) -> Option<i64> {
        let (failures, failures_max) = match self {
            Self::Once => return None,
            Self::Own(failures_max) => (tries.own, failures_max),
            // `own` counts the attempt under way, `infra_failure` only those before it.
            Self::InfraFailures => (tries.infra_failure + 1, ATTEMPTS_MAX),
        };
        if failures < failures_max {
            Some(failures)
        } else {
            None
        }
    }
}

/// The verdict on an item whose attempt ended with its process: at once again, unless it looks as
/// if the item ends it. `attempts` are those that the item may be to blame for.
pub(crate) fn on_lost_lease(attempts: i64) -> FailureVerdict {
    let cause = "the process that worked on it ended".to_owned();
    if attempts < CRASHES_MAX {
        return FailureVerdict::Again {
            pause: Duration::ZERO,
            cause,
            infra_failure: false,
        };
    }
    FailureVerdict::GiveUp(Failure {
        code: "crashed",
        sentence: CRASHED.to_owned(),
        cause: format!("{cause}, {attempts} times"),
    })
}

/// The verdict on an item whose lease ran out while the process that held it lives: its end could
/// not be written, as on a full disk. That is an infrastructure failure and says nothing of the
/// item.
pub(crate) fn on_expired_lease(tries: AttemptCounts, jitter: f64) -> FailureVerdict {
    let cause = "the end of an attempt could not be recorded".to_owned();
    let Some(failures) = Bound::InfraFailures.allows(tries) else {
        return FailureVerdict::GiveUp(Failure {
            code: "given_up",
            sentence: GIVEN_UP.to_owned(),
            cause,
        });
    };
    let failures = u32::try_from(failures).unwrap_or(u32::MAX);
    FailureVerdict::Again {
        pause: pause_after(failures, PAUSE_MIN, PAUSE_MAX, jitter),
        cause,
        infra_failure: true,
    }
}

/// It may quote the file, and not every database stores U+0000.
fn cause_of(error: MediaError) -> String {
    let text = error.cause();
    let text = match error {
        MediaError::Codec(_) => text,
        error => {
            let causes = infra_kernel::Error::from(error).causes();
            if causes.is_empty() { text } else { causes }
        }
    };
    text.replace('\0', "\u{FFFD}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopped(by: StoppedBy) -> MediaError {
        MediaError::Codec(CodecError::Stopped {
            by,
            cause: "test".to_owned(),
        })
    }

    #[test]
    fn a_cause_can_be_stored_whatever_the_file_holds() {
        let error = MediaError::Codec(CodecError::Stopped {
            by: StoppedBy::Crash,
            cause: "no such box: a\0b".to_owned(),
        });
        assert_eq!(cause_of(error), "no such box: a\u{FFFD}b");
    }

    fn code_after(error: MediaError, own: i64, infra_failure: i64) -> Option<&'static str> {
        match on(error, AttemptCounts { own, infra_failure }, 0.5) {
            FailureVerdict::Again { pause, .. } => {
                assert!(pause >= PAUSE_MIN && pause <= PAUSE_MAX);
                None
            }
            FailureVerdict::GiveUp(failure) => {
                assert!(failure.sentence.ends_with('.') && !failure.cause.is_empty());
                Some(failure.code)
            }
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let broken = MediaError::Codec(CodecError::Broken {
            cause: "test".to_owned(),
        });
        assert_eq!(code_after(broken, 1, 0), Some("broken"));
        assert_eq!(code_after(MediaError::Overstayed, 1, 0), Some("timed_out"));
        let needs_memory = MediaError::NeedsMemory {
            bytes: 2 << 20,
            bytes_max: 1 << 20,
        };
        assert_eq!(code_after(needs_memory, 1, 0), Some("too_large"));
        let passing = [
            (StoppedBy::Deadline, TIMEOUTS_MAX, "timed_out"),
            (StoppedBy::Crash, CRASHES_MAX, "crashed"),
            (StoppedBy::Refusal, REFUSALS_MAX, "given_up"),
        ];
        for (by, attempts_max, code) in passing {
            assert_eq!(code_after(stopped(by), attempts_max - 1, 0), None);
            assert_eq!(code_after(stopped(by), attempts_max, 0), Some(code));
        }
        let absent = || stopped(StoppedBy::Absence);
        assert_eq!(code_after(absent(), 1, ATTEMPTS_MAX - 2), None);
        let given_up = code_after(absent(), 1, ATTEMPTS_MAX - 1);
        assert_eq!(given_up, Some("given_up"));
        assert_eq!(code_after(MediaError::BlobBusy, 1, ATTEMPTS_MAX - 2), None);
        let busy = MediaError::MemoryBusy {
            wait: Duration::from_secs(60),
        };
        assert_eq!(code_after(busy, CRASHES_MAX, 0), None);
    }

    #[test]
    fn failures_of_the_server_and_of_the_item_are_not_added_up() {
        let crash = code_after(stopped(StoppedBy::Crash), 1, ATTEMPTS_MAX - 1);
        assert_eq!(crash, None);
        assert_eq!(code_after(MediaError::BlobBusy, CRASHES_MAX, 0), None);
    }

    #[test]
    fn an_end_that_could_not_be_written_is_not_held_against_the_item() {
        let tries = |own, infra_failure| AttemptCounts { own, infra_failure };
        let again = on_expired_lease(tries(CRASHES_MAX, 0), 0.5);
        assert!(matches!(
            again,
            FailureVerdict::Again {
                infra_failure: true,
                ..
            }
        ));
        let last = on_expired_lease(tries(1, ATTEMPTS_MAX - 1), 0.5);
        assert!(matches!(last, FailureVerdict::GiveUp(failure) if failure.code == "given_up"));
    }

    #[test]
    fn a_process_that_died_is_held_against_an_item_only_after_some_times() {
        for attempts in 1..CRASHES_MAX {
            let verdict = on_lost_lease(attempts);
            assert!(matches!(verdict, FailureVerdict::Again { pause, .. } if pause.is_zero()));
        }
        let verdict = on_lost_lease(CRASHES_MAX);
        assert!(matches!(verdict, FailureVerdict::GiveUp(failure) if failure.code == "crashed"));
    }
}
