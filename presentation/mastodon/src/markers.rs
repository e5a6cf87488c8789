//! Markers: how far one has read one's timelines, for all of one's devices.

use axum::Json;
use axum::extract::State;
use infra_kernel::Error;
use presentation_kit::access::{Person, scope};
use presentation_kit::api::Describe;
use presentation_kit::extract::{BodyOf, QueryOf, lenient};
use presentation_kit::{Allowed, Api, Problem, RequestContext, Surface};
use product_notifications_gateway::{
    GetMarkersRequest, Marker, Position, SetMarkersRequest, Timeline,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::entities::moment;

pub(crate) fn routes() -> Api {
    Api::new()
        .get(
            "/api/v1/markers",
            show,
            Describe::new("Shows how far one has read; a timeline that has no marker is left out.")
                .query::<TimelinesQuery>()
                .returns::<Markers>(),
        )
        .post(
            "/api/v1/markers",
            set,
            Describe::new("Notes how far one has read.")
                .body::<MarkersForm>()
                .returns::<Markers>(),
        )
}

/// Of which timelines.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct TimelinesQuery {
    /// "home", "notifications"; nothing is shown when it does not say.
    #[serde(deserialize_with = "lenient::list")]
    timeline: Vec<String>,
}

/// How far one has read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct MarkersForm {
    /// In the home timeline.
    home: Option<MarkerForm>,
    /// In the notifications.
    notifications: Option<MarkerForm>,
}

/// How far one has read in a timeline.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct MarkerForm {
    /// The last status or notification that was read.
    #[serde(deserialize_with = "lenient::text")]
    last_read_id: Option<String>,
}

/// How far one has read.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Markers {
    #[serde(skip_serializing_if = "Option::is_none")]
    home: Option<TimelineMarker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<TimelineMarker>,
}

/// How far one has read in a timeline.
#[derive(Debug, Serialize, JsonSchema)]
struct TimelineMarker {
    last_read_id: String,
    /// Grows with every change.
    version: u64,
    updated_at: String,
}

async fn show(
    Allowed(viewer): Allowed<Person<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    QueryOf(query): QueryOf<TimelinesQuery>,
) -> Result<Json<Markers>, Problem> {
    let named = query.timeline.iter().filter_map(|name| match &**name {
        "home" => Some(Timeline::Home),
        "notifications" => Some(Timeline::Notifications),
        _ => None,
    });
    let request = GetMarkersRequest {
        account_id: viewer.account_id.get(),
        timelines: named.map(Into::into).collect(),
    };
    let notifications = &surface.gateways.notifications;
    let reply = notifications.get_markers(&context, request).await?;
    Ok(Json(Markers::of(&reply.markers)))
}

async fn set(
    Allowed(viewer): Allowed<Person<scope::WriteStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(form): BodyOf<MarkersForm>,
) -> Result<Json<Markers>, Problem> {
    let request = SetMarkersRequest {
        account_id: viewer.account_id.get(),
        positions: form.positions()?,
    };
    let notifications = &surface.gateways.notifications;
    let reply = notifications.set_markers(&context, request).await?;
    Ok(Json(Markers::of(&reply.markers)))
}

impl MarkersForm {
    /// What is said of each timeline.
    fn positions(&self) -> Result<Vec<Position>, Error> {
        let home = (Timeline::Home, "home[last_read_id]", &self.home);
        let notifications = &self.notifications;
        let notifications = (
            Timeline::Notifications,
            "notifications[last_read_id]",
            notifications,
        );
        let mut positions = Vec::new();
        for (timeline, field, form) in [home, notifications] {
            let id = form.as_ref().and_then(|form| form.last_read_id.as_deref());
            let Some(text) = id.filter(|text| !text.is_empty()) else {
                continue;
            };
            let invalid = |_| Error::invalid(field, format!("`{field}` is no id."));
            positions.push(Position {
                timeline: timeline.into(),
                last_read_id: text.parse().map_err(invalid)?,
            });
        }
        Ok(positions)
    }
}

impl Markers {
    fn of(markers: &[Marker]) -> Self {
        let of = |timeline| {
            let marker = markers.iter().find(|marker| marker.timeline() == timeline);
            marker.map(|marker| TimelineMarker {
                last_read_id: marker.last_read_id.to_string(),
                version: marker.version,
                updated_at: moment::date_time(marker.updated_at_us),
            })
        };
        Self {
            home: of(Timeline::Home),
            notifications: of(Timeline::Notifications),
        }
    }
}
