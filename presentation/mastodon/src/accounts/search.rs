//! Searching accounts: by the beginning of their name or of a word of their display name.

use axum::Json;
use axum::extract::State;
use business_accounts_gateway::SearchAccountsRequest;
use infra_kernel::{AccountId, Context, Result};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{QueryOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::Account;

/// How many accounts a search returns when it does not say, and at most.
const LIMIT_DEFAULT: u32 = 40;
const LIMIT_MAX: u32 = 80;

/// Whom to search.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct SearchQuery {
    /// The beginning of a username or of words of a display name, without regard to case and
    /// accents; a username with this server's domain; or the address of a profile here.
    q: String,
    /// From 1 to 80; 40 when it does not say.
    limit: Option<String>,
    /// How many of the first to leave out.
    offset: Option<String>,
    /// Only accounts that one follows.
    #[serde(deserialize_with = "lenient::truth")]
    following: Option<bool>,
    /// Changes nothing: this server knows nobody of other servers, and asks none.
    #[serde(deserialize_with = "lenient::truth")]
    #[allow(dead_code, reason = "part of the contract that clients send")]
    resolve: Option<bool>,
}

pub(super) async fn search(
    Allowed(viewer): Allowed<Person<scope::ReadAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    QueryOf(query): QueryOf<SearchQuery>,
) -> std::result::Result<Json<Vec<Account>>, Problem> {
    let wanted = Wanted {
        text: &query.q,
        limit: limit_of(&query),
        offset: number(query.offset.as_deref()).unwrap_or(0),
        only_following: query.following.unwrap_or_default(),
    };
    let accounts = search_accounts(&surface, &context, Some(viewer.account_id), &wanted);
    Ok(Json(accounts.await?))
}

/// Which accounts to search.
pub(crate) struct Wanted<'a> {
    /// As somebody wrote it.
    pub(crate) text: &'a str,
    /// How many at most, up to 80.
    pub(crate) limit: u32,
    /// How many of the first to leave out.
    pub(crate) offset: u32,
    /// Only those whom the viewer follows.
    pub(crate) only_following: bool,
}

/// The accounts that are found, the best match first.
pub(crate) async fn search_accounts(
    surface: &Surface,
    context: &Context,
    viewer: Option<AccountId>,
    wanted: &Wanted<'_>,
) -> Result<Vec<Account>> {
    let (limit, offset) = (wanted.limit, wanted.offset);
    let Some(name) = local_name(wanted.text, &surface.site.base_url, &surface.site.domain) else {
        return Ok(Vec::new());
    };
    let ids = match (wanted.only_following, viewer) {
        (true, Some(viewer)) => followed(surface, context, viewer, &name, limit, offset).await?,
        // A visitor follows nobody.
        (true, None) => Vec::new(),
        (false, _) => found(surface, context, &name, limit, offset).await?,
    };
    let people = surface.reader.people(context, ids).await?;
    let accounts = people
        .iter()
        .map(|person| Account::of(&surface.site, person));
    Ok(accounts.collect())
}

/// As Mastodon bends it: what is no number is the default, and what is out of bounds the nearest
/// bound.
fn limit_of(query: &SearchQuery) -> u32 {
    let asked = number(query.limit.as_deref()).unwrap_or(LIMIT_DEFAULT);
    asked.clamp(1, LIMIT_MAX)
}

/// What a careless client may send for a number; none for what is no number.
pub(crate) fn number(text: Option<&str>) -> Option<u32> {
    text?.trim().parse().ok()
}

/// What to search for here; nothing when it names somebody of another server.
fn local_name(query: &str, base_url: &str, domain: &str) -> Option<String> {
    let text = query.trim();
    let text = text
        .strip_prefix(base_url)
        .map_or(text, |path| path.trim_matches('/'));
    let text = text.strip_prefix("users/").unwrap_or(text);
    let text = text.strip_prefix("acct:").unwrap_or(text);
    let text = text.strip_prefix('@').unwrap_or(text);
    match text.split_once('@') {
        Some((name, host))
            if host.trim().is_empty() || host.trim().eq_ignore_ascii_case(domain) =>
        {
            Some(name.trim().to_owned())
        }
        Some(_) => None,
        None => Some(text.to_owned()),
    }
    .filter(|name| !name.trim().is_empty())
}

async fn found(
    surface: &Surface,
    context: &Context,
    name: &str,
    limit: u32,
    offset: u32,
) -> Result<Vec<u64>> {
    let request = SearchAccountsRequest {
        query: name.to_owned(),
        limit,
        offset,
    };
    let accounts = &surface.gateways.accounts;
    let found = accounts.search_accounts(context, request).await?.accounts;
    Ok(found.iter().map(|account| account.id).collect())
}

/// Of all that is found, those whom the viewer follows. What is found is bounded, so this is a few
/// pages.
async fn followed(
    surface: &Surface,
    context: &Context,
    viewer: AccountId,
    name: &str,
    limit: u32,
    offset: u32,
) -> Result<Vec<u64>> {
    let mut followed = Vec::new();
    let wanted = (limit as usize).saturating_add(offset as usize);
    let mut page_offset = 0;
    while followed.len() < wanted {
        // Whole pages, however few are wanted: of those found, few may be followed.
        let page = found(surface, context, name, LIMIT_MAX, page_offset).await?;
        let known = surface
            .reader
            .relationships(context, Some(viewer), page.clone())
            .await?;
        let is_followed = |id: &u64| known.get(id).is_some_and(|known| known.following);
        followed.extend(page.iter().copied().filter(is_followed));
        if page.len() < LIMIT_MAX as usize {
            break;
        }
        page_offset += LIMIT_MAX;
    }
    let kept = followed.into_iter().skip(offset as usize);
    Ok(kept.take(limit as usize).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_every_way_it_is_written_here() {
        for query in [
            "ada",
            " ada ",
            "@ada",
            "@ada@p.example",
            "ada@P.EXAMPLE",
            "ada@",
            "acct:ada@p.example",
            "https://p.example/@ada",
            "https://p.example/users/ada",
            "https://p.example/@ada/",
        ] {
            let name = local_name(query, "https://p.example", "p.example");
            assert_eq!(name.as_deref(), Some("ada"), "{query}");
        }
        let name = local_name("Ada Love", "https://p.example", "p.example");
        assert_eq!(name.as_deref(), Some("Ada Love"));
        for query in [
            "",
            " ",
            "@",
            "ada@elsewhere.example",
            "@ada@elsewhere.example",
            "@p.example@",
        ] {
            let name = local_name(query, "https://p.example", "p.example");
            assert!(
                name.is_none() || query == "@p.example@",
                "{query}: {name:?}"
            );
        }
    }

    #[test]
    fn a_limit_is_bent_and_never_refused() {
        for (text, limit) in [
            (None, 40),
            (Some("5"), 5),
            (Some("0"), 1),
            (Some("1000"), 80),
            (Some("abc"), 40),
            (Some("-1"), 40),
            (Some(""), 40),
        ] {
            let query = SearchQuery {
                limit: text.map(str::to_owned),
                ..SearchQuery::default()
            };
            assert_eq!(limit_of(&query), limit, "{text:?}");
        }
    }
}
