//! Posting a status.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use business_accounts_gateway::{Account, FindLocalAccountsRequest, GetAccountsRequest};
use business_media_gateway::MediaId;
use business_posts_gateway::text::{entities, local_names};
use business_posts_gateway::{CreatePostRequest, PostId, Visibility};
use http::HeaderMap;
use infra_kernel::{Context, Error, ErrorCode, Result, canonical_language};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::{BodyOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::find::find;
use crate::entities::account::visibility_or_public;
use crate::entities::status::visibility_name;
use crate::reply;

/// The header by which the same request is known again.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The most names that are looked up at once; as many as a status can mention.
const NAMES_MAX: usize = 100;
/// Who may quote a status as long as there are no quotes.
const NO_QUOTES: &str = "nobody";

/// A new status.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct StatusForm {
    /// The text; may be left out when there are pictures.
    #[serde(deserialize_with = "lenient::text")]
    status: Option<String>,
    /// Pictures, in order.
    #[serde(deserialize_with = "lenient::list")]
    media_ids: Vec<String>,
    /// "public", "unlisted", "private" or "direct"; the account's default when it is not said.
    visibility: Option<String>,
    /// Whether the pictures are hidden until asked for.
    #[serde(deserialize_with = "lenient::truth")]
    sensitive: Option<bool>,
    /// Words shown in place of the status until it is opened.
    #[serde(deserialize_with = "lenient::text")]
    spoiler_text: Option<String>,
    /// As a device writes it ("en", "pt-BR", "zh_Hant_TW"); what names no language counts as not
    /// said.
    language: Option<String>,
    /// Whether others may download the pictures, without place and camera data; the account's
    /// default when it is not said. Not in Mastodon.
    #[serde(deserialize_with = "lenient::truth")]
    originals_shared: Option<bool>,
    /// Whether camera, lens and exposure of the pictures are shown; the account's default when it
    /// is not said. Not in Mastodon.
    #[serde(deserialize_with = "lenient::truth")]
    camera_shown: Option<bool>,
    /// The status that this one replies to.
    #[serde(deserialize_with = "lenient::text")]
    in_reply_to_id: Option<String>,
    /// The accounts that may be mentioned; a status that mentions others is refused. All when it is
    /// not said.
    #[serde(deserialize_with = "optional_list")]
    #[schemars(with = "Option<Vec<String>>")]
    allowed_mentions: Option<Vec<String>>,
    /// Not supported yet.
    scheduled_at: Option<String>,
    /// Not supported yet.
    #[serde(deserialize_with = "lenient::given")]
    #[schemars(with = "Option<serde_json::Value>")]
    poll: bool,
    /// Not supported yet.
    #[serde(deserialize_with = "lenient::text")]
    quoted_status_id: Option<String>,
    /// Not supported yet, by the name that others give it.
    #[serde(deserialize_with = "lenient::text")]
    quote_id: Option<String>,
    /// Only "nobody" is taken: nothing can be quoted yet.
    quote_approval_policy: Option<String>,
    /// The same by another name.
    quote_policy: Option<String>,
}

pub(super) async fn create(
    Allowed(viewer): Allowed<Person<scope::WriteStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    headers: HeaderMap,
    BodyOf(form): BodyOf<StatusForm>,
) -> std::result::Result<Response, Problem> {
    form.refuse_what_is_not_built()?;
    refuse_unexpected_mentions(&surface, &context, &form).await?;
    let idempotency_key = headers
        .get(IDEMPOTENCY_KEY)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let in_reply_to_id = answered(&surface, &context, viewer, &form).await?;
    let defaults = defaults(&surface, &context, viewer, &form).await?;
    let request = CreatePostRequest {
        in_reply_to_id,
        idempotency_key: idempotency_key.unwrap_or_default(),
        application_id: viewer.application_id.get(),
        site_domain: surface.site.domain.clone(),
        ..form.into_request(viewer, &defaults)?
    };
    let reply = surface
        .gateways
        .posts
        .create_post(&context, request)
        .await
        .map_err(by_the_names_of_the_form)?;
    let id = PostId::new(reply.post.unwrap_or_default().id);
    let author = Some(viewer.account_id);
    let status = surface.reader.post(&context, author, id).await?;
    Ok(reply::status(&surface, &status))
}

/// The post that is replied to, which must be one that the author may see; 0 for none.
async fn answered(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    form: &StatusForm,
) -> Result<u64> {
    let Some(text) = form.in_reply_to_id.as_deref().filter(|id| !id.is_empty()) else {
        return Ok(0);
    };
    let not_there = || Error::not_found("post to answer").for_field("in_reply_to_id");
    let id: PostId = text.parse().map_err(|_| not_there())?;
    match find(surface, context, viewer, id).await {
        Ok(shown) => Ok(shown.head.id),
        Err(error) if error.code() == ErrorCode::NotFound => Err(not_there()),
        Err(error) => Err(error),
    }
}

/// The error with the field as it is called here.
pub(super) fn by_the_names_of_the_form(error: Error) -> Error {
    match error.field() {
        Some("text") => error.for_field("status"),
        _ => error,
    }
}

