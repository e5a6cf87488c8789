//! `/settings`: one's own profile.

use askama::Template;
use axum::extract::multipart::MultipartRejection;
use business_accounts_gateway::UpdateProfileRequest;
use business_media_gateway::{GetCapabilitiesRequest, MediaItem};
use http::{HeaderMap, Method, StatusCode};
use infra_kernel::{AccountId, ErrorCode, Result};
use presentation_kit::Problem;
use presentation_kit::extract::QueryOf;
use presentation_kit::problem::status_of;
use presentation_kit::upload::{FileField, FileForm};
use presentation_sagas::{Picture, Uploaded, update_profile};
use serde::Deserialize;

use crate::guard::{check_origin, check_token};
use crate::page_context::PageContext;
use crate::pages::composer::{accepted_types, no_form};
use crate::respond::{PageError, PageResult, page_with_status, redirect};
use crate::upload::{finish, is_file, receive, text, too_many_fields};
use crate::view::{CHOICES, Choice, FormError, PersonView, Shell};

/// The most fields looked at.
const FIELDS_MAX: usize = 20;

#[derive(Template)]
#[template(path = "settings.html")]
pub(crate) struct SettingsPage {
    pub(crate) shell: Shell,
    pub(crate) person: PersonView,
    pub(crate) form_error: FormError,
    pub(crate) saved: bool,
    pub(crate) display_name: String,
    pub(crate) note: String,
    pub(crate) locked: bool,
    /// How many ask to follow.
    pub(crate) asking: u64,
    pub(crate) default_visibility: String,
    pub(crate) default_originals_shared: bool,
    pub(crate) default_camera_shown: bool,
    pub(crate) choices: &'static [Choice],
    pub(crate) accepted: String,
}

#[derive(Deserialize)]
pub(crate) struct SettingsQuery {
    saved: Option<String>,
}

pub(crate) async fn show(
    page_context: PageContext,
    query: Result<QueryOf<SettingsQuery>, Problem>,
) -> PageResult {
    let saved = query
        .map_err(|problem| PageError(problem.0))?
        .0
        .saved
        .is_some();
    let page = SettingsPage {
        saved,
        ..blank(&page_context).await?
    };
    Ok(page_with_status(StatusCode::OK, &page))
}

pub(crate) async fn save(
    page_context: PageContext,
    headers: HeaderMap,
    form: Result<FileForm, MultipartRejection>,
) -> PageResult {
    let owner = page_context.member()?;
    check_origin(&Method::POST, &headers, &page_context)?;
    let mut change = UpdateProfileRequest {
        account_id: owner.get(),
        ..UpdateProfileRequest::default()
    };
    match try_to_save(
        &page_context,
        owner,
        &mut form.map_err(no_form)?,
        &mut change,
    )
    .await
    {
        Ok(()) => Ok(redirect("/settings?saved")),
        // A form that is not ours is refused and not brought back.
        Err(error) if error.code().is_server_fault() || error.code() == ErrorCode::Forbidden => {
            Err(error.into())
        }
        Err(error) => {
            let mut page = blank(&page_context).await?;
            page.form_error = FormError::of(&error);
            page.display_name = change.display_name.unwrap_or(page.display_name);
            page.note = change.note.unwrap_or(page.note);
            page.locked = change.locked.unwrap_or(page.locked);
            page.default_visibility = change.default_visibility.unwrap_or(page.default_visibility);
            page.default_originals_shared = change
                .default_originals_shared
                .unwrap_or(page.default_originals_shared);
            page.default_camera_shown = change
                .default_camera_shown
                .unwrap_or(page.default_camera_shown);
            Ok(page_with_status(status_of(error.code()), &page))
        }
    }
}

async fn try_to_save(
    page_context: &PageContext,
    owner: AccountId,
    form: &mut FileForm,
    change: &mut UpdateProfileRequest,
) -> Result<()> {
    let avatar = read(page_context, owner, form, change).await?;
    let uploads = avatar.as_slice();
    update_profile(
        &page_context.surface.gateways,
        &page_context.context,
        change.clone(),
        uploads,
    )
    .await
}

/// Reads the form, storing its picture as it comes.
async fn read(
    page_context: &PageContext,
    owner: AccountId,
    form: &mut FileForm,
    change: &mut UpdateProfileRequest,
) -> Result<Option<Uploaded>> {
    let mut is_ours = false;
    let mut avatar = None;
    let mut count = 0;
    while let Some(field) = form.next_field().await? {
        if count == FIELDS_MAX {
            return Err(too_many_fields(FIELDS_MAX));
        }
        count += 1;
        let name = field.name().unwrap_or_default().to_owned();
        if name == "csrf" {
            check_token(page_context, &text(field).await?)?;
            is_ours = true;
            continue;
        }
        check_token_seen(page_context, is_ours)?;
        if is_file(&field) {
            let item = take_picture(page_context, owner, field).await;
            let item = item.map_err(|error| error.for_field("avatar"))?;
            avatar = Some((Picture::Avatar, item));
            continue;
        }
        match name.as_str() {
            "display_name" => change.display_name = Some(text(field).await?.trim().to_owned()),
            "note" => change.note = Some(text(field).await?.trim().to_owned()),
            // As below.
            "follower_choices" => {
                change.locked.get_or_insert(false);
            }
            "locked" => change.locked = Some(true),
            "default_visibility" => change.default_visibility = Some(text(field).await?),
            // A switch that is off is not sent; this says that the form has them.
            "photo_defaults" => {
                change.default_originals_shared.get_or_insert(false);
                change.default_camera_shown.get_or_insert(false);
            }
            "default_originals_shared" => change.default_originals_shared = Some(true),
            "default_camera_shown" => change.default_camera_shown = Some(true),
            _ => {}
        }
    }
    check_token_seen(page_context, is_ours)?;
    Ok(avatar)
}

async fn take_picture(
    page_context: &PageContext,
    owner: AccountId,
    field: FileField<'_>,
) -> Result<MediaItem> {
    let media = &*page_context.surface.gateways.media;
    let item = receive(&page_context.context, media, owner, field).await?;
    finish(&page_context.context, media, item.id).await
}

/// The token comes first: nothing is stored for a form that is not ours.
fn check_token_seen(page_context: &PageContext, is_ours: bool) -> Result<()> {
    if is_ours {
        Ok(())
    } else {
        check_token(page_context, "")
    }
}

async fn blank(page_context: &PageContext) -> Result<SettingsPage> {
    let id = page_context.member()?;
    let capabilities = page_context
        .surface
        .gateways
        .media
        .get_capabilities(&page_context.context, GetCapabilitiesRequest {})
        .await?;
    let (reader, context) = (&page_context.surface.reader, &page_context.context);
    let (person, asking) =
        tokio::try_join!(reader.person(context, id), reader.asking_count(context, id))?;
    Ok(SettingsPage {
        shell: Shell::of(page_context, "settings"),
        form_error: FormError::none(),
        saved: false,
        display_name: person.account.display_name.clone(),
        note: person.account.note.clone(),
        locked: person.account.locked,
        asking,
        default_visibility: person.account.default_visibility.clone(),
        default_originals_shared: person.account.default_originals_shared,
        default_camera_shown: person.account.default_camera_shown,
        choices: &CHOICES,
        accepted: accepted_types(&capabilities),
        person: PersonView::of(page_context.site(), &person),
    })
}
