//! Pages over HTTP: Mastodon's three cursors in, `Link` headers out.

use http::{HeaderMap, HeaderValue, header};
use infra_kernel::Page;
use schemars::JsonSchema;
use serde::Deserialize;

/// The cursors of a listing.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PageQuery {
    /// Only things older than this id; with 0 there are none.
    pub max_id: Option<String>,
    /// Only things newer than this id, newest first.
    pub since_id: Option<String>,
    /// The things right after this id; with 0 the oldest of all.
    pub min_id: Option<String>,
    /// How many at most.
    pub limit: Option<String>,
}

impl PageQuery {
    /// The page that is asked for, with careless values bent as Mastodon bends them: what is no
    /// number counts as 0 or as the digits it begins with, a limit's sign is dropped, a limit above
    /// the most is brought down to it, and what is empty was not sent. A page that nothing can be
    /// on (a limit of 0, or before every id) has a limit of 0: an empty list that ends a client's
    /// paging, where an error would stop the client.
    #[must_use]
    pub fn page(&self, limit_default: u32, limit_max: u32) -> Page {
        let limit = match self.limit.as_deref().map(str::trim) {
            None | Some("") => limit_default,
            Some(text) => {
                let limit = leading_number(text).unsigned_abs();
                u32::try_from(limit).unwrap_or(limit_max).min(limit_max)
            }
        };
        let max_id = cursor(self.max_id.as_deref());
        let page = Page::from_cursors(
            max_id,
            cursor(self.since_id.as_deref()),
            cursor(self.min_id.as_deref()),
            limit,
        );
        let is_empty = limit == 0 || max_id == Some(0);
        Page {
            limit: if is_empty { 0 } else { page.limit },
            ..page
        }
    }
}

fn cursor(text: Option<&str>) -> Option<u64> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    // Below every id there is nothing, and above 64 bits there is nothing either.
    Some(u64::try_from(leading_number(text).max(0)).unwrap_or(u64::MAX))
}

/// The number that a text begins with, as Ruby reads it; 0 when it begins with none. What is too
/// large to be counted is the most that can be.
fn leading_number(text: &str) -> i128 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    digits
        .chars()
        .map_while(|letter| letter.to_digit(10))
        .fold(0_i128, |number, digit| {
            number.saturating_mul(10).saturating_add(i128::from(digit))
        })
        * sign
}

/// Where a listing continues, from the ids at the ends of what was looked through (not of what was
/// shown: a page may be shorter than asked because the rules took something out).
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
                // Read upwards, a page has at least its cursor below it, however short it is.
                .filter(|_| full || page.direction == infra_kernel::Direction::Newer),
        }
    }

    /// The `Link` header: `rel="next"` is older, `rel="prev"` is newer. `path_and_query` keeps the
    /// filters of the request without its cursors.
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

    fn query(pairs: &str) -> Page {
        let query: PageQuery = crate::extract::parse_pairs(pairs.as_bytes()).unwrap();
        query.page(20, 40)
    }

    #[test]
    fn limits_are_bent_as_mastodon_bends_them() {
        for (limit, expected) in [
            ("", 20),
            ("0", 0),
            ("abc", 0),
            ("7", 7),
            ("-7", 7),
            ("+7", 7),
            (" 7", 7),
            ("7.9", 7),
            ("7abc", 7),
            ("40", 40),
            ("900", 40),
            ("99999999999999999999999999999999999999999999", 40),
            ("-99999999999999999999999999999999999999999999", 40),
            ("\u{663}", 0),
        ] {
            assert_eq!(query(&format!("limit={limit}")).limit, expected, "{limit}");
        }
        assert_eq!(query("").limit, 20);
        assert_eq!(query("limit=2&limit=1").limit, 1);
    }

    #[test]
    fn cursors_are_bent_as_mastodon_bends_them() {
        for (cursor, expected) in [
            ("7", Some(7)),
            ("109254127651234567", Some(109_254_127_651_234_567)),
            ("0", Some(0)),
            ("abc", Some(0)),
            ("-7", Some(0)),
            ("7abc", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", Some(u64::MAX)),
            (
                "99999999999999999999999999999999999999999999",
                Some(u64::MAX),
            ),
            ("", None),
            (" ", None),
        ] {
            assert_eq!(super::cursor(Some(cursor)), expected, "{cursor}");
        }
    }

    #[test]
    fn the_three_cursors_mean_what_they_mean_in_mastodon() {
        let page = query("limit=900&min_id=7");
        let expected = (40, 7, Direction::Newer);
        assert_eq!((page.limit, page.after, page.direction), expected);
        // The oldest things of all.
        let page = query("min_id=0");
        assert_eq!(
            (page.limit, page.after, page.direction),
            (20, 0, Direction::Newer)
        );
        let page = query("since_id=0");
        assert_eq!(
            (page.limit, page.after, page.direction),
            (20, 0, Direction::Older)
        );
        // Before the first there is nothing, and beyond the last nothing is cut off.
        assert_eq!(query("max_id=abc").limit, 0);
        assert_eq!(query("max_id=-1").limit, 0);
        assert_eq!(query("max_id=99999999999999999999").before, u64::MAX);
        assert_eq!(query("max_id=").before, u64::MAX);
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
