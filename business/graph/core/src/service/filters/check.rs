//! What a filter may be. In Mastodon's words, by which clients know it.

use business_graph_gateway::{
    CreateFilterRequest, FILTER_KEYWORD_CHARACTERS_MAX, FILTER_SECONDS_MAX,
    FILTER_TITLE_CHARACTERS_MAX, FilterAction, FilterContext, KEYWORD_CHANGES_MAX, KeywordChange,
    UpdateFilterRequest,
};
use infra_kernel::Error;

pub(super) fn new_filter(request: &CreateFilterRequest) -> Result<(), Error> {
    let contexts = request.contexts.as_ref().map(|given| &*given.contexts);
    attributes(Some(&request.title), Some(contexts.unwrap_or_default()))?;
    action(request.action)?;
    seconds(request.expires_in_s)?;
    keywords(&request.keywords)
}

pub(super) fn changed_filter(request: &UpdateFilterRequest) -> Result<(), Error> {
    let contexts = request.contexts.as_ref().map(|given| &*given.contexts);
    attributes(request.title.as_deref(), contexts)?;
    action(request.action)?;
    seconds(request.expires_in_s.unwrap_or_default())?;
    keywords(&request.keywords)
}

/// All that is wrong at once, as Mastodon tells it.
fn attributes(title: Option<&str>, contexts: Option<&[i32]>) -> Result<(), Error> {
    let mut faults = Vec::new();
    let mut field = "title";
    if let Some(title) = title {
        faults.extend(title_fault(title));
    }
    if let Some(contexts) = contexts {
        if faults.is_empty() {
            field = "context";
        }
        if contexts.is_empty() {
            faults.push("Context can't be blank".to_owned());
        }
        if contexts.is_empty() || !contexts.iter().all(|context| is_context(*context)) {
            faults.push("Context None or invalid context supplied".to_owned());
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let sentence = format!("Validation failed: {}", faults.join(", "));
    Err(Error::invalid(field, sentence))
}

fn title_fault(title: &str) -> Option<String> {
    if title.trim().is_empty() {
        Some("Title can't be blank".to_owned())
    } else if title.chars().nth(FILTER_TITLE_CHARACTERS_MAX).is_some() {
        Some(format!(
            "Title is too long (maximum is {FILTER_TITLE_CHARACTERS_MAX} characters)"
        ))
    } else if title.contains('\0') {
        Some("Title cannot contain NUL characters".to_owned())
    } else {
        None
    }
}

fn is_context(value: i32) -> bool {
    FilterContext::try_from(value).is_ok_and(|context| context != FilterContext::Unspecified)
}

fn action(value: i32) -> Result<(), Error> {
    if FilterAction::try_from(value).is_err() {
        let sentence = "Validation failed: Action is not included in the list";
        return Err(Error::invalid("filter_action", sentence));
    }
    Ok(())
}

fn seconds(seconds: u64) -> Result<(), Error> {
    if seconds > FILTER_SECONDS_MAX {
        let sentence =
            format!("A filter lasts at most {FILTER_SECONDS_MAX} seconds; 0 is for ever.");
        return Err(Error::invalid("expires_in", sentence));
    }
    Ok(())
}

fn keywords(changes: &[KeywordChange]) -> Result<(), Error> {
    if changes.len() > KEYWORD_CHANGES_MAX {
        let sentence = format!("At most {KEYWORD_CHANGES_MAX} keywords can be sent at once.");
        return Err(Error::invalid("keywords_attributes", sentence));
    }
    let mut kept = changes.iter().filter(|change| !change.remove);
    kept.try_for_each(keyword)
}

fn keyword(change: &KeywordChange) -> Result<(), Error> {
    let keyword = match &change.keyword {
        Some(keyword) => keyword,
        // It keeps the one that it has.
        None if change.id != 0 => return Ok(()),
        None => "",
    };
    let sentence = if keyword.trim().is_empty() {
        "Validation failed: Keyword can't be blank".to_owned()
    } else if keyword.chars().nth(FILTER_KEYWORD_CHARACTERS_MAX).is_some() {
        format!(
            "Validation failed: Keyword is too long (maximum is {FILTER_KEYWORD_CHARACTERS_MAX} characters)"
        )
    } else if keyword.contains('\0') {
        "A keyword cannot contain NUL characters.".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::invalid("keyword", sentence))
}
