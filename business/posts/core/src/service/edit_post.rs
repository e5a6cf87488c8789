//! Changing what a post says and shows.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use business_media_gateway::DescribeMediaRequest;
use business_posts_gateway::{
    EDITS_MAX, EditPostReply, EditPostRequest, ListVersionsReply, ListVersionsRequest, MediaChange,
    Post, PostEdited, PostId, RESHARED_BY_MAX, Tag, VersionMedia, Visibility, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, Error, canonical_language};

use super::content::{Content, check_new_media, find_mentioned, items};
use crate::error::PostsError;
use crate::media;
use crate::state::State;
use crate::store::public_hashtags::Tagged;
use crate::store::{
    direct_conversations, hashtags, mentions, posts, reshares, shown_media, versions,
};

/// How often a change of a post is tried of which another was faster.
pub(super) const TRIES_MAX: usize = 5;
/// The most bytes that are kept of what a post said before: all of it goes in one message.
const HISTORY_BYTES_MAX: u64 = 1024 * 1024;

pub(crate) async fn edit_post(
    state: &Arc<State>,
    context: &Context,
    request: EditPostRequest,
) -> Result<EditPostReply, PostsError> {
    let mut described = Described::default();
    for _ in 1..TRIES_MAX {
        match try_edit(state, context, &request, &mut described).await {
            Err(PostsError::Changed) => {}
            done => return done,
        }
    }
    try_edit(state, context, &request, &mut described).await
}

async fn try_edit(
    state: &Arc<State>,
    context: &Context,
    request: &EditPostRequest,
    described: &mut Described,
) -> Result<EditPostReply, PostsError> {
    let known = own_post(state, request).await?;
    let edited = edited(state, context, request, &known).await?;
    let change = Change {
        added: missing(&edited.media_ids, &known.media_ids),
        removed: missing(&known.media_ids, &edited.media_ids),
        version: described.version(state, context, &known, &edited).await?,
        known,
    };
    check_room(state, &change).await?;
    // Before the commit: who sees the new revision sees the new alt texts.
    described.change(state, context, request, &edited).await?;
    if !described.is_changed && says_the_same(&change.known, &edited) {
        return Ok(reply(&change.known, false));
    }
    let (added, removed) = (change.added.clone(), change.removed.clone());
    let post = commit(state, context, change, edited).await?;
    if let Err(error) = follow(state, context, &post, added, removed).await {
        tracing::warn!(post = post.id, %error, "media not in step; the consumer will bring it");
    }
    Ok(reply(&post, true))
}

/// Whether what a post said before can be kept once more. Asked before anything is changed; an edit
/// that comes in between makes this one start over.
async fn check_room(state: &State, change: &Change) -> Result<(), PostsError> {
    let (edits, bytes) = versions::kept(&state.database, change.known.post()).await?;
    if edits >= u64::from(EDITS_MAX) {
        let sentence = format!("A post can be edited at most {EDITS_MAX} times.");
        return Err(Error::invalid("id", sentence).into());
    }
    if bytes + versions::bytes(&change.known, &change.version) > HISTORY_BYTES_MAX {
        let sentence = "What this post said before is as much as can be kept of it.";
        return Err(Error::invalid("id", sentence).into());
    }
    Ok(())
}

/// As if it were not there when it is another's: a refusal would tell a stranger that it is.
async fn own_post(state: &State, request: &EditPostRequest) -> Result<Arc<Post>, PostsError> {
    let post = state.post(request.post_id).await?;
    let own = post.filter(|post| post.author_id == request.author_id);
    // A reshare says nothing of its own.
    own.filter(|post| post.reshare_of().is_none())
        .ok_or(PostsError::NoPost)
}

