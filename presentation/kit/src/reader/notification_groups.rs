//! What a viewer was told, with likes and reshares of one post and follows as one each.
//!
//! What a viewer may not see of a group is neither counted nor named; a group of which nothing is
//! left is left out, as a single notification would be.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use infra_kernel::{AccountId, Context, Direction, Error, Page, Result};
use product_notifications_gateway::{
    Filter, Group, Kind, ListGroupRequest, ListGroupsRequest, Notification, NotificationGroup,
    NotificationId, PAGE_LIMIT_MAX, UNREAD_MAX,
};

use super::notifications::posts_of;
use super::timelines::until_something_is_left;
use super::{Listing, Reader};
use crate::card::{Person, Shown};
use crate::hydrate::distinct;
use crate::paging::Cursors;
use crate::rules::Place;

/// How many of those who did it are named of one group: as many as Mastodon names.
const SAMPLE_MAX: usize = 8;
/// How many people are asked for in one call.
const PEOPLE_MAX: usize = 200;

/// Notifications that are told as one, with what they are about.
#[derive(Debug)]
pub struct ToldGroup {
    /// Which group it is; none for what is told by itself.
    pub group: Option<Group>,
    /// Its latest notification, of those up to the page's upper end.
    pub latest: Notification,
    /// How many notifications it holds.
    pub count: usize,
    /// Which of them are on the page; none where it is shown by itself.
    pub page: Option<PagePart>,
    /// Who did it, the latest first: at most eight, and at least one.
    pub people: Vec<Arc<Person>>,
    /// The post that it is about; none for follows.
    pub post: Option<Shown>,
}

/// Which notifications of a group are on a page.
#[derive(Debug, Clone, Copy)]
pub struct PagePart {
    /// The oldest of them.
    pub oldest: NotificationId,
    /// The newest of them.
    pub newest: NotificationId,
}

/// What is left of a group for a viewer: notifications, the newest first, at least one.
struct Left {
    group: Option<Group>,
    notifications: Vec<Notification>,
    page: Option<PagePart>,
}

