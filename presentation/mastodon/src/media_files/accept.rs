//! The `Accept` header (RFC 9110, section 12.5.1): which forms of a picture a reader would rather
//! have.

use http::{HeaderMap, header};

/// The forms that are made besides the one that a key names, the smallest first: it wins where the
/// reader does not mind.
const FORMS: [&str; 2] = ["image/avif", "image/webp"];
/// What one of a thousand weighs: the header has three digits after the point.
const WHOLE: u16 = 1_000;
/// The most ranges that are looked at.
const RANGES_MAX: usize = 64;

/// The forms that a reader names and would rather have than what the key names, best first. A
/// reader that only says that it takes any picture (`image/*`, `*/*`) has not said that it can show
/// these, so it is not taken at its word.
pub(super) fn preferred(headers: &HeaderMap, content_type: &str) -> Vec<&'static str> {
    let ranges: Vec<(&str, u16)> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .take(RANGES_MAX)
        .filter_map(range)
        .collect();
    // At least 1: a weight of 0 means that the reader does not take it.
    let least = weight_of(&ranges, content_type).unwrap_or(0).max(1);
    let mut forms: Vec<(&str, u16)> = FORMS
        .into_iter()
        .filter(|form| *form != content_type)
        .filter_map(|form| Some((form, named(&ranges, form)?)))
        .filter(|(_, weight)| *weight >= least)
        .collect();
    // Stable, so that of two that are liked alike the smaller stays first.
    forms.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    forms.into_iter().map(|(form, _)| form).collect()
}

/// How much a type is liked, by the most exact range that covers it.
fn weight_of(ranges: &[(&str, u16)], content_type: &str) -> Option<u16> {
    [content_type, "image/*", "*/*"]
        .iter()
        .find_map(|range| named(ranges, range))
}

fn named(ranges: &[(&str, u16)], name: &str) -> Option<u16> {
    let mut found = ranges
        .iter()
        .filter(|(range, _)| range.eq_ignore_ascii_case(name));
    found.next().map(|(_, weight)| *weight)
}

/// A range with its weight; nothing for one that is not written as it should be.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| name.contains('/'))?;
    let weight = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    Some((name, weight.map_or(Some(WHOLE), thousandths)?))
}

/// "0", "0.8", "1.000" in thousandths.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = rest.len() <= 3 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let rest: u16 = digits.then(|| format!("{rest:0<3}"))?.parse().ok()?;
    match whole {
        "0" => Some(rest),
        "1" if rest == 0 => Some(WHOLE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(accept: &[&'static str], expected: &[&str]) {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        assert_eq!(preferred(&headers, "image/jpeg"), expected, "{accept:?}");
    }

    #[test]
    fn browsers_get_what_they_name() {
        let avif_then_webp = ["image/avif", "image/webp"];
        check(
            &["image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"],
            &avif_then_webp,
        );
        check(
            &["image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"],
            &avif_then_webp,
        );
        check(&["image/webp,image/avif,*/*;q=0.8"], &avif_then_webp);
        check(&["image/webp,*/*"], &["image/webp"]);
        check(&["IMAGE/WebP ; Q=0.9 , image/*;q=0.8"], &["image/webp"]);
        check(&["*/*;q=0.1", "image/webp"], &["image/webp"]);
    }

    #[test]
    fn who_names_neither_gets_what_the_key_names() {
        for accept in [
            "",
            "*/*",
            "image/*",
            "image/jpeg",
            "text/html",
            "image/webp;q=0",
            "image/avif;q=0.000, */*",
            "webp",
            "image",
            "image/webp;q=2",
            "image/webp;q=-1",
            "image/webp;q=0.1234",
            "image/webp;q=1.5",
            "image/webp;q=a",
        ] {
            check(&[accept], &[]);
        }
        check(&[], &[]);
    }

    #[test]
    fn weights_decide() {
        check(
            &["image/avif;q=0.5, image/webp;q=0.9"],
            &["image/webp", "image/avif"],
        );
        check(
            &["image/jpeg, image/webp;q=0.9, image/avif"],
            &["image/avif"],
        );
        check(&["image/*, image/webp;q=0.5"], &[]);
        check(&["image/*;q=0.1, image/webp;q=0.5, */*"], &["image/webp"]);
        check(&["image/jpeg;q=0, image/webp;q=0.1"], &["image/webp"]);
    }
}
