//! People by id and by name, and whom they follow.

use std::collections::HashMap;
use std::sync::Arc;

use business_accounts_gateway::FindLocalAccountsRequest;
use business_graph_gateway::{
    CountFollowRequestsRequest, ListBlocksRequest, ListFollowRequestsRequest, ListFollowsRequest,
    ListId, ListMembersRequest, ListMutesRequest,
};
use infra_kernel::{AccountId, Context, Error, Page, Result};

use super::{Listing, Reader};
use crate::card::Person;
use crate::paging::Cursors;
use crate::rules::ViewerRelation;

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
        viewer: Option<AccountId>,
        account: AccountId,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        if page.limit == 0 || self.is_hidden(context, viewer, account).await? {
            return Ok(Listing::empty());
        }
        let request = follows_of(account, page);
        let follows = self.gateways.graph.list_followers(context, request).await?;
        let follows = follows.follows.iter();
        let entries = follows.map(|follow| (follow.id, follow.follower_id));
        let people = self.people_of(context, entries.collect(), page).await?;
        self.without_hidden(context, viewer, account, people).await
    }

    /// A page of those whom an account follows.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn following(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        account: AccountId,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        if page.limit == 0 || self.is_hidden(context, viewer, account).await? {
            return Ok(Listing::empty());
        }
        let request = follows_of(account, page);
        let follows = self.gateways.graph.list_following(context, request).await?;
        let follows = follows.follows.iter();
        let entries = follows.map(|follow| (follow.id, follow.followee_id));
        let people = self.people_of(context, entries.collect(), page).await?;
        self.without_hidden(context, viewer, account, people).await
    }

    /// A page of those whom the viewer blocks.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn blocked(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        if page.limit == 0 {
            return Ok(Listing::empty());
        }
        let request = ListBlocksRequest::new(viewer, page);
        let blocks = self.gateways.graph.list_blocks(context, request).await?;
        let blocks = blocks.blocks.iter();
        let entries = blocks.map(|block| (block.id, block.blockee_id));
        self.people_of(context, entries.collect(), page).await
    }

    /// A page of those who ask to follow the viewer.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn asking(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        if page.limit == 0 {
            return Ok(Listing::empty());
        }
        let request = ListFollowRequestsRequest::new(viewer, page);
        let graph = &self.gateways.graph;
        let requests = graph.list_follow_requests(context, request).await?.requests;
        let entries = requests.iter().map(|asked| (asked.id, asked.follower_id));
        self.people_of(context, entries.collect(), page).await
    }

    /// How many ask to follow the viewer, counted up to a bound.
    ///
    /// # Errors
    /// When the graph is unavailable, or the context does not speak for the viewer.
    pub async fn asking_count(&self, context: &Context, viewer: AccountId) -> Result<u64> {
        let request = CountFollowRequestsRequest {
            account_id: viewer.get(),
        };
        let graph = &self.gateways.graph;
        Ok(graph.count_follow_requests(context, request).await?.count)
    }

    /// A page of those whom the viewer mutes, each with when the mute ends by itself, in
    /// microseconds since the Unix epoch; 0 for one that does not.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn muted(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<(Arc<Person>, i64)>> {
        if page.limit == 0 {
            return Ok(Listing::empty());
        }
        let request = ListMutesRequest::new(viewer, page);
        let mutes = self.gateways.graph.list_mutes(context, request).await?;
        let ids: Vec<u64> = mutes.mutes.iter().map(|mute| mute.id).collect();
        let people = mutes.mutes.iter().map(|mute| mute.mutee_id).collect();
        let ends = mutes.mutes.iter();
        let ends: HashMap<u64, i64> = ends
            .map(|mute| (mute.mutee_id, mute.expires_at_us))
            .collect();
        let end_of = |person: &Person| ends.get(&person.account.id).copied().unwrap_or_default();
        let people = self.people(context, people).await?.into_iter();
        Ok(Listing {
            cursors: Cursors::of(&ids, &page),
            items: people
                .map(|person| (Arc::clone(&person), end_of(&person)))
                .collect(),
        })
    }

    /// A page of those who are on one of the viewer's lists.
    ///
    /// # Errors
    /// `not_found` when the viewer has no such list; when a domain is unavailable.
    pub async fn on_list(
        &self,
        context: &Context,
        viewer: AccountId,
        list: ListId,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        if page.limit == 0 {
            return Ok(Listing::empty());
        }
        let request = ListMembersRequest {
            owner_id: viewer.get(),
            list_id: list.get(),
            page: Some(page.into()),
        };
        let graph = &self.gateways.graph;
        let members = graph.list_members(context, request).await?.members;
        let entries = members.iter().map(|member| (member.id, member.member_id));
        self.people_of(context, entries.collect(), page).await
    }

    /// Whether an account keeps from the viewer whom it follows and who follows it.
    async fn is_hidden(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        account: AccountId,
    ) -> Result<bool> {
        let id = account.get();
        let relationships = self.relationships(context, viewer, vec![id]).await?;
        let relation = ViewerRelation::of(viewer, account, relationships.get(&id));
        Ok(!relation.is_author() && relation.is_blocked())
    }

    /// A list about an account; its own is whole.
    async fn without_hidden(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        account: AccountId,
        listing: Listing<Arc<Person>>,
    ) -> Result<Listing<Arc<Person>>> {
        if viewer == Some(account) {
            return Ok(listing);
        }
        Ok(Listing {
            items: self.listed(context, viewer, listing.items).await?,
            ..listing
        })
    }

    /// Of these people those that the viewer may be shown in a list that is not about them.
    pub(super) async fn listed(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        mut people: Vec<Arc<Person>>,
    ) -> Result<Vec<Arc<Person>>> {
        let ids = people.iter().map(|person| person.account.id).collect();
        let relationships = self.relationships(context, viewer, ids).await?;
        people.retain(|person| {
            let id = person.account.id;
            let relationship = relationships.get(&id);
            ViewerRelation::of(viewer, AccountId::new(id), relationship).is_listed()
        });
        Ok(people)
    }

    /// People by the ids of entries and of whom they are about. A list of entries is in their
    /// order, so the cursors are the entries' ids, not the people's.
    pub(super) async fn people_of(
        &self,
        context: &Context,
        entries: Vec<(u64, u64)>,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        let (ids, people): (Vec<u64>, Vec<u64>) = entries.into_iter().unzip();
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
