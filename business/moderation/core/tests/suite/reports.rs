//! Reporting.

use business_moderation::Settings;
use business_moderation_gateway::{
    COMMENT_CHARACTERS_MAX, Category, POSTS_MAX, PostEvidence, ReportRequest,
};
use infra_kernel::{Caller, ErrorCode};

use crate::support::{AUTHOR, MEMBERS, POSTS, START_US, World, by, reporting, signed_in};

#[tokio::test]
async fn a_report_opens_a_case_on_what_was_there() {
    let world = World::new().await;
    let request = ReportRequest {
        post_ids: vec![7, 5, 7],
        comment: "the same all day".to_owned(),
        category: Category::Spam.into(),
        ..reporting(1)
    };
    let case = world.report(request).await.unwrap();
    assert_eq!((case.reporter_id, case.target_id), (1, AUTHOR));
    assert_eq!(case.comment, "the same all day");
    assert_eq!(case.category(), Category::Spam);
    let named = |post_id| PostEvidence {
        post_id,
        revision: 10 + post_id,
    };
    assert_eq!(case.evidence, [named(7), named(5)]);
    assert_eq!(
        (case.created_at_us, case.updated_at_us),
        (START_US, START_US)
    );
    assert_eq!(
        (case.resolved, case.assignee_id, case.events_count),
        (false, 0, 1)
    );
    assert_eq!(world.case(case.id, None).await.unwrap(), case);
    let topics = "SELECT COUNT(*) FROM outbox WHERE topic = 'moderation.case_changed'";
    assert_eq!(world.number(topics).await, 1);

    // Once more is another report; it needs neither a post nor a word.
    let other = world.report(reporting(1)).await.unwrap();
    assert!(other.id > case.id);
    assert_eq!(other.category(), Category::Other);
}

#[tokio::test]
async fn what_cannot_be_reported_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let too_long = "é".repeat(COMMENT_CHARACTERS_MAX + 1);
    let posts = |post_ids: Vec<u64>| ReportRequest {
        post_ids,
        ..reporting(1)
    };
    let commented = |comment: &str| ReportRequest {
        comment: comment.to_owned(),
        ..reporting(1)
    };
    let about = |target_id, post_ids: Vec<u64>| ReportRequest {
        target_id,
        post_ids,
        ..reporting(1)
    };
    let invalid = ErrorCode::Invalid;
    for (request, code, field) in [
        (about(1, vec![]), invalid, Some("account_id")),
        (about(MEMBERS + 100, vec![]), ErrorCode::NotFound, None),
        (about(0, vec![]), ErrorCode::NotFound, None),
        (posts(vec![7, POSTS + 1]), ErrorCode::NotFound, None),
        // Of another account.
        (about(2, vec![7]), ErrorCode::NotFound, None),
        (
            posts((1..=1 + POSTS_MAX as u64).collect()),
            invalid,
            Some("status_ids"),
        ),
        (commented(&too_long), invalid, Some("comment")),
        (commented("a\0b"), invalid, Some("comment")),
    ] {
        let error = world.report(request.clone()).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (code, field), "{request:?}");
    }
    let tables = "SELECT (SELECT COUNT(*) FROM case_events) + (SELECT COUNT(*) FROM cases) \
        + (SELECT COUNT(*) FROM outbox)";
    assert_eq!(world.number(tables).await, 0);

    // As much as may be.
    let request = ReportRequest {
        comment: "é".repeat(COMMENT_CHARACTERS_MAX),
        ..posts((1..=POSTS_MAX as u64).collect())
    };
    let case = world.report(request).await.unwrap();
    assert_eq!(case.evidence.len(), POSTS_MAX);
}

#[tokio::test]
async fn an_account_reports_for_itself_alone() {
    let world = World::new().await;
    for (context, code) in [
        (signed_in(2), ErrorCode::Forbidden),
        (by(Caller::anonymous()), ErrorCode::Unauthenticated),
    ] {
        let refused = world.moderation.report(&context, reporting(1)).await;
        assert_eq!(refused.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn an_account_sends_only_so_many_reports_in_a_day() {
    let world = World::with(Settings {
        reports_per_day_max: 3,
    })
    .await;
    world.report(reporting(1)).await.unwrap();
    world.pass(60 * 60);
    for _ in 0..2 {
        world.report(reporting(1)).await.unwrap();
    }
    let refused = world.report(reporting(1)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    world.report(reporting(2)).await.unwrap();
    // A day after the first, and no day after the others.
    world.pass(23 * 60 * 60);
    world.report(reporting(1)).await.unwrap();
    let refused = world.report(reporting(1)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RateLimited);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_reports_are_counted_one_after_the_other() {
    let world = World::with(Settings {
        reports_per_day_max: 5,
    })
    .await;
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let moderation = world.moderation.clone();
        tasks.push(tokio::spawn(async move {
            moderation.report(&signed_in(1), reporting(1)).await.is_ok()
        }));
    }
    let mut taken = 0;
    for task in tasks {
        taken += usize::from(task.await.unwrap());
    }
    assert_eq!(taken, 5);
    assert_eq!(world.number("SELECT COUNT(*) FROM cases").await, 5);
}
