//! One photo at a time, for the script.

use std::time::Duration;

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::response::IntoResponse as _;
use business_media_gateway::{GetMediaRequest, MediaItem, MediaState, WaitUntilProcessedRequest};
use http::{HeaderMap, Method};
use infra_kernel::{AccountId, Error, ErrorCode, MediaId, Result};
use presentation_kit::upload::FileForm;
use serde_json::json;

use crate::guard::{check_origin, check_token};
use crate::pages::composer::no_form;
use crate::respond::{Answer, PathOf};
use crate::upload::{failure, is_file, receive, text};
use crate::view::PhotoView;
use crate::visit::Visit;

/// How long an answer waits for a photo to be processed; after that the script asks again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes one photo: answers its id, and its preview when it is ready.
pub(crate) async fn take(
    visit: Visit,
    headers: HeaderMap,
    form: Result<FileForm, MultipartRejection>,
) -> Answer {
    let owner = visit.member()?;
    check_origin(&Method::POST, &headers, &visit)?;
    let mut form = form.map_err(no_form)?;
    let mut is_ours = false;
    while let Some(field) = form.next_field().await? {
        if field.name() == Some("csrf") {
            check_token(&visit, &text(field).await?)?;
            is_ours = true;
        } else if is_file(&field) {
            // The token comes before the file: nothing is stored for a form that is not ours.
            if !is_ours {
                check_token(&visit, "")?;
            }
            let media = &*visit.surface.gateways.media;
            let item = receive(&visit.context, media, owner, field).await?;
            return answer(&visit, &waited_for(&visit, item).await?);
        }
    }
    Err(Error::invalid(
        "file",
        "There was no photo in what was sent. Choose one and try again.",
    )
    .into())
}

/// How far one of the member's own photos is: at once, when too many requests wait for that already.
pub(crate) async fn state(visit: Visit, PathOf(id): PathOf<String>) -> Answer {
    let owner = visit.member()?;
    let id = id.parse().map_err(|_| Error::not_found("photo"))?;
    // Unlike one that brings a photo, this request has a place among those in flight, and keeps it while it waits.
    let item = match visit.surface.waits.begin(owner) {
        Some(_wait) => settled(&visit, owner, id).await?,
        None => own(&visit, owner, id).await?,
    };
    answer(&visit, &item)
}

fn answer(visit: &Visit, item: &MediaItem) -> Answer {
    if let Some(reason) = failure(item) {
        return Err(Error::new(ErrorCode::Unsupported, reason).into());
    }
    let photo = PhotoView::of(visit.site(), item).filter(|_| item.is_ready());
    let body = json!({
        "id": item.id.to_string(),
        "state": if photo.is_some() { "ready" } else { "processing" },
        "picture": photo.map(|photo| photo.feed),
    });
    Ok(Json(body).into_response())
}

/// One of the member's own photos, when it is processed or the time is up.
pub(super) async fn settled(visit: &Visit, owner: AccountId, id: MediaId) -> Result<MediaItem> {
    let item = own(visit, owner, id).await?;
    waited_for(visit, item).await
}

/// One of the member's own photos as it is.
async fn own(visit: &Visit, owner: AccountId, id: MediaId) -> Result<MediaItem> {
    let request = GetMediaRequest {
        ids: vec![id.get()],
    };
    let media = &visit.surface.gateways.media;
    let items = media.get_media(&visit.context, request).await?.items;
    items
        .into_iter()
        .find(|item| item.owner_id == owner.get())
        .ok_or_else(|| Error::not_found("photo").for_field("media_id"))
}

async fn waited_for(visit: &Visit, item: MediaItem) -> Result<MediaItem> {
    if !matches!(item.state(), MediaState::Uploaded | MediaState::Processing) {
        return Ok(item);
    }
    let patience = PATIENCE.min(visit.context.remaining());
    let waiting = visit.context.with_budget(patience);
    let request = WaitUntilProcessedRequest { id: item.id };
    let media = &visit.surface.gateways.media;
    match media.wait_until_processed(&waiting, request).await {
        // Over the wire the time may be up before the answer with the item as it is arrives.
        Err(error) if error.code() == ErrorCode::DeadlineExceeded => Ok(item),
        answer => answer,
    }
}
