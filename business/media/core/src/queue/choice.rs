//! Which item is next: the rules of `queue.rs`, without a database.

use std::time::Duration;

use infra_kernel::Timestamp;

use crate::queue::ledger::Reading;
use crate::rules::lane::Lane;

/// How long the best of one class may be skipped for better classes before one of it goes first. So
/// a stream of quick stills keeps an animation waiting, and never for ever; and with a single
/// worker a still waits for an animation no more often than this.
pub(crate) const PASSED_OVER_MAX: Duration = Duration::from_secs(30);
/// Processor time in the last hour is compared in steps of so much, and accounts within one step
/// take turns: else every photo would change the order.
const STEP: Duration = Duration::from_secs(10);

/// An account that has an item waiting in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) owner: i64,
    pub(crate) lane: Lane,
}

/// Classes in the order in which they are served: the lanes, then whatever belongs to accounts that
/// are over their hour.
const CLASSES: usize = 4;
const OVER_THEIR_HOUR: usize = 3;

const fn class_of(lane: Lane, is_over: bool) -> usize {
    match lane {
        _ if is_over => OVER_THEIR_HOUR,
        Lane::Quick => 0,
        Lane::Slow => 1,
        Lane::Heavy => 2,
    }
}

/// What is at work: account, lane as the database has it, and how many items.
pub(crate) type AtWork = [(i64, i64, i64)];

/// Since when each class has been skipped.
#[derive(Debug, Default)]
pub(crate) struct PassedOverSince {
    since: [Option<Timestamp>; CLASSES],
}

/// Chooses among candidates, which come in the order of the ring. `hour_max`: beyond so much
/// processor time within an hour an account waits behind all others.
pub(crate) fn choose(
    candidates: &[Candidate],
    at_work: &AtWork,
    workers: usize,
    (spent, hour_max): (&Reading<'_>, Option<Duration>),
    (passed_over, now): (&mut PassedOverSince, Timestamp),
) -> Option<Candidate> {
    let mut waits = [false; CLASSES];
    // The first of those with the least in each class.
    let mut best: [Option<((u128, i64), Candidate)>; CLASSES] = [None; CLASSES];
    for candidate in candidates {
        let spent = spent.spent(candidate.owner);
        let class = class_of(candidate.lane, hour_max.is_some_and(|most| spent >= most));
        waits[class] = true;
        if !may_begin(candidate.lane, at_work, workers) {
            continue;
        }
        let step = spent.as_nanos() / STEP.as_nanos();
        let rank = (step, of_owner(at_work, candidate.owner));
        if best[class].is_none_or(|(least, _)| rank < least) {
            best[class] = Some((rank, *candidate));
        }
    }
    let class = passed_over.choose(&waits, &best.map(|best| best.is_some()), now)?;
    best[class].map(|(_, candidate)| candidate)
}

fn of_owner(at_work: &AtWork, owner: i64) -> i64 {
    let own = at_work.iter().filter(|(of, _, _)| *of == owner);
    own.map(|(_, _, count)| count).sum()
}

/// Whether there is room for one more item of a lane, beside the worker that is kept for quicker
/// ones.
fn may_begin(lane: Lane, at_work: &AtWork, workers: usize) -> bool {
    // A heavy item counts against the bound of the slow lane, too.
    let mut slower = Lane::ALL
        .into_iter()
        .filter(|of| *of > Lane::Quick && *of <= lane);
    let has_room = |of: Lane| {
        let there = at_work.iter().filter(|(_, lane, _)| *lane >= of.to_sql());
        there.map(|(_, _, count)| count).sum::<i64>() < of.at_work_max(workers)
    };
    slower.all(has_room)
}

impl PassedOverSince {
    /// The class that is next: the first that can begin, unless another that can has been skipped
    /// for too long.
    fn choose(
        &mut self,
        waits: &[bool; CLASSES],
        can_begin: &[bool; CLASSES],
        now: Timestamp,
    ) -> Option<usize> {
        for (since, waits) in self.since.iter_mut().zip(waits) {
            // Of a clock that was set back as well: it starts over.
            *since = since.filter(|since| *waits && *since <= now);
        }
        let first = can_begin.iter().position(|can| *can)?;
        let overdue = (first..CLASSES).filter(|class| {
            let since = self.since[*class];
            can_begin[*class] && since.is_some_and(|since| since.plus(PASSED_OVER_MAX) <= now)
        });
        let chosen = overdue
            .min_by_key(|class| self.since[*class])
            .unwrap_or(first);
        self.since[chosen] = None;
        // What stands before `first` waits for room and not for its turn.
        for (class, since) in self.since.iter_mut().enumerate().skip(first + 1) {
            if waits[class] && class != chosen {
                since.get_or_insert(now);
            }
        }
        Some(chosen)
    }
}

#[cfg(test)]
mod tests;
