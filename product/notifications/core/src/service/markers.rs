//! How far accounts have read.

use infra_db::DbError;
use infra_kernel::Error;
use product_notifications_gateway::{
    GetMarkersReply, GetMarkersRequest, Marker, Position, SetMarkersReply, SetMarkersRequest,
    Timeline,
};

use crate::error::NotificationsError;
use crate::state::State;
use crate::store::markers;

pub(super) async fn get(
    state: &State,
    request: GetMarkersRequest,
) -> Result<GetMarkersReply, NotificationsError> {
    let all = markers::list(&state.database, request.account_id).await?;
    let markers = among(all, &request.timelines);
    Ok(GetMarkersReply { markers })
}

pub(super) async fn set(
    state: &State,
    request: SetMarkersRequest,
) -> Result<SetMarkersReply, NotificationsError> {
    let SetMarkersRequest {
        account_id,
        positions,
    } = request;
    let timelines = timelines(&positions)?;
    let now = state.clock.now();
    let all = state
        .database
        .write::<_, DbError, _>(move |connection| {
            Box::pin(async move {
                for position in &positions {
                    markers::set(connection, account_id, position, now).await?;
                }
                markers::read(connection, account_id).await
            })
        })
        .await?;
    let markers = among(all, &timelines);
    Ok(SetMarkersReply { markers })
}

/// The timelines that are named: known ones, each once.
fn timelines(positions: &[Position]) -> Result<Vec<i32>, Error> {
    let mut timelines = Vec::new();
    for position in positions {
        let is_known = position.timeline() != Timeline::Unspecified;
        if !is_known || timelines.contains(&position.timeline) {
            let text = "A marker is of the home timeline or of notifications, each once.";
            return Err(Error::invalid("positions", text));
        }
        timelines.push(position.timeline);
    }
    Ok(timelines)
}

fn among(mut markers: Vec<Marker>, timelines: &[i32]) -> Vec<Marker> {
    markers.retain(|marker| timelines.contains(&marker.timeline));
    markers
}