/// The post as it is to be, checked.
async fn edited(
    state: &State,
    context: &Context,
    request: &EditPostRequest,
    known: &Post,
) -> Result<Post, PostsError> {
    let mut edited = Post {
        revision: known.revision + 1,
        sensitive: request.sensitive,
        spoiler_text: request.spoiler_text.clone(),
        edited_at_us: state.clock.now().microseconds(),
        ..known.clone()
    };
    if let Some(text) = &request.text {
        edited.text.clone_from(text);
    }
    if let Some(media) = &request.media {
        edited.media_ids.clone_from(&media.ids);
    }
    if let Some(language) = &request.language {
        edited.language = canonical_language(language).unwrap_or_default();
    }
    let content = Content {
        text: &edited.text,
        spoiler_text: &edited.spoiler_text,
        media_ids: &edited.media_ids,
        site_domain: &request.site_domain,
    };
    let entities = content.entities(&state.settings)?;
    // Accounts that came since are no change of the author's.
    if edited.text != known.text {
        let mentions = find_mentioned(state, context, &entities).await?;
        let tags = Tag::among(&entities);
        (edited.mentions, edited.tags) = (mentions, tags);
    }
    Ok(edited)
}

/// Whether readers would see no difference but in alt texts.
fn says_the_same(known: &Post, edited: &Post) -> bool {
    (&known.text, &known.spoiler_text, &known.language)
        == (&edited.text, &edited.spoiler_text, &edited.language)
        && known.sensitive == edited.sensitive
        && known.media_ids == edited.media_ids
}

/// The alt texts that an edit meets and changes, over all of its tries.
#[derive(Default)]
struct Described {
    /// By photo, as they were at the first try: the next one meets what this edit has made of them.
    before: HashMap<u64, String>,
    is_changed: bool,
}

impl Described {
    /// The photos that the post shows until now, with their alt texts before the edit. Refuses
    /// others that the post cannot show.
    async fn version(
        &mut self,
        state: &State,
        context: &Context,
        known: &Post,
        edited: &Post,
    ) -> Result<Vec<VersionMedia>, PostsError> {
        let added = missing(&edited.media_ids, &known.media_ids);
        let ids = [&*known.media_ids, &*added].concat();
        let items = items(state, context, &ids).await?;
        check_new_media(&items, known.author_id, &added)?;
        for item in items {
            self.before.entry(item.id).or_insert(item.description);
        }
        let version = |id: &u64| VersionMedia {
            media_id: *id,
            description: self.before.get(id).cloned().unwrap_or_default(),
        };
        Ok(known.media_ids.iter().map(version).collect())
    }

    async fn change(
        &mut self,
        state: &State,
        context: &Context,
        request: &EditPostRequest,
        edited: &Post,
    ) -> Result<(), PostsError> {
        // Of each photo the last: so there are no more than the post has photos.
        let changes = request.media_changes.iter();
        let changes: BTreeMap<u64, &MediaChange> = changes
            .filter(|change| edited.media_ids.contains(&change.media_id))
            .map(|change| (change.media_id, change))
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        let request = DescribeMediaRequest {
            owner_id: edited.author_id,
            holder: media::holder(edited.post()),
            changes: changes.into_values().map(of_media).collect(),
        };
        let reply = state.media.describe_media(context, request).await?;
        self.is_changed |= reply.changed;
        Ok(())
    }
}

fn of_media(change: &MediaChange) -> business_media_gateway::MediaChange {
    business_media_gateway::MediaChange {
        id: change.media_id,
        description: change.description.clone(),
        focus_x: change.focus_x,
        focus_y: change.focus_y,
    }
}

/// Those of these ids that are not among the others.
fn missing(ids: &[u64], others: &[u64]) -> Vec<u64> {
    let is_missing = |id: &u64| !others.contains(id);
    ids.iter().copied().filter(is_missing).collect()
}

/// What an edit changes.
struct Change {
    known: Arc<Post>,
    version: Vec<VersionMedia>,
    added: Vec<u64>,
    removed: Vec<u64>,
}

async fn commit(
    state: &Arc<State>,
    context: &Context,
    change: Change,
    edited: Post,
) -> Result<Arc<Post>, PostsError> {
    let (writing, context) = (Arc::clone(state), context.clone());
    let (published, known) = (Arc::clone(state), Arc::clone(&change.known));
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move { write(connection, &writing, &context, &change, edited).await })
        },
        move |post, _| published.post_edited(&known, post),
    );
    written.await
}

