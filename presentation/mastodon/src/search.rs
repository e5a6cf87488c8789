//! Searching people, hashtags and, by its address, a status.

use axum::extract::State;
use axum::response::Response;
use business_posts_gateway::{PostId, SearchTagsRequest};
use bytes::Bytes;
use infra_kernel::{AccountId, Context, Error, ErrorCode, Result};
use presentation_kit::access::{Visitor, scope};
use presentation_kit::api::Describe;
use presentation_kit::extract::{QueryOf, lenient};
use presentation_kit::{Allowed, Api, Problem, RequestContext, Shown, Site, Surface};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::accounts::{Wanted, number, search_accounts};
use crate::entities::{Account, Hashtag, Status, status};
use crate::reply;
use crate::tags::{hashtags, who_may_read_follows};

/// How many of each kind a search returns when it does not say, and at most.
const LIMIT_DEFAULT: u32 = 20;
const LIMIT_MAX: u32 = 40;

pub(crate) fn routes() -> Api {
    Api::new().get(
        "/api/v2/search",
        search,
        Describe::new(
            "Searches accounts and hashtags by the beginning of their names, and a status by its address.",
        )
        .query::<SearchQuery>()
        .returns::<Found>(),
    )
}

/// What to search.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct SearchQuery {
    /// The beginning of a name, with `@` or `#` or without, or the address of a profile or a status
    /// here. The texts of statuses are not searched yet.
    q: String,
    /// "accounts", "hashtags" or "statuses"; all of them when it does not say.
    #[serde(rename = "type")]
    kind: String,
    /// How many of each kind, from 1 to 40; 20 when it does not say.
    limit: Option<String>,
    /// How many of the first to leave out; counts with `type` only.
    offset: Option<String>,
    /// Only accounts that one follows.
    #[serde(deserialize_with = "lenient::truth")]
    following: Option<bool>,
    /// Changes nothing: this server knows nobody of other servers, and asks none. Takes a token.
    #[serde(deserialize_with = "lenient::truth")]
    resolve: Option<bool>,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    accounts: Vec<Account>,
    statuses: Vec<Status>,
    hashtags: Vec<Hashtag>,
}

impl SearchQuery {
    fn wants(&self, kind: &str) -> bool {
        self.kind.is_empty() || self.kind == kind
    }

    /// Without a token there is the first page alone, as in Mastodon.
    fn refuse_what_takes_a_person(&self) -> Result<()> {
        let asks_further = self.following.unwrap_or_default()
            || self.resolve.unwrap_or_default()
            || number(self.offset.as_deref()).is_some_and(|offset| offset > 0);
        if asks_further {
            let text =
                "Search queries that resolve, page or look at whom one follows take a token.";
            return Err(Error::new(ErrorCode::Unauthenticated, text));
        }
        Ok(())
    }

    /// As Mastodon bends it: what is no number is the default, and what is out of bounds the
    /// nearest bound.
    fn limit(&self) -> u32 {
        let asked = number(self.limit.as_deref()).unwrap_or(LIMIT_DEFAULT);
        asked.clamp(1, LIMIT_MAX)
    }

    /// Of several kinds the first page is the only one: they end at different places.
    fn offset(&self) -> u32 {
        match self.kind.is_empty() {
            true => 0,
            false => number(self.offset.as_deref()).unwrap_or(0),
        }
    }
}

async fn search(
    Allowed(viewer): Allowed<Visitor<scope::ReadSearch>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    QueryOf(query): QueryOf<SearchQuery>,
) -> std::result::Result<Response, Problem> {
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    if viewer_id.is_none() {
        query.refuse_what_takes_a_person()?;
    }
    if let Some(id) = post_at(&query.q, &surface.site) {
        let status = status_at(&surface, &context, viewer_id, &query, id).await?;
        return Ok(found(&surface.site, &[], &status, &[]));
    }
    let (accounts, hashtags) = tokio::try_join!(
        people(&surface, &context, viewer_id, &query),
        tags(&surface, &context, who_may_read_follows(viewer), &query),
    )?;
    Ok(found(&surface.site, &accounts, &[], &hashtags))
}

