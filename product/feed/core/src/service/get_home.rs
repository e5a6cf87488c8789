//! Reads a home timeline: what is kept ready, what is merged in, and what lies below.

use infra_kernel::{AccountId, Context, Direction, Page};

use crate::audience::Entry;
use crate::error::Result;
use crate::history::Follows;
use crate::slice::{PageSlice, Slice};
use crate::state::State;

/// A page of an account's home timeline, newest first.
pub(super) async fn get_home(
    state: &State,
    context: &Context,
    reader: AccountId,
    page: &Page,
) -> Result<Vec<Entry>> {
    let mut permit = None;
    let part = match state.timelines.page(context, reader, page).await {
        // A full disk keeps a timeline from being made, and not what it would hold from being read;
        // nor does Redis, when it is away.
        Err(error) if error.is_of_store() => {
            // Kept to the end: to read all of it from the posts costs as much as to make it.
            permit = Some(state.timelines.admit().await?);
            PageSlice::of_nothing()
        }
        part => part?,
    };
    let merged = followed_merged_authors(state, context, reader).await?;
    let below = reaches_below(&part, page);
    let history = state.sources.history(context, reader);
    let mut slice = Slice::of(&part.entries);
    // Posts with hashtags that the reader follows are never kept in a timeline: they come and go
    // with the hashtags, and their authors know nothing of the readers. The posts' domain merges a
    // page of them from memory, and the same order by id puts it in its place here. First, so that
    // nothing is read below that they fill.
    let tagged = history.slice_of_tags(&slice.remaining(page)).await?;
    if merged.is_empty() && !below && tagged.timeline_entries.is_empty() {
        return Ok(part.entries);
    }
    slice.join(tagged, page);
    // Before what lies below, so that nothing is read there that the merged authors fill.
    if !merged.is_empty() {
        let above = above_floor(&part, &slice.remaining(page));
        slice.join(history.slice(&merged, Follows::Asked, &above).await?, page);
    }
    if below {
        let following = history.following().await?;
        let mut authors: Vec<_> = following.iter().copied().collect();
        authors.push(reader);
        let below = below_floor(&part, &slice.remaining(page));
        slice.join(
            history
                .slice(&authors, Follows::Known(&following), &below)
                .await?,
            page,
        );
    }
    drop(permit);
    Ok(slice
        .timeline_entries
        .iter()
        .map(|timeline_entry| timeline_entry.entry)
        .collect())
}

async fn followed_merged_authors(
    state: &State,
    context: &Context,
    reader: AccountId,
) -> Result<Vec<AccountId>> {
    let merged = state.merged.all().await?;
    if merged.is_empty() {
        return Ok(Vec::new());
    }
    let followed = state
        .sources
        .history(context, reader)
        .follows_of(&merged)
        .await?;
    Ok(followed.into_iter().collect())
}

/// Whether the page continues below what the timeline holds.
fn reaches_below(part: &PageSlice, page: &Page) -> bool {
    let range_goes_below = page.after.saturating_add(1) < part.floor.get();
    let full = part.entries.len() >= page.limit as usize;
    range_goes_below && (page.direction == Direction::Newer || !full)
}

/// The part of a page that the timeline is responsible for.
fn above_floor(part: &PageSlice, page: &Page) -> Page {
    Page {
        after: page.after.max(part.floor.get().saturating_sub(1)),
        ..*page
    }
}

/// The rest of it.
fn below_floor(part: &PageSlice, page: &Page) -> Page {
    Page {
        before: page.before.min(part.floor.get()),
        ..*page
    }
}
