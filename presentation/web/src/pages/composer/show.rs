//! The composer as it is shown.

use askama::Template;
use business_media_gateway::{
    Capabilities, GetCapabilitiesRequest, GetMediaRequest, WaitUntilProcessedRequest,
};
use business_posts_gateway::Visibility;
use http::StatusCode;
use infra_kernel::{AccountId, Result};

use crate::pages::composer::draft::Draft;
use crate::respond::{Answer, page_with_status};
use crate::view::{CHOICES, Choice, FormTrouble, PhotoView, Shell};
use crate::visit::{Visit, fresh_secret};

#[derive(Template)]
#[template(path = "composer.html")]
pub(crate) struct ComposerPage {
    pub(crate) shell: Shell,
    pub(crate) trouble: FormTrouble,
    pub(crate) idempotency_key: String,
    pub(crate) photos: Vec<ComposedPhoto>,
    pub(crate) text: String,
    pub(crate) visibility: String,
    pub(crate) sensitive: bool,
    pub(crate) choices: &'static [Choice],
    /// For the file field: "image/jpeg,image/png".
    pub(crate) accepted: String,
    /// "JPEG, PNG, WebP"
    pub(crate) accepted_words: String,
    pub(crate) photos_max: u32,
    pub(crate) upload_bytes_max: u64,
    pub(crate) upload_megabytes: u64,
    pub(crate) alt_characters_max: u32,
    pub(crate) characters_max: u32,
}

/// A photo that is stored and not shared yet.
pub(crate) struct ComposedPhoto {
    pub(crate) id: u64,
    pub(crate) photo: PhotoView,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    visit.member()?;
    let default = visit.viewer.as_ref().map(|viewer| &viewer.account);
    let page = ComposerPage {
        visibility: known(default.map_or("", |account| &account.default_visibility)),
        sensitive: default.is_some_and(|account| account.default_sensitive),
        ..blank(&visit).await?
    };
    Ok(page_with_status(StatusCode::OK, &page))
}

/// The form brought back with what was written and stored.
pub(super) async fn draft_page(
    visit: &Visit,
    owner: AccountId,
    draft: &Draft,
    trouble: FormTrouble,
) -> Answer {
    let status = if trouble.is_any() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let page = ComposerPage {
        trouble,
        photos: stored(visit, owner, draft).await?,
        text: draft.text.clone(),
        visibility: known(&draft.visibility),
        sensitive: draft.sensitive,
        idempotency_key: if draft.idempotency_key.is_empty() {
            fresh_secret()
        } else {
            draft.idempotency_key.clone()
        },
        ..blank(visit).await?
    };
    Ok(page_with_status(status, &page))
}

/// The draft's photos that can be shown and are its writer's own, with the words written for them.
async fn stored(visit: &Visit, owner: AccountId, draft: &Draft) -> Result<Vec<ComposedPhoto>> {
    let media = &visit.surface.gateways.media;
    let ids: Vec<u64> = draft.photos.iter().map(|photo| photo.id.get()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let own = media
        .get_media(&visit.context, GetMediaRequest { ids })
        .await?
        .items;
    let mut photos = Vec::new();
    for item in own.into_iter().filter(|item| item.owner_id == owner.get()) {
        let item = media
            .wait_until_processed(&visit.context, WaitUntilProcessedRequest { id: item.id })
            .await?;
        if let Some(mut photo) = PhotoView::of(visit.site(), &item) {
            let written = draft
                .photos
                .iter()
                .find(|written| written.id.get() == item.id);
            if let Some(alt) = written.and_then(|written| written.alt.clone()) {
                photo.alt = alt;
            }
            photos.push(ComposedPhoto { id: item.id, photo });
        }
    }
    Ok(photos)
}

async fn blank(visit: &Visit) -> Result<ComposerPage> {
    let capabilities = visit
        .surface
        .gateways
        .media
        .get_capabilities(&visit.context, GetCapabilitiesRequest {})
        .await?;
    Ok(ComposerPage {
        shell: Shell::of(visit, "new"),
        trouble: FormTrouble::none(),
        idempotency_key: fresh_secret(),
        photos: Vec::new(),
        text: String::new(),
        visibility: known(""),
        sensitive: false,
        choices: &CHOICES,
        accepted: accepted_types(&capabilities),
        accepted_words: accepted_words(&capabilities),
        photos_max: visit.site().post_media_max,
        upload_bytes_max: capabilities.upload_bytes_max,
        upload_megabytes: capabilities.upload_bytes_max / (1024 * 1024),
        alt_characters_max: capabilities.description_characters_max,
        characters_max: visit.site().post_characters_max,
    })
}

/// What a file field takes.
pub(crate) fn accepted_types(capabilities: &Capabilities) -> String {
    capabilities.content_types.join(",")
}

fn accepted_words(capabilities: &Capabilities) -> String {
    let word = |content_type: &String| match content_type.as_str() {
        "image/webp" => "WebP".to_owned(),
        other => other.rsplit('/').next().unwrap_or(other).to_uppercase(),
    };
    capabilities
        .content_types
        .iter()
        .map(word)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A visibility that can be chosen here; everyone when it is none.
fn known(name: &str) -> String {
    CHOICES
        .iter()
        .find(|choice| choice.name == name)
        .unwrap_or(&CHOICES[0])
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
        assert_eq!(known("direct"), "public");
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