/// The post whose address this is: that of its page, or the name by which servers know it.
fn post_at(text: &str, site: &Site) -> Option<PostId> {
    let text = text.trim();
    let (base, path) = text.split_at_checked(site.base_url.len())?;
    // A scheme and a host are the same in capitals.
    if !base.eq_ignore_ascii_case(&site.base_url) {
        return None;
    }
    let path = path.split(['?', '#']).next()?;
    let mut parts = path.trim_matches('/').split('/');
    match (
        parts.next()?,
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) {
        ("users", Some(_), Some("statuses"), Some(id), None) => id.parse().ok(),
        (name, Some(id), None, None, None) if name.starts_with('@') => id.parse().ok(),
        _ => None,
    }
}

/// That post, if the viewer may see it.
async fn status_at(
    surface: &Surface,
    context: &Context,
    viewer: Option<AccountId>,
    query: &SearchQuery,
    id: PostId,
) -> Result<Vec<Shown>> {
    if !query.wants("statuses") || query.offset() > 0 {
        return Ok(Vec::new());
    }
    match surface.reader.post(context, viewer, id).await {
        Ok(shown) => Ok(vec![shown]),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

async fn people(
    surface: &Surface,
    context: &Context,
    viewer: Option<AccountId>,
    query: &SearchQuery,
) -> Result<Vec<Account>> {
    // A hashtag is nobody's name.
    if !query.wants("accounts") || query.q.trim_start().starts_with('#') {
        return Ok(Vec::new());
    }
    let wanted = Wanted {
        text: &query.q,
        limit: query.limit(),
        offset: query.offset(),
        only_following: query.following.unwrap_or_default(),
    };
    search_accounts(surface, context, viewer, &wanted).await
}

async fn tags(
    surface: &Surface,
    context: &Context,
    viewer: Option<AccountId>,
    query: &SearchQuery,
) -> Result<Vec<Hashtag>> {
    // An account is no hashtag's name.
    if !query.wants("hashtags") || query.q.trim_start().starts_with('@') {
        return Ok(Vec::new());
    }
    let request = SearchTagsRequest {
        query: query.q.clone(),
        limit: query.limit(),
        offset: query.offset(),
    };
    let posts = &surface.gateways.posts;
    let names = posts.search_tags(context, request).await?.names;
    hashtags(surface, context, viewer, names).await
}

/// A [`Found`] whose statuses are JSON already.
fn found(site: &Site, accounts: &[Account], statuses: &[Shown], hashtags: &[Hashtag]) -> Response {
    let rest = serde_json::json!({"accounts": accounts, "hashtags": hashtags});
    let mut json = rest.to_string();
    json.pop();
    json.push_str(",\"statuses\":");
    let statuses = status::list(site, statuses);
    let whole = [json.as_bytes(), &statuses, b"}"].concat();
    reply::json(Bytes::from(whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::status::tests::site;

    #[test]
    fn a_status_is_known_by_its_addresses() {
        let base = site().base_url;
        for (path, id) in [
            ("/@ada/12", Some(12)),
            ("/users/ada/statuses/12", Some(12)),
            ("/@ada", None),
            ("/@ada/12?x=1#y", Some(12)),
            ("/@ada/x", None),
            ("/ada/12", None),
            ("/@ada/12/34", None),
            ("/users/ada/statuses/12/activity", None),
            ("", None),
        ] {
            let found = post_at(&format!("{base}{path}"), &site());
            assert_eq!(found, id.map(PostId::new), "{path}");
        }
        let loud = format!("{}/@ada/12", base.to_uppercase());
        assert_eq!(post_at(&loud, &site()), Some(PostId::new(12)));
        assert_eq!(post_at("https://elsewhere.example/@ada/12", &site()), None);
        assert_eq!(
            post_at(&format!(" {base}/@ada/12/ "), &site()),
            Some(PostId::new(12))
        );
    }
}
