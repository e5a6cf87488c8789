//! The frame round every page.

use std::sync::Arc;

use presentation_kit::Site;

use crate::assets::{ASSETS, Assets};
use crate::page_context::PageContext;
use crate::view::PersonView;

/// What the layout shows on every page.
pub(crate) struct Shell {
    pub(crate) site: Arc<Site>,
    pub(crate) assets: &'static Assets,
    pub(crate) viewer: Option<PersonView>,
    /// The token that every form carries.
    pub(crate) csrf: String,
    /// Which of the main places this is: "home", "new", "profile", "settings", or none of them.
    pub(crate) here: &'static str,
    /// Whether the top offers to log in and sign up; not where the page itself does.
    pub(crate) offers_entry: bool,
}

impl Shell {
    pub(crate) fn of(page_context: &PageContext, here: &'static str) -> Self {
        Self {
            site: Arc::clone(page_context.site()),
            assets: &ASSETS,
            viewer: page_context
                .viewer
                .as_ref()
                .map(|viewer| PersonView::of(page_context.site(), viewer)),
            csrf: page_context.form_token(),
            here,
            offers_entry: true,
        }
    }

    /// For a page that is itself the way in.
    pub(crate) fn of_entry(page_context: &PageContext) -> Self {
        Self {
            offers_entry: false,
            ..Self::of(page_context, "")
        }
    }
}
