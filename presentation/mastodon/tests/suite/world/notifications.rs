use async_trait::async_trait;
use infra_kernel::{Context, Error, Result};
use product_notifications_gateway::*;
use testing_stubs::StubNotifications;

use super::{ADA, NOON_US, World};

impl World {
    /// Tells Ada something and returns its id.
    pub(crate) fn notify(&self, kind: Kind, from_id: u64, post_id: u64) -> u64 {
        let id = self.next_id();
        self.notifications.lock().unwrap().push(Notification {
            id,
            account_id: ADA,
            kind: kind.into(),
            from_id,
            post_id,
            created_at_us: NOON_US,
        });
        id
    }

    fn told_to(&self, account: u64, filter: Option<Filter>) -> Vec<Notification> {
        let filter = filter.unwrap_or_default();
        let mut told = self.notifications.lock().unwrap().clone();
        told.retain(|one| {
            let is_wanted = filter.kinds.is_empty() || filter.kinds.contains(&one.kind);
            let is_from = filter.from_id == 0 || filter.from_id == one.from_id;
            let is_unwanted = filter.unwanted_kinds.contains(&one.kind);
            one.account_id == account && is_wanted && is_from && !is_unwanted
        });
        told.reverse();
        told
    }
}

#[async_trait]
impl StubNotifications for World {
    async fn list_notifications(
        &self,
        _: &Context,
        request: ListNotificationsRequest,
    ) -> Result<ListNotificationsReply> {
        let page = request.page.unwrap_or_default();
        let mut notifications = self.told_to(request.account_id, request.filter);
        notifications
            .retain(|one| (page.before == 0 || one.id < page.before) && one.id > page.after);
        notifications.truncate(page.limit as usize);
        Ok(ListNotificationsReply { notifications })
    }

    async fn get_notification(
        &self,
        _: &Context,
        request: GetNotificationRequest,
    ) -> Result<GetNotificationReply> {
        let mut told = self.told_to(request.account_id, None);
        told.retain(|one| one.id == request.notification_id);
        let notification = told.pop().ok_or_else(|| Error::not_found("notification"))?;
        Ok(GetNotificationReply {
            notification: Some(notification),
        })
    }

    async fn dismiss_notification(
        &self,
        _: &Context,
        request: DismissNotificationRequest,
    ) -> Result<DismissNotificationReply> {
        let wanted = (request.account_id, request.notification_id);
        let mut told = self.notifications.lock().unwrap();
        let before = told.len();
        told.retain(|one| (one.account_id, one.id) != wanted);
        let removed = told.len() < before;
        Ok(DismissNotificationReply { removed })
    }

    async fn clear_notifications(
        &self,
        _: &Context,
        request: ClearNotificationsRequest,
    ) -> Result<ClearNotificationsReply> {
        let mut told = self.notifications.lock().unwrap();
        told.retain(|one| one.account_id != request.account_id);
        Ok(ClearNotificationsReply {})
    }

    async fn count_unread(
        &self,
        _: &Context,
        request: CountUnreadRequest,
    ) -> Result<CountUnreadReply> {
        let mut told = self.told_to(request.account_id, request.filter);
        told.retain(|one| one.id > request.after_id);
        let count = u32::try_from(told.len()).unwrap().min(request.limit);
        Ok(CountUnreadReply { count })
    }

    async fn get_markers(
        &self,
        _: &Context,
        request: GetMarkersRequest,
    ) -> Result<GetMarkersReply> {
        let mut markers = self.markers.lock().unwrap().clone();
        markers.retain(|marker| request.timelines.contains(&marker.timeline));
        Ok(GetMarkersReply { markers })
    }

    async fn set_markers(
        &self,
        _: &Context,
        request: SetMarkersRequest,
    ) -> Result<SetMarkersReply> {
        let mut markers = self.markers.lock().unwrap();
        for position in &request.positions {
            markers.retain(|marker| marker.timeline != position.timeline);
            markers.push(Marker {
                timeline: position.timeline,
                last_read_id: position.last_read_id,
                version: 1,
                updated_at_us: NOON_US,
            });
        }
        let named = |marker: &&Marker| {
            let mut positions = request.positions.iter();
            positions.any(|position| position.timeline == marker.timeline)
        };
        let markers = markers.iter().filter(named).copied().collect();
        Ok(SetMarkersReply { markers })
    }
}
