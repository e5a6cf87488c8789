//! Reads the timeline of a list: the posts and reshares of those who are on it, merged when it is
//! asked for.
//!
//! Nothing of it is kept. A list has a bounded number of accounts, whose newest posts the posts'
//! domain has in memory, and few lists are read as often as a home timeline is: a kept one would
//! cost a write for every post of everyone who is on some list.

use std::collections::HashSet;

use business_graph_gateway::{GetListRequest, ListId, RepliesPolicy};
use infra_kernel::{AccountId, Context, Page};

use crate::audience::Entry;
use crate::error::Result;
use crate::history::Follows;
use crate::state::State;

/// A page of the timeline of an account's list, newest first.
pub(super) async fn get_list_timeline(
    state: &State,
    context: &Context,
    reader: AccountId,
    list: ListId,
    page: &Page,
) -> Result<Vec<Entry>> {
    let request = GetListRequest {
        owner_id: reader.get(),
        list_id: list.get(),
    };
    let reply = state.sources.graph.get_list(context, request).await?;
    let members: Vec<_> = reply.member_ids.into_iter().map(AccountId::new).collect();
    let policy = reply
        .list
        .map_or(RepliesPolicy::List, |list| list.replies_policy());
    // Everyone on a list is followed, so of replies to strangers less is shown, never more.
    let replied_to: HashSet<AccountId> = match policy {
        RepliesPolicy::None => HashSet::new(),
        _ => members.iter().copied().collect(),
    };
    let follows = match policy {
        RepliesPolicy::Followed => Follows::Asked,
        _ => Follows::Known(&replied_to),
    };
    // To read all of it from the posts may cost as much as to make a timeline.
    let _permit = state.timelines.admit_list().await?;
    let history = state.sources.history(context, reader);
    let slice = history.slice(&members, follows, page).await?;
    let entries = slice.timeline_entries.iter();
    Ok(entries.map(|timeline_entry| timeline_entry.entry).collect())
}
