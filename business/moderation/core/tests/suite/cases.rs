//! Looking after cases: the queue, and what changes a case.

use business_moderation_gateway::change_case_request::Change;
use business_moderation_gateway::{
    AddNote, AssignCase, Case, CategoriseCase, Category, EVENTS_MAX, ListCasesRequest,
    NOTE_CHARACTERS_MAX, PAGE_LIMIT_MAX, ReopenCase, ReportRequest, ResolveCase, UnassignCase,
};
use infra_kernel::{Direction, ErrorCode, Page};

use crate::support::{AUTHOR, MODERATOR, OTHER_MODERATOR, START_US, World, reporting};

const ASSIGN: Change = Change::Assign(AssignCase {});
const UNASSIGN: Change = Change::Unassign(UnassignCase {});
const RESOLVE: Change = Change::Resolve(ResolveCase {});
const REOPEN: Change = Change::Reopen(ReopenCase {});

fn note(text: &str) -> Change {
    let text = text.to_owned();
    Change::AddNote(AddNote { text })
}

fn ids(cases: &[Case]) -> Vec<u64> {
    cases.iter().map(|case| case.id).collect()
}

#[tokio::test]
async fn a_case_is_taken_closed_and_opened_again() {
    let world = World::new().await;
    let case = world.report(reporting(1)).await.unwrap();
    let act = async |who, change| world.change(who, case.id, change).await.unwrap();
    world.pass(1);
    assert_eq!(act(MODERATOR, ASSIGN).await.assignee_id, MODERATOR);
    let taken = act(OTHER_MODERATOR, ASSIGN).await;
    assert_eq!(taken.assignee_id, OTHER_MODERATOR);
    assert_eq!(act(MODERATOR, UNASSIGN).await.assignee_id, 0);
    let spam = CategoriseCase {
        category: Category::Spam.into(),
    };
    let sorted = act(MODERATOR, Change::Categorise(spam)).await;
    assert_eq!(sorted.category(), Category::Spam);
    assert_eq!(act(MODERATOR, note("seen before")).await.notes_count, 1);
    world.pass(1);
    let closed = act(OTHER_MODERATOR, RESOLVE).await;
    let resolved = (closed.resolved, closed.resolver_id, closed.resolved_at_us);
    assert_eq!(resolved, (true, OTHER_MODERATOR, START_US + 2_000_000));
    let open = act(MODERATOR, REOPEN).await;
    assert_eq!(
        (open.resolved, open.resolver_id, open.resolved_at_us),
        (false, 0, 0)
    );
    assert_eq!(open.events_count, 8);
    assert_eq!(world.case(case.id, None).await.unwrap(), open);
    assert_eq!(world.number("SELECT COUNT(*) FROM outbox").await, 8);
}

#[tokio::test]
async fn what_is_so_already_happens_no_second_time() {
    let world = World::new().await;
    let case = world.report(reporting(1)).await.unwrap();
    for (change, events) in [
        (UNASSIGN, 1),
        (REOPEN, 1),
        (ASSIGN, 2),
        (ASSIGN, 2),
        (RESOLVE, 3),
        (RESOLVE, 3),
    ] {
        world.pass(1);
        let changed = world.change(MODERATOR, case.id, change.clone()).await;
        assert_eq!(changed.unwrap().events_count, events, "{change:?}");
    }
    // Who closed it first, and when, stays.
    let again = world
        .change(OTHER_MODERATOR, case.id, RESOLVE)
        .await
        .unwrap();
    assert_eq!(again.resolver_id, MODERATOR);
    assert_eq!(again.resolved_at_us, START_US + 5_000_000);
}

