//! Whom a post may be told of: those who listen where it belongs. Whether they may see it is asked
//! of the reader, for each of them.

use std::collections::HashMap;

use business_graph_gateway::ListId;
use business_posts_gateway::{GetPostsRequest, PostHead, Visibility};
use infra_kernel::{AccountId, Context, Result};
use presentation_kit::rules::Place;
use product_feed_gateway::{AUDIENCE_MAX, FindAudienceReply, FindAudienceRequest};

use super::hub::Hub;
use super::listener::Subscriber;
use super::stream::Channel;

/// Somebody who listens where a post belongs.
pub(super) struct Target {
    pub(super) account: AccountId,
    /// Where it would be shown to them.
    pub(super) place: Place,
    pub(super) subscribers: Vec<Subscriber>,
}

/// The hashtags in whose lists a post stands, as far as anybody may hear of it by them.
pub(super) async fn tag_names(
    hub: &Hub,
    context: &Context,
    head: &PostHead,
) -> Result<Vec<String>> {
    let is_heard = hub.hears_tags() || !hub.accounts(&Channel::Home).is_empty();
    let is_listed = head.visibility() == Visibility::Public && head.reshare_of_id == 0;
    if !is_heard || !is_listed {
        return Ok(Vec::new());
    }
    let request = GetPostsRequest { ids: vec![head.id] };
    let posts = hub.surface().gateways.posts.get_posts(context, request);
    let post = posts.await?.posts.pop();
    let tags = post.map_or_else(Vec::new, |post| post.tags);
    // No more than one call takes; no text has nearly as many.
    Ok(tags
        .into_iter()
        .take(AUDIENCE_MAX)
        .map(|tag| tag.name)
        .collect())
}

/// Everyone who listens where a post belongs that is like this.
pub(super) async fn of(
    hub: &Hub,
    context: &Context,
    head: &PostHead,
    tag_names: &[String],
) -> Result<Vec<Target>> {
    // Of a kind that this program does not know nobody is told.
    if head.visibility() == Visibility::Unspecified {
        return Ok(Vec::new());
    }
    let found = of_timelines(hub, context, head, tag_names).await?;
    let at_home = found.account_ids.into_iter().map(AccountId::new);
    let mut targets: Vec<Target> = at_home
        .map(|account| Target {
            account,
            place: Place::Home,
            subscribers: hub.subscribers(&Channel::Home, account),
        })
        .collect();
    let mut channels = channels_of(head, tag_names);
    let lists = found.list_ids.into_iter();
    channels.extend(lists.map(ListId::new).map(Channel::List));
    let mut elsewhere: HashMap<AccountId, Vec<Subscriber>> = HashMap::new();
    for channel in channels {
        for (account, subscribers) in hub.all(&channel) {
            elsewhere.entry(account).or_default().extend(subscribers);
        }
    }
    let elsewhere = elsewhere.into_iter();
    targets.extend(elsewhere.map(|(account, subscribers)| Target {
        account,
        place: Place::Timeline,
        subscribers,
    }));
    Ok(targets)
}

/// The public lists that a post stands in: the same that the posts' domain lists.
fn channels_of(head: &PostHead, tag_names: &[String]) -> Vec<Channel> {
    let mut channels: Vec<Channel> = tag_names.iter().cloned().map(Channel::Tag).collect();
    let is_public = head.visibility() == Visibility::Public
        && head.in_reply_to_id == 0
        && head.reshare_of_id == 0;
    if is_public {
        channels.push(Channel::Public);
    }
    if is_public && head.has_media {
        channels.push(Channel::PublicMedia);
    }
    channels
}

/// Of those who listen to home timelines and to lists' those in which it belongs: some calls, in
/// each of which there are many.
async fn of_timelines(
    hub: &Hub,
    context: &Context,
    head: &PostHead,
    tag_names: &[String],
) -> Result<FindAudienceReply> {
    let (accounts, lists) = (hub.accounts(&Channel::Home), hub.lists());
    let mut accounts = accounts.chunks(AUDIENCE_MAX);
    let mut lists = lists.chunks(AUDIENCE_MAX);
    let mut found = FindAudienceReply::default();
    loop {
        let (accounts, lists) = (accounts.next(), lists.next());
        if accounts.is_none() && lists.is_none() {
            return Ok(found);
        }
        let accounts = accounts.unwrap_or_default().iter();
        let lists = lists.unwrap_or_default().iter();
        let request = FindAudienceRequest {
            author_id: head.author_id,
            in_reply_to_author_id: head.in_reply_to_author_id,
            direct: head.visibility() == Visibility::Direct,
            mentioned_ids: head.mentioned_ids.clone(),
            tag_names: tag_names.to_vec(),
            account_ids: accounts.map(|account| account.get()).collect(),
            list_ids: lists.map(|list| list.get()).collect(),
        };
        let feed = &hub.surface().gateways.feed;
        let some = feed.find_audience(context, request).await?;
        found.account_ids.extend(some.account_ids);
        found.list_ids.extend(some.list_ids);
    }
}
