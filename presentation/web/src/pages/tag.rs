//! `/tags/<name>`: the photos that everyone may see with a hashtag, which hashtags in captions link
//! to.

use askama::Template;
use business_posts_gateway::text::hashtag_name;
use infra_kernel::{Error, ErrorCode};
use presentation_kit::extract::QueryOf;

use crate::page_context::PageContext;
use crate::pages::{ListQuery, older};
use crate::respond::{PageError, PageResult, PathOf, page};
use crate::view::{PostView, Shell, now};

/// Photos on a page.
const PHOTOS: u32 = 36;

#[derive(Template)]
#[template(path = "tag.html")]
pub(crate) struct TagPage {
    pub(crate) shell: Shell,
    /// Without the `#`, in the form in which hashtags are compared.
    pub(crate) name: String,
    pub(crate) posts: Vec<PostView>,
    pub(crate) is_first: bool,
    pub(crate) older: Option<String>,
}

pub(crate) async fn show(
    page_context: PageContext,
    PathOf(written): PathOf<String>,
    query: Result<QueryOf<ListQuery>, presentation_kit::Problem>,
) -> PageResult {
    let query = query.map_err(|problem| PageError(problem.0))?.0;
    let name = hashtag_name(&written);
    if name.is_empty() {
        let text =
            "This is no hashtag: one is made of letters and digits, and of more than a number.";
        return Err(Error::new(ErrorCode::NotFound, text).into());
    }
    let (viewer, page_asked) = (page_context.viewer_id(), query.page(PHOTOS)?);
    let reader = &page_context.surface.reader;
    let tagged = reader.by_tag(&page_context.context, viewer, &name, page_asked, true);
    let tagged = tagged.await?;
    let now = now();
    let site = page_context.site();
    let posts = tagged.items.iter();
    Ok(page(&TagPage {
        shell: Shell::of(&page_context, ""),
        posts: posts.map(|card| PostView::of(site, card, now)).collect(),
        is_first: query.is_first(),
        // Below the same address, in whatever way it was written.
        older: older("", tagged.cursors),
        name,
    }))
}
