//! One photo at a time, for the script.

use std::time::Duration;

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::response::IntoResponse as _;
use business_media_gateway::{
    GetMediaRequest, MediaId, MediaItem, MediaState, WaitUntilProcessedRequest,
};
use http::{HeaderMap, Method};
use infra_kernel::{AccountId, Error, ErrorCode, Result};
use presentation_kit::upload::FileForm;
use serde_json::json;

use crate::guard::{check_origin, check_token};
use crate::page_context::PageContext;
use crate::pages::composer::no_form;
use crate::respond::{PageResult, PathOf};
use crate::upload::{failure, is_file, receive, text};
use crate::view::PhotoView;

/// How long a response waits for a photo to be processed; after that the script asks again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes one photo: returns its id, and its preview when it is ready.
pub(crate) async fn take(
    page_context: PageContext,
    headers: HeaderMap,
    form: Result<FileForm, MultipartRejection>,
) -> PageResult {
    let owner = page_context.member()?;
    check_origin(&Method::POST, &headers, &page_context)?;
    let mut form = form.map_err(no_form)?;
    let mut is_ours = false;
    while let Some(field) = form.next_field().await? {
        if field.name() == Some("csrf") {
            check_token(&page_context, &text(field).await?)?;
            is_ours = true;
        } else if is_file(&field) {
            // The token comes before the file: nothing is stored for a form that is not ours.
            if !is_ours {
                check_token(&page_context, "")?;
            }
            let media = &*page_context.surface.gateways.media;
            let item = receive(&page_context.context, media, owner, field).await?;
            return photo_state(&page_context, &waited_for(&page_context, item).await?);
        }
    }
    Err(Error::invalid(
        "file",
        "There was no photo in what was sent. Choose one and try again.",
    )
    .into())
}

/// How far one of the member's own photos is: at once, when too many requests wait for that
/// already.
pub(crate) async fn state(page_context: PageContext, PathOf(id): PathOf<String>) -> PageResult {
    let owner = page_context.member()?;
    let id = id.parse().map_err(|_| Error::not_found("photo"))?;
    // Unlike one that brings a photo, this request has a place among those in flight, and keeps it
    // while it waits.
    let item = match page_context.surface.waits.begin(owner) {
        Some(_wait) => settled(&page_context, owner, id).await?,
        None => own(&page_context, owner, id).await?,
    };
    photo_state(&page_context, &item)
}

fn photo_state(page_context: &PageContext, item: &MediaItem) -> PageResult {
    if let Some(reason) = failure(item) {
        return Err(Error::new(ErrorCode::Unsupported, reason).into());
    }
    let photo = PhotoView::of(page_context.site(), item).filter(|_| item.is_ready());
    let body = json!({
        "id": item.id.to_string(),
        "state": if photo.is_some() { "ready" } else { "processing" },
        "picture": photo.map(|photo| photo.feed),
    });
    Ok(Json(body).into_response())
}

/// One of the member's own photos, when it is processed or the time is up.
pub(super) async fn settled(
    page_context: &PageContext,
    owner: AccountId,
    id: MediaId,
) -> Result<MediaItem> {
    let item = own(page_context, owner, id).await?;
    waited_for(page_context, item).await
}

/// One of the member's own photos as it is.
async fn own(page_context: &PageContext, owner: AccountId, id: MediaId) -> Result<MediaItem> {
    let request = GetMediaRequest {
        ids: vec![id.get()],
    };
    let media = &page_context.surface.gateways.media;
    let items = media.get_media(&page_context.context, request).await?.items;
    items
        .into_iter()
        .find(|item| item.owner_id == owner.get())
        .ok_or_else(|| Error::not_found("photo").for_field("media_id"))
}

async fn waited_for(page_context: &PageContext, item: MediaItem) -> Result<MediaItem> {
    if !matches!(item.state(), MediaState::Uploaded | MediaState::Processing) {
        return Ok(item);
    }
    // A budget can also extend a deadline, which this one must not.
    let patience = PATIENCE.min(page_context.context.remaining());
    let waiting = page_context.context.with_budget(patience);
    let request = WaitUntilProcessedRequest { id: item.id };
    let media = &page_context.surface.gateways.media;
    match media.wait_until_processed(&waiting, request).await {
        // Over the wire the time may be up before the response with the item as it is arrives.
        Err(error) if error.code() == ErrorCode::DeadlineExceeded => Ok(item),
        photo_state => photo_state,
    }
}
