//! Hashtags: how they are used, and by the beginning of their name.

use std::cmp::Reverse;
use std::collections::HashSet;

use business_posts_gateway::text::hashtag_name;
use business_posts_gateway::{
    GetTagsReply, GetTagsRequest, SearchTagsReply, SearchTagsRequest, TAG_DAYS, TAGS_FOUND_MAX,
    TAGS_MAX, TagDay, TagUse,
};
use infra_db::DbError;
use infra_kernel::{Error, Timestamp};

use crate::error::PostsError;
use crate::state::State;
use crate::store::public_hashtags::{self, Use};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

pub(crate) async fn get(
    state: &State,
    request: GetTagsRequest,
) -> Result<GetTagsReply, PostsError> {
    if request.names.len() > TAGS_MAX {
        let sentence = format!("At most {TAGS_MAX} hashtags can be asked for at once.");
        return Err(Error::invalid("names", sentence).into());
    }
    let names = request.names.iter().map(|written| hashtag_name(written));
    let mut tags = Vec::new();
    // One after another: what many ask for at once would keep all readers from everybody else.
    for name in names.filter(|name| !name.is_empty()) {
        tags.push(used(state, name).await?);
    }
    Ok(GetTagsReply { tags })
}

async fn used(state: &State, name: String) -> Result<TagUse, DbError> {
    let uses = public_hashtags::uses(&state.database, &name).await?;
    let days = days(&uses, state.clock.now());
    Ok(TagUse { name, days })
}

/// What fell on each of the last days, today first. What the clock has not come to yet (it was put
/// back since) falls on none.
fn days(uses: &[Use], now: Timestamp) -> Vec<TagDay> {
    let today = now.microseconds().div_euclid(DAY_US);
    let of_day = |ago: usize| {
        let begins_at_us = (today - ago as i64) * DAY_US;
        let falls_on_it =
            |made: &&Use| (begins_at_us..begins_at_us + DAY_US).contains(&made.created_at_us);
        let made: Vec<_> = uses.iter().filter(falls_on_it).collect();
        let authors: HashSet<u64> = made.iter().map(|made| made.author_id).collect();
        TagDay {
            begins_at_us,
            posts: made.len() as u64,
            authors: authors.len() as u64,
        }
    };
    (0..TAG_DAYS).map(of_day).collect()
}

pub(crate) async fn search(
    state: &State,
    request: &SearchTagsRequest,
) -> Result<SearchTagsReply, PostsError> {
    if !(1..=TAGS_FOUND_MAX).contains(&request.limit) {
        let sentence = format!("`limit` must be from 1 to {TAGS_FOUND_MAX}.");
        return Err(Error::invalid("limit", sentence).into());
    }
    let beginning = beginning_of(&request.query);
    if beginning.is_empty() {
        return Ok(SearchTagsReply::default());
    }
    let mut found = public_hashtags::beginning_with(&state.database, &beginning).await?;
    found.sort_unstable_by_key(|(name, latest)| (*name != beginning, Reverse(*latest)));
    let names = found.into_iter().map(|(name, _)| name);
    let names = names.skip(request.offset as usize);
    Ok(SearchTagsReply {
        names: names.take(request.limit as usize).collect(),
    })
}

/// The beginning of a name in the form by which hashtags are compared. What is no hashtag by itself
/// may be the beginning of one: "2026" of "2026_in_light".
fn beginning_of(query: &str) -> String {
    let name = hashtag_name(query);
    if !name.is_empty() {
        return name;
    }
    let written = query.trim().trim_start_matches(['#', '\u{FF03}']);
    // With a letter behind it, it is a hashtag if it can be the beginning of one.
    let mut longer = hashtag_name(&format!("{written}a"));
    longer.pop();
    longer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_compared_as_names_are() {
        for (query, beginning) in [
            ("Sea", "sea"),
            ("#Sea", "sea"),
            (" \u{FF03}\u{FF33}ea ", "sea"),
            ("2026", "2026"),
            ("#2", "2"),
            ("", ""),
            ("#", ""),
            ("two words", ""),
            ("a#b", ""),
        ] {
            assert_eq!(beginning_of(query), beginning, "{query:?}");
        }
    }
}
