//! The names by which accounts and statuses will be known to other servers (`uri`), as addresses
//! that lead somewhere.
//!
//! A browser is led to the page, which decides what its visitor may see; so nothing is said here of
//! what there is. A program that asks for ActivityPub hears that it is not spoken yet.

use axum::response::{IntoResponse, Redirect, Response};
use business_posts_gateway::PostId;
use business_posts_gateway::text::USERNAME_CHARACTERS_MAX;
use http::{HeaderMap, HeaderValue, header};
use infra_kernel::{Error, ErrorCode};
use presentation_kit::Problem;
use presentation_kit::extract::PathOf;

/// What programs ask for where a browser asks for a page.
const FOR_PROGRAMS: [&str; 3] = [
    "application/activity+json",
    "application/ld+json",
    "application/json",
];
/// What a browser asks for, or a client that does not say.
const FOR_PEOPLE: [&str; 4] = ["text/html", "application/xhtml+xml", "text/*", "*/*"];

pub(crate) async fn account(headers: HeaderMap, PathOf(username): PathOf<String>) -> Response {
    if !is_username(&username) {
        return not_there();
    }
    lead(&headers, &format!("/@{username}"))
}

pub(crate) async fn status(
    headers: HeaderMap,
    PathOf((username, id)): PathOf<(String, String)>,
) -> Response {
    let Ok(id) = id.parse::<PostId>() else {
        return not_there();
    };
    if !is_username(&username) {
        return not_there();
    }
    lead(&headers, &format!("/@{username}/{id}"))
}

fn lead(headers: &HeaderMap, page: &str) -> Response {
    let mut response = if is_for_program(headers) {
        let text =
            "ActivityPub is not spoken here yet. The same address leads a browser to the page.";
        Problem(Error::new(ErrorCode::NotFound, text)).into_response()
    } else {
        // For now: the same address will respond to programs once there is federation.
        Redirect::temporary(page).into_response()
    };
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().append(header::VARY, vary);
    response
}

/// Whether the first kind of response that is known among those asked for is one for programs.
/// Weights are not looked at: those who ask for ActivityPub ask for nothing else.
fn is_for_program(headers: &HeaderMap) -> bool {
    let asked = headers.get_all(header::ACCEPT).iter();
    asked
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .map(|range| range.trim().to_ascii_lowercase())
        .find(|range| FOR_PROGRAMS.contains(&&**range) || FOR_PEOPLE.contains(&&**range))
        .is_some_and(|range| FOR_PROGRAMS.contains(&&*range))
}

fn is_username(text: &str) -> bool {
    (1..=USERNAME_CHARACTERS_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'_')
}

fn not_there() -> Response {
    Problem(Error::new(
        ErrorCode::NotFound,
        "There is nothing at this address.",
    ))
    .into_response()
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn accepting(accept: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))])
    }

    #[tokio::test]
    async fn browsers_are_led_to_the_page_and_programs_get_json() {
        for (accept, status_code) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", 307),
            ("*/*", 307),
            ("image/png", 307),
            ("application/activity+json", 404),
            (
                "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\", application/activity+json",
                404,
            ),
            ("Application/Activity+JSON, text/html", 404),
            ("text/html, application/activity+json", 307),
        ] {
            let path = PathOf(("ada".to_owned(), "99".to_owned()));
            let response = status(accepting(accept), path).await;
            assert_eq!(response.status().as_u16(), status_code, "{accept}");
            assert_eq!(response.headers()[header::VARY], "accept");
        }
        let response = account(HeaderMap::new(), PathOf("ada".into())).await;
        assert_eq!(response.headers()[header::LOCATION], "/@ada");
    }

    #[tokio::test]
    async fn nobody_is_led_anywhere_else() {
        for name in [
            "",
            "a/b",
            "/evil.example",
            "ada\r\n",
            "\u{fc}",
            &"a".repeat(31),
        ] {
            let response = account(HeaderMap::new(), PathOf(name.to_owned())).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
        }
        for id in ["", "x", "0", "-1", "9/..", "99999999999999999999"] {
            let path = PathOf(("ada".to_owned(), id.to_owned()));
            let response = status(HeaderMap::new(), path).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{id}");
        }
    }
}
