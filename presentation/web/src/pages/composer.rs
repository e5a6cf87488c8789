//! `/new`: choosing photos, describing them, sharing them.
//!
//! With a script, photos go up one by one to `/new/photos` while the words are being written, and
//! the form names them. Without one, the same form carries them: "Add photos" brings it back with a
//! field for each, "Share" shares at once. Either way a photo that cannot be shared says why, and
//! keeps no other from being shared.

mod draft;
mod photo;
mod show;

use axum::extract::multipart::MultipartRejection;
use business_media_gateway::UpdateMediaRequest;
use business_posts_gateway::CreatePostRequest;
use http::{HeaderMap, Method};
use infra_kernel::{AccountId, Error, ErrorCode, Result};
use presentation_kit::problem::status_of;
use presentation_kit::upload::FileForm;

use crate::guard::{check_origin, check_token};
use crate::page_context::PageContext;
use crate::pages::composer::draft::{Draft, DraftPhoto};
use crate::pages::composer::photo::settled;
use crate::pages::sent;
use crate::respond::{PageError, PageResult, redirect, with_wait};
use crate::upload::failure;
use crate::view::{CHOICES, FormError};

pub(crate) use photo::{state, take};
#[cfg(test)]
pub(crate) use show::{ComposedPhoto, ComposerPage};
pub(crate) use show::{accepted_types, show};

/// Takes the whole form: shares the post, or brings the form back.
pub(crate) async fn publish(
    page_context: PageContext,
    headers: HeaderMap,
    form: Result<FileForm, MultipartRejection>,
) -> PageResult {
    let author = page_context.member()?;
    check_origin(&Method::POST, &headers, &page_context)?;
    let mut form = form.map_err(no_form)?;
    let mut draft = Draft::default();
    let read = draft.read(&page_context, author, &mut form).await;
    // A form that is not ours is not brought back, it is refused.
    if !draft.is_ours {
        read?;
        // An empty token never fits: this refuses.
        check_token(&page_context, "")?;
        return Err(Error::invalid("csrf", "The form was empty. Go back and try again.").into());
    }
    // After the form was read, so that one that is too much can be brought back.
    let counted = page_context.surface.limits.count_write(author).await;
    let shared = match read.and(counted.outcome()) {
        Ok(()) if draft.wants_sharing() => share(&page_context, author, &mut draft).await,
        Ok(()) => Ok(None),
        Err(error) => Err(error),
    };
    match shared {
        Ok(Some(address)) => Ok(redirect(&address)),
        Ok(None) => show::draft_page(&page_context, author, &draft, FormError::none()).await,
        Err(error) if error.code().is_server_fault() => Err(error.into()),
        Err(error) => {
            if error.field() == Some(sent::KEY) {
                // It gets a new one, or it could never be sent.
                draft.idempotency_key.clear();
            }
            let form_error = FormError::of(&error);
            let mut page = show::draft_page(&page_context, author, &draft, form_error).await?;
            if error.code() == ErrorCode::RateLimited {
                *page.status_mut() = status_of(error.code());
            }
            Ok(with_wait(page, &error))
        }
    }
}

/// Publishes a draft and returns the address of the post; none when photos had to be taken out of
/// it.
async fn share(
    page_context: &PageContext,
    author: AccountId,
    draft: &mut Draft,
) -> Result<Option<String>> {
    take_out_failed(page_context, author, draft).await?;
    if !draft.refused.is_empty() {
        return Ok(None);
    }
    if draft.photos.is_empty() && draft.text.trim().is_empty() {
        return Err(Error::invalid("file", "Choose a photo first."));
    }
    let request = request(author, draft)?;
    for photo in &draft.photos {
        match describe(page_context, author, photo).await {
            // It is in a post. Whether in the one that this form made when it came before, the
            // posts domain knows.
            Err(error) if error.code() == ErrorCode::Conflict => {}
            described => described?,
        }
    }
    let post = sent::create(page_context, request).await?;
    let name = page_context
        .viewer
        .as_ref()
        .map(|viewer| viewer.account.username.as_str())
        .unwrap_or_default();
    Ok(Some(format!("/@{name}/{}", post.id)))
}

/// Waits for every photo, and takes those out of a draft that could not be processed.
async fn take_out_failed(
    page_context: &PageContext,
    owner: AccountId,
    draft: &mut Draft,
) -> Result<()> {
    let photos = std::mem::take(&mut draft.photos);
    let mut unfinished = None;
    for (photo, number) in photos.into_iter().zip(1..) {
        let item = match settled(page_context, owner, photo.id).await {
            Ok(item) => item,
            Err(error) if error.code() == ErrorCode::NotFound => {
                draft.refuse(number, "It is no longer here. Choose it again.");
                continue;
            }
            Err(error) => return Err(error),
        };
        if let Some(reason) = failure(&item) {
            draft.refuse(number, reason);
            continue;
        }
        if !item.is_ready() {
            // The others are still looked at, so that all that failed are named together.
            unfinished = unfinished.or(Some(number));
        }
        draft.photos.push(photo);
    }
    unfinished.map_or(Ok(()), |number| {
        let text = format!(
            "Photo {number} is still being processed. Everything is kept here: press Share again in a moment."
        );
        Err(Error::invalid("file", text))
    })
}

fn request(author: AccountId, draft: &Draft) -> Result<CreatePostRequest> {
    let visibility = CHOICES
        .iter()
        .find(|choice| choice.name == draft.visibility);
    let visibility =
        visibility.ok_or_else(|| Error::invalid("visibility", "Say who may see it."))?;
    Ok(CreatePostRequest {
        author_id: author.get(),
        text: draft.text.trim().to_owned(),
        media_ids: draft.photos.iter().map(|photo| photo.id.get()).collect(),
        visibility: show::visibility_of(visibility).into(),
        sensitive: draft.sensitive,
        originals_shared: draft.originals_shared,
        camera_shown: draft.camera_shown,
        idempotency_key: draft.idempotency_key.clone(),
        ..CreatePostRequest::default()
    })
}

/// Says of a photo what the form said of it.
async fn describe(page_context: &PageContext, owner: AccountId, photo: &DraftPhoto) -> Result<()> {
    let (focus_x, focus_y) = photo.focus();
    if photo.alt.is_none() && focus_x.is_none() && focus_y.is_none() {
        return Ok(());
    }
    let request = UpdateMediaRequest {
        owner_id: owner.get(),
        id: photo.id.get(),
        description: photo.alt.as_deref().map(|alt| alt.trim().to_owned()),
        focus_x,
        focus_y,
    };
    page_context
        .surface
        .gateways
        .media
        .update_media(&page_context.context, request)
        .await?;
    Ok(())
}

pub(crate) fn no_form(rejection: MultipartRejection) -> PageError {
    PageError(
        Error::new(
            ErrorCode::Invalid,
            "This form could not be read. Go back and try again.",
        )
        .with_source(rejection),
    )
}
