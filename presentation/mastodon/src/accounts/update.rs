//! Changing one's profile.

use axum::Json;
use axum::extract::{FromRequest as _, Request, State};
use business_accounts_gateway::UpdateProfileRequest;
use business_media_gateway::UploadHeader;
use infra_kernel::{Context, Error, Result};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::{BodyOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use presentation_sagas::{Picture, Uploaded, update_profile};
use schemars::JsonSchema;
use serde::Deserialize;

use super::credentials::own_account;
use super::fields::{FieldForm, ProfileFields};
use crate::entities::CredentialAccount;
use crate::media::form::{self, FileRules};
use crate::media::wait;

/// What changes of a profile; what is not sent stays. The files `avatar` and `header` come in a
/// multipart form.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ProfileForm {
    display_name: Option<String>,
    note: Option<String>,
    /// Replaces all lines of the profile: a list, or a map from numbers.
    #[schemars(with = "Option<Vec<FieldForm>>")]
    fields_attributes: Option<ProfileFields>,
    #[serde(deserialize_with = "lenient::truth")]
    bot: Option<bool>,
    #[serde(deserialize_with = "lenient::truth")]
    discoverable: Option<bool>,
    /// Whether public posts may be found by their text.
    #[serde(deserialize_with = "lenient::truth")]
    indexable: Option<bool>,
    /// Websites that may name this account as an author; replaces all of them. An empty text stands
    /// for none.
    #[serde(deserialize_with = "lenient::optional_list")]
    attribution_domains: Option<Vec<String>>,
    /// Whether to be asked about each follower. Once it is `false`, who asked is let in.
    #[serde(deserialize_with = "lenient::truth")]
    locked: Option<bool>,
    /// Only `false` is taken: who follows whom cannot be hidden yet.
    #[serde(deserialize_with = "lenient::truth")]
    hide_collections: Option<bool>,
    /// Only an empty one is taken: a profile's pictures have no texts of their own.
    avatar_description: Option<String>,
    header_description: Option<String>,
    /// A picture that is no file of the form, which would be lost.
    #[serde(deserialize_with = "lenient::given")]
    #[schemars(skip)]
    avatar: bool,
    #[serde(deserialize_with = "lenient::given")]
    #[schemars(skip)]
    header: bool,
    source: SourceForm,
}

/// The defaults of a new post.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct SourceForm {
    /// "public", "unlisted", "private" or "direct".
    privacy: Option<String>,
    #[serde(deserialize_with = "lenient::truth")]
    sensitive: Option<bool>,
    /// BCP 47; empty for none.
    language: Option<String>,
    /// Only "nobody" is taken: posts cannot be quoted yet.
    quote_policy: Option<String>,
    /// Whether others may download the photos of a new post, without place and camera data. Not in
    /// Mastodon.
    #[serde(deserialize_with = "lenient::truth")]
    originals_shared: Option<bool>,
    /// Whether camera, lens and exposure of a new post's photos are shown. Not in Mastodon.
    #[serde(deserialize_with = "lenient::truth")]
    camera_shown: Option<bool>,
}

pub(super) async fn update(
    Allowed(viewer): Allowed<Person<scope::WriteAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    request: Request,
) -> std::result::Result<Json<CredentialAccount>, Problem> {
    let (form, uploads) = read(&surface, &context, viewer, request).await?;
    // After the files, because the texts may come behind them.
    form.check()?;
    let change = form.into_request(viewer);
    update_profile(&surface.gateways, &context, change, &uploads)
        .await
        .map_err(by_the_names_of_the_form)?;
    Ok(Json(
        own_account(&surface, &context, viewer.account_id).await?,
    ))
}

/// The error with the field as it is called here.
fn by_the_names_of_the_form(error: Error) -> Error {
    let name = match error.field() {
        Some("default_visibility") => "source[privacy]",
        Some("default_sensitive") => "source[sensitive]",
        Some("default_language") => "source[language]",
        Some("fields") => "fields_attributes",
        _ => return error,
    };
    error.for_field(name)
}

/// The form, and the pictures that came with it, ready to be shown.
async fn read(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    request: Request,
) -> std::result::Result<(ProfileForm, Vec<Uploaded>), Problem> {
    if !form::is_multipart(&request) {
        let BodyOf(form) = BodyOf::from_request(request, surface).await?;
        return Ok((form, Vec::new()));
    }
    let rules = FileRules {
        names: &const { [Picture::Avatar.field(), Picture::Header.field()] },
        owner: viewer.account_id,
        describe: |_| Ok(UploadHeader::default()),
    };
    let read = form::read(surface, context, request, &rules).await?;
    let form = read.said()?;
    let mut uploads = Vec::new();
    for (name, item) in read.files {
        let item = wait::until_processed(surface, context, item, wait::SLOW).await?;
        wait::refuse_unready(&item, name)?;
        let picture = Picture::ALL
            .into_iter()
            .find(|picture| picture.field() == name);
        uploads.extend(picture.map(|picture| (picture, item)));
    }
    Ok((form, uploads))
}

impl ProfileForm {
    /// Refuses what would promise a protection that there is not.
    fn check(&self) -> Result<()> {
        if self.hide_collections == Some(true) {
            let text = "Hiding who follows whom is not supported yet: send `hide_collections` as `false`, or leave it \
                        out.";
            return Err(Error::invalid("hide_collections", text));
        }
        for (field, text) in [
            ("avatar_description", &self.avatar_description),
            ("header_description", &self.header_description),
        ] {
            if text.as_ref().is_some_and(|text| !text.trim().is_empty()) {
                let text = format!(
                    "The picture of a profile has no text of its own yet: leave out `{field}`."
                );
                return Err(Error::invalid(field, text));
            }
        }
        for (picture, is_given) in [
            (Picture::Avatar, self.avatar),
            (Picture::Header, self.header),
        ] {
            if is_given {
                return Err(form::not_a_file(picture.field()));
            }
        }
        match self.source.quote_policy.as_deref() {
            None | Some("" | "nobody") => Ok(()),
            Some(_) => Err(Error::invalid(
                "source[quote_policy]",
                "Posts cannot be quoted yet: send `source[quote_policy]` as `nobody`, or leave it out.",
            )),
        }
    }

    fn into_request(self, viewer: Viewer) -> UpdateProfileRequest {
        UpdateProfileRequest {
            account_id: viewer.account_id.get(),
            display_name: self.display_name,
            note: self.note,
            replace_fields: self.fields_attributes.is_some(),
            fields: self.fields_attributes.unwrap_or_default().0,
            avatar_media_id: None,
            header_media_id: None,
            bot: self.bot,
            discoverable: self.discoverable,
            default_visibility: self.source.privacy.filter(|name| !name.is_empty()),
            default_sensitive: self.source.sensitive,
            default_language: self.source.language,
            default_originals_shared: self.source.originals_shared,
            default_camera_shown: self.source.camera_shown,
            indexable: self.indexable,
            locked: self.locked,
            replace_attribution_domains: self.attribution_domains.is_some(),
            attribution_domains: self.attribution_domains.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_fields_that_were_sent() {
        for (domain, form) in [
            ("default_visibility", "source[privacy]"),
            ("default_language", "source[language]"),
            ("fields", "fields_attributes"),
            ("display_name", "display_name"),
        ] {
            let error = by_the_names_of_the_form(Error::invalid(domain, "No."));
            assert_eq!(error.field(), Some(form));
        }
    }
}