impl Reader {
    /// A page of what the viewer was told, the latest first, of the `grouped` kinds as groups. What
    /// they may not see, or no longer, is left out.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn notification_groups(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
        filter: Filter,
        grouped: &[Kind],
    ) -> Result<Listing<ToldGroup>> {
        let read = |page| self.groups_page(context, viewer, page, filter.clone(), grouped);
        until_something_is_left(page, read).await
    }

    async fn groups_page(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
        filter: Filter,
        grouped: &[Kind],
    ) -> Result<Listing<ToldGroup>> {
        let request = ListGroupsRequest {
            account_id: viewer.get(),
            page: Some(page.into()),
            filter: Some(filter),
            grouped_kinds: grouped.iter().map(|kind| i32::from(*kind)).collect(),
        };
        let notifications = &self.gateways.notifications;
        let groups = notifications.list_groups(context, request).await?.groups;
        let positions: Vec<u64> = groups.iter().map(|group| group.position_id).collect();
        let covered = covered(&positions, &page);
        let cursors = cursors(&positions, &groups, &page);
        let left = self.left(context, viewer, groups, &covered).await?;
        Ok(Listing {
            cursors,
            items: self.grouped(context, viewer, left).await?,
        })
    }

    /// One group, whole.
    ///
    /// # Errors
    /// `not_found` when nothing of it is there, or nothing that the viewer may see: the two cannot
    /// be distinguished.
    pub async fn notification_group(
        &self,
        context: &Context,
        viewer: AccountId,
        group: Group,
    ) -> Result<ToldGroup> {
        let mut notifications = Vec::new();
        let mut page = Page::newest(PAGE_LIMIT_MAX);
        for _ in 0..UNREAD_MAX / PAGE_LIMIT_MAX {
            let some = self.of_group(context, viewer, group, page).await?;
            let is_last = some.len() < PAGE_LIMIT_MAX as usize;
            page.before = some.last().map_or(0, |one| one.id);
            notifications.extend(self.allowed(context, viewer, some).await?);
            if is_last {
                break;
            }
        }
        let left = Left {
            group: Some(group),
            notifications,
            page: None,
        };
        self.one_group(context, viewer, left).await
    }

    /// A single notification as a group of its own.
    ///
    /// # Errors
    /// As for [`Self::notification_group`].
    pub async fn notification_alone(
        &self,
        context: &Context,
        viewer: AccountId,
        id: NotificationId,
    ) -> Result<ToldGroup> {
        let told = self.notification(context, viewer, id).await?;
        Ok(ToldGroup {
            group: None,
            latest: told.notification,
            count: 1,
            page: None,
            people: vec![told.from],
            post: told.post,
        })
    }

    /// A page of those who did what a group is about, the latest first.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn notification_group_people(
        &self,
        context: &Context,
        viewer: AccountId,
        group: Group,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        let read = |page| self.group_people_page(context, viewer, group, page);
        until_something_is_left(page, read).await
    }

    async fn group_people_page(
        &self,
        context: &Context,
        viewer: AccountId,
        group: Group,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        let notifications = self.of_group(context, viewer, group, page).await?;
        let ids: Vec<u64> = notifications.iter().map(|one| one.id).collect();
        let allowed = self.allowed(context, viewer, notifications).await?;
        let people = distinct(allowed.iter().map(|one| one.from_id));
        Ok(Listing {
            cursors: Cursors::of(&ids, &page),
            items: self.people(context, people).await?,
        })
    }

    /// How many groups the viewer was told of after this notification, up to `limit`, as far as
    /// they may see them; of the latest 1,000 notifications.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn unread_notification_groups(
        &self,
        context: &Context,
        viewer: AccountId,
        after: u64,
        limit: u32,
        filter: Filter,
        grouped: &[Kind],
    ) -> Result<usize> {
        let filter = Filter {
            with_held: false,
            ..filter
        };
        let limit = limit as usize;
        let mut seen = HashSet::new();
        let mut page = Page {
            after,
            ..Page::newest(PAGE_LIMIT_MAX)
        };
        for _ in 0..UNREAD_MAX / PAGE_LIMIT_MAX {
            let some = self.told_ids(context, viewer, page, filter.clone()).await?;
            let is_last = some.len() < PAGE_LIMIT_MAX as usize;
            page.before = some.last().map_or(0, |one| one.id);
            let allowed = self.allowed(context, viewer, some).await?;
            seen.extend(allowed.iter().map(|one| {
                let group = one.group().filter(|_| grouped.contains(&one.kind()));
                let alone = if group.is_none() { one.id } else { 0 };
                (
                    alone,
                    group.map(|group| (group.kind, group.post_id, group.hour)),
                )
            }));
            if is_last || seen.len() >= limit {
                break;
            }
        }
        Ok(seen.len().min(limit))
    }

    async fn of_group(
        &self,
        context: &Context,
        viewer: AccountId,
        group: Group,
        page: Page,
    ) -> Result<Vec<Notification>> {
        let request = ListGroupRequest {
            account_id: viewer.get(),
            group: Some(group),
            page: Some(page.into()),
        };
        let notifications = &self.gateways.notifications;
        let listed = notifications.list_group(context, request).await?;
        Ok(listed.notifications)
    }

    /// What the viewer may see of these groups, without those of which nothing on the page is left.
    async fn left(
        &self,
        context: &Context,
        viewer: AccountId,
        groups: Vec<NotificationGroup>,
        covered: &RangeInclusive<u64>,
    ) -> Result<Vec<Left>> {
        let all = groups.iter().flat_map(|group| group.notifications.clone());
        let allowed = self.allowed(context, viewer, all.collect()).await?;
        let allowed: HashSet<u64> = allowed.into_iter().map(|one| one.id).collect();
        let left = groups.into_iter().filter_map(|group| {
            let mut notifications = group.notifications;
            notifications.retain(|one| allowed.contains(&one.id));
            let ids = notifications.iter().map(|one| one.id);
            let on_page = ids.filter(|id| covered.contains(id));
            let (oldest, newest) = (on_page.clone().min()?, on_page.max()?);
            Some(Left {
                group: group.group,
                notifications,
                page: Some(PagePart {
                    oldest: NotificationId::new(oldest),
                    newest: NotificationId::new(newest),
                }),
            })
        });
        Ok(left.collect())
    }

    async fn one_group(
        &self,
        context: &Context,
        viewer: AccountId,
        left: Left,
    ) -> Result<ToldGroup> {
        let left = Some(left).filter(|left| !left.notifications.is_empty());
        let groups = self.grouped(context, viewer, left.into_iter().collect());
        let group = groups.await?.pop();
        group.ok_or_else(|| Error::not_found("notification"))
    }

    /// Groups with what they are about.
    async fn grouped(
        &self,
        context: &Context,
        viewer: AccountId,
        groups: Vec<Left>,
    ) -> Result<Vec<ToldGroup>> {
        let named = groups.iter().flat_map(|group| sample(&group.notifications));
        let named = distinct(named.map(|one| one.from_id));
        let latest: Vec<_> = groups
            .iter()
            .filter_map(|group| group.notifications.first().copied())
            .collect();
        let (people, posts) = tokio::try_join!(
            self.people_by_id(context, named),
            self.posts_in(Place::Direct, context, Some(viewer), posts_of(&latest)),
        )?;
        let posts = posts.into_iter().map(|shown| (shown.card.head.id, shown));
        let posts: HashMap<u64, Shown> = posts.collect();
        let told = groups.into_iter().filter_map(|group| {
            let latest = *group.notifications.first()?;
            let post = match latest.post_id {
                0 => None,
                // Deleted since it was looked at.
                id => Some(posts.get(&id)?.clone()),
            };
            let named = sample(&group.notifications);
            let named = named.filter_map(|one| people.get(&one.from_id));
            let people: Vec<_> = named.map(Arc::clone).collect();
            // Those who did it are gone.
            (!people.is_empty()).then_some(ToldGroup {
                group: group.group,
                latest,
                count: group.notifications.len(),
                page: group.page,
                people,
                post,
            })
        });
        Ok(told.collect())
    }

    async fn people_by_id(
        &self,
        context: &Context,
        ids: Vec<u64>,
    ) -> Result<HashMap<u64, Arc<Person>>> {
        let mut found = HashMap::with_capacity(ids.len());
        for some in ids.chunks(PEOPLE_MAX) {
            let people = self.people(context, some.to_vec()).await?.into_iter();
            found.extend(people.map(|person| (person.account.id, person)));
        }
        Ok(found)
    }
}

