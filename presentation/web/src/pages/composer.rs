//! `/new`: choosing photos, describing them, sharing them.
//!
//! With a script, photos go up one by one to `/new/photos` while the words are being written, and the form names them.
//! Without one, the same form carries them: "Add photos" brings it back with a field for each, "Share" shares at once.

mod draft;
mod show;

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::response::IntoResponse as _;
use business_media_gateway::{MediaItem, UpdateMediaRequest};
use business_posts_gateway::CreatePostRequest;
use http::{HeaderMap, Method};
use infra_kernel::{AccountId, Error, ErrorCode, Result};
use presentation_kit::upload::FileForm;
use serde_json::json;

use crate::guard::{check_origin, check_token};
use crate::pages::composer::draft::Draft;
use crate::respond::{Answer, Trouble, go_to};
use crate::upload::{finish, is_file, receive, text};
use crate::view::{CHOICES, FormTrouble, PhotoView};
use crate::visit::Visit;

#[cfg(test)]
pub(crate) use show::{ComposedPhoto, ComposerPage};
pub(crate) use show::{accepted_types, show};

/// Takes one photo from the script: answers its id when it is ready to be shown.
pub(crate) async fn take_photo(
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
            let item = finish(&visit.context, media, item.id).await?;
            return Ok(Json(describe(&visit, &item)).into_response());
        }
    }
    Err(Error::invalid(
        "file",
        "There was no photo in what was sent. Choose one and try again.",
    )
    .into())
}

fn describe(visit: &Visit, item: &MediaItem) -> serde_json::Value {
    let photo = PhotoView::of(visit.site(), item);
    json!({
        "id": item.id.to_string(),
        "picture": photo.map(|photo| photo.feed),
        "width": item.width,
        "height": item.height,
    })
}

/// Takes the whole form: shares the post, or brings the form back.
pub(crate) async fn publish(
    visit: Visit,
    headers: HeaderMap,
    form: Result<FileForm, MultipartRejection>,
) -> Answer {
    let author = visit.member()?;
    check_origin(&Method::POST, &headers, &visit)?;
    let mut form = form.map_err(no_form)?;
    let mut draft = Draft::default();
    let read = draft.read(&visit, author, &mut form).await;
    // A form that is not ours is not brought back, it is refused.
    if !draft.is_ours {
        read?;
        check_token(&visit, "")?;
        return Err(Error::invalid("csrf", "The form was empty. Go back and try again.").into());
    }
    let shared = match read {
        Ok(()) if draft.wants_sharing() => share(&visit, author, &draft).await.map(Some),
        Ok(()) => Ok(None),
        Err(error) => Err(error),
    };
    match shared {
        Ok(Some(address)) => Ok(go_to(&address)),
        Ok(None) => show::draft_page(&visit, author, &draft, FormTrouble::none()).await,
        Err(error) if error.code().is_server_fault() => Err(error.into()),
        Err(error) => show::draft_page(&visit, author, &draft, FormTrouble::of(&error)).await,
    }
}

/// Publishes a draft and answers the address of the post.
async fn share(visit: &Visit, author: AccountId, draft: &Draft) -> Result<String> {
    if draft.photos.is_empty() && draft.text.trim().is_empty() {
        return Err(Error::invalid("file", "Choose a photo first."));
    }
    let media = &*visit.surface.gateways.media;
    for photo in &draft.photos {
        finish(&visit.context, media, photo.id.get()).await?;
        if let Some(alt) = &photo.alt {
            put_alt(visit, author, photo.id.get(), alt).await?;
        }
    }
    let visibility = CHOICES
        .iter()
        .find(|choice| choice.name == draft.visibility);
    let visibility =
        visibility.ok_or_else(|| Error::invalid("visibility", "Say who may see it."))?;
    let request = CreatePostRequest {
        author_id: author.get(),
        text: draft.text.trim().to_owned(),
        media_ids: draft.photos.iter().map(|photo| photo.id.get()).collect(),
        visibility: show::visibility_of(visibility).into(),
        sensitive: draft.sensitive,
        idempotency_key: draft.idempotency_key.clone(),
        ..CreatePostRequest::default()
    };
    let reply = visit
        .surface
        .gateways
        .posts
        .create_post(&visit.context, request)
        .await?;
    let post = reply
        .post
        .ok_or_else(|| Error::internal("a post was made but not answered"))?;
    let name = visit
        .viewer
        .as_ref()
        .map(|viewer| viewer.account.username.as_str())
        .unwrap_or_default();
    Ok(format!("/@{name}/{}", post.id))
}

async fn put_alt(visit: &Visit, owner: AccountId, id: u64, alt: &str) -> Result<()> {
    let request = UpdateMediaRequest {
        owner_id: owner.get(),
        id,
        description: Some(alt.trim().to_owned()),
        ..UpdateMediaRequest::default()
    };
    visit
        .surface
        .gateways
        .media
        .update_media(&visit.context, request)
        .await?;
    Ok(())
}

pub(crate) fn no_form(rejection: MultipartRejection) -> Trouble {
    Trouble(
        Error::new(
            ErrorCode::Invalid,
            "This form could not be read. Go back and try again.",
        )
        .with_source(rejection),
    )
}
