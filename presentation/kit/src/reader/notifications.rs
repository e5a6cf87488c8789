//! What a viewer was told, as far as they may see it.

use std::collections::HashMap;
use std::sync::Arc;

use business_posts_gateway::{GetPostHeadsRequest, PostHead};
use infra_kernel::{AccountId, Context, Error, Page, Result};
use product_notifications_gateway::{
    CountUnreadRequest, Filter, GetNotificationRequest, Kind, ListNotificationsRequest,
    Notification, NotificationId, PAGE_LIMIT_MAX,
};

use super::timelines::until_something_is_left;
use super::{Listing, Reader};
use crate::card::{Person, Shown};
use crate::hydrate::distinct;
use crate::paging::Cursors;
use crate::rules::{Place, ViewerRelation, may_be_told_of, may_see};

/// A notification with what it is about.
#[derive(Debug)]
pub struct Told {
    /// What happened, and when.
    pub notification: Notification,
    /// Who did it.
    pub from: Arc<Person>,
    /// The post that it is about; none for a follow.
    pub post: Option<Shown>,
}

impl Reader {
    /// A page of what the viewer was told, the latest first. What they may not see, or no longer,
    /// is left out.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn notifications(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
        filter: Filter,
    ) -> Result<Listing<Told>> {
        let read = |page| self.notifications_page(context, viewer, page, filter.clone());
        until_something_is_left(page, read).await
    }

    async fn notifications_page(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
        filter: Filter,
    ) -> Result<Listing<Told>> {
        let notifications = self.told_ids(context, viewer, page, filter).await?;
        let ids: Vec<u64> = notifications.iter().map(|one| one.id).collect();
        Ok(Listing {
            cursors: Cursors::of(&ids, &page),
            items: self.notified(context, viewer, notifications).await?,
        })
    }

    /// One thing that the viewer was told.
    ///
    /// # Errors
    /// `not_found` when there is no such notification or the viewer may not see what it is about:
    /// the two cannot be distinguished.
    pub async fn notification(
        &self,
        context: &Context,
        viewer: AccountId,
        id: NotificationId,
    ) -> Result<Told> {
        let request = GetNotificationRequest {
            account_id: viewer.get(),
            notification_id: id.get(),
        };
        let notifications = &self.gateways.notifications;
        let found = notifications.get_notification(context, request).await?;
        let found = found.notification.into_iter().collect();
        let told = self.notified(context, viewer, found).await?.pop();
        told.ok_or_else(|| Error::not_found("notification"))
    }

    /// How many of the latest `limit` notifications after this one the viewer may see: a count of
    /// the others would tell of them.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn unread_notifications(
        &self,
        context: &Context,
        viewer: AccountId,
        after: u64,
        limit: u32,
        filter: Filter,
    ) -> Result<usize> {
        let filter = Filter {
            with_held: false,
            ..filter
        };
        let request = CountUnreadRequest {
            account_id: viewer.get(),
            after_id: after,
            filter: Some(filter.clone()),
            limit,
        };
        let notifications = &self.gateways.notifications;
        let mut left = notifications.count_unread(context, request).await?.count;
        let (mut seen, mut before) = (0, u64::MAX);
        // Each round looks at some, so that there are no more than the limit has pages.
        while left > 0 {
            let page = Page {
                before,
                after,
                ..Page::newest(left.min(PAGE_LIMIT_MAX))
            };
            let some = self.told_ids(context, viewer, page, filter.clone()).await?;
            let Some(oldest) = some.last() else { break };
            before = oldest.id;
            left = left.saturating_sub(u32::try_from(some.len()).unwrap_or(u32::MAX));
            seen += self.allowed(context, viewer, some).await?.len();
        }
        Ok(seen)
    }

    pub(super) async fn told_ids(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
        filter: Filter,
    ) -> Result<Vec<Notification>> {
        let request = ListNotificationsRequest::new(viewer, page, filter);
        let notifications = &self.gateways.notifications;
        let listed = notifications.list_notifications(context, request).await?;
        Ok(listed.notifications)
    }

    /// Those of these notifications that the viewer may see, with what they are about.
    async fn notified(
        &self,
        context: &Context,
        viewer: AccountId,
        notifications: Vec<Notification>,
    ) -> Result<Vec<Told>> {
        let allowed = self.allowed(context, viewer, notifications).await?;
        let people = distinct(allowed.iter().map(|one| one.from_id));
        let (people, posts) = tokio::try_join!(
            self.people(context, people),
            self.posts_in(Place::Direct, context, Some(viewer), posts_of(&allowed)),
        )?;
        let people = people.into_iter().map(|person| (person.account.id, person));
        let people: HashMap<u64, Arc<Person>> = people.collect();
        let posts = posts.into_iter().map(|shown| (shown.card.head.id, shown));
        let posts: HashMap<u64, Shown> = posts.collect();
        let told = allowed.into_iter().filter_map(|notification| {
            let from = Arc::clone(people.get(&notification.from_id)?);
            let post = match notification.post_id {
                0 => None,
                // Deleted since it was looked at.
                id => Some(posts.get(&id)?.clone()),
            };
            Some(Told {
                notification,
                from,
                post,
            })
        });
        Ok(told.collect())
    }

    /// Those of these notifications whose account and post the viewer may see.
    pub(super) async fn allowed(
        &self,
        context: &Context,
        viewer: AccountId,
        mut notifications: Vec<Notification>,
    ) -> Result<Vec<Notification>> {
        if notifications.is_empty() {
            return Ok(notifications);
        }
        let posts = posts_of(&notifications);
        let heads = match posts.is_empty() {
            true => Vec::new(),
            false => {
                let request = GetPostHeadsRequest { ids: posts };
                self.gateways
                    .posts
                    .get_post_heads(context, request)
                    .await?
                    .heads
            }
        };
        let authors = heads.iter().map(|head| head.author_id);
        let people = notifications.iter().map(|one| one.from_id).chain(authors);
        let people = distinct(people);
        let known = self.relationships(context, Some(viewer), people).await?;
        let relation = |id| ViewerRelation::of(Some(viewer), AccountId::new(id), known.get(&id));
        let heads: HashMap<u64, PostHead> = heads.into_iter().map(|head| (head.id, head)).collect();
        notifications.retain(|one| {
            let is_post_seen = one.post_id == 0
                || heads
                    .get(&one.post_id)
                    .is_some_and(|head| may_see(&relation(head.author_id), place_of(one), head));
            is_post_seen && may_be_told_of(&relation(one.from_id))
        });
        Ok(notifications)
    }
}

pub(super) fn posts_of(notifications: &[Notification]) -> Vec<u64> {
    let posts = notifications.iter().map(|one| one.post_id);
    distinct(posts.filter(|id| *id != 0))
}

/// Where a notification shows its post: a new post of somebody comes by itself, as at home, and
/// every other is about something that concerns the viewer.
fn place_of(notification: &Notification) -> Place {
    match notification.kind() {
        Kind::NewPost => Place::Home,
        _ => Place::Direct,
    }
}
