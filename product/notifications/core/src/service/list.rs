//! Pages of notifications, single ones, and how many are unread.

use infra_kernel::{Direction, Error, Page};
use infra_rpc::v1;
use product_notifications_gateway::{
    CountUnreadReply, CountUnreadRequest, Filter, GetNotificationReply, GetNotificationRequest,
    Kind, ListNotificationsReply, ListNotificationsRequest, Notification, PAGE_LIMIT_MAX,
    UNREAD_MAX,
};

use crate::error::NotificationsError;
use crate::state::State;
use crate::store::held;
use crate::store::notifications::{self, Wanted};

pub(super) async fn page(
    state: &State,
    request: ListNotificationsRequest,
) -> Result<ListNotificationsReply, NotificationsError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let filter = request.filter.unwrap_or_default();
    let (database, account, wanted) = (&state.database, request.account_id, wanted(&filter));
    // What is held first: what is accepted in between is told by then.
    let held = match filter.with_held {
        true => held::list(database, account, &page, &wanted).await?,
        false => Vec::new(),
    };
    let told = notifications::list(database, account, &page, &wanted).await?;
    let listed = first_of_both(&page, told, held);
    Ok(ListNotificationsReply {
        notifications: listed,
    })
}

/// A page of what two pages hold together.
pub(super) fn first_of_both(
    page: &Page,
    told: Vec<Notification>,
    held: Vec<Notification>,
) -> Vec<Notification> {
    if held.is_empty() {
        return told;
    }
    let mut listed = told;
    listed.extend(held);
    match page.direction {
        Direction::Older => listed.sort_unstable_by_key(|one| std::cmp::Reverse(one.id)),
        Direction::Newer => listed.sort_unstable_by_key(|one| one.id),
    }
    // One that was accepted in between is in both.
    listed.dedup_by_key(|one| one.id);
    listed.truncate(page.limit as usize);
    page.newest_first(listed)
}

pub(super) async fn one(
    state: &State,
    request: GetNotificationRequest,
) -> Result<GetNotificationReply, NotificationsError> {
    let (account, id) = (request.account_id, request.notification_id);
    let mut found = notifications::get(&state.database, account, id).await?;
    if found.is_none() {
        found = held::get(&state.database, account, id).await?;
    }
    if found.is_none() {
        // Accepted in between.
        found = notifications::get(&state.database, account, id).await?;
    }
    let notification = Some(found.ok_or(NotificationsError::NoNotification)?);
    Ok(GetNotificationReply { notification })
}

pub(super) async fn count(
    state: &State,
    request: CountUnreadRequest,
) -> Result<CountUnreadReply, NotificationsError> {
    let CountUnreadRequest {
        account_id,
        after_id,
        filter,
        limit,
    } = request;
    if !(1..=UNREAD_MAX).contains(&limit) {
        let text = format!("1 to {UNREAD_MAX} can be counted.");
        return Err(Error::invalid("limit", text).into());
    }
    let wanted = wanted(&filter.unwrap_or_default());
    let count = notifications::count(&state.database, account_id, after_id, limit, &wanted).await?;
    Ok(CountUnreadReply { count })
}

pub(super) fn wanted(filter: &Filter) -> Wanted {
    let is_wanted = |kind: &Kind| {
        let kind = i32::from(*kind);
        let is_among = filter.kinds.is_empty() || filter.kinds.contains(&kind);
        is_among && !filter.unwanted_kinds.contains(&kind)
    };
    Wanted {
        kinds: Kind::ALL.into_iter().filter(is_wanted).collect(),
        from: filter.from_id,
    }
}
