//! Lists of accounts, as far as the calls of the graph and the feed are about them.

use business_graph_gateway::*;
use infra_kernel::{Error, Result};
use product_feed_gateway::{FeedEntry, GetListTimelineReply, GetListTimelineRequest};

use super::World;

impl World {
    pub(crate) fn list_created(&self, request: CreateListRequest) -> CreateListReply {
        let list = AccountList {
            id: self.next_id(),
            owner_id: request.owner_id,
            title: request.title,
            replies_policy: request.replies_policy.max(RepliesPolicy::List.into()),
            exclusive: request.exclusive,
        };
        self.lists.lock().unwrap().push((list.clone(), Vec::new()));
        CreateListReply { list: Some(list) }
    }

    pub(crate) fn list_updated(&self, request: UpdateListRequest) -> Result<UpdateListReply> {
        self.with_list(request.owner_id, request.list_id, |list, _| {
            list.title = request.title.unwrap_or_else(|| list.title.clone());
            list.exclusive = request.exclusive.unwrap_or(list.exclusive);
            if request.replies_policy != 0 {
                list.replies_policy = request.replies_policy;
            }
            UpdateListReply {
                list: Some(list.clone()),
            }
        })
    }

    pub(crate) fn list_deleted(&self, request: DeleteListRequest) -> Result<DeleteListReply> {
        self.with_list(request.owner_id, request.list_id, |_, _| ())?;
        let mut lists = self.lists.lock().unwrap();
        lists.retain(|(list, _)| list.id != request.list_id);
        Ok(DeleteListReply {})
    }

    pub(crate) fn lists_of(&self, request: ListListsRequest) -> ListListsReply {
        let lists = self.lists.lock().unwrap();
        let is_on = |members: &[ListMember]| {
            let mut members = members.iter();
            request.member_id == 0 || members.any(|one| one.member_id == request.member_id)
        };
        let mine = lists
            .iter()
            .filter(|(list, members)| list.owner_id == request.owner_id && is_on(members));
        ListListsReply {
            lists: mine.map(|(list, _)| list.clone()).collect(),
        }
    }

    pub(crate) fn list_shown(&self, request: GetListRequest) -> Result<GetListReply> {
        self.with_list(request.owner_id, request.list_id, |list, members| {
            GetListReply {
                list: Some(list.clone()),
                member_ids: members.iter().map(|member| member.member_id).collect(),
            }
        })
    }

    pub(crate) fn added_to_list(&self, request: &AddToListRequest) -> Result<AddToListReply> {
        let ids = request.member_ids.iter();
        let added = ids.map(|member_id| ListMember {
            id: self.next_id(),
            member_id: *member_id,
        });
        let added: Vec<ListMember> = added.collect();
        self.with_list(request.owner_id, request.list_id, |_, members| {
            members.splice(0..0, added);
            AddToListReply {}
        })
    }

    pub(crate) fn removed_from_list(
        &self,
        request: &RemoveFromListRequest,
    ) -> Result<RemoveFromListReply> {
        self.with_list(request.owner_id, request.list_id, |_, members| {
            members.retain(|member| !request.member_ids.contains(&member.member_id));
            RemoveFromListReply {}
        })
    }

    pub(crate) fn members_listed(&self, request: ListMembersRequest) -> Result<ListMembersReply> {
        let page = request.page.unwrap_or_default();
        self.with_list(request.owner_id, request.list_id, |_, members| {
            let below = members
                .iter()
                .filter(|member| page.before == 0 || member.id < page.before);
            ListMembersReply {
                members: below.take(page.limit as usize).copied().collect(),
            }
        })
    }

    pub(crate) fn list_timeline(
        &self,
        request: &GetListTimelineRequest,
    ) -> Result<GetListTimelineReply> {
        let list = GetListRequest {
            owner_id: request.account_id,
            list_id: request.list_id,
        };
        let members = self.list_shown(list)?.member_ids;
        let heads = self.page(request.page, |post| members.contains(&post.author_id));
        let entries = heads.into_iter().map(|head| FeedEntry {
            post_id: head.id,
            author_id: head.author_id,
        });
        Ok(GetListTimelineReply {
            entries: entries.collect(),
        })
    }

    fn with_list<T>(
        &self,
        owner: u64,
        id: u64,
        act: impl FnOnce(&mut AccountList, &mut Vec<ListMember>) -> T,
    ) -> Result<T> {
        let mut lists = self.lists.lock().unwrap();
        let found = lists
            .iter_mut()
            .find(|(list, _)| (list.owner_id, list.id) == (owner, id));
        let (list, members) = found.ok_or_else(|| Error::not_found("list"))?;
        Ok(act(list, members))
    }
}
