//! The live end of a log.

use infra_bus::Tail;

use super::{Place, Stage};
use crate::kit::{TOPIC, number};

/// Reads on until this event came; returns the numbers of all that came.
async fn until(tail: &mut Box<dyn Tail>, last: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    while !seen.contains(&last) {
        seen.extend(tail.next().await.unwrap().iter().map(number));
    }
    seen
}

pub(super) async fn a_tail_sees_what_is_published_from_now_on(place: Place) {
    let stage = Stage::new(&place).await;
    stage.publish(&[stage.event(1, 1)]).await;
    let mut tail = stage.bus().tail(&[TOPIC]).await.unwrap();
    stage
        .publish(&[stage.event_on("things.unheard", 1, 2)])
        .await;
    stage.publish(&[stage.event(1, 3), stage.event(1, 4)]).await;
    assert_eq!(until(&mut tail, 4).await, [3, 4]);
    // One that came later has missed them, and neither takes anything from the other.
    let mut late = stage.bus().tail(&[TOPIC]).await.unwrap();
    let elsewhere = stage.elsewhere(&place).await;
    elsewhere.publish(&[stage.event(1, 5)]).await.unwrap();
    assert_eq!(until(&mut tail, 5).await, [5]);
    assert_eq!(until(&mut late, 5).await, [5]);
    // Nothing is left of it that would hold the log back.
    assert!(stage.statuses().await.is_empty());
}

pub(super) async fn a_tail_that_is_far_behind_goes_on_at_the_end(place: Place) {
    const MANY: u64 = 2_600;
    let stage = Stage::new(&place).await;
    let mut tail = stage.bus().tail(&[TOPIC]).await.unwrap();
    let events: Vec<_> = (0..MANY).map(|n| stage.event(n, n)).collect();
    stage.publish(&events).await;
    let mut seen: Vec<u64> = tail.next().await.unwrap().iter().map(number).collect();
    stage.publish(&[stage.event(1, MANY)]).await;
    seen.extend(until(&mut tail, MANY).await);
    assert!(seen.is_sorted() && seen[0] == 0, "{seen:?}");
    assert!((seen.len() as u64) < MANY, "it took all of them");
}
