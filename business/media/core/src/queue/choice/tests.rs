//! Order by a clock that stands still.

use super::*;
use crate::queue::ledger::Ledger;

const SECOND: Duration = Duration::from_secs(1);
const HOUR_MAX: Duration = Duration::from_secs(100);

fn at(second: u64) -> Timestamp {
    Timestamp::from_milliseconds(1_790_000_000_000).plus(SECOND * u32::try_from(second).unwrap())
}

fn waiting(lanes: &[(Lane, &[i64])]) -> Vec<Candidate> {
    let of_lane = |(lane, owners): &(Lane, &[i64])| {
        let lane = *lane;
        let candidate = move |owner: &i64| Candidate {
            owner: *owner,
            lane,
        };
        owners.iter().map(candidate).collect::<Vec<_>>()
    };
    lanes.iter().flat_map(of_lane).collect()
}

struct Scene {
    ledger: Ledger,
    passed_over: PassedOverSince,
    at_work: Vec<(i64, i64, i64)>,
    workers: usize,
}

impl Scene {
    fn with(workers: usize) -> Self {
        Self {
            ledger: Ledger::default(),
            passed_over: PassedOverSince::default(),
            at_work: Vec::new(),
            workers,
        }
    }

    fn next(&mut self, waiting: &[Candidate], second: u64) -> Option<(i64, Lane)> {
        let spent = self.ledger.read(0);
        let chosen = choose(
            waiting,
            &self.at_work,
            self.workers,
            (&spent, Some(HOUR_MAX)),
            (&mut self.passed_over, at(second)),
        );
        chosen.map(|candidate| (candidate.owner, candidate.lane))
    }

    /// The same, and it is at work from then on.
    fn begin(&mut self, waiting: &[Candidate], second: u64) -> Option<(i64, Lane)> {
        let chosen = self.next(waiting, second);
        if let Some((owner, lane)) = chosen {
            self.at_work.push((owner, lane.to_sql(), 1));
        }
        chosen
    }
}

#[test]
fn a_still_finds_a_worker_however_many_animations_wait() {
    for workers in 2..5 {
        let mut scene = Scene::with(workers);
        let animations = waiting(&[(Lane::Heavy, &[1, 2, 3, 4, 5, 6])]);
        let mut begun = 0;
        while scene.begin(&animations, begun).is_some() {
            begun += 1;
        }
        assert_eq!(begun, u64::try_from((workers - 2).max(1)).unwrap());
        let with_heic = waiting(&[(Lane::Slow, &[7, 8, 9, 10]), (Lane::Heavy, &[1])]);
        while scene.begin(&with_heic, begun).is_some() {}
        assert_eq!(scene.at_work.len(), workers - 1, "one is kept");
        let all = waiting(&[
            (Lane::Quick, &[20]),
            (Lane::Slow, &[8]),
            (Lane::Heavy, &[1]),
        ]);
        assert_eq!(scene.begin(&all, begun), Some((20, Lane::Quick)));
    }
}

#[test]
fn with_one_worker_stills_go_first_and_an_animation_now_and_then() {
    let mut scene = Scene::with(1);
    let all = waiting(&[(Lane::Quick, &[1]), (Lane::Heavy, &[2])]);
    let mut animations = Vec::new();
    for second in 0..100 {
        if scene.next(&all, second) == Some((2, Lane::Heavy)) {
            animations.push(second);
        }
    }
    // Skipped from the first choice on; then from the still after it.
    assert_eq!(animations, [30, 61, 92]);
    // One that comes to an idle queue does not wait.
    let alone = waiting(&[(Lane::Heavy, &[2])]);
    assert_eq!(scene.next(&alone, 93), Some((2, Lane::Heavy)));
}

