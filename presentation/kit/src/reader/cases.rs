//! Cases, with whom and what they are about, for moderators.

use std::collections::HashMap;
use std::sync::Arc;

use business_media_gateway::MediaItem;
use business_moderation_gateway::{
    Case, CaseEvent, CaseId, GetCaseRequest, ListCaseEventsRequest, ListCasesRequest,
};
use business_posts_gateway::{IDS_MAX, ListVersionsRequest, Post, PostVersion};
use infra_kernel::{AccountId, Context, Error, Page, Result};

use super::timelines::until_something_is_left;
use super::{Listing, Reader};
use crate::card::{Card, Person, Renderings, Shown};
use crate::hydrate::distinct;
use crate::paging::Cursors;
use crate::rules::Place;

/// Which cases a moderator asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct CaseFilter {
    /// Those that are closed, in place of those that are open.
    pub resolved: bool,
    /// Only those that this account reported.
    pub reporter: Option<AccountId>,
    /// Only those about this account.
    pub target: Option<AccountId>,
}

/// A case with the people and the posts that it names.
#[derive(Debug)]
pub struct CaseFile {
    /// The case.
    pub case: Case,
    /// Who reported.
    pub reporter: Arc<Person>,
    /// Who is reported.
    pub target: Arc<Person>,
    /// Who looks after it.
    pub assignee: Option<Arc<Person>>,
    /// Who closed it.
    pub resolver: Option<Arc<Person>>,
    /// The posts that are reported, as far as they are still there.
    pub posts: Vec<Shown>,
}

impl Reader {
    /// A page of cases, newest first.
    ///
    /// # Errors
    /// When a domain is unavailable, or the moderator is none.
    pub async fn cases(
        &self,
        context: &Context,
        moderator: AccountId,
        filter: CaseFilter,
        page: Page,
    ) -> Result<Listing<CaseFile>> {
        if page.limit == 0 {
            // Nothing can be on it, and it is refused to others all the same.
            let page = Page { limit: 1, ..page };
            self.cases_page(context, moderator, filter, page).await?;
            return Ok(Listing::empty());
        }
        let read = |page| self.cases_page(context, moderator, filter, page);
        until_something_is_left(page, read).await
    }

    async fn cases_page(
        &self,
        context: &Context,
        moderator: AccountId,
        filter: CaseFilter,
        page: Page,
    ) -> Result<Listing<CaseFile>> {
        let request = ListCasesRequest {
            moderator_id: moderator.get(),
            page: Some(page.into()),
            resolved: filter.resolved,
            reporter_id: filter.reporter.map_or(0, AccountId::get),
            target_id: filter.target.map_or(0, AccountId::get),
        };
        let moderation = &self.gateways.moderation;
        let cases = moderation.list_cases(context, request).await?.cases;
        let ids: Vec<u64> = cases.iter().map(|case| case.id).collect();
        Ok(Listing {
            cursors: Cursors::of(&ids, &page),
            items: self.case_files(context, moderator, cases).await?,
        })
    }

    /// One case: as it is, or as it was at a time, in microseconds since the Unix epoch. Its
    /// posts are shown as they were when they were reported.
    ///
    /// # Errors
    /// `not_found` when there is no such case, `forbidden` when the moderator is none.
    pub async fn case(
        &self,
        context: &Context,
        moderator: AccountId,
        id: CaseId,
        at_us: Option<i64>,
    ) -> Result<CaseFile> {
        let request = GetCaseRequest {
            moderator_id: moderator.get(),
            case_id: id.get(),
            at_us,
        };
        let case = self.gateways.moderation.get_case(context, request).await?;
        self.case_file(context, moderator, case).await
    }

    /// What happened to a case, in order, each with who did it; none who has gone.
    ///
    /// # Errors
    /// As for [`Self::case`].
    pub async fn case_history(
        &self,
        context: &Context,
        moderator: AccountId,
        id: CaseId,
    ) -> Result<Vec<(CaseEvent, Option<Arc<Person>>)>> {
        let request = ListCaseEventsRequest {
            moderator_id: moderator.get(),
            case_id: id.get(),
        };
        let moderation = &self.gateways.moderation;
        let events = moderation.list_case_events(context, request).await?.events;
        let people = distinct(events.iter().map(|event| event.actor_id));
        let people = self.people(context, people).await?.into_iter();
        let people: HashMap<u64, Arc<Person>> =
            people.map(|person| (person.account.id, person)).collect();
        let actor = |event: &CaseEvent| people.get(&event.actor_id).cloned();
        let events = events.into_iter();
        Ok(events.map(|event| (event.clone(), actor(&event))).collect())
    }

