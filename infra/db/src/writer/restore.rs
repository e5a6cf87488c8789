//! What the writer does while its session with a server is lost.

use std::pin::pin;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Duration, Instant};

use super::pending::Write;
use super::{QUEUE_MAX, Work, finish_committed};
use crate::postgres::{Fenced, Restored};
use crate::{Connection, DbError};

/// How long writes wait for the session before they fail, and the callers of a group whose commit
/// was lost before they learn that nobody knows.
const WRITES_WAIT_MAX: Duration = Duration::from_secs(3);

type Writes = Vec<Box<dyn Write>>;

/// Why there is no session to go on with.
enum Ending {
    /// Everything was closed meanwhile.
    Closed,
    Fenced(Fenced),
}

/// Waits for a session and finds out what became of the group whose commit was lost, if there is
/// one. Nothing is written before that is known, so hooks keep the order of the commits.
pub(super) async fn restore(mut work: Work, group: &mut Writes) -> Option<Work> {
    let mut home = work.home?;
    let undecided = work.connection.undecided();
    let restoring = home.restore(work.connection.into_marks(), undecided);
    let ended = wait(restoring, &mut work.writes, &work.stop, group).await;
    match ended {
        Ok(restored) => {
            settle(group, restored.is_committed, &work.commits);
            Some(Work {
                connection: Connection::of_home(restored.session, restored.marks),
                home: Some(home),
                writes_from: work.writes_from,
                writes: work.writes,
                commits: work.commits,
                stop: work.stop,
                watch: work.watch,
                home_lost: work.home_lost,
            })
        }
        Err(ending) => {
            if let Ending::Fenced(Fenced(reason)) = ending {
                tracing::error!(%reason, "this process is not the home of its database any more, and has to start again");
                // Nobody may be listening.
                let _ = work.home_lost.send(true);
            }
            for mut write in group.drain(..) {
                write.leave_undecided();
            }
            // Those that wait fail with the task's end.
            None
        }
    }
}

/// Waits for the session, and answers those who would wait too long.
async fn wait(
    restoring: impl Future<Output = Result<Restored, Fenced>>,
    writes: &mut mpsc::Receiver<Box<dyn Write>>,
    stop: &Notify,
    group: &mut Writes,
) -> Result<Restored, Ending> {
    let mut restoring = pin!(restoring);
    let mut waiting: Writes = Vec::new();
    let refuse_at = Instant::now() + WRITES_WAIT_MAX;
    let mut is_refusing = false;
    let mut is_stopped = false;
    loop {
        tokio::select! {
            biased;
            // What was handed in before still has its time, so the loop goes on.
            () = stop.notified(), if !is_stopped => {
                writes.close();
                is_stopped = true;
            }
            ended = &mut restoring => return ended.map_err(Ending::Fenced),
            () = tokio::time::sleep_until(refuse_at), if !is_refusing => {
                is_refusing = true;
                for write in group.iter_mut() {
                    write.leave_undecided();
                }
            }
            // Until then writes stay in the queue, which bounds them: after a short loss they run
            // as if nothing had been.
            received = writes.recv_many(&mut waiting, QUEUE_MAX), if is_refusing => {
                if received == 0 { return Err(Ending::Closed) }
                for write in waiting.drain(..) {
                    write.fail(unreachable_server());
                }
            }
        }
    }
}

fn settle(group: &mut Writes, is_committed: bool, commits: &super::Commits) {
    if is_committed {
        finish_committed(group, commits);
    }
    // Empty if it was committed. Those whose callers were told that nobody knows answer nobody.
    for write in group.drain(..) {
        let text = "the session with the database server was lost";
        write.fail(DbError::NotCommitted(text.to_owned()));
    }
    commits.notify();
}

fn unreachable_server() -> DbError {
    DbError::NotCommitted("the database server cannot be reached".to_owned())
}
