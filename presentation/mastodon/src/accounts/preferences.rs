//! One's preferences, as clients that only read them want them.

use axum::Json;
use axum::extract::State;
use presentation_kit::access::{Person, scope};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Serialize;

use crate::entities::account::visibility_or_public;

/// The defaults of a new post, and how posts are shown.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Preferences {
    #[serde(rename = "posting:default:visibility")]
    visibility: String,
    #[serde(rename = "posting:default:sensitive")]
    sensitive: bool,
    #[serde(rename = "posting:default:language")]
    language: Option<String>,
    /// Not in Mastodon.
    #[serde(rename = "posting:default:originals_shared")]
    originals_shared: bool,
    /// Not in Mastodon.
    #[serde(rename = "posting:default:camera_shown")]
    camera_shown: bool,
    #[serde(rename = "reading:expand:media")]
    expand_media: &'static str,
    #[serde(rename = "reading:expand:spoilers")]
    expand_spoilers: bool,
    #[serde(rename = "reading:autoplay:gifs")]
    autoplay_gifs: bool,
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::ReadAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<Preferences>, Problem> {
    let person = surface.reader.person(&context, viewer.account_id).await?;
    let account = &person.account;
    let language = Some(account.default_language.clone());
    Ok(Json(Preferences {
        visibility: visibility_or_public(&account.default_visibility).to_owned(),
        sensitive: account.default_sensitive,
        language: language.filter(|language| !language.is_empty()),
        originals_shared: account.default_originals_shared,
        camera_shown: account.default_camera_shown,
        // Nobody can set these here: they are as in a Mastodon account that has set nothing.
        expand_media: "default",
        expand_spoilers: false,
        autoplay_gifs: false,
    }))
}
