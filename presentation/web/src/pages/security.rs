//! `/.well-known/security.txt`: whom to notify of a vulnerability (RFC 9116).

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri, header};
use infra_kernel::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use presentation_kit::Site;

use crate::page_context::PageContext;
use crate::respond::moved;
use crate::view::now;

const ADDRESS: &str = "/.well-known/security.txt";
/// How long what it says is to be believed. It is made again for everyone who asks, so this only
/// has to be less than the year that the RFC recommends.
const LIFETIME: Duration = Duration::from_secs(180 * 24 * 60 * 60);
/// What is encoded in the address of a `mailto:` link.
const OF_MAIL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'#');

pub(crate) async fn show(page_context: PageContext) -> Response {
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    match text(page_context.site(), now()) {
        Some(text) => (plain, text).into_response(),
        None => {
            let words =
                "Whoever runs this place has set no contact address (`instance.contact_email`).\n";
            (StatusCode::NOT_FOUND, plain, words).into_response()
        }
    }
}

/// Where it was before there was an RFC.
pub(crate) async fn old_address(uri: Uri) -> Response {
    moved(&uri, ADDRESS)
}

fn text(site: &Site, now: Timestamp) -> Option<String> {
    let contact = site.contact_email.trim();
    if contact.is_empty() {
        return None;
    }
    let contact = utf8_percent_encode(contact, OF_MAIL);
    let expires = jiff::Timestamp::from_microsecond(now.plus(LIFETIME).microseconds()).ok()?;
    let expires = expires.strftime("%Y-%m-%dT00:00:00Z");
    let base = &site.base_url;
    Some(format!(
        "Contact: mailto:{contact}\nExpires: {expires}\nCanonical: {base}{ADDRESS}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn whom_to_contact_is_said_when_it_is_known() {
        let mut site = samples::site();
        site.contact_email = " us@photos.example ".into();
        assert_eq!(
            text(&site, Timestamp::from_milliseconds(1_781_524_800_000)).as_deref(),
            Some(
                "Contact: mailto:us@photos.example\nExpires: 2026-12-12T00:00:00Z\n\
                 Canonical: https://photos.example/.well-known/security.txt\n"
            )
        );
        site.contact_email = "us@photos.example\nContact: mailto:evil@evil.example".into();
        let text_of_two = text(&site, samples::NOW).unwrap();
        assert_eq!(
            text_of_two.matches("\nContact:").count(),
            0,
            "{text_of_two}"
        );
        site.contact_email.clear();
        assert_eq!(text(&site, samples::NOW), None);
    }
}