#[test]
fn heics_and_animations_are_both_passed_over_for_a_while_only() {
    let mut scene = Scene::with(1);
    let all = waiting(&[(Lane::Quick, &[1]), (Lane::Slow, &[2]), (Lane::Heavy, &[3])]);
    let mut served = [0; 3];
    for second in 0..300 {
        let (owner, _) = scene.next(&all, second).unwrap();
        served[usize::try_from(owner).unwrap() - 1] += 1;
    }
    assert!(
        served[0] > 270 && served[1] >= 8 && served[2] >= 8,
        "{served:?}"
    );
}

#[test]
fn what_waits_for_its_lane_is_passed_over_as_well() {
    // HEICs that follow each other in the only place for slow work do not keep an animation out of
    // it for ever.
    let mut scene = Scene::with(2);
    let all = waiting(&[(Lane::Slow, &[1]), (Lane::Heavy, &[2])]);
    let mut animation_at = None;
    for second in 0..100 {
        scene.at_work.clear();
        if scene.begin(&all, second) == Some((2, Lane::Heavy)) {
            animation_at.get_or_insert(second);
        }
        // While that one is at work nothing else of the kind may begin.
        assert_eq!(scene.next(&all, second), None);
    }
    assert_eq!(animation_at, Some(30));
}

#[test]
fn who_took_least_in_the_last_hour_goes_first_and_who_is_near_takes_turns() {
    let mut scene = Scene::with(4);
    scene.ledger.add(1, 0, 35 * SECOND);
    scene.ledger.add(2, 0, 12 * SECOND);
    let stills = waiting(&[(Lane::Quick, &[1, 2, 3, 4])]);
    assert_eq!(scene.begin(&stills, 0), Some((3, Lane::Quick)));
    assert_eq!(scene.begin(&stills, 0), Some((4, Lane::Quick)));
    // Some seconds more or less are no reason to be skipped.
    scene.ledger.add(3, 0, 9 * SECOND);
    scene.ledger.add(4, 0, SECOND);
    scene.at_work.clear();
    assert_eq!(scene.begin(&stills, 0), Some((3, Lane::Quick)));
    let left = waiting(&[(Lane::Quick, &[1, 2])]);
    assert_eq!(scene.begin(&left, 0), Some((2, Lane::Quick)));
}

#[test]
fn who_is_over_the_hour_waits_behind_everyone_and_is_not_lost() {
    let mut scene = Scene::with(2);
    scene.ledger.add(1, 0, HOUR_MAX);
    let both = waiting(&[(Lane::Quick, &[1]), (Lane::Heavy, &[2])]);
    assert_eq!(scene.next(&both, 0), Some((2, Lane::Heavy)));
    let alone = waiting(&[(Lane::Quick, &[1])]);
    assert_eq!(scene.next(&alone, 1), Some((1, Lane::Quick)));
    // Beside a stream of others one of theirs is done now and then.
    let both = waiting(&[(Lane::Quick, &[1, 2])]);
    let served: Vec<i64> = (2..70)
        .filter_map(|second| scene.next(&both, second))
        .map(|(owner, _)| owner)
        .collect();
    let of_the_first = served.iter().filter(|owner| **owner == 1).count();
    assert_eq!(of_the_first, 2);
    // An animation of such an account keeps off the worker for stills like any other.
    scene.at_work.push((2, Lane::Heavy.to_sql(), 1));
    let heavy = waiting(&[(Lane::Heavy, &[1])]);
    assert_eq!(scene.next(&heavy, 100), None);
}

#[test]
fn a_clock_that_was_set_back_delays_nobody_for_longer_than_the_bound() {
    let mut scene = Scene::with(1);
    let all = waiting(&[(Lane::Quick, &[1]), (Lane::Heavy, &[2])]);
    assert_eq!(scene.next(&all, 10_000), Some((1, Lane::Quick)));
    assert_eq!(scene.next(&all, 10), Some((1, Lane::Quick)));
    assert_eq!(scene.next(&all, 40), Some((2, Lane::Heavy)));
}
