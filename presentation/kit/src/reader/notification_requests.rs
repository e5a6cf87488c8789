//! Notifications that are held for a viewer, by who sent them.

use std::collections::HashMap;
use std::sync::Arc;

use infra_kernel::{AccountId, Context, Error, Page, Result};
use product_notifications_gateway::{
    GetRequestRequest, ListRequestsRequest, Notification, REQUESTS_LIMIT_MAX, Request,
};

use super::timelines::until_something_is_left;
use super::{Listing, Reader};
use crate::card::{Person, Shown};
use crate::hydrate::distinct;
use crate::paging::Cursors;
use crate::rules::Place;

/// What is held of one account and the viewer may see, with what it is about.
#[derive(Debug)]
pub struct ShownRequest {
    /// Who sent it.
    pub from: Arc<Person>,
    /// What is held, newest first; never nothing.
    pub notifications: Vec<Notification>,
    /// The newest post that it is about.
    pub last: Option<Shown>,
}

/// How much is held for a viewer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Held {
    /// Of how many accounts; the latest 80 are counted.
    pub requests: u32,
    /// How many notifications of theirs.
    pub notifications: u32,
}

impl Reader {
    /// A page of the viewer's requests, the newest account first. What they may not see, or no
    /// longer, is left out.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn notification_requests(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<ShownRequest>> {
        let read = |page| self.notification_requests_page(context, viewer, page);
        until_something_is_left(page, read).await
    }

    async fn notification_requests_page(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<ShownRequest>> {
        let requests = self.requests(context, viewer, page).await?;
        let ids: Vec<u64> = requests.iter().map(|one| one.from_id).collect();
        let seen = self.seen_requests(context, viewer, requests).await?;
        Ok(Listing {
            cursors: Cursors::of(&ids, &page),
            items: self.shown_requests(context, viewer, seen).await?,
        })
    }

    /// What is held of one account.
    ///
    /// # Errors
    /// `not_found` when there is nothing, or nothing that the viewer may see: the two cannot be
    /// distinguished.
    pub async fn notification_request(
        &self,
        context: &Context,
        viewer: AccountId,
        from: AccountId,
    ) -> Result<ShownRequest> {
        let request = GetRequestRequest {
            account_id: viewer.get(),
            from_id: from.get(),
        };
        let notifications = &self.gateways.notifications;
        let found = notifications.get_request(context, request).await?.request;
        let found = found.into_iter().collect();
        let seen = self.seen_requests(context, viewer, found).await?;
        let shown = self.shown_requests(context, viewer, seen).await?.pop();
        shown.ok_or_else(|| Error::not_found("notification request"))
    }

    /// How much is held for the viewer that they may see.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn held(&self, context: &Context, viewer: AccountId) -> Result<Held> {
        let page = Page::newest(REQUESTS_LIMIT_MAX);
        let requests = self.requests(context, viewer, page).await?;
        let seen = self.seen_requests(context, viewer, requests).await?;
        let notifications = seen.iter().map(|one| one.notifications.len()).sum();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Held {
            requests: count(seen.len()),
            notifications: count(notifications),
        })
    }

    async fn requests(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Vec<Request>> {
        let request = ListRequestsRequest {
            account_id: viewer.get(),
            page: Some(page.into()),
        };
        let notifications = &self.gateways.notifications;
        Ok(notifications
            .list_requests(context, request)
            .await?
            .requests)
    }

    /// These requests with what the viewer may see of them, by the rule of what they are told of: a
    /// count of the rest would tell of it. Those of which nothing is left are left out.
    async fn seen_requests(
        &self,
        context: &Context,
        viewer: AccountId,
        requests: Vec<Request>,
    ) -> Result<Vec<Request>> {
        let senders: Vec<u64> = requests.iter().map(|one| one.from_id).collect();
        let all = requests.into_iter().flat_map(|one| one.notifications);
        let mut theirs: HashMap<u64, Vec<Notification>> = HashMap::new();
        for one in self.allowed(context, viewer, all.collect()).await? {
            theirs.entry(one.from_id).or_default().push(one);
        }
        let seen = senders.into_iter().filter_map(|from_id| {
            let notifications = theirs.remove(&from_id)?;
            Some(Request {
                from_id,
                notifications,
            })
        });
        Ok(seen.collect())
    }

    async fn shown_requests(
        &self,
        context: &Context,
        viewer: AccountId,
        requests: Vec<Request>,
    ) -> Result<Vec<ShownRequest>> {
        let senders = requests.iter().map(|one| one.from_id).collect();
        let posts = distinct(requests.iter().filter_map(latest_post));
        let (people, posts) = tokio::try_join!(
            self.people(context, senders),
            self.posts_in(Place::Direct, context, Some(viewer), posts),
        )?;
        let people = people.into_iter().map(|person| (person.account.id, person));
        let people: HashMap<u64, Arc<Person>> = people.collect();
        let posts = posts.into_iter().map(|shown| (shown.card.head.id, shown));
        let posts: HashMap<u64, Shown> = posts.collect();
        let shown = requests.into_iter().filter_map(|request| {
            Some(ShownRequest {
                from: Arc::clone(people.get(&request.from_id)?),
                last: latest_post(&request).and_then(|id| posts.get(&id).cloned()),
                notifications: request.notifications,
            })
        });
        Ok(shown.collect())
    }
}

/// The newest post that a request is about.
fn latest_post(request: &Request) -> Option<u64> {
    let posts = request.notifications.iter().map(|one| one.post_id);
    posts.filter(|id| *id != 0).max()
}
