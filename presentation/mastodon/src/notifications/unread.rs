//! How much one was told since one last looked.

use axum::Json;
use axum::extract::State;
use infra_kernel::{Context, Result};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::QueryOf;
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use product_notifications_gateway::{GetMarkersRequest, Timeline, UNREAD_MAX};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::filter::FilterQuery;

/// How far is counted when it is not said.
const LIMIT_DEFAULT: u32 = 100;

/// How far to count.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct LimitQuery {
    /// How many at most; 100 when it does not say, 1,000 at most.
    limit: Option<String>,
}

impl LimitQuery {
    /// How far to count, within its bounds.
    pub(super) fn limit(self) -> u32 {
        let page = PageQuery {
            limit: self.limit,
            ..PageQuery::default()
        };
        page.page(LIMIT_DEFAULT, UNREAD_MAX).limit
    }
}

/// How much is unread.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Unread {
    pub(super) count: usize,
}

pub(super) async fn count(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    QueryOf(limit): QueryOf<LimitQuery>,
    QueryOf(query): QueryOf<FilterQuery>,
) -> std::result::Result<Json<Unread>, Problem> {
    let limit = limit.limit();
    let Some(filter) = query.filter().filter(|_| limit > 0) else {
        return Ok(Json(Unread { count: 0 }));
    };
    let after = last_read(&surface, &context, viewer).await?;
    let count = surface
        .reader
        .unread_notifications(&context, viewer.account_id, after, limit, filter)
        .await?;
    Ok(Json(Unread { count }))
}

/// The last notification that the viewer has read, by their marker; 0 for none.
pub(super) async fn last_read(surface: &Surface, context: &Context, viewer: Viewer) -> Result<u64> {
    let request = GetMarkersRequest {
        account_id: viewer.account_id.get(),
        timelines: vec![Timeline::Notifications.into()],
    };
    let notifications = &surface.gateways.notifications;
    let markers = notifications.get_markers(context, request).await?.markers;
    Ok(markers.first().map_or(0, |marker| marker.last_read_id))
}
