//! `/new/photos`: what a member has uploaded and no post shows.

use askama::Template;
use business_media_gateway::{DeleteMediaRequest, ListUnusedReply, ListUnusedRequest, MediaItem};
use infra_kernel::{AccountId, Error, ErrorCode, MediaId, Result};
use presentation_kit::Site;

use crate::guard::{Button, Form};
use crate::respond::{Answer, PathOf, go_to, page, stored_nowhere};
use crate::upload::failure;
use crate::view::{PhotoView, Shell, When, now, span};
use crate::visit::Visit;

/// The address of the page.
const PATH: &str = "/new/photos";
/// The most photos shown: as many as the media domain tells at once. Far fewer can wait for a post; those that failed are
/// bounded by how many may be uploaded.
pub(crate) const UPLOADS: u32 = 500;

#[derive(Template)]
#[template(path = "uploads.html")]
pub(crate) struct UploadsPage {
    pub(crate) shell: Shell,
    pub(crate) uploads: Vec<UploadView>,
    /// How long they are kept, "a day"; and those that failed.
    pub(crate) kept: String,
    pub(crate) failed_kept: String,
    /// How many a post holds.
    pub(crate) photos_max: u32,
}

/// A photo that no post shows.
pub(crate) struct UploadView {
    pub(crate) id: u64,
    /// None while it is processed, and of one that failed.
    pub(crate) photo: Option<PhotoView>,
    /// Why it cannot be used; none when it can, or may yet be.
    pub(crate) failure: Option<String>,
    pub(crate) when: When,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let owner = visit.member()?;
    let unused = of_member(&visit, owner, UPLOADS).await?;
    let view = |item: &MediaItem| UploadView::of(visit.site(), item);
    let uploads = UploadsPage {
        shell: Shell::of(&visit, "new"),
        // As they came: that is the order in which those that are chosen go into the post.
        uploads: unused.items.iter().rev().map(view).collect(),
        kept: span(unused.lifetime_s),
        failed_kept: span(unused.failed_lifetime_s),
        photos_max: visit.site().post_media_max,
    };
    // Nobody comes back to what was deleted or shared meanwhile.
    Ok(stored_nowhere(page(&uploads)))
}

pub(crate) async fn delete(
    visit: Visit,
    PathOf(id): PathOf<String>,
    Form(Button {}): Form<Button>,
) -> Answer {
    let owner = visit.member()?;
    let id: MediaId = id.parse().map_err(|_| Error::not_found("photo"))?;
    let request = DeleteMediaRequest {
        owner_id: owner.get(),
        id: id.get(),
    };
    let media = &visit.surface.gateways.media;
    match media.delete_media(&visit.context, request).await {
        // It has gone by itself, or the form came twice.
        Err(error) if error.code() == ErrorCode::NotFound => {}
        deleted => drop(deleted?),
    }
    Ok(go_to(PATH))
}

/// What a member has uploaded and nothing shows, newest first: at the most so many.
pub(crate) async fn of_member(
    visit: &Visit,
    owner: AccountId,
    limit: u32,
) -> Result<ListUnusedReply> {
    let request = ListUnusedRequest {
        owner_id: owner.get(),
        limit,
    };
    let media = &visit.surface.gateways.media;
    media.list_unused(&visit.context, request).await
}

impl UploadView {
    pub(crate) fn of(site: &Site, item: &MediaItem) -> Self {
        Self {
            id: item.id,
            photo: PhotoView::of(site, item).filter(|_| item.is_ready()),
            failure: failure(item).map(str::to_owned),
            when: When::of(item.created_at_us, now()),
        }
    }
}
