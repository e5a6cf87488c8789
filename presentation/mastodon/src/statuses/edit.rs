//! Changing one's own status.

use axum::extract::State;
use axum::response::Response;
use business_media_gateway::MediaId;
use business_posts_gateway::{EditPostRequest, MediaChange, MediaList, PostId};
use infra_kernel::{Error, Result, canonical_language};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::{BodyOf, PathOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::create::{by_the_names_of_the_form, media_ids, optional_list};
use crate::media::focus;
use crate::reply;

/// What a status is to say and show from now on. As in Mastodon, a warning that is left out is
/// taken away; text, pictures and language that are left out stay.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct EditForm {
    /// The text.
    #[serde(deserialize_with = "lenient::text")]
    status: Option<String>,
    /// All pictures that it shows from now on, in order. Those that are left out of the list are
    /// deleted.
    #[serde(deserialize_with = "optional_list")]
    #[schemars(with = "Option<Vec<String>>")]
    media_ids: Option<Vec<String>>,
    /// What changes of its pictures. Others are skipped, and of each the last counts.
    media_attributes: Option<Vec<MediaAttributes>>,
    /// Whether the pictures are hidden until asked for.
    #[serde(deserialize_with = "lenient::truth")]
    sensitive: Option<bool>,
    /// Words shown in place of the status until it is opened.
    #[serde(deserialize_with = "lenient::text")]
    spoiler_text: Option<String>,
    /// As a device writes it; what names no language counts as not said.
    language: Option<String>,
    /// Not supported yet.
    #[serde(deserialize_with = "lenient::given")]
    #[schemars(with = "Option<serde_json::Value>")]
    poll: bool,
}

/// What changes of a picture; what is not sent stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct MediaAttributes {
    #[serde(deserialize_with = "lenient::text")]
    id: Option<String>,
    /// Alt text.
    #[serde(deserialize_with = "lenient::text")]
    description: Option<String>,
    /// The focal point: "x,y", each from -1 to 1.
    focus: Option<String>,
}

pub(super) async fn edit(
    Allowed(viewer): Allowed<Person<scope::WriteStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
    BodyOf(form): BodyOf<EditForm>,
) -> std::result::Result<Response, Problem> {
    let author = Some(viewer.account_id);
    let shown = surface.reader.post(&context, author, id).await?;
    if !shown.relation.is_author() {
        return Err(Error::not_found("post of yours").into());
    }
    let request = EditPostRequest {
        site_domain: surface.site.domain.clone(),
        ..form.into_request(viewer, id)?
    };
    let edited = surface.gateways.posts.edit_post(&context, request).await;
    edited.map_err(by_the_names_of_the_form)?;
    let shown = surface.reader.post(&context, author, id).await?;
    Ok(reply::status(&surface, &shown))
}

impl EditForm {
    fn into_request(self, viewer: Viewer, id: PostId) -> Result<EditPostRequest> {
        if self.poll {
            let text = "Polls are not supported yet: leave `poll` out.";
            return Err(Error::invalid("poll", text));
        }
        let media = match &self.media_ids {
            Some(ids) => Some(MediaList {
                ids: media_ids(ids)?,
            }),
            None => None,
        };
        let changes = self.media_attributes.unwrap_or_default();
        let spoiler_text = self.spoiler_text.unwrap_or_default();
        Ok(EditPostRequest {
            author_id: viewer.account_id.get(),
            post_id: id.get(),
            text: self.status,
            media,
            media_changes: changes
                .into_iter()
                .map(MediaAttributes::into_change)
                .collect::<Result<_>>()?,
            // Words in place of the post hide its pictures too.
            sensitive: self.sensitive.unwrap_or_default() || !spoiler_text.is_empty(),
            spoiler_text,
            language: self.language.as_deref().and_then(canonical_language),
            site_domain: String::new(),
        })
    }
}

impl MediaAttributes {
    fn into_change(self) -> Result<MediaChange> {
        let id: MediaId = self.id.unwrap_or_default().parse().map_err(|error| {
            let text = format!("`media_attributes` must name pictures by their `id`: {error}.");
            Error::invalid("media_attributes", text)
        })?;
        let point = focus::parse(self.focus.as_deref().unwrap_or_default())?;
        Ok(MediaChange {
            media_id: id.get(),
            description: self.description,
            focus_x: point.map(|(x, _)| x),
            focus_y: point.map(|(_, y)| y),
        })
    }
}
