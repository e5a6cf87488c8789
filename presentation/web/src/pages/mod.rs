//! The pages, one file per noun.

pub(crate) mod about;
pub(crate) mod authorize;
pub(crate) mod composer;
pub(crate) mod elsewhere;
pub(crate) mod follow;
pub(crate) mod front;
#[cfg(test)]
mod gallery;
pub(crate) mod people;
pub(crate) mod post;
pub(crate) mod profile;
pub(crate) mod requests;
pub(crate) mod security;
pub(crate) mod sent;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod signup;
pub(crate) mod tag;
pub(crate) mod uploads;

use business_posts_gateway::PostId;
use infra_kernel::{Error, Page, Result};
use presentation_kit::paging::Cursors;
use serde::Deserialize;

/// Where a page of a list begins.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    before: String,
}

impl ListQuery {
    /// Whether it is the beginning of the list.
    pub(crate) fn is_first(&self) -> bool {
        self.before.is_empty()
    }

    /// # Errors
    /// When the place is no id.
    pub(crate) fn page(&self, limit: u32) -> Result<Page> {
        if self.is_first() {
            return Ok(Page::newest(limit));
        }
        let wrong = "This place in the list is not there: start again from the top.";
        let before: PostId = self
            .before
            .parse()
            .map_err(|_| Error::invalid("before", wrong))?;
        Ok(Page {
            before: before.get(),
            ..Page::newest(limit)
        })
    }
}

/// Where the list continues.
pub(crate) fn older(path: &str, cursors: Cursors) -> Option<String> {
    cursors
        .oldest
        .map(|oldest| format!("{path}?before={oldest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_begins_where_it_is_asked_to() {
        let query = |before: &str| ListQuery {
            before: before.into(),
        };
        assert_eq!(query("").page(20).unwrap(), Page::newest(20));
        assert_eq!(query("77").page(20).unwrap().before, 77);
        assert_eq!(query("x").page(20).unwrap_err().field(), Some("before"));
        assert_eq!(
            older(
                "/",
                Cursors {
                    newest: None,
                    oldest: Some(5)
                }
            )
            .as_deref(),
            Some("/?before=5")
        );
        assert_eq!(older("/", Cursors::default()), None);
    }
}
