//! Pages over HTTP: Mastodon's three cursors in, `Link` headers out.

use http::{HeaderMap, HeaderValue, header};
use infra_kernel::{Error, Page, ParseIdError, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// The cursors of a listing.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PageQuery {
    /// Only things older than this id.
    pub max_id: Option<String>,
    /// Only things newer than this id, newest first.
    pub since_id: Option<String>,
    /// The things right after this id.
    pub min_id: Option<String>,
    /// How many at the most.
    pub limit: Option<String>,
}

impl PageQuery {
    /// The page that is asked for. A limit above the most is brought down to it, as Mastodon does.
    ///
    /// # Errors
    /// When a cursor is no id or the limit no positive number; the field is named.
    pub fn page(&self, limit_default: u32, limit_max: u32) -> Result<Page> {
        let limit = match self.limit.as_deref() {
            None | Some("") => limit_default,
            Some(text) => match text.parse::<u32>() {
                Ok(limit) if limit > 0 => limit.min(limit_max),
                _ => {
                    return Err(Error::invalid(
                        "limit",
                        format!("`limit` must be a number from 1 to {limit_max}."),
                    ));
                }
            },
        };
        Ok(Page::from_cursors(
            cursor("max_id", self.max_id.as_deref())?,
            cursor("since_id", self.since_id.as_deref())?,
            cursor("min_id", self.min_id.as_deref())?,
            limit,
        ))
    }
}

fn cursor(field: &str, text: Option<&str>) -> Result<Option<u64>> {
    match text {
        None | Some("") => Ok(None),
        Some(text) if text.bytes().all(|byte| byte == b'0') => Ok(None),
        Some(text) => text
            .parse::<infra_kernel::PostId>()
            .map(|id| Some(id.get()))
            .map_err(|error: ParseIdError| {
                Error::invalid(field, format!("`{field}` must be an id: {error}."))
            }),
    }
}

/// Where a listing goes on, from the ids at the ends of what was looked through (not of what was shown: a page may be
/// shorter than asked because the rules took something out).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursors {
    /// The highest id looked at; newer things come after it.
    pub newest: Option<u64>,
    /// The lowest id looked at, when there may be more below it.
    pub oldest: Option<u64>,
}

impl Cursors {
    /// The cursors of a page that holds these ids, newest first.
    #[must_use]
    pub fn of(ids: &[u64], page: &Page) -> Self {
        let full = ids.len() >= page.limit as usize;
        Self {
            newest: ids.first().copied(),
            oldest: ids
                .last()
                .copied()
                .filter(|_| full || page.direction == infra_kernel::Direction::Newer),
        }
    }

    /// The `Link` header: `rel="next"` is older, `rel="prev"` is newer. `path_and_query` keeps the filters of the request
    /// without its cursors.
    #[must_use]
    pub fn link_header(&self, base_url: &str, path: &str, query: Option<&str>) -> HeaderMap {
        let kept: String = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| {
                let name = pair.split('=').next().unwrap_or_default();
                !pair.is_empty() && !matches!(name, "max_id" | "since_id" | "min_id")
            })
            .flat_map(|pair| [pair, "&"])
            .collect();
        let mut links = Vec::new();
        if let Some(oldest) = self.oldest {
            links.push(format!(
                "<{base_url}{path}?{kept}max_id={oldest}>; rel=\"next\""
            ));
        }
        if let Some(newest) = self.newest {
            links.push(format!(
                "<{base_url}{path}?{kept}min_id={newest}>; rel=\"prev\""
            ));
        }
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&links.join(", "))
            && !links.is_empty()
        {
            headers.insert(header::LINK, value);
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use infra_kernel::Direction;

    use super::*;

    #[test]
    fn cursors_are_checked_by_name() {
        let query = PageQuery {
            max_id: Some("x".into()),
            ..PageQuery::default()
        };
        assert_eq!(query.page(20, 40).unwrap_err().field(), Some("max_id"));
        let query = PageQuery {
            limit: Some("0".into()),
            ..PageQuery::default()
        };
        assert_eq!(query.page(20, 40).unwrap_err().field(), Some("limit"));
        let query = PageQuery {
            limit: Some("900".into()),
            min_id: Some("7".into()),
            ..PageQuery::default()
        };
        let page = query.page(20, 40).unwrap();
        assert_eq!(
            (page.limit, page.after, page.direction),
            (40, 7, Direction::Newer)
        );
    }

    #[test]
    fn links_keep_the_filters_and_drop_the_cursors() {
        let cursors = Cursors::of(&[9, 8, 7], &Page::newest(3));
        let headers = cursors.link_header("http://a", "/api", Some("limit=3&max_id=99&local=true"));
        assert_eq!(
            headers[header::LINK],
            "<http://a/api?limit=3&local=true&max_id=7>; rel=\"next\", <http://a/api?limit=3&local=true&min_id=9>; rel=\"prev\""
        );
        assert_eq!(Cursors::of(&[9], &Page::newest(3)).oldest, None);
        assert!(
            Cursors::of(&[], &Page::newest(3))
                .link_header("", "", None)
                .is_empty()
        );
    }
}
