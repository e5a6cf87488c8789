//! What a start seeds its ids with: the newest that any run before has used.

use std::sync::Arc;

use infra_bus::last_event;
use infra_kernel::{Clock as _, EventId, IdGenerator, ManualClock, SystemClock};

use crate::kit::World;
use crate::relay::{open_domain, write};

#[tokio::test]
async fn the_newest_event_is_found_in_the_log_and_in_outboxes() {
    let world = World::new().await;
    let domain = open_domain(world.folder.path()).await;
    let last = async || {
        let outboxes = [domain.clone()];
        last_event(&world.bus, &outboxes).await.unwrap()
    };
    assert_eq!(last().await, None);
    let published = world.event(1, 1);
    world.publish(std::slice::from_ref(&published)).await;
    assert_eq!(last().await, Some(published.id));
    // Not relayed yet when the process died.
    let waiting = world.event(1, 2);
    let newest = waiting.id;
    write(&domain, waiting).await.unwrap();
    assert_eq!(last().await, Some(newest));
    let later = world.event(1, 3);
    world.publish(std::slice::from_ref(&later)).await;
    assert_eq!(last().await, Some(later.id), "the newer of both");
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_id_again_after_a_restart() {
    let world = World::new().await;
    let domain = open_domain(world.folder.path()).await;
    let event = world.event(1, 1);
    world.publish(std::slice::from_ref(&event)).await;
    let an_hour_ago = SystemClock
        .now()
        .minus(std::time::Duration::from_secs(3_600));
    let ids = IdGenerator::new(0, Arc::new(ManualClock::at(an_hour_ago)));
    let last: EventId = last_event(&world.bus, &[domain]).await.unwrap().unwrap();
    ids.start_after(last);
    assert!(ids.next::<EventId>() > event.id);
}