/// Holds a status to the accounts that its author expects to reach, when they say whom.
async fn refuse_unexpected_mentions(
    surface: &Surface,
    context: &Context,
    form: &StatusForm,
) -> Result<()> {
    let Some(allowed) = &form.allowed_mentions else {
        return Ok(());
    };
    let text = form.status.as_deref().unwrap_or_default();
    let entities = entities(text, &surface.site.domain);
    let mut seen = BTreeSet::new();
    let usernames: Vec<String> = local_names(&entities)
        .map(str::to_ascii_lowercase)
        // Each once: a name that is repeated must not keep those behind it from being looked up.
        .filter(|name| seen.insert(name.clone()))
        .take(NAMES_MAX)
        .collect();
    if usernames.is_empty() {
        return Ok(());
    }
    let request = FindLocalAccountsRequest { usernames };
    let accounts = &surface.gateways.accounts;
    let mentioned = accounts
        .find_local_accounts(context, request)
        .await?
        .accounts;
    let is_expected = |account: &&Account| allowed.contains(&account.id.to_string());
    match mentioned.iter().find(|account| !is_expected(account)) {
        None => Ok(()),
        Some(account) => {
            let text = format!(
                "This mentions @{}, who is not among `allowed_mentions`.",
                account.username
            );
            Err(Error::invalid("allowed_mentions", text))
        }
    }
}

/// The author's account, for the defaults of what the form does not say.
async fn defaults(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    form: &StatusForm,
) -> Result<Account> {
    if form.says_all() {
        return Ok(Account::default());
    }
    account_of(surface, context, viewer).await
}

/// The viewer's own account.
pub(super) async fn account_of(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
) -> Result<Account> {
    let request = GetAccountsRequest::of([viewer.account_id]);
    let accounts = &surface.gateways.accounts;
    let found = accounts.get_accounts(context, request).await?.accounts;
    let account = found.into_iter().next();
    account.ok_or_else(|| Error::not_found("account"))
}

impl StatusForm {
    /// Whether it leaves nothing to the account's defaults.
    fn says_all(&self) -> bool {
        self.visibility().is_some()
            && self.sensitive.is_some()
            && self.language().is_some()
            && self.originals_shared.is_some()
            && self.camera_shown.is_some()
    }

    /// The visibility that is said; an empty one is not, and the account's default counts.
    fn visibility(&self) -> Option<&str> {
        self.visibility.as_deref().filter(|name| !name.is_empty())
    }

    /// The language that is said, if it is one.
    fn language(&self) -> Option<String> {
        self.language.as_deref().and_then(canonical_language)
    }

    /// Refuses what would be posted as something else than was meant.
    fn refuse_what_is_not_built(&self) -> Result<()> {
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        let asks_for_quotes =
            |policy: &Option<String>| given(policy) && policy.as_deref() != Some(NO_QUOTES);
        let (later, quotes) = ("Posting later is", "Quotes are");
        for (field, is_given, what) in [
            ("scheduled_at", given(&self.scheduled_at), later),
            ("poll", self.poll, "Polls are"),
            ("quoted_status_id", given(&self.quoted_status_id), quotes),
            ("quote_id", given(&self.quote_id), quotes),
            (
                "quote_approval_policy",
                asks_for_quotes(&self.quote_approval_policy),
                quotes,
            ),
            ("quote_policy", asks_for_quotes(&self.quote_policy), quotes),
        ] {
            if is_given {
                let text = format!("{what} not supported yet: leave `{field}` out.");
                return Err(Error::invalid(field, text));
            }
        }
        Ok(())
    }

    fn into_request(self, viewer: Viewer, defaults: &Account) -> Result<CreatePostRequest> {
        let language = self.language();
        let default = || visibility_or_public(&defaults.default_visibility);
        let visibility = visibility_named(self.visibility().unwrap_or_else(default))?;
        let spoiler_text = self.spoiler_text.unwrap_or_default();
        let sensitive = self.sensitive.unwrap_or(defaults.default_sensitive);
        Ok(CreatePostRequest {
            author_id: viewer.account_id.get(),
            text: self.status.unwrap_or_default(),
            media_ids: media_ids(&self.media_ids)?,
            visibility: visibility.into(),
            // Words in place of the post hide its pictures too.
            sensitive: sensitive || !spoiler_text.is_empty(),
            spoiler_text,
            language: language.unwrap_or_else(|| defaults.default_language.clone()),
            originals_shared: self
                .originals_shared
                .unwrap_or(defaults.default_originals_shared),
            camera_shown: self.camera_shown.unwrap_or(defaults.default_camera_shown),
            ..CreatePostRequest::default()
        })
    }
}

/// A list that may be left out, which is not the same as one that is empty.
pub(super) fn optional_list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    struct Listed(#[serde(deserialize_with = "lenient::list")] Vec<String>);
    let listed = Option::<Listed>::deserialize(deserializer)?;
    Ok(listed.map(|Listed(list)| list))
}

pub(super) fn visibility_named(name: &str) -> Result<Visibility> {
    const KNOWN: [Visibility; 4] = [
        Visibility::Public,
        Visibility::Unlisted,
        Visibility::Private,
        Visibility::Direct,
    ];
    let named = KNOWN
        .into_iter()
        .find(|visibility| visibility_name(*visibility) == name);
    named.ok_or_else(|| {
        let text = "`visibility` must be `public`, `unlisted`, `private` or `direct`.";
        Error::invalid("visibility", text)
    })
}

pub(super) fn media_ids(texts: &[String]) -> Result<Vec<u64>> {
    let texts = texts.iter().filter(|text| !text.is_empty());
    let id = |text: &String| match text.parse::<MediaId>() {
        Ok(id) => Ok(id.get()),
        Err(error) => Err(Error::invalid(
            "media_ids",
            format!("`media_ids` must be ids of pictures: {error}."),
        )),
    };
    texts.map(id).collect()
}

#[cfg(test)]
mod tests;
