//! The composer as it is shown.

use askama::Template;
use business_media_gateway::{Capabilities, GetCapabilitiesRequest, MediaItem};
use business_posts_gateway::Visibility;
use http::StatusCode;
use infra_kernel::{AccountId, ErrorCode, Result};
use presentation_kit::extract::QueryOf;
use presentation_kit::{Problem, Site};
use serde::Deserialize;

use crate::page_context::{PageContext, fresh_secret};
use crate::pages::composer::draft::Draft;
use crate::pages::composer::photo::settled;
use crate::pages::uploads;
use crate::respond::{PageError, PageResult, no_store, page_with_status};
use crate::view::{CHOICES, Choice, FormError, PhotoView, Shell};

#[derive(Template)]
#[template(path = "composer.html")]
pub(crate) struct ComposerPage {
    pub(crate) shell: Shell,
    pub(crate) form_error: FormError,
    pub(crate) idempotency_key: String,
    pub(crate) photos: Vec<ComposedPhoto>,
    /// Whether there are photos of the member's that no post shows, beside these.
    pub(crate) offers_uploads: bool,
    /// Names and reasons of photos that cannot be shared.
    pub(crate) refused: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) visibility: String,
    pub(crate) sensitive: bool,
    pub(crate) originals_shared: bool,
    pub(crate) camera_shown: bool,
    pub(crate) choices: &'static [Choice],
    /// For the file field: "image/jpeg,image/png".
    pub(crate) accepted: String,
    /// "JPEG, PNG, WebP"
    pub(crate) accepted_words: String,
    pub(crate) photos_max: u32,
    pub(crate) upload_bytes_max: u64,
    pub(crate) upload_megabytes: u64,
    pub(crate) alt_characters_max: u32,
}

/// A photo that is stored and not shared yet.
pub(crate) struct ComposedPhoto {
    pub(crate) id: u64,
    /// None while it is processed.
    pub(crate) photo: Option<PhotoView>,
    pub(crate) alt: String,
    /// Its focal point in per cent from the left and from the top.
    pub(crate) focus: (f32, f32),
}

/// Photos that are stored already, to begin with: `?media_id[]=1&media_id[]=2`.
#[derive(Default, Deserialize)]
pub(crate) struct ComposerQuery {
    #[serde(default)]
    media_id: Vec<String>,
}

pub(crate) async fn show(
    page_context: PageContext,
    query: Result<QueryOf<ComposerQuery>, Problem>,
) -> PageResult {
    let author = page_context.member()?;
    let query = query.map_err(|problem| PageError(problem.0))?.0;
    // Who asks for none only needs to know whether there are any.
    let limit = if query.media_id.is_empty() {
        1
    } else {
        uploads::UPLOADS
    };
    let unused = uploads::of_member(&page_context, author, limit)
        .await?
        .items;
    let photos = chosen(&page_context, &unused, &query);
    let default = page_context.viewer.as_ref().map(|viewer| &viewer.account);
    let page = ComposerPage {
        visibility: known(default.map_or("", |account| &account.default_visibility)),
        sensitive: default.is_some_and(|account| account.default_sensitive),
        originals_shared: default.is_some_and(|account| account.default_originals_shared),
        camera_shown: default.is_some_and(|account| account.default_camera_shown),
        offers_uploads: unused.len() > photos.len(),
        photos,
        ..blank(&page_context).await?
    };
    Ok(no_store(page_with_status(StatusCode::OK, &page)))
}

/// Those of a member's photos that were asked for, in that order: what is not there, in use or
/// failed is skipped.
fn chosen(
    page_context: &PageContext,
    unused: &[MediaItem],
    query: &ComposerQuery,
) -> Vec<ComposedPhoto> {
    let mut ids: Vec<u64> = Vec::new();
    for id in query.media_id.iter().filter_map(|id| id.parse().ok()) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let usable = |id: u64| {
        let item = unused.iter().find(|item| item.id == id);
        item.filter(|item| !item.has_failed())
    };
    let items = ids.into_iter().filter_map(usable);
    items
        .take(page_context.site().post_media_max as usize)
        .map(|item| ComposedPhoto::of(page_context.site(), item))
        .collect()
}

/// The form brought back with what was written and stored.
pub(super) async fn draft_page(
    page_context: &PageContext,
    owner: AccountId,
    draft: &Draft,
    form_error: FormError,
) -> PageResult {
    let status = if form_error.is_any() || !draft.refused.is_empty() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let default = page_context.viewer.as_ref().map(|viewer| &viewer.account);
    let page = ComposerPage {
        form_error,
        photos: stored(page_context, owner, draft).await?,
        text: draft.text.clone(),
        visibility: known(if draft.visibility.is_empty() {
            // It was never read: what could not be understood must not be seen by more than its
            // writer is used to.
            default.map_or("", |account| &account.default_visibility)
        } else {
            &draft.visibility
        }),
        sensitive: draft.sensitive
            || draft.visibility.is_empty()
                && default.is_some_and(|account| account.default_sensitive),
        originals_shared: draft.originals_shared,
        camera_shown: draft.camera_shown,
        refused: draft
            .refused
            .iter()
            .map(|one| (one.name.clone(), one.reason.clone()))
            .collect(),
        // Kept as long as it is not spent: "Share" pressed twice must be one post.
        idempotency_key: if draft.idempotency_key.is_empty() {
            fresh_secret()
        } else {
            draft.idempotency_key.clone()
        },
        ..blank(page_context).await?
    };
    Ok(no_store(page_with_status(status, &page)))
}

