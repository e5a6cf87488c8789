use async_trait::async_trait;
use infra_kernel::{Context, Error, Result};
use product_notifications_gateway::*;
use testing_stubs::StubNotifications;

use super::{ADA, NOON_US, World};

impl World {
    /// Tells Ada something and returns its id.
    pub(crate) fn notify(&self, kind: Kind, from_id: u64, post_id: u64) -> u64 {
        self.notify_in(0, kind, from_id, post_id)
    }

    /// The same in the group of this hour.
    pub(crate) fn notify_in(&self, group_hour: u32, kind: Kind, from_id: u64, post_id: u64) -> u64 {
        let id = self.next_id();
        self.notifications.lock().unwrap().push(Notification {
            id,
            account_id: ADA,
            kind: kind.into(),
            from_id,
            post_id,
            created_at_us: NOON_US,
            group_hour,
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

    async fn list_groups(
        &self,
        _: &Context,
        request: ListGroupsRequest,
    ) -> Result<ListGroupsReply> {
        let page = request.page.unwrap_or_default();
        let mut below = self.told_to(request.account_id, request.filter);
        below.retain(|one| page.before == 0 || one.id < page.before);
        let mut groups: Vec<NotificationGroup> = Vec::new();
        for one in &below {
            let is_grouped = request.grouped_kinds.contains(&one.kind);
            let group = one.group().filter(|_| is_grouped);
            let is_there = group.is_some() && groups.iter().any(|other| other.group == group);
            if is_there || one.id <= page.after {
                continue;
            }
            let mut notifications = below.clone();
            notifications.retain(|other| match group {
                None => other.id == one.id,
                group => other.group() == group,
            });
            groups.push(NotificationGroup {
                position_id: one.id,
                group,
                notifications,
            });
        }
        groups.truncate(page.limit as usize);
        Ok(ListGroupsReply { groups })
    }

    async fn list_group(&self, _: &Context, request: ListGroupRequest) -> Result<ListGroupReply> {
        let page = request.page.unwrap_or_default();
        let mut notifications = self.told_to(request.account_id, None);
        notifications.retain(|one| {
            let is_below = page.before == 0 || one.id < page.before;
            one.group() == request.group && is_below && one.id > page.after
        });
        notifications.truncate(page.limit as usize);
        Ok(ListGroupReply { notifications })
    }

    async fn dismiss_group(
        &self,
        _: &Context,
        request: DismissGroupRequest,
    ) -> Result<DismissGroupReply> {
        let mut told = self.notifications.lock().unwrap();
        told.retain(|one| one.account_id != request.account_id || one.group() != request.group);
        Ok(DismissGroupReply {})
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
