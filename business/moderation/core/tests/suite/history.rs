//! Who did what and when, and what a case was at any time.

use std::time::Duration;

use business_moderation_gateway::case_event::What;
use business_moderation_gateway::change_case_request::Change;
use business_moderation_gateway::{
    AddNote, AssignCase, CaseAssigned, CaseOpened, CaseReopened, CaseResolved, Category, NoteAdded,
    PostEvidence, ReopenCase, ReportRequest, ResolveCase,
};
use infra_kernel::{Clock as _, ErrorCode};

use crate::support::{AUTHOR, MODERATOR, OTHER_MODERATOR, START_US, World, reporting};

const SECOND_US: i64 = 1_000_000;

/// A case with a change in each of the seconds after its report.
async fn eventful() -> (World, u64) {
    let world = World::new().await;
    let request = ReportRequest {
        post_ids: vec![7],
        comment: "look".to_owned(),
        category: Category::Legal.into(),
        ..reporting(1)
    };
    let case = world.report(request).await.unwrap().id;
    let text = "asked the author".to_owned();
    for (who, change) in [
        (MODERATOR, Change::Assign(AssignCase {})),
        (MODERATOR, Change::AddNote(AddNote { text })),
        (MODERATOR, Change::Resolve(ResolveCase {})),
        (OTHER_MODERATOR, Change::Reopen(ReopenCase {})),
    ] {
        world.pass(1);
        world.change(who, case, change).await.unwrap();
    }
    (world, case)
}

#[tokio::test]
async fn the_history_says_who_did_what_when_and_on_what_evidence() {
    let (world, case) = eventful().await;
    let events = world.events(case).await.unwrap();
    let evidence = PostEvidence {
        post_id: 7,
        revision: 17,
    };
    let opened = CaseOpened {
        target_id: AUTHOR,
        category: Category::Legal.into(),
        comment: "look".to_owned(),
        evidence: vec![evidence],
    };
    let expected = [
        (1, What::Opened(opened)),
        (
            MODERATOR,
            What::Assigned(CaseAssigned {
                assignee_id: MODERATOR,
            }),
        ),
        (
            MODERATOR,
            What::NoteAdded(NoteAdded {
                text: "asked the author".to_owned(),
            }),
        ),
        (MODERATOR, What::Resolved(CaseResolved {})),
        (OTHER_MODERATOR, What::Reopened(CaseReopened {})),
    ];
    assert_eq!(events.len(), expected.len());
    for ((number, event), (actor, what)) in (1..).zip(events).zip(expected) {
        let seconds = i64::try_from(number).unwrap() - 1;
        assert_eq!((event.case_id, event.number), (case, number));
        assert_eq!(event.occurred_at_us, START_US + seconds * SECOND_US);
        assert_eq!((event.actor_id, event.what), (actor, Some(what)));
    }
    let missing = world.events(case + 1).await.unwrap_err();
    assert_eq!(missing.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_case_is_shown_as_it_was() {
    let (world, case) = eventful().await;
    let at = async |seconds: i64| {
        let at_us = START_US + seconds * SECOND_US;
        world.case(case, Some(at_us)).await.unwrap()
    };
    let seen = [
        at(0).await,
        at(1).await,
        at(2).await,
        at(3).await,
        at(4).await,
    ];
    let open = |case: &business_moderation_gateway::Case| {
        (case.assignee_id, case.notes_count, case.resolved)
    };
    assert_eq!(
        seen.each_ref().map(open),
        [
            (0, 0, false),
            (MODERATOR, 0, false),
            (MODERATOR, 1, false),
            (MODERATOR, 1, true),
            (MODERATOR, 1, false),
        ]
    );
    let now = world.case(case, None).await.unwrap();
    assert_eq!(seen[4], now);
    assert_eq!(at(1_000).await, now);
    let before = world.case(case, Some(START_US - 1)).await.unwrap_err();
    assert_eq!(before.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn history_does_not_run_backwards_when_the_clock_does() {
    let (world, case) = eventful().await;
    let earlier = world.clock.now().minus(Duration::from_secs(3_600));
    world.clock.set(earlier);
    let again = Change::Resolve(ResolveCase {});
    let closed = world.change(MODERATOR, case, again).await.unwrap();
    assert_eq!(closed.resolved_at_us, START_US + 4 * SECOND_US);
    let events = world.events(case).await.unwrap();
    assert!(events.is_sorted_by_key(|event| event.occurred_at_us));
}
