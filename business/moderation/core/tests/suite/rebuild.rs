//! The list of cases is made again from their events.

use business_moderation::{DATABASE, ModerationCore};
use business_moderation_gateway::ReportRequest;
use business_moderation_gateway::change_case_request::Change;
use business_moderation_gateway::{AssignCase, ReopenCase, ResolveCase};
use infra_domain::{Domain as _, Finding};

use crate::support::{ADMIN, AUTHOR, MODERATOR, World, reporting};

/// More cases than one batch makes again, in every state.
async fn busy() -> World {
    let world = World::new().await;
    for number in 1..=120 {
        let request = ReportRequest {
            target_id: if number % 2 == 0 { AUTHOR } else { 3 },
            comment: format!("number {number}"),
            ..reporting(10 + number)
        };
        let case = world.report(request).await.unwrap().id;
        world.pass(1);
        let changes: &[Change] = match number % 4 {
            0 => &[],
            1 => &[Change::Assign(AssignCase {})],
            2 => &[
                Change::Assign(AssignCase {}),
                Change::Resolve(ResolveCase {}),
            ],
            _ => &[
                Change::Resolve(ResolveCase {}),
                Change::Reopen(ReopenCase {}),
            ],
        };
        for change in changes {
            let who = if number % 3 == 0 { ADMIN } else { MODERATOR };
            world.change(who, case, change.clone()).await.unwrap();
        }
    }
    world
}

#[tokio::test]
async fn thrown_away_and_made_again_it_says_the_same() {
    let world = busy().await;
    let before = world.every_case().await;
    let everything = "SELECT COUNT(*) FROM cases";
    assert_eq!(world.number(everything).await, 120);
    world.tamper("DELETE FROM cases").await;
    assert!(world.every_case().await.is_empty());
    assert_eq!(world.rebuild().await, 120);
    assert_eq!(world.every_case().await, before);
    assert_eq!(world.number(everything).await, 120);
    // Once more changes nothing.
    assert_eq!(world.rebuild().await, 120);
    assert_eq!(world.every_case().await, before);
    assert_eq!(
        world.number("SELECT COUNT(*) FROM case_events").await,
        120 + 150
    );
}

#[tokio::test]
async fn what_is_wrong_in_it_is_found_and_made_good() {
    let world = busy().await;
    let findings = async || ModerationCore::check(&world.database).await.unwrap();
    assert_eq!(findings().await, []);
    let before = world.every_case().await;
    // One is lost, one is of nothing, one is in the wrong list.
    world
        .tamper("DELETE FROM cases WHERE id = (SELECT MAX(id) FROM cases)")
        .await;
    let [Finding::Problem(text)] = &*findings().await else {
        panic!("one problem");
    };
    assert!(text.contains("heliograph moderation rebuild"), "{text}");
    world
        .tamper(
            "INSERT INTO cases (id, reporter_id, target_id, created_at, resolved, queue, state) \
             SELECT 5, reporter_id, target_id, created_at, resolved, queue, state FROM cases LIMIT 1",
        )
        .await;
    world
        .tamper("UPDATE cases SET queue = 1 - queue WHERE id = (SELECT MAX(id) FROM cases)")
        .await;
    assert_eq!(world.rebuild().await, 120);
    assert_eq!(world.every_case().await, before);
    assert_eq!(findings().await, []);
}

#[tokio::test]
async fn a_history_with_a_hole_is_a_problem() {
    let world = busy().await;
    world
        .tamper(
            "DELETE FROM case_events WHERE number = 2 AND case_id IN \
             (SELECT case_id FROM case_events WHERE number = 3)",
        )
        .await;
    let findings = ModerationCore::check(&world.database).await.unwrap();
    let [Finding::Problem(text)] = &*findings else {
        panic!("one problem: {findings:?}");
    };
    assert!(text.contains("backup"), "{text}");
    assert!(text.contains(DATABASE.file), "{text}");
}
