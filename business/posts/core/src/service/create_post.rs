//! Publishing.

use std::sync::Arc;
use std::time::Duration;

use business_posts_gateway::{
    CreatePostReply, CreatePostRequest, Post, PostId, PostPublished, Visibility, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, Error, Timestamp};

use crate::error::PostsError;
use crate::media;
use crate::service::draft::Draft;
use crate::state::State;
use crate::store::public_hashtags::Tagged;
use crate::store::stats::AuthorNumbers;
use crate::store::{
    direct_conversations, hashtags, idempotency, mentions, posts, shown_media, stats,
};

/// The longest idempotency key.
const KEY_CHARACTERS_MAX: usize = 255;
/// What the limit of posts a day looks back on.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) async fn create_post(
    state: &Arc<State>,
    context: &Context,
    request: CreatePostRequest,
) -> Result<CreatePostReply, PostsError> {
    let (author, key) = (request.author_id, request.idempotency_key.clone());
    if key.chars().count() > KEY_CHARACTERS_MAX {
        let sentence = format!("An idempotency key has at most {KEY_CHARACTERS_MAX} characters.");
        return Err(Error::invalid("idempotency_key", sentence).into());
    }
    if key.contains('\0') {
        let sentence = "The idempotency key holds a character that cannot be stored (U+0000).";
        return Err(Error::invalid("idempotency_key", sentence).into());
    }
    match publish(state, context, request).await {
        Ok(post) => Ok(reply(&post, true)),
        // A repeat is only looked for when something is in the way: nearly every post is published
        // at the first try. Its own first try may be in the way, of the key or of the photos.
        Err(error) if !key.is_empty() => match find_by_key(state, author, &key).await? {
            Some(post) => Ok(reply(&post, false)),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

async fn publish(
    state: &Arc<State>,
    context: &Context,
    request: CreatePostRequest,
) -> Result<Arc<Post>, PostsError> {
    let key = request.idempotency_key.clone();
    let draft = Draft::prepare(state, context, request).await?;
    let post = commit(state, context, draft, key).await?;
    if !post.media_ids.is_empty() {
        let media_ids = post.media_ids.clone();
        if let Err(error) = media::attach(state, context, &post.head(), media_ids).await {
            tracing::warn!(post = post.id, %error, "media not attached; the consumer will");
        }
    }
    Ok(post)
}

async fn commit(
    state: &Arc<State>,
    context: &Context,
    draft: Draft,
    key: String,
) -> Result<Arc<Post>, PostsError> {
    let (writing, context) = (Arc::clone(state), context.clone());
    let published = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move { write_post(connection, &writing, &context, draft, &key).await })
        },
        move |(post, numbers), _| published.post_published(post, numbers),
    );
    Ok(written.await?.0)
}

/// The post, and the numbers that it changes.
async fn write_post(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    draft: Draft,
    key: &str,
) -> Result<(Arc<Post>, Vec<AuthorNumbers>), PostsError> {
    // Single writer (ADR 0026): the id is made in here, where writes come one after another, so
    // posts are numbered in the order of their commits, and a caller that pages on from the newest
    // id misses none.
    let (id, now) = (state.ids.next::<PostId>(), state.clock.now());
    let post = draft.publish(id, now);
    let author = post.author();
    // The key first: a repeat must be neither counted nor refused as another post.
    if !key.is_empty() && !idempotency::claim(connection, author, key, id, now).await? {
        return Err(PostsError::KeyMet);
    }
    check_day(connection, state, author).await?;
    if let Some(parent) = post.in_reply_to() {
        let is_there = if post.visibility().is_open() {
            posts::count_reply(connection, parent, 1).await?
        } else {
            // Its parent's count would reveal it.
            posts::is_stored(connection, parent).await?
        };
        if !is_there {
            return Err(PostsError::NoParent);
        }
    }
    posts::insert(connection, &post).await?;
    // Within the write: two posts may have found the same photo free.
    if !post.media_ids.is_empty() && !shown_media::claim(connection, id, &post.media_ids).await? {
        return Err(PostsError::MediaShown);
    }
    write_mentions(connection, &post).await?;
    if !post.tags.is_empty() {
        hashtags::insert(connection, &Tagged::of(&post), &post.tags).await?;
    }
    let numbers = if post.visibility().is_open() {
        stats::add_post(connection, &post).await?
    } else {
        Vec::new()
    };
    let payload = PostPublished {
        head: Some(post.head()),
        media_ids: post.media_ids.clone(),
    };
    let event = Event::new(context, &state.ids, topics::PUBLISHED, post.id, &payload);
    outbox::append(connection, &event).await?;
    Ok((Arc::new(post), numbers))
}

/// Whom a post mentions, and the conversation that it is in.
async fn write_mentions(connection: &mut Connection, post: &Post) -> Result<(), PostsError> {
    if !post.mentions.is_empty() {
        mentions::insert(connection, post.post(), &post.mentions).await?;
        // So that those it mentions find it in a list of its author, which leaves it out for
        // others.
        if !post.visibility().is_open() {
            mentions::insert_hidden(connection, post).await?;
        }
    }
    if post.visibility() == Visibility::Direct {
        direct_conversations::add(connection, post).await?;
    }
    Ok(())
}

/// Whether the account may post once more today. Asked within the write, where no other post of the
/// account is on its way, and after the key: a repeat is no further post.
async fn check_day(
    connection: &mut Connection,
    state: &State,
    author: AccountId,
) -> Result<(), PostsError> {
    // 0 is no limit.
    let Some(newer) = state.settings.posts_per_day_max.checked_sub(1) else {
        return Ok(());
    };
    let first = posts::created_before(connection, author, newer).await?;
    within_a_day(state, first, "made")
}

/// Refuses what would be one too many: the first of as many as may be within a day was then.
pub(super) fn within_a_day(
    state: &State,
    first: Option<Timestamp>,
    verb: &'static str,
) -> Result<(), PostsError> {
    let (Some(first), now) = (first, state.clock.now()) else {
        return Ok(());
    };
    // None for a post from the future: the clock was put back, and nobody is to wait for it.
    let age = u64::try_from(now.microseconds() - first.microseconds()).ok();
    match age.and_then(|age| DAY.checked_sub(Duration::from_micros(age))) {
        Some(wait) if !wait.is_zero() => Err(PostsError::DayFull {
            verb,
            max: state.settings.posts_per_day_max,
            wait,
        }),
        _ => Ok(()),
    }
}

async fn find_by_key(
    state: &State,
    author: u64,
    key: &str,
) -> Result<Option<Arc<Post>>, PostsError> {
    let (author, now) = (AccountId::new(author), state.clock.now());
    match idempotency::find(&state.database, author, key, now).await? {
        Some(id) => Ok(state.post(id.get()).await?),
        None => Ok(None),
    }
}

fn reply(post: &Post, created: bool) -> CreatePostReply {
    CreatePostReply {
        post: Some(post.clone()),
        created,
    }
}
