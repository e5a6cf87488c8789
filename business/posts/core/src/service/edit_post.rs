//! Changing what a post says and shows.

use std::sync::Arc;

use business_media_gateway::{MediaItem, UpdateMediaRequest};
use business_posts_gateway::{
    EDITS_MAX, EditPostReply, EditPostRequest, ListVersionsReply, ListVersionsRequest, MediaChange,
    Post, PostEdited, PostId, RESHARED_BY_MAX, Tag, VersionMedia, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{Context, Error, canonical_language};

use super::content::{Content, check_new_media, find_mentioned, items};
use crate::error::PostsError;
use crate::media;
use crate::state::State;
use crate::store::public_hashtags::Tagged;
use crate::store::{hashtags, mentions, posts, reshares, shown_media, versions};

/// How often a change of a post is tried of which another was faster.
pub(super) const TRIES_MAX: usize = 5;

pub(crate) async fn edit_post(
    state: &Arc<State>,
    context: &Context,
    request: EditPostRequest,
) -> Result<EditPostReply, PostsError> {
    for _ in 1..TRIES_MAX {
        match try_edit(state, context, &request).await {
            Err(PostsError::Changed) => {}
            done => return done,
        }
    }
    try_edit(state, context, &request).await
}

async fn try_edit(
    state: &Arc<State>,
    context: &Context,
    request: &EditPostRequest,
) -> Result<EditPostReply, PostsError> {
    let known = own_post(state, request).await?;
    let edited = edited(state, context, request, &known).await?;
    let photos = Photos::of(state, context, request, &known).await?;
    if photos.changes.is_empty() && says_the_same(&known, &edited) {
        return Ok(reply(&known, false));
    }
    // Before the commit: who sees the new revision sees the new alt texts.
    for change in photos.changes {
        let request = photos_request(&known, change);
        state.media.update_media(context, request).await?;
    }
    let change = Change {
        added: among(&edited.media_ids, &known.media_ids),
        removed: among(&known.media_ids, &edited.media_ids),
        version: photos.version,
        known,
    };
    let (added, removed) = (change.added.clone(), change.removed.clone());
    let post = commit(state, context, change, edited).await?;
    if let Err(error) = follow(state, context, &post, added, removed).await {
        tracing::warn!(post = post.id, %error, "media not in step; the consumer will bring it");
    }
    Ok(reply(&post, true))
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
    let content = Content {
        text: &request.text,
        spoiler_text: &request.spoiler_text,
        media_ids: &request.media_ids,
        site_domain: &request.site_domain,
    };
    let entities = content.entities(&state.settings)?;
    Ok(Post {
        revision: known.revision + 1,
        text: request.text.clone(),
        sensitive: request.sensitive,
        spoiler_text: request.spoiler_text.clone(),
        language: canonical_language(&request.language).unwrap_or_default(),
        media_ids: request.media_ids.clone(),
        mentions: find_mentioned(state, context, &entities).await?,
        tags: Tag::among(&entities),
        edited_at_us: state.clock.now().microseconds(),
        ..known.clone()
    })
}

/// Whether readers would see no difference. What a text mentions follows from it, but for accounts
/// that came since; those are no change of the author's.
fn says_the_same(known: &Post, edited: &Post) -> bool {
    (&known.text, &known.spoiler_text, &known.language)
        == (&edited.text, &edited.spoiler_text, &edited.language)
        && known.sensitive == edited.sensitive
        && known.media_ids == edited.media_ids
}

/// What becomes of a post's photos.
struct Photos {
    /// Those that it shows until now, as they are described until now.
    version: Vec<VersionMedia>,
    /// What is to be changed of those that it shows from now on.
    changes: Vec<MediaChange>,
}

impl Photos {
    async fn of(
        state: &State,
        context: &Context,
        request: &EditPostRequest,
        known: &Post,
    ) -> Result<Self, PostsError> {
        let added = among(&request.media_ids, &known.media_ids);
        let ids = [&*known.media_ids, &*added].concat();
        let items = items(state, context, &ids).await?;
        check_new_media(&items, known.author_id, &added)?;
        let item = |id: u64| items.iter().find(|item| item.id == id);
        let version = |id: &u64| VersionMedia {
            media_id: *id,
            description: item(*id).map_or_else(String::new, |item| item.description.clone()),
        };
        let mut changes = Vec::new();
        for change in &request.media_changes {
            if !request.media_ids.contains(&change.media_id) {
                let sentence = "Only photos of the post can be described with it.";
                return Err(Error::invalid("media_attributes", sentence).into());
            }
            // One that is lost stays as it is.
            if item(change.media_id).is_some_and(|item| differs(item, change)) {
                changes.push(change.clone());
            }
        }
        Ok(Self {
            version: known.media_ids.iter().map(version).collect(),
            changes,
        })
    }
}

#[allow(clippy::float_cmp)] // The same number, or another one: nothing is computed.
fn differs(item: &MediaItem, change: &MediaChange) -> bool {
    let MediaChange {
        description,
        focus_x,
        focus_y,
        ..
    } = change;
    description
        .as_ref()
        .is_some_and(|text| *text != item.description)
        || focus_x.is_some_and(|x| x != item.focus_x)
        || focus_y.is_some_and(|y| y != item.focus_y)
}

fn photos_request(post: &Post, change: MediaChange) -> UpdateMediaRequest {
    UpdateMediaRequest {
        owner_id: post.author_id,
        id: change.media_id,
        description: change.description,
        focus_x: change.focus_x,
        focus_y: change.focus_y,
        holder: media::holder(post.post()),
    }
}

/// Those of these ids that are not among the others.
fn among(ids: &[u64], others: &[u64]) -> Vec<u64> {
    let not_there = |id: &u64| !others.contains(id);
    ids.iter().copied().filter(not_there).collect()
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
    let published = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move { write(connection, &writing, &context, &change, edited).await })
        },
        move |post, _| published.post_edited(post),
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
    if versions::count(connection, post.post()).await? >= u64::from(EDITS_MAX) {
        let sentence = format!("A post can be edited at most {EDITS_MAX} times.");
        return Err(Error::invalid("id", sentence).into());
    }
    versions::insert(connection, known, &change.version).await?;
    write_media(connection, change).await?;
    write_mentions(connection, known, &post).await?;
    write_hashtags(connection, known, &post).await?;
    let mentioned_before: Vec<u64> = known.mentions.iter().map(|it| it.account_id).collect();
    let mentioned: Vec<u64> = post.mentions.iter().map(|it| it.account_id).collect();
    let payload = PostEdited {
        head: Some(post.head()),
        media_ids: post.media_ids.clone(),
        removed_media_ids: change.removed.clone(),
        newly_mentioned_ids: among(&mentioned, &mentioned_before),
        reshared_by_ids: reshares::by(connection, post.post(), RESHARED_BY_MAX).await?,
    };
    let event = Event::new(context, &state.ids, topics::EDITED, post.id, &payload);
    outbox::append(connection, &event).await?;
    Ok(Arc::new(post))
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
    let versions = versions::list(&state.database, post).await?;
    Ok(ListVersionsReply { versions })
}

fn reply(post: &Post, changed: bool) -> EditPostReply {
    EditPostReply {
        post: Some(post.clone()),
        changed,
    }
}