async fn write(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    change: &Change,
    edited: Post,
) -> Result<Arc<Post>, PostsError> {
    let known = &*change.known;
    let Some(post) = posts::edit(connection, edited, known.revision).await? else {
        return Err(PostsError::Changed);
    };
    versions::insert(connection, known, &change.version).await?;
    write_media(connection, change).await?;
    write_mentions(connection, known, &post).await?;
    write_hashtags(connection, known, &post).await?;
    let payload = PostEdited {
        head: Some(post.head()),
        added_media_ids: change.added.clone(),
        removed_media_ids: change.removed.clone(),
        newly_mentioned_ids: missing(&mentioned(&post), &mentioned(known)),
        reshared_by_ids: reshares::by(connection, post.post(), RESHARED_BY_MAX).await?,
    };
    let event = Event::new(context, &state.ids, topics::EDITED, post.id, &payload);
    outbox::append(connection, &event).await?;
    Ok(Arc::new(post))
}

fn mentioned(post: &Post) -> Vec<u64> {
    post.mentions.iter().map(|it| it.account_id).collect()
}

async fn write_media(connection: &mut Connection, change: &Change) -> Result<(), PostsError> {
    if !change.removed.is_empty() {
        shown_media::give_up(connection, &change.removed).await?;
    }
    // Within the write: two posts may have found the same photo free.
    let (post, added) = (change.known.post(), &change.added);
    if !added.is_empty() && !shown_media::claim(connection, post, added).await? {
        return Err(PostsError::MediaShown);
    }
    Ok(())
}

async fn write_mentions(
    connection: &mut Connection,
    known: &Post,
    post: &Post,
) -> Result<(), PostsError> {
    if known.mentions == post.mentions {
        return Ok(());
    }
    if !known.mentions.is_empty() {
        mentions::delete(connection, known).await?;
    }
    if !post.mentions.is_empty() {
        mentions::insert(connection, post.post(), &post.mentions).await?;
        if !post.visibility().is_open() {
            mentions::insert_hidden(connection, post).await?;
        }
    }
    if post.visibility() == Visibility::Direct {
        let accounts = |ids: Vec<u64>| ids.into_iter().map(AccountId::new).collect::<Vec<_>>();
        let added = accounts(missing(&mentioned(post), &mentioned(known)));
        let removed = accounts(missing(&mentioned(known), &mentioned(post)));
        direct_conversations::change(connection, post, &added, &removed).await?;
    }
    Ok(())
}

async fn write_hashtags(
    connection: &mut Connection,
    known: &Post,
    post: &Post,
) -> Result<(), PostsError> {
    // Lists of a hashtag know which posts have photos.
    let is_same_kind = known.media_ids.is_empty() == post.media_ids.is_empty();
    if known.tags == post.tags && is_same_kind {
        return Ok(());
    }
    if !known.tags.is_empty() {
        hashtags::delete(connection, known).await?;
    }
    if !post.tags.is_empty() {
        hashtags::insert(connection, &Tagged::of(post), &post.tags).await?;
    }
    Ok(())
}

/// Brings the media domain in step.
async fn follow(
    state: &State,
    context: &Context,
    post: &Post,
    added: Vec<u64>,
    removed: Vec<u64>,
) -> Result<(), PostsError> {
    let head = post.head();
    media::attach(state, context, &head, added).await?;
    media::release_taken_out(state, context, &head, removed).await
}

pub(crate) async fn list_versions(
    state: &State,
    request: &ListVersionsRequest,
) -> Result<ListVersionsReply, PostsError> {
    let post = PostId::new(request.post_id);
    let before = match request.before_revision {
        0 => i64::MAX,
        revision => revision.cast_signed(),
    };
    let versions = versions::list(&state.database, post, before).await?;
    Ok(ListVersionsReply { versions })
}

fn reply(post: &Post, changed: bool) -> EditPostReply {
    EditPostReply {
        post: Some(post.clone()),
        changed,
    }
}
