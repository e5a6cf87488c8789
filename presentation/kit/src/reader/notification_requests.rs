//! Notifications that are held for a viewer, by who sent them.

use std::collections::HashMap;
use std::sync::Arc;

use infra_kernel::{AccountId, Context, Error, Page, Result};
use product_notifications_gateway::{
    GetRequestRequest, ListRequestsRequest, NotificationId, REQUESTS_LIMIT_MAX, Request,
};

use super::timelines::until_something_is_left;
use super::{Listing, Reader};
use crate::card::{Person, Shown};
use crate::hydrate::distinct;
use crate::paging::Cursors;
use crate::rules::{Place, ViewerRelation, may_be_told_of};

/// What is held of one account, with what it is about.
#[derive(Debug)]
pub struct ShownRequest {
    /// How much is held, and since when.
    pub request: Request,
    /// Who sent it.
    pub from: Arc<Person>,
    /// The newest post that it is about, where the viewer may see it.
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
    /// A page of the viewer's requests, the latest first. Those of accounts of which they are not
    /// told are left out.
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
        let ids: Vec<u64> = requests.iter().map(|one| one.id).collect();
        let welcome = self.welcome_requests(context, viewer, requests).await?;
        Ok(Listing {
            cursors: Cursors::of(&ids, &page),
            items: self.shown_requests(context, viewer, welcome).await?,
        })
    }

    /// The viewer's request that a held notification belongs to.
    ///
    /// # Errors
    /// `not_found` when there is none, or it is of an account of which they are not told.
    pub async fn notification_request(
        &self,
        context: &Context,
        viewer: AccountId,
        id: NotificationId,
    ) -> Result<ShownRequest> {
        let request = GetRequestRequest {
            account_id: viewer.get(),
            request_id: id.get(),
        };
        let notifications = &self.gateways.notifications;
        let found = notifications.get_request(context, request).await?.request;
        let found = found.into_iter().collect();
        let welcome = self.welcome_requests(context, viewer, found).await?;
        let shown = self.shown_requests(context, viewer, welcome).await?.pop();
        shown.ok_or_else(|| Error::not_found("notification request"))
    }

    /// How much is held for the viewer, of accounts of which they are told.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn held(&self, context: &Context, viewer: AccountId) -> Result<Held> {
        let page = Page::newest(REQUESTS_LIMIT_MAX);
        let requests = self.requests(context, viewer, page).await?;
        let welcome = self.welcome_requests(context, viewer, requests).await?;
        let notifications = welcome.iter().map(|one| one.notifications_count);
        Ok(Held {
            requests: u32::try_from(welcome.len()).unwrap_or(REQUESTS_LIMIT_MAX),
            notifications: notifications.sum(),
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

    /// Those of these requests that are of accounts of which the viewer is told.
    async fn welcome_requests(
        &self,
        context: &Context,
        viewer: AccountId,
        mut requests: Vec<Request>,
    ) -> Result<Vec<Request>> {
        if requests.is_empty() {
            return Ok(requests);
        }
        let senders = requests.iter().map(|one| one.from_id).collect();
        let known = self.relationships(context, Some(viewer), senders).await?;
        requests.retain(|one| {
            let sender = AccountId::new(one.from_id);
            let known = known.get(&one.from_id);
            may_be_told_of(&ViewerRelation::of(Some(viewer), sender, known))
        });
        Ok(requests)
    }

    async fn shown_requests(
        &self,
        context: &Context,
        viewer: AccountId,
        requests: Vec<Request>,
    ) -> Result<Vec<ShownRequest>> {
        let senders = requests.iter().map(|one| one.from_id).collect();
        let posts = requests.iter().map(|one| one.latest_post_id);
        let posts = distinct(posts.filter(|id| *id != 0));
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
                last: posts.get(&request.latest_post_id).cloned(),
                request,
            })
        });
        Ok(shown.collect())
    }
}