fn sample(notifications: &[Notification]) -> impl Iterator<Item = &Notification> {
    notifications.iter().take(SAMPLE_MAX)
}

/// Which notifications a page holds, by the places of what stands on it, newest first: what lies
/// between a full page's last place and its end is the next page's.
fn covered(positions: &[u64], page: &Page) -> RangeInclusive<u64> {
    let is_full = positions.len() >= page.limit as usize;
    let after = page.after.saturating_add(1);
    match page.direction {
        Direction::Older => {
            let last = positions.last().copied().filter(|_| is_full);
            last.unwrap_or(after)..=page.before.saturating_sub(1)
        }
        Direction::Newer => {
            let last = positions.first().copied().filter(|_| is_full);
            after..=last.unwrap_or(u64::MAX)
        }
    }
}

/// Where the listing continues. Read upwards to the end, a group stands by its oldest, and the next
/// page begins above its newest.
fn cursors(positions: &[u64], groups: &[NotificationGroup], page: &Page) -> Cursors {
    let cursors = Cursors::of(positions, page);
    let is_full = positions.len() >= page.limit as usize;
    if is_full || page.direction == Direction::Older {
        return cursors;
    }
    let ids = groups.iter().flat_map(|group| &group.notifications);
    let newest = ids.map(|one| one.id).max();
    Cursors {
        newest: newest.or(cursors.newest),
        ..cursors
    }
}
