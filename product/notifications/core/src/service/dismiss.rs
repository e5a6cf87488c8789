//! Removing notifications.

use infra_db::DbError;
use product_notifications_gateway::{
    ClearNotificationsReply, ClearNotificationsRequest, DismissNotificationReply,
    DismissNotificationRequest,
};

use crate::state::State;
use crate::store::{held, notifications};

pub(super) async fn one(
    state: &State,
    request: DismissNotificationRequest,
) -> Result<DismissNotificationReply, DbError> {
    let (account, id) = (request.account_id, request.notification_id);
    let removed = state
        .database
        .write::<_, DbError, _>(move |connection| {
            Box::pin(async move {
                Ok(notifications::delete(connection, account, id).await?
                    || held::delete(connection, account, id).await?)
            })
        })
        .await?;
    Ok(DismissNotificationReply { removed })
}

pub(super) async fn all(
    state: &State,
    request: ClearNotificationsRequest,
) -> Result<ClearNotificationsReply, DbError> {
    let account = request.account_id;
    state
        .database
        .write(move |connection| {
            Box::pin(async move {
                held::delete_of_account(connection, account).await?;
                notifications::delete_of_account(connection, account).await
            })
        })
        .await?;
    Ok(ClearNotificationsReply {})
}
