//! Addresses as other programs write them, and where they lead: mail programs and SharePoint write
//! `@` as `%40`, sentences end with a full stop that becomes part of the link, other servers name
//! people `/users/name`, and people who know Mastodon type its paths.

use percent_encoding::percent_decode_str;

/// How often `%25…` is undone: a program that encodes what was encoded does it once.
const DECODINGS_MAX: usize = 2;
/// The most segments of a path that is looked at.
const SEGMENTS_MAX: usize = 4;

/// The address on this server that is meant by a path; none when it is that address already, or
/// nothing is known by it.
pub(crate) fn meant(path: &str, domain: &str) -> Option<String> {
    let decoded = decoded(path)?;
    let meant = resolve(&segments(&decoded)?, domain)?;
    (meant != path).then_some(meant)
}

fn decoded(path: &str) -> Option<String> {
    let mut text = path.to_owned();
    for _ in 0..DECODINGS_MAX {
        if !text.contains('%') {
            break;
        }
        text = percent_decode_str(&text).decode_utf8().ok()?.into_owned();
    }
    Some(text)
}

/// The path's parts without empty ones, and without Mastodon's old `/web`.
fn segments(path: &str) -> Option<Vec<&str>> {
    let mut parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty())
        // One more than fits: `web` may go yet, and too many are to be seen as such.
        .take(SEGMENTS_MAX + 1)
        .collect();
    if parts.first() == Some(&"web") && parts.len() > 1 {
        parts.remove(0);
    }
    (parts.len() <= SEGMENTS_MAX).then_some(parts)
}

fn resolve(parts: &[&str], domain: &str) -> Option<String> {
    match parts {
        ["users", name] => profile(name, domain),
        ["users", name, list @ ("followers" | "following")] => {
            Some(format!("{}/{list}", profile(name, domain)?))
        }
        ["users", name, "statuses", id] => post(name, id, domain),
        [name] if name.starts_with('@') => profile(name, domain),
        // Tabs of a profile that are one page here.
        [name, "with_replies" | "media" | "featured"] if name.starts_with('@') => {
            profile(name, domain)
        }
        [name, list] if name.starts_with('@') => match without_punctuation(list) {
            list @ ("followers" | "following") => {
                Some(format!("{}/{list}", profile(name, domain)?))
            }
            id => post(name, id, domain),
        },
        ["home" | "explore" | "public"] | ["public", "local"] => Some("/".to_owned()),
        ["auth", "sign_in"] => Some("/login".to_owned()),
        ["auth", "sign_up"] => Some("/signup".to_owned()),
        _ => None,
    }
}

fn profile(name: &str, domain: &str) -> Option<String> {
    let name = without_punctuation(name.trim_start_matches('@'));
    let name = match name.split_once('@') {
        Some((local, at)) if at.eq_ignore_ascii_case(domain) => local,
        Some(_) => return None,
        None => name,
    };
    let is_name = !name.is_empty() && name.bytes().all(is_of_name);
    is_name.then(|| format!("/@{name}"))
}

fn post(name: &str, id: &str, domain: &str) -> Option<String> {
    let id = without_punctuation(id);
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(())?;
    Some(format!("{}/{id}", profile(name, domain)?))
}

/// Without what ended the sentence, the bracket or the quotation that the link stood in.
fn without_punctuation(text: &str) -> &str {
    text.trim_end_matches(|letter: char| !u8::try_from(letter).is_ok_and(is_of_name))
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_write_leads_where_it_is_meant_to() {
        for (path, expected) in [
            ("/%40ada", "/@ada"),
            ("/%40ada/7", "/@ada/7"),
            ("/%2540ada", "/@ada"),
            ("/%40ada/followers", "/@ada/followers"),
            ("/@ada.", "/@ada"),
            ("/@ada/7).", "/@ada/7"),
            ("/@ada%E2%80%9D,", "/@ada"),
            ("/@ada/7%3E", "/@ada/7"),
            ("/@ada…", "/@ada"),
            ("//@ada//7", "/@ada/7"),
            ("/@@ada", "/@ada"),
            ("/@ada@photos.example", "/@ada"),
            ("/@ada@Photos.Example/7", "/@ada/7"),
            ("/%40ada%40photos.example.", "/@ada"),
            ("/users/ada", "/@ada"),
            ("/users/ada/statuses/7", "/@ada/7"),
            ("/users/ada/followers", "/@ada/followers"),
            ("/web/@ada/7", "/@ada/7"),
            ("/@ada/with_replies", "/@ada"),
            ("/@ada/media", "/@ada"),
            ("/public/local", "/"),
            ("/web/home", "/"),
            ("/auth/sign_in", "/login"),
        ] {
            assert_eq!(
                meant(path, "photos.example").as_deref(),
                Some(expected),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_right_or_unknown_leads_nowhere() {
        for path in [
            "/",
            "/@ada",
            "/@ada/7",
            "/@ada/followers",
            "/@ada/x",
            "/@ada/7/8",
            "/@ada.lovelace",
            "/@ada@elsewhere.example",
            "/@",
            "/@.",
            "/%FF",
            "/users",
            "/users/a%2Fb/../c",
            "/%40evil.example%2F%2F",
            "/a/b/c/d/e/f",
            "/%40ada%0D%0ASet-Cookie:x",
        ] {
            assert_eq!(meant(path, "photos.example"), None, "{path}");
        }
    }
}
