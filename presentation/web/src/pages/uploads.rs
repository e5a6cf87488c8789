//! `/new/photos`: what a member has uploaded and no post shows.

use askama::Template;
use business_media_gateway::{
    DeleteMediaRequest, ListUnusedReply, ListUnusedRequest, MediaId, MediaItem,
};
use infra_kernel::{AccountId, Error, ErrorCode, Result};
use presentation_kit::Site;

use crate::guard::{Button, Form};
use crate::page_context::PageContext;
use crate::respond::{PageResult, PathOf, no_store, page, redirect};
use crate::upload::failure;
use crate::view::{PhotoView, Shell, When, now, span};

/// The address of the page.
const PATH: &str = "/new/photos";
/// The most photos shown: as many as the media domain returns at once. Far fewer can wait for a
/// post; those that failed are bounded by how many may be uploaded.
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

pub(crate) async fn show(page_context: PageContext) -> PageResult {
    let owner = page_context.member()?;
    let unused = of_member(&page_context, owner, UPLOADS).await?;
    let view = |item: &MediaItem| UploadView::of(page_context.site(), item);
    let uploads = UploadsPage {
        shell: Shell::of(&page_context, "new"),
        // As they came: that is the order in which those that are chosen go into the post.
        uploads: unused.items.iter().rev().map(view).collect(),
        kept: span(unused.lifetime_s),
        failed_kept: span(unused.failed_lifetime_s),
        photos_max: page_context.site().post_media_max,
    };
    // Nobody comes back to what was deleted or shared meanwhile.
    Ok(no_store(page(&uploads)))
}

pub(crate) async fn delete(
    page_context: PageContext,
    PathOf(id): PathOf<String>,
    Form(Button {}): Form<Button>,
) -> PageResult {
    let owner = page_context.member()?;
    let id: MediaId = id.parse().map_err(|_| Error::not_found("photo"))?;
    let request = DeleteMediaRequest {
        owner_id: owner.get(),
        id: id.get(),
    };
    let media = &page_context.surface.gateways.media;
    match media.delete_media(&page_context.context, request).await {
        // It has gone by itself, or the form came twice.
        Err(error) if error.code() == ErrorCode::NotFound => {}
        deleted => drop(deleted?),
    }
    Ok(redirect(PATH))
}

/// What a member has uploaded and nothing shows, newest first: at most so many.
pub(crate) async fn of_member(
    page_context: &PageContext,
    owner: AccountId,
    limit: u32,
) -> Result<ListUnusedReply> {
    let request = ListUnusedRequest {
        owner_id: owner.get(),
        limit,
    };
    let media = &page_context.surface.gateways.media;
    media.list_unused(&page_context.context, request).await
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
