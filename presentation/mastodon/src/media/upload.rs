//! Uploading a picture.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use business_media_gateway::{MediaItem, UpdateMediaRequest, UploadHeader};
use http::StatusCode;
use infra_kernel::{Context, Error, ErrorCode};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::lenient;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::form::{self, FileRules, ReadForm};
use super::{FILE, failed, focus, show, wait};

/// What is said of a picture. The fields may come before or after the file; before is quicker.
#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct UploadForm {
    /// Alt text.
    #[serde(deserialize_with = "lenient::text")]
    description: Option<String>,
    /// The focal point: "x,y", each from -1 to 1.
    focus: Option<String>,
    /// The picture.
    #[serde(skip_deserializing)]
    #[schemars(extend("format" = "binary"))]
    file: String,
}

type UploadResult = Result<Response, Problem>;

pub(super) async fn upload(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    request: Request,
) -> UploadResult {
    upload_within(&surface, &context, viewer, request, wait::SHORT).await
}

pub(super) async fn upload_and_wait(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    request: Request,
) -> UploadResult {
    upload_within(&surface, &context, viewer, request, wait::SLOW).await
}

async fn upload_within(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    request: Request,
    patience: Duration,
) -> UploadResult {
    if !form::is_multipart(&request) {
        let text =
            "A picture is sent as a multipart form (multipart/form-data) with the field `file`.";
        return Err(Error::new(ErrorCode::Unsupported, text).into());
    }
    let rules = FileRules {
        names: &[FILE],
        owner: viewer.account_id,
        describe: |form| header(&form.said()?),
    };
    let mut form = form::read(surface, context, request, &rules).await?;
    let Some((_, item)) = form.files.pop() else {
        let text = "There is no picture: send it as a file in the form's field `file`.";
        return Err(Error::invalid(FILE, text).into());
    };
    let item = describe_late(surface, context, item, &form).await?;
    let item = wait::until_processed(surface, context, item, patience).await?;
    if let Some(failure_response) = failed::failure_response(&item) {
        return Ok(failure_response);
    }
    let status = if item.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    let picture = show::picture(surface, viewer, &item);
    Ok((status, Json(picture)).into_response())
}

fn header(form: &UploadForm) -> Result<UploadHeader, Problem> {
    let point = focus::parse(form.focus.as_deref().unwrap_or_default())?;
    Ok(UploadHeader {
        description: form.description.clone().unwrap_or_default(),
        focus_x: point.map(|(x, _)| x),
        focus_y: point.map(|(_, y)| y),
        ..UploadHeader::default()
    })
}

/// Applies what was said of the picture after it.
async fn describe_late(
    surface: &Surface,
    context: &Context,
    item: MediaItem,
    form: &ReadForm,
) -> Result<MediaItem, Problem> {
    let early: UploadForm = form.said_before_file()?;
    let whole: UploadForm = form.said()?;
    // The header of the upload had all of it already.
    if early == whole {
        return Ok(item);
    }
    let said = header(&whole)?;
    let request = UpdateMediaRequest {
        owner_id: item.owner_id,
        id: item.id,
        description: whole.description,
        focus_x: said.focus_x,
        focus_y: said.focus_y,
    };
    Ok(surface
        .gateways
        .media
        .update_media(context, request)
        .await?)
}
