//! Notifications that are told as one.

use std::collections::HashMap;

use infra_db::DbError;
use infra_kernel::{Direction, Error, Page};
use infra_rpc::v1;
use product_notifications_gateway::{
    DismissGroupReply, DismissGroupRequest, GROUPS_LIMIT_MAX, Group, Kind, ListGroupReply,
    ListGroupRequest, ListGroupsReply, ListGroupsRequest, Notification, NotificationGroup,
    PAGE_LIMIT_MAX,
};

use super::list::{first_of_both, wanted};
use crate::error::NotificationsError;
use crate::state::State;
use crate::store::notifications::Wanted;
use crate::store::{groups, held};

pub(super) async fn page(
    state: &State,
    request: ListGroupsRequest,
) -> Result<ListGroupsReply, NotificationsError> {
    let page = v1::Page::required(request.page, GROUPS_LIMIT_MAX).map_err(Error::from)?;
    let grouped = |kind: &Kind| request.grouped_kinds.contains(&i32::from(*kind));
    let grouped: Vec<Kind> = Kind::GROUPED.into_iter().filter(grouped).collect();
    let filter = request.filter.unwrap_or_default();
    let (account, wanted) = (request.account_id, wanted(&filter));
    // What comes while this reads stands on no page of it, and is in no group either: else who goes
    // on from its newest misses what came in between.
    let mut newest = groups::newest(&state.database, account).await?;
    if filter.with_held {
        newest = newest.max(held::newest(&state.database, account).await?);
    }
    let page = Page {
        before: page.before.min(newest.saturating_add(1)),
        ..page
    };
    // What is held first: what is accepted in between is told by then.
    let held = match filter.with_held {
        true => held::list(&state.database, account, &page, &wanted).await?,
        false => Vec::new(),
    };
    let positions = groups::positions(&state.database, account, &page, &wanted, &grouped).await?;
    let positions = first_of_both(&page, positions, held);
    let mut groups: Vec<NotificationGroup> = positions
        .into_iter()
        .map(|position| {
            let group = position
                .group()
                .filter(|_| grouped.contains(&position.kind()));
            NotificationGroup {
                position_id: position.id,
                group,
                notifications: vec![position],
            }
        })
        .collect();
    fill(state, account, &page, &wanted, &mut groups).await?;
    Ok(ListGroupsReply { groups })
}

/// Gives groups all their notifications in place of the one by which each stands on the page.
async fn fill(
    state: &State,
    account: u64,
    page: &Page,
    wanted: &Wanted,
    groups: &mut [NotificationGroup],
) -> Result<(), DbError> {
    let is_full = groups.len() >= page.limit as usize;
    let before = match groups.first() {
        // What is above the last place of a full page is the next page's.
        Some(first) if is_full && page.direction == Direction::Newer => {
            first.position_id.saturating_add(1)
        }
        _ => page.before,
    };
    let together = groups.iter().filter(|one| one.group.is_some());
    let positions: Vec<u64> = together.map(|one| one.position_id).collect();
    if positions.is_empty() {
        return Ok(());
    }
    let members = groups::members(&state.database, account, &positions, before, wanted).await?;
    let mut by_group: HashMap<Option<(i32, u64, u32)>, Vec<Notification>> = HashMap::new();
    for member in members {
        by_group
            .entry(key(member.group()))
            .or_default()
            .push(member);
    }
    for one in groups.iter_mut().filter(|one| one.group.is_some()) {
        // Empty where the one by which it stood here was taken back meanwhile: left out
        // like what is gone, and there again when the page is read again.
        one.notifications = by_group.remove(&key(one.group)).unwrap_or_default();
        one.notifications
            .sort_unstable_by_key(|member| std::cmp::Reverse(member.id));
    }
    Ok(())
}

fn key(group: Option<Group>) -> Option<(i32, u64, u32)> {
    group.map(|group| (group.kind, group.post_id, group.hour))
}

pub(super) async fn one(
    state: &State,
    request: ListGroupRequest,
) -> Result<ListGroupReply, NotificationsError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let group = required(request.group)?;
    let listed = groups::list(&state.database, request.account_id, &group, &page).await?;
    Ok(ListGroupReply {
        notifications: listed,
    })
}

pub(super) async fn dismiss(
    state: &State,
    request: DismissGroupRequest,
) -> Result<DismissGroupReply, NotificationsError> {
    let (account, group) = (request.account_id, required(request.group)?);
    state
        .database
        .write::<_, DbError, _>(move |connection| {
            Box::pin(async move { groups::delete(connection, account, &group).await })
        })
        .await?;
    Ok(DismissGroupReply {})
}

fn required(group: Option<Group>) -> Result<Group, Error> {
    group.ok_or_else(|| Error::invalid("group", "A group is needed."))
}