    /// A case that moderation handed to this moderator, with what it names.
    ///
    /// # Errors
    /// When a domain is unavailable, or whom the case is about has gone.
    pub async fn case_file(
        &self,
        context: &Context,
        moderator: AccountId,
        case: Case,
    ) -> Result<CaseFile> {
        let mut files = self.case_files(context, moderator, vec![case]).await?;
        files.pop().ok_or_else(|| Error::not_found("report"))
    }

    /// Cases that moderation handed to this moderator; those whose accounts have gone are left out.
    async fn case_files(
        &self,
        context: &Context,
        moderator: AccountId,
        cases: Vec<Case>,
    ) -> Result<Vec<CaseFile>> {
        let people = distinct(cases.iter().flat_map(Case::account_ids));
        let posts = distinct(cases.iter().flat_map(Case::post_ids));
        let (people, posts) = tokio::try_join!(
            self.people(context, people),
            self.evidence(context, moderator, posts),
        )?;
        let people = people.into_iter().map(|person| (person.account.id, person));
        let people: HashMap<u64, Arc<Person>> = people.collect();
        let posts = posts.into_iter().map(|shown| (shown.card.head.id, shown));
        let posts: HashMap<u64, Shown> = posts.collect();
        let file = |case: Case| {
            let person = |id| people.get(&id).cloned();
            Some(CaseFile {
                reporter: person(case.reporter_id)?,
                target: person(case.target_id)?,
                assignee: person(case.assignee_id),
                resolver: person(case.resolver_id),
                posts: case
                    .post_ids()
                    .filter_map(|id| posts.get(&id).cloned())
                    .collect(),
                case,
            })
        };
        let mut files: Vec<CaseFile> = cases.into_iter().filter_map(file).collect();
        for file in &mut files {
            for shown in std::mem::take(&mut file.posts) {
                let shown = self.as_reported(context, &file.case, shown).await?;
                file.posts.push(shown);
            }
        }
        Ok(files)
    }

    /// A post as it was when it was reported: what its author has made of it since is no evidence,
    /// and nobody has reported it. Photos that were taken out are gone.
    async fn as_reported(&self, context: &Context, case: &Case, shown: Shown) -> Result<Shown> {
        let evidence = case.evidence.iter();
        let mut evidence = evidence.filter(|one| one.post_id == shown.post.id);
        let Some(evidence) = evidence.find(|one| one.revision < shown.post.revision) else {
            return Ok(shown);
        };
        let request = ListVersionsRequest {
            post_id: evidence.post_id,
            before_revision: evidence.revision + 1,
        };
        let posts = &self.gateways.posts;
        let versions = posts.list_versions(context, request).await?.versions;
        let Some(version) = versions.last() else {
            return Ok(shown);
        };
        Ok(Shown {
            card: Arc::new(at_version(&shown.card, version)),
            ..shown
        })
    }

    /// Posts that cases name, by id.
    async fn evidence(
        &self,
        context: &Context,
        moderator: AccountId,
        ids: Vec<u64>,
    ) -> Result<Vec<Shown>> {
        let mut posts = Vec::with_capacity(ids.len());
        // A page of cases names more posts than one call returns, and each may be a reshare, whose
        // original is asked for too.
        for ids in ids.chunks(IDS_MAX / 2) {
            let some = self.posts_in(Place::Case, context, Some(moderator), ids.to_vec());
            posts.extend(some.await?);
        }
        Ok(posts)
    }
}

/// A card of what a post said before.
fn at_version(card: &Card, version: &PostVersion) -> Card {
    let media = version.media.iter().filter_map(|then| {
        let item = card.media.iter().find(|item| item.id == then.media_id)?;
        Some(MediaItem {
            description: then.description.clone(),
            ..item.clone()
        })
    });
    Card {
        head: card.head.clone(),
        post: Post {
            text: version.text.clone(),
            spoiler_text: version.spoiler_text.clone(),
            sensitive: version.sensitive,
            media_ids: version.media.iter().map(|item| item.media_id).collect(),
            ..card.post.clone()
        },
        author: Arc::clone(&card.author),
        media: media.collect(),
        application: card.application.clone(),
        renderings: Renderings::default(),
    }
}