/// The draft's photos that are its writer's own, in its order, with what was said of them.
async fn stored(
    page_context: &PageContext,
    owner: AccountId,
    draft: &Draft,
) -> Result<Vec<ComposedPhoto>> {
    let mut photos = Vec::new();
    for written in &draft.photos {
        let item = match settled(page_context, owner, written.id).await {
            Ok(item) => item,
            // One that has gone in the meantime takes nothing else with it.
            Err(error) if error.code() == ErrorCode::NotFound => continue,
            Err(error) => return Err(error),
        };
        let (x, y) = written.focus();
        let told = MediaItem {
            focus_x: x.unwrap_or(item.focus_x),
            focus_y: y.unwrap_or(item.focus_y),
            description: written.alt.clone().unwrap_or(item.description),
            ..item
        };
        photos.push(ComposedPhoto::of(page_context.site(), &told));
    }
    Ok(photos)
}

impl ComposedPhoto {
    fn of(site: &Site, item: &MediaItem) -> Self {
        Self {
            id: item.id,
            photo: PhotoView::of(site, item),
            alt: item.description.clone(),
            focus: (per_cent(item.focus_x), per_cent(-item.focus_y)),
        }
    }
}

/// From -1 to 1, in whole per cent from 0 to 100.
fn per_cent(from_middle: f32) -> f32 {
    ((from_middle.clamp(-1.0, 1.0) + 1.0) * 50.0).round()
}

async fn blank(page_context: &PageContext) -> Result<ComposerPage> {
    let capabilities = page_context
        .surface
        .gateways
        .media
        .get_capabilities(&page_context.context, GetCapabilitiesRequest {})
        .await?;
    Ok(ComposerPage {
        shell: Shell::of(page_context, "new"),
        form_error: FormError::none(),
        idempotency_key: fresh_secret(),
        photos: Vec::new(),
        offers_uploads: false,
        text: String::new(),
        visibility: known(""),
        sensitive: false,
        originals_shared: false,
        camera_shown: false,
        refused: Vec::new(),
        choices: &CHOICES,
        accepted: accepted_types(&capabilities),
        accepted_words: accepted_words(&capabilities),
        photos_max: page_context.site().post_media_max,
        upload_bytes_max: capabilities.upload_bytes_max,
        upload_megabytes: capabilities.upload_bytes_max / (1024 * 1024),
        alt_characters_max: capabilities.description_characters_max,
    })
}

/// What a file field takes.
pub(crate) fn accepted_types(capabilities: &Capabilities) -> String {
    capabilities.content_types.join(",")
}

fn accepted_words(capabilities: &Capabilities) -> String {
    let word = |content_type: &String| match content_type.as_str() {
        "image/webp" => "WebP".to_owned(),
        "image/apng" => "APNG".to_owned(),
        other => other.rsplit('/').next().unwrap_or(other).to_uppercase(),
    };
    capabilities
        .content_types
        .iter()
        .map(word)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A visibility that can be chosen here: everyone when nothing was said, and the narrowest for one
/// that cannot.
fn known(name: &str) -> String {
    let [everyone, .., narrowest] = &CHOICES;
    let otherwise = if name.is_empty() { everyone } else { narrowest };
    CHOICES
        .iter()
        .find(|choice| choice.name == name)
        .unwrap_or(otherwise)
        .name
        .to_owned()
}

pub(super) fn visibility_of(choice: &Choice) -> Visibility {
    match choice.name {
        "unlisted" => Visibility::Unlisted,
        "private" => Visibility::Private,
        _ => Visibility::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_what_it_says() {
        let chosen: Vec<_> = CHOICES.iter().map(visibility_of).collect();
        assert_eq!(
            chosen,
            [
                Visibility::Public,
                Visibility::Unlisted,
                Visibility::Private
            ]
        );
        assert_eq!(known(""), "public");
        assert_eq!(known("direct"), "private");
        assert_eq!(known("private"), "private");
    }

    #[test]
    fn what_is_taken_is_said_in_words() {
        let content_types = ["image/jpeg", "image/png", "image/webp"]
            .map(String::from)
            .to_vec();
        let capabilities = Capabilities {
            content_types,
            ..Capabilities::default()
        };
        assert_eq!(accepted_words(&capabilities), "JPEG, PNG, WebP");
        assert_eq!(
            accepted_types(&capabilities),
            "image/jpeg,image/png,image/webp"
        );
    }
}
