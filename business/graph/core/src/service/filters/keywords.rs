//! Changes of a filter's keywords, within a write.

use business_graph_gateway::{
    AccountFilter, FILTER_KEYWORDS_CHARACTERS_MAX, FilterId, FilterKeyword, FilterKeywordId,
    KeywordChange,
};
use infra_db::Connection;
use infra_kernel::{AccountId, Error};

use crate::error::GraphError;
use crate::state::State;
use crate::store::filter_keywords::{self, Measure};

/// Writes changes, in their order, also into the filter.
pub(super) async fn write(
    connection: &mut Connection,
    state: &State,
    filter: &mut AccountFilter,
    changes: Vec<KeywordChange>,
) -> Result<(), GraphError> {
    if changes.is_empty() {
        return Ok(());
    }
    let owner = AccountId::new(filter.owner_id);
    let before = filter_keywords::measure(connection, owner).await?;
    for change in changes {
        match change {
            // A new one that goes at once never was.
            KeywordChange {
                id: 0,
                remove: true,
                ..
            } => {}
            KeywordChange { id: 0, .. } => add(connection, state, filter, change).await?,
            change => apply(connection, filter, change).await?,
        }
    }
    let after = filter_keywords::measure(connection, owner).await?;
    Ok(check_measure(state, &before, &after)?)
}

async fn add(
    connection: &mut Connection,
    state: &State,
    filter: &mut AccountFilter,
    change: KeywordChange,
) -> Result<(), GraphError> {
    let keyword = FilterKeyword {
        id: state.ids.next::<FilterKeywordId>().get(),
        keyword: change.keyword.unwrap_or_default(),
        whole_word: change.whole_word.unwrap_or(true),
    };
    let owner = AccountId::new(filter.owner_id);
    filter_keywords::insert(connection, owner, FilterId::new(filter.id), &keyword).await?;
    filter.keywords.push(keyword);
    Ok(())
}

/// Changes a keyword that the filter has, or removes it.
async fn apply(
    connection: &mut Connection,
    filter: &mut AccountFilter,
    change: KeywordChange,
) -> Result<(), GraphError> {
    let keywords = &mut filter.keywords;
    let place = keywords.iter().position(|known| known.id == change.id);
    let place = place.ok_or(GraphError::NoKeyword)?;
    if change.remove {
        let gone = keywords.remove(place);
        return Ok(filter_keywords::delete(connection, FilterKeywordId::new(gone.id)).await?);
    }
    let keyword = &mut keywords[place];
    if let Some(text) = change.keyword {
        keyword.keyword = text;
    }
    keyword.whole_word = change.whole_word.unwrap_or(keyword.whole_word);
    Ok(filter_keywords::update(connection, keyword).await?)
}

/// Measured, then compared: the error takes everything back. What makes it no more is no fault,
/// also where the bound was lowered meanwhile.
fn check_measure(state: &State, before: &Measure, after: &Measure) -> Result<(), Error> {
    let keywords_max = state.settings.filter_keywords_max;
    let characters_max = FILTER_KEYWORDS_CHARACTERS_MAX;
    let is_too_much = |before: u64, after: u64, max: u64| after > max && after > before;
    let sentence = if is_too_much(before.keywords, after.keywords, keywords_max.into()) {
        format!("All your filters together can have {keywords_max} keywords. Remove some first.")
    } else if is_too_much(before.characters, after.characters, characters_max.into()) {
        format!(
            "All your keywords together can have {characters_max} characters. Remove some first."
        )
    } else {
        return Ok(());
    };
    Err(Error::invalid("keyword", sentence))
}