#[tokio::test]
async fn the_queue_is_sorted_by_what_is_open_who_reported_and_whom() {
    let world = World::new().await;
    let about = |reporter, target_id| ReportRequest {
        target_id,
        ..reporting(reporter)
    };
    let mut made = Vec::new();
    for (reporter, target) in [(1, AUTHOR), (2, AUTHOR), (1, 3), (2, 3), (1, AUTHOR)] {
        let case = world.report(about(reporter, target)).await.unwrap();
        made.push(case.id);
    }
    world.change(MODERATOR, made[1], RESOLVE).await.unwrap();
    let listed = async |resolved, reporter_id, target_id| {
        let request = ListCasesRequest {
            page: Some(Page::newest(PAGE_LIMIT_MAX).into()),
            resolved,
            reporter_id,
            target_id,
            ..ListCasesRequest::default()
        };
        ids(&world.list(request).await.unwrap())
    };
    assert_eq!(
        listed(false, 0, 0).await,
        [made[4], made[3], made[2], made[0]]
    );
    assert_eq!(listed(true, 0, 0).await, [made[1]]);
    assert_eq!(listed(false, 1, 0).await, [made[4], made[2], made[0]]);
    assert_eq!(listed(false, 2, 0).await, [made[3]]);
    assert_eq!(listed(false, 0, AUTHOR).await, [made[4], made[0]]);
    assert_eq!(listed(false, 2, AUTHOR).await, [0_u64; 0]);
    assert_eq!(listed(true, 2, AUTHOR).await, [made[1]]);
    assert_eq!(listed(false, 1, 3).await, [made[2]]);
}

#[tokio::test]
async fn pages_stay_where_they_are_while_others_report() {
    let world = World::new().await;
    let mut made = Vec::new();
    for reporter in 1..=5 {
        made.push(world.report(reporting(reporter)).await.unwrap().id);
    }
    let page = async |page: Page| {
        let request = ListCasesRequest {
            page: Some(page.into()),
            target_id: AUTHOR,
            ..ListCasesRequest::default()
        };
        ids(&world.list(request).await.unwrap())
    };
    assert_eq!(page(Page::newest(2)).await, [made[4], made[3]]);
    made.push(world.report(reporting(6)).await.unwrap().id);
    let older = Page {
        before: made[3],
        ..Page::newest(2)
    };
    assert_eq!(page(older).await, [made[2], made[1]]);
    let newer = Page {
        after: made[3],
        direction: Direction::Newer,
        ..Page::newest(2)
    };
    assert_eq!(page(newer).await, [made[5], made[4]]);
    for limit in [0, PAGE_LIMIT_MAX + 1] {
        let request = ListCasesRequest {
            page: Some(Page::newest(limit).into()),
            ..ListCasesRequest::default()
        };
        let error = world.list(request).await.unwrap_err();
        assert_eq!(error.field(), Some("page"));
    }
}

#[tokio::test]
async fn a_note_has_a_bound() {
    let world = World::new().await;
    let case = world.report(reporting(1)).await.unwrap();
    let too_long = "é".repeat(NOTE_CHARACTERS_MAX + 1);
    for text in ["", "  ", "a\0b", too_long.as_str()] {
        let refused = world.change(MODERATOR, case.id, note(text)).await;
        assert_eq!(refused.unwrap_err().field(), Some("text"), "{text:.9}");
    }
    let longest = note(&"é".repeat(NOTE_CHARACTERS_MAX));
    let noted = world.change(MODERATOR, case.id, longest).await.unwrap();
    assert_eq!(noted.notes_count, 1);
}

#[tokio::test]
async fn a_case_has_a_bound_and_can_still_be_closed() {
    let world = World::new().await;
    let case = world.report(reporting(1)).await.unwrap();
    for _ in 1..EVENTS_MAX {
        let noted = world.change(MODERATOR, case.id, note("again")).await;
        noted.unwrap();
    }
    let refused = world.change(MODERATOR, case.id, note("again")).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Conflict);
    let closed = world.change(MODERATOR, case.id, RESOLVE).await.unwrap();
    assert_eq!(
        (closed.resolved, closed.events_count),
        (true, EVENTS_MAX + 1)
    );
    let refused = world.change(MODERATOR, case.id, REOPEN).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Conflict);
}
