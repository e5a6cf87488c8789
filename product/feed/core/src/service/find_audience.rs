//! In which timelines a post belongs, of accounts and lists that somebody looks at now: the same
//! rule by which timelines are made, asked from the post's side, so that a few calls serve many.

use std::collections::HashSet;

use business_graph_gateway::{AccountList, FindListsHoldingRequest, RepliesPolicy};
use business_posts_gateway::{FindTagFollowersRequest, PostHead, Visibility};
use infra_kernel::{AccountId, Context, Error};
use product_feed_gateway::{AUDIENCE_MAX, FindAudienceReply, FindAudienceRequest};

use crate::audience::Delivery;
use crate::error::Result;
use crate::followers::followers_among;
use crate::state::State;

pub(super) async fn find_audience(
    state: &State,
    context: &Context,
    request: FindAudienceRequest,
) -> Result<FindAudienceReply> {
    for (field, ids) in [
        ("account_ids", &request.account_ids),
        ("list_ids", &request.list_ids),
    ] {
        if ids.len() > AUDIENCE_MAX {
            let sentence = format!("At most {AUDIENCE_MAX} can be asked for at once.");
            return Err(Error::invalid(field, sentence).into());
        }
    }
    let delivery = delivery_of(&request);
    let lists = lists_of(state, context, &delivery, &request).await?;
    Ok(FindAudienceReply {
        account_ids: accounts_of(state, context, &delivery, request).await?,
        list_ids: lists,
    })
}

/// As far as it matters here: public stands for all that is for followers.
fn delivery_of(request: &FindAudienceRequest) -> Delivery {
    let visibility = match request.direct {
        true => Visibility::Direct,
        false => Visibility::Public,
    };
    Delivery::of(&PostHead {
        author_id: request.author_id,
        in_reply_to_author_id: request.in_reply_to_author_id,
        visibility: visibility.into(),
        mentioned_ids: request.mentioned_ids.clone(),
        ..PostHead::default()
    })
}

/// The author and those followers whom it is for, and who follow a hashtag of it.
async fn accounts_of(
    state: &State,
    context: &Context,
    delivery: &Delivery,
    request: FindAudienceRequest,
) -> Result<Vec<u64>> {
    if request.account_ids.is_empty() {
        return Ok(Vec::new());
    }
    let author = delivery.timeline_entry.entry.author;
    let asked = request.account_ids.iter().copied();
    let asked: Vec<_> = asked.map(AccountId::new).collect();
    let graph = &*state.sources.graph;
    let mut near = followers_among(graph, context, author, &asked).await?;
    if asked.contains(&author) {
        near.push(author);
    }
    let both = match delivery.timeline_entry.replied_to {
        Some(replied_to) => followers_among(graph, context, replied_to, &near).await?,
        None => Vec::new(),
    };
    let both: HashSet<_> = both.into_iter().collect();
    near.retain(|reader| delivery.is_for(*reader, |_| both.contains(reader)));
    let mut found: Vec<u64> = near.into_iter().map(AccountId::get).collect();
    if !request.tag_names.is_empty() {
        let request = FindTagFollowersRequest {
            names: request.tag_names,
            account_ids: request.account_ids,
        };
        let posts = &state.sources.posts;
        let reply = posts.find_tag_followers(context, request).await?;
        found.extend(reply.account_ids);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The lists that the author is on and whose owners the post is for.
async fn lists_of(
    state: &State,
    context: &Context,
    delivery: &Delivery,
    request: &FindAudienceRequest,
) -> Result<Vec<u64>> {
    let author = delivery.timeline_entry.entry.author;
    let mut lists = holding(state, context, author, &request.list_ids).await?;
    let Some(replied_to) = delivery
        .timeline_entry
        .replied_to
        .filter(|_| !lists.is_empty())
    else {
        lists.retain(|list| delivery.is_for(owner(list), |_| true));
        return Ok(lists.into_iter().map(|list| list.id).collect());
    };
    let ids: Vec<u64> = lists.iter().map(|list| list.id).collect();
    let with_both = holding(state, context, replied_to, &ids).await?;
    let with_both: HashSet<u64> = with_both.iter().map(|list| list.id).collect();
    let owners: Vec<_> = lists.iter().map(owner).collect();
    let graph = &*state.sources.graph;
    let following = followers_among(graph, context, replied_to, &owners).await?;
    let following: HashSet<_> = following.into_iter().collect();
    lists.retain(|list| {
        let takes = |_| match list.replies_policy() {
            RepliesPolicy::None => false,
            RepliesPolicy::Followed => following.contains(&owner(list)),
            RepliesPolicy::List | RepliesPolicy::Unspecified => with_both.contains(&list.id),
        };
        delivery.is_for(owner(list), takes)
    });
    Ok(lists.into_iter().map(|list| list.id).collect())
}

async fn holding(
    state: &State,
    context: &Context,
    member: AccountId,
    list_ids: &[u64],
) -> Result<Vec<AccountList>> {
    if list_ids.is_empty() {
        return Ok(Vec::new());
    }
    let request = FindListsHoldingRequest {
        member_id: member.get(),
        list_ids: list_ids.to_vec(),
    };
    let graph = &state.sources.graph;
    Ok(graph.find_lists_holding(context, request).await?.lists)
}

const fn owner(list: &AccountList) -> AccountId {
    AccountId::new(list.owner_id)
}
