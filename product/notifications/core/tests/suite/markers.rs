//! How far accounts have read.

use infra_kernel::Result;
use product_notifications_gateway::{
    GetMarkersRequest, Marker, Position, SetMarkersRequest, Timeline,
};

use crate::support::{ADA, BOB, World, signed_in};

const BOTH: [Timeline; 2] = [Timeline::Home, Timeline::Notifications];

async fn set(world: &World, positions: &[(Timeline, u64)]) -> Result<Vec<Marker>> {
    let position = |(timeline, last_read_id): &(Timeline, u64)| Position {
        timeline: (*timeline).into(),
        last_read_id: *last_read_id,
    };
    let request = SetMarkersRequest {
        account_id: ADA,
        positions: positions.iter().map(position).collect(),
    };
    let reply = world
        .notifications
        .set_markers(&signed_in(ADA), request)
        .await?;
    Ok(reply.markers)
}

async fn get(world: &World, account_id: u64, timelines: &[Timeline]) -> Vec<Marker> {
    let timelines = timelines
        .iter()
        .map(|timeline| (*timeline).into())
        .collect();
    let request = GetMarkersRequest {
        account_id,
        timelines,
    };
    let context = signed_in(account_id);
    let reply = world.notifications.get_markers(&context, request);
    reply.await.unwrap().markers
}

#[tokio::test]
async fn a_marker_has_a_version_that_grows_with_every_change() {
    let world = World::new().await;
    assert!(get(&world, ADA, &BOTH).await.is_empty());
    for (last_read_id, version) in [(7, 1), (9, 2), (9, 2), (8, 3)] {
        let set = set(&world, &[(Timeline::Home, last_read_id)])
            .await
            .unwrap();
        let [marker] = &*set else {
            panic!("one marker");
        };
        assert_eq!(
            (marker.last_read_id, marker.version),
            (last_read_id, version)
        );
        assert!(marker.updated_at_us > 0);
        assert_eq!(get(&world, ADA, &BOTH).await, set);
    }
    let both = [(Timeline::Home, 10), (Timeline::Notifications, 11)];
    assert_eq!(set(&world, &both).await.unwrap().len(), 2);
    let notifications = get(&world, ADA, &BOTH[1..]).await;
    assert_eq!(notifications.len(), 1);
    assert_eq!(
        (notifications[0].timeline(), notifications[0].last_read_id),
        (Timeline::Notifications, 11)
    );
    assert!(get(&world, ADA, &[]).await.is_empty());
    assert!(get(&world, BOB, &BOTH).await.is_empty());
    let world = world.restarted().await;
    assert_eq!(get(&world, ADA, &BOTH).await.len(), 2);
}

#[tokio::test]
async fn what_is_no_timeline_and_what_is_named_twice_is_refused() {
    let world = World::new().await;
    for refused in [
        &[(Timeline::Unspecified, 7)][..],
        &[(Timeline::Home, 7), (Timeline::Home, 8)],
    ] {
        let error = set(&world, refused).await.unwrap_err();
        assert_eq!(error.field(), Some("positions"));
    }
    assert!(get(&world, ADA, &BOTH).await.is_empty());
}
