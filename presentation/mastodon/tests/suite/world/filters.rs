//! Filters, as far as the calls of the graph are about them.

use business_graph_gateway::*;
use infra_kernel::{Error, Result};

use super::{NOON_US, World};

const SECOND_US: i64 = 1_000_000;

impl World {
    pub(crate) fn filter_created(&self, request: CreateFilterRequest) -> Result<CreateFilterReply> {
        if request.title.is_empty() {
            let sentence = "Validation failed: Title can't be blank";
            return Err(Error::invalid("title", sentence));
        }
        let mut filter = AccountFilter {
            id: self.next_id(),
            owner_id: request.owner_id,
            title: request.title,
            contexts: request.contexts.unwrap_or_default().contexts,
            action: request.action.max(FilterAction::Warn.into()),
            expires_at_us: end_of(request.expires_in_s),
            ..AccountFilter::default()
        };
        for change in request.keywords {
            self.apply(&mut filter, change)?;
        }
        self.filters.lock().unwrap().push(filter.clone());
        Ok(CreateFilterReply {
            filter: Some(filter),
        })
    }

    pub(crate) fn filter_updated(&self, request: UpdateFilterRequest) -> Result<UpdateFilterReply> {
        let mut filters = self.filters.lock().unwrap();
        let mut filters = filters.iter_mut();
        let place = (request.owner_id, request.filter_id);
        let filter = filters.find(|filter| (filter.owner_id, filter.id) == place);
        let filter = filter.ok_or_else(|| Error::not_found("filter"))?;
        filter.title = request.title.unwrap_or_else(|| filter.title.clone());
        if let Some(given) = request.contexts {
            filter.contexts = given.contexts;
        }
        if request.action != 0 {
            filter.action = request.action;
        }
        filter.expires_at_us = request.expires_in_s.map_or(filter.expires_at_us, end_of);
        for change in request.keywords {
            self.apply(filter, change)?;
        }
        Ok(UpdateFilterReply {
            filter: Some(filter.clone()),
        })
    }

    fn apply(&self, filter: &mut AccountFilter, change: KeywordChange) -> Result<()> {
        if change.id == 0 {
            filter.keywords.push(FilterKeyword {
                id: self.next_id(),
                keyword: change.keyword.unwrap_or_default(),
                whole_word: change.whole_word.unwrap_or(true),
            });
            return Ok(());
        }
        let mut keywords = filter.keywords.iter_mut();
        let keyword = keywords.find(|keyword| keyword.id == change.id);
        let keyword = keyword.ok_or_else(|| Error::not_found("keyword"))?;
        keyword.keyword = change.keyword.unwrap_or_else(|| keyword.keyword.clone());
        keyword.whole_word = change.whole_word.unwrap_or(keyword.whole_word);
        if change.remove {
            filter.keywords.retain(|keyword| keyword.id != change.id);
        }
        Ok(())
    }

    pub(crate) fn filter_deleted(&self, request: DeleteFilterRequest) -> Result<DeleteFilterReply> {
        let mut filters = self.filters.lock().unwrap();
        let place = (request.owner_id, request.filter_id);
        let filters_before = filters.len();
        filters.retain(|filter| (filter.owner_id, filter.id) != place);
        if filters.len() == filters_before {
            return Err(Error::not_found("filter"));
        }
        Ok(DeleteFilterReply {})
    }

    pub(crate) fn filtered_post_added(
        &self,
        request: AddFilteredPostRequest,
    ) -> Result<AddFilteredPostReply> {
        let post = FilteredPost {
            id: self.next_id(),
            post_id: request.post_id,
        };
        let mut filters = self.filters.lock().unwrap();
        let mut filters = filters.iter_mut();
        let place = (request.owner_id, request.filter_id);
        let filter = filters.find(|filter| (filter.owner_id, filter.id) == place);
        let filter = filter.ok_or_else(|| Error::not_found("filter"))?;
        filter.posts.push(post);
        Ok(AddFilteredPostReply { post: Some(post) })
    }

    pub(crate) fn filtered_post_removed(
        &self,
        request: RemoveFilteredPostRequest,
    ) -> Result<RemoveFilteredPostReply> {
        let mut filters = self.filters.lock().unwrap();
        let mut own = filters
            .iter_mut()
            .filter(|filter| filter.owner_id == request.owner_id);
        let filter = own.find(|filter| filter.posts.iter().any(|post| post.id == request.id));
        let filter = filter.ok_or_else(|| Error::not_found("status"))?;
        filter.posts.retain(|post| post.id != request.id);
        Ok(RemoveFilteredPostReply {})
    }

    pub(crate) fn filters_of(&self, owner_id: u64) -> Vec<AccountFilter> {
        let mut filters = self.filters.lock().unwrap().clone();
        filters.retain(|filter| filter.owner_id == owner_id);
        filters
    }

    /// As the graph does it, each time another one, as if it kept nothing in memory.
    pub(crate) fn filters_revision_of(&self, owner_id: u64) -> u64 {
        match self.filters_of(owner_id).is_empty() {
            true => 0,
            false => self.next_id(),
        }
    }
}

fn end_of(seconds: u64) -> i64 {
    match seconds.cast_signed() {
        0 => 0,
        seconds => NOON_US + seconds * SECOND_US,
    }
}
