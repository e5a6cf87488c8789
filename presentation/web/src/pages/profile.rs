//! `/@name`: a person and their photos.

use std::borrow::Cow;

use askama::Template;
use infra_kernel::AccountId;
use presentation_kit::Problem;
use presentation_kit::extract::QueryOf;
use presentation_kit::reader::AuthorFilter;

use crate::page_context::PageContext;
use crate::pages::{ListQuery, elsewhere, older};
use crate::respond::{PageError, PageResult, PathOf, moved, page};
use crate::view::{PersonView, Shell, now, tiles_html};

/// Photos on a page: whole rows of three and of five.
const GRID_PHOTOS: u32 = 30;

#[derive(Template)]
#[template(path = "profile.html")]
pub(crate) struct ProfilePage<'card> {
    pub(crate) shell: Shell,
    pub(crate) person: PersonView,
    /// Rendered: all but the first pictured as they are kept for everyone.
    pub(crate) tiles: Vec<Cow<'card, str>>,
    pub(crate) is_first: bool,
    pub(crate) older: Option<String>,
}

pub(crate) async fn show(
    page_context: PageContext,
    PathOf(name): PathOf<String>,
    query: Result<QueryOf<ListQuery>, Problem>,
) -> PageResult {
    let domain = &page_context.site().domain;
    // Here too: these addresses fit this route, so they never come to `nothing_here`.
    if let Some(address) = elsewhere::meant(page_context.uri.path(), domain) {
        return Ok(moved(&page_context.uri, &address));
    }
    let query = query.map_err(|problem| PageError(problem.0))?.0;
    let (reader, context) = (&page_context.surface.reader, &page_context.context);
    let person = reader.person_named(context, &name, domain).await?;
    // A name is found in any case; the page has one address.
    if person.account.username != name {
        let address = format!("/@{}", person.account.username);
        return Ok(moved(&page_context.uri, &address));
    }
    let (id, viewer) = (AccountId::new(person.account.id), page_context.viewer_id());
    let filter = AuthorFilter {
        only_media: true,
        exclude_replies: true,
        exclude_reshares: true,
        ..AuthorFilter::default()
    };
    let (photos, relationships) = tokio::try_join!(
        reader.by_author(context, viewer, id, query.page(GRID_PHOTOS)?, filter),
        reader.relationships(context, viewer, vec![id.get()]),
    )?;
    let person = PersonView::seen_by(
        page_context.site(),
        &person,
        viewer,
        relationships.get(&id.get()),
    );
    let now = now();
    Ok(page(&ProfilePage {
        shell: Shell::of(&page_context, if person.is_viewer { "profile" } else { "" }),
        older: older(&person.path, photos.cursors),
        tiles: tiles_html(page_context.site(), &photos.items, now),
        is_first: query.is_first(),
        person,
    }))
}
