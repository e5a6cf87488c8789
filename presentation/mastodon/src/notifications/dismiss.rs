//! Removing notifications.

use axum::Json;
use axum::extract::State;
use infra_kernel::Error;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use product_notifications_gateway::{
    ClearNotificationsRequest, DismissNotificationRequest, NotificationId,
};

use crate::entities::Nothing;

pub(super) async fn all(
    Allowed(viewer): Allowed<Person<scope::WriteNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<Nothing>, Problem> {
    let request = ClearNotificationsRequest {
        account_id: viewer.account_id.get(),
    };
    let notifications = &surface.gateways.notifications;
    notifications.clear_notifications(&context, request).await?;
    Ok(Json(Nothing {}))
}

pub(super) async fn one(
    Allowed(viewer): Allowed<Person<scope::WriteNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<NotificationId>,
) -> Result<Json<Nothing>, Problem> {
    let request = DismissNotificationRequest {
        account_id: viewer.account_id.get(),
        notification_id: id.get(),
    };
    let notifications = &surface.gateways.notifications;
    let reply = notifications
        .dismiss_notification(&context, request)
        .await?;
    if !reply.removed {
        return Err(Error::not_found("notification").into());
    }
    Ok(Json(Nothing {}))
}
