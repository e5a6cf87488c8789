//! Changes of a filter's keywords, within a write.

use business_graph_gateway::{
    AccountFilter, FILTER_KEYWORDS_CHARACTERS_MAX, FilterId, FilterKeyword, FilterKeywordId,
    KeywordChange,
};
use infra_db::Connection;
use infra_kernel::{AccountId, Error};

use crate::error::GraphError;
use crate::state::State;
use crate::store::filter_keywords;

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
    check_measure(connection, state, AccountId::new(filter.owner_id)).await
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

/// Measured, then compared: the error takes everything back.
async fn check_measure(
    connection: &mut Connection,
    state: &State,
    owner: AccountId,
) -> Result<(), GraphError> {
    let measure = filter_keywords::measure(connection, owner).await?;
    let max = state.settings.filter_keywords_max;
    let sentence = if measure.keywords > max.into() {
        format!("All your filters together can have {max} keywords. Remove some first.")
    } else if measure.characters > FILTER_KEYWORDS_CHARACTERS_MAX.into() {
        format!(
            "All your keywords together can have {FILTER_KEYWORDS_CHARACTERS_MAX} characters. Remove some first."
        )
    } else {
        return Ok(());
    };
    Err(Error::invalid("keyword", sentence).into())
}
