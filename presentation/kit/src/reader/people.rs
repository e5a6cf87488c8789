//! People by id and by name, and whom they follow.

use std::sync::Arc;

use business_accounts_gateway::FindLocalAccountsRequest;
use business_graph_gateway::{Follow, ListFollowsReply, ListFollowsRequest};
use infra_kernel::{AccountId, Context, Error, Page, Result};

use super::{Listing, Reader};
use crate::card::Person;
use crate::paging::Cursors;

impl Reader {
    /// People by id, in the order asked.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn people(&self, context: &Context, ids: Vec<u64>) -> Result<Vec<Arc<Person>>> {
        self.hydrator.people(context, ids).await
    }

    /// One person.
    ///
    /// # Errors
    /// `not_found` when there is no such account.
    pub async fn person(&self, context: &Context, id: AccountId) -> Result<Arc<Person>> {
        self.people(context, vec![id.get()])
            .await?
            .pop()
            .ok_or_else(|| Error::not_found("account"))
    }

    /// One person by name, with or without `@` and this server's own domain.
    ///
    /// # Errors
    /// `not_found` when there is no such account.
    pub async fn person_named(
        &self,
        context: &Context,
        name: &str,
        domain: &str,
    ) -> Result<Arc<Person>> {
        let name = name.strip_prefix('@').unwrap_or(name);
        let local = match name.split_once('@') {
            Some((local, at)) if at.eq_ignore_ascii_case(domain) => local,
            Some(_) => return Err(Error::not_found("account")),
            None => name,
        };
        let request = FindLocalAccountsRequest {
            usernames: vec![local.to_owned()],
        };
        let found = self
            .gateways
            .accounts
            .find_local_accounts(context, request)
            .await?
            .accounts;
        let account = found.first().ok_or_else(|| Error::not_found("account"))?;
        self.person(context, AccountId::new(account.id)).await
    }

    /// A page of an account's followers.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn followers(
        &self,
        context: &Context,
        account: AccountId,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        if page.limit == 0 {
            return Ok(Listing::empty());
        }
        let request = follows_of(account, page);
        let follows = self.gateways.graph.list_followers(context, request).await?;
        self.listed_people(context, follows, page, |follow| follow.follower_id)
            .await
    }

    /// A page of those whom an account follows.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn following(
        &self,
        context: &Context,
        account: AccountId,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        if page.limit == 0 {
            return Ok(Listing::empty());
        }
        let request = follows_of(account, page);
        let follows = self.gateways.graph.list_following(context, request).await?;
        self.listed_people(context, follows, page, |follow| follow.followee_id)
            .await
    }

    async fn listed_people(
        &self,
        context: &Context,
        follows: ListFollowsReply,
        page: Page,
        whom: fn(&Follow) -> u64,
    ) -> Result<Listing<Arc<Person>>> {
        let ids: Vec<u64> = follows.follows.iter().map(|follow| follow.id).collect();
        let people = follows.follows.iter().map(whom).collect();
        Ok(Listing {
            cursors: Cursors::of(&ids, &page),
            items: self.people(context, people).await?,
        })
    }
}

/// Asks for a page of an account's followers, or of those it follows.
fn follows_of(account: AccountId, page: Page) -> ListFollowsRequest {
    ListFollowsRequest {
        account_id: account.get(),
        page: Some(page.into()),
    }
}
