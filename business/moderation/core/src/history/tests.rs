use business_moderation_gateway::{
    AddNote, AssignCase, CaseOpened, CategoriseCase, PostEvidence, ReopenCase, ResolveCase,
    UnassignCase,
};
use proptest::prelude::*;

use super::*;

const CASE: u64 = 70;
const REPORTER: u64 = 3;

fn opened() -> CaseEvent {
    let evidence = PostEvidence {
        post_id: 9,
        revision: 2,
    };
    CaseEvent {
        case_id: CASE,
        number: 1,
        actor_id: REPORTER,
        occurred_at_us: 100,
        what: Some(What::Opened(CaseOpened {
            target_id: 4,
            category: Category::Spam.into(),
            comment: "the same all day".to_owned(),
            evidence: vec![evidence],
        })),
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    let categories = proptest::sample::select(Category::ALL.to_vec());
    prop_oneof![
        Just(Change::Assign(AssignCase {})),
        Just(Change::Unassign(UnassignCase {})),
        Just(Change::Resolve(ResolveCase {})),
        Just(Change::Reopen(ReopenCase {})),
        categories.prop_map(|category| Change::Categorise(CategoriseCase {
            category: category.into()
        })),
        Just(Change::AddNote(AddNote {
            text: "seen before".to_owned()
        })),
    ]
}

/// Changes by a few moderators, each so long after the one before; some in the same moment.
fn changes() -> impl Strategy<Value = Vec<(u64, i64, Change)>> {
    proptest::collection::vec((10..13_u64, 0..3_i64, any_change()), 0..40)
}

/// The history that these changes make, and what an oracle without events says of the case after
/// each event.
fn run(changes: Vec<(u64, i64, Change)>) -> (Vec<CaseEvent>, Vec<Oracle>) {
    let mut events = vec![opened()];
    let mut oracle = Oracle {
        category: Category::Spam.into(),
        ..Oracle::default()
    };
    let mut oracles = vec![oracle.clone()];
    let mut now = 100;
    for (actor, later, change) in changes {
        now += later;
        let case = fold_all(&events).unwrap().unwrap();
        let Some(what) = decide(&case, actor, change.clone()) else {
            let mut same = oracle.clone();
            same.apply(actor, now, &change);
            assert_eq!(same.without_times(), oracle.without_times(), "{change:?}");
            continue;
        };
        oracle.apply(actor, now, &change);
        oracles.push(oracle.clone());
        events.push(CaseEvent {
            case_id: CASE,
            number: case.events_count + 1,
            actor_id: actor,
            occurred_at_us: now,
            what: Some(what),
        });
    }
    (events, oracles)
}

/// A case as somebody would keep it who overwrites.
#[derive(Debug, Clone, Default, PartialEq)]
struct Oracle {
    assignee: u64,
    resolved: Option<(u64, i64)>,
    category: i32,
    notes: u64,
}

impl Oracle {
    fn apply(&mut self, actor: u64, now: i64, change: &Change) {
        match change {
            Change::Assign(_) => self.assignee = actor,
            Change::Unassign(_) => self.assignee = 0,
            Change::Resolve(_) => self.resolved = self.resolved.or(Some((actor, now))),
            Change::Reopen(_) => self.resolved = None,
            Change::Categorise(change) => self.category = change.category,
            Change::AddNote(_) => self.notes += 1,
        }
    }

    fn without_times(&self) -> (u64, bool, i32) {
        (self.assignee, self.resolved.is_some(), self.category)
    }

    fn of(case: &Case) -> Self {
        let resolved = (case.resolver_id, case.resolved_at_us);
        Self {
            assignee: case.assignee_id,
            resolved: case.resolved.then_some(resolved),
            category: case.category,
            notes: case.notes_count,
        }
    }
}

proptest! {
    #[test]
    fn a_case_is_what_its_events_come_to(changes in changes()) {
        let (events, oracles) = run(changes);
        for (count, oracle) in (1..).zip(&oracles) {
            let case = fold_all(&events[..count]).unwrap().unwrap();
            prop_assert_eq!(&Oracle::of(&case), oracle);
            prop_assert_eq!(case.events_count, count as u64);
            prop_assert_eq!(case.updated_at_us, events[count - 1].occurred_at_us);
            // What was reported stays as it was reported.
            prop_assert_eq!((case.reporter_id, case.target_id, case.created_at_us), (REPORTER, 4, 100));
            prop_assert_eq!(case.evidence.len(), 1);
        }
    }

    #[test]
    fn folding_goes_on_from_wherever_it_was(changes in changes(), at in any::<prop::sample::Index>()) {
        let (events, _) = run(changes);
        let (before, after) = events.split_at(at.index(events.len()));
        let mut case = fold_all(before).unwrap();
        for event in after {
            case = Some(fold(case, event).unwrap());
        }
        prop_assert_eq!(case, fold_all(&events).unwrap());
    }

    #[test]
    fn at_any_time_it_was_what_had_happened_until_then(changes in changes(), time in 95..200_i64) {
        let (events, _) = run(changes);
        let until = events.iter().filter(|event| event.occurred_at_us <= time).count();
        prop_assert_eq!(at(&events, time).unwrap(), fold_all(&events[..until]).unwrap());
        prop_assert_eq!(at(&events, time).unwrap().is_none(), time < 100);
    }

    #[test]
    fn a_history_with_a_hole_is_none(changes in changes(), hole in any::<prop::sample::Index>()) {
        let (mut events, _) = run(changes);
        let hole = hole.index(events.len());
        let is_last = hole + 1 == events.len();
        events.remove(hole);
        // Without its end it is a shorter history.
        prop_assert_eq!(fold_all(&events).is_ok(), is_last);
    }
}

#[test]
fn what_is_no_history_is_refused() {
    let case = fold(None, &opened()).unwrap();
    let twice = CaseEvent {
        number: 2,
        ..opened()
    };
    let unknown = CaseEvent {
        what: None,
        ..twice.clone()
    };
    let first = CaseEvent {
        number: 1,
        what: Some(What::Resolved(CaseResolved {})),
        ..opened()
    };
    let not_opened = BrokenHistory::NotOpened { case: CASE };
    assert_eq!(fold(Some(case.clone()), &twice), Err(not_opened));
    assert_eq!(fold(None, &first), Err(not_opened));
    let number = 2;
    assert_eq!(
        fold(Some(case), &unknown),
        Err(BrokenHistory::Unknown { case: CASE, number })
    );
}
