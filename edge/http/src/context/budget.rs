//! What a request brings, which says how long it may take. A route that takes files declares it
//! where the route is; all others have the one default.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, header};

use super::{DEFAULT_BUDGET, FORM_BUDGET, KEEPING_WAIT_MAX, RESPONSE_WAIT_MAX, RESUMABLE_BUDGET};

/// What a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestClass {
    /// Requests without a file.
    Quick,
    /// A form that may bring files.
    FormWithFiles,
    /// Bytes of a resumable upload.
    ResumableUpload,
}

/// The time budget of a route that may take longer than [`DEFAULT_BUDGET`], because of what it is
/// sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteBudget {
    /// As the router has it: `{…}` stands for anything without a slash.
    path: &'static str,
    content_type: &'static str,
    class: RequestClass,
}

/// Every budget that is not the default. A few of them; clones share them.
#[derive(Debug, Clone, Default)]
pub struct RouteBudgets(Arc<[RouteBudget]>);

impl RouteBudget {
    /// A route whose form may bring files.
    #[must_use]
    pub const fn of_form(path: &'static str) -> Self {
        Self {
            path,
            content_type: "multipart/form-data",
            class: RequestClass::FormWithFiles,
        }
    }

    /// A route that takes bytes of a resumable upload, of this type.
    #[must_use]
    pub const fn of_bytes(path: &'static str, content_type: &'static str) -> Self {
        Self {
            path,
            content_type,
            class: RequestClass::ResumableUpload,
        }
    }

    fn is_at(&self, path: &str) -> bool {
        let (mut pattern, mut segments) = (self.path.split('/'), path.split('/'));
        loop {
            match (pattern.next(), segments.next()) {
                (None, None) => return true,
                (Some(any), Some(segment)) if any.starts_with('{') && !segment.is_empty() => {}
                (Some(expected), Some(segment)) if expected == segment => {}
                _ => return false,
            }
        }
    }
}

impl FromIterator<RouteBudget> for RouteBudgets {
    fn from_iter<I: IntoIterator<Item = RouteBudget>>(routes: I) -> Self {
        Self(routes.into_iter().collect())
    }
}

impl RouteBudgets {
    /// What this request brings, by its method, its address and its type. One without a body brings
    /// no file, whatever its headers say.
    pub fn class_of<B>(&self, request: &Request<B>) -> RequestClass {
        let method = request.method();
        // Else anyone could pass admission, and keep a connection for an hour, by a header alone.
        if !matches!(*method, Method::POST | Method::PUT | Method::PATCH) || !has_body(request) {
            return RequestClass::Quick;
        }
        // Addresses may end with a slash, as they may for the routes.
        let path = request.uri().path().trim_end_matches('/');
        let Some(content_type) = request.headers().get(header::CONTENT_TYPE) else {
            return RequestClass::Quick;
        };
        let content_type = content_type.as_bytes().split(|byte| *byte == b';').next();
        let content_type = content_type.unwrap_or_default().trim_ascii();
        let is_sent_to = |route: &&RouteBudget| {
            content_type.eq_ignore_ascii_case(route.content_type.as_bytes()) && route.is_at(path)
        };
        let route = self.0.iter().find(is_sent_to);
        route.map_or(RequestClass::Quick, |route| route.class)
    }
}

impl RequestClass {
    /// What the request brings, as [`super::ContextLayer`] has noted it.
    #[must_use]
    pub fn of<B>(request: &Request<B>) -> Self {
        let noted = request.extensions().get().copied();
        noted.unwrap_or(Self::Quick)
    }

    /// Notes it with the request, for [`Self::of`].
    pub(super) fn note<B>(self, request: &mut Request<B>) {
        // Nearly all are quick, and pay for no note.
        if self != Self::Quick {
            request.extensions_mut().insert(self);
        }
    }

    /// How long such a request may take.
    #[must_use]
    pub const fn budget(self) -> Duration {
        match self {
            Self::Quick => DEFAULT_BUDGET,
            Self::FormWithFiles => FORM_BUDGET,
            Self::ResumableUpload => RESUMABLE_BUDGET,
        }
    }

    /// How long its response is waited for after that.
    pub(super) const fn wait_after_budget(self) -> Duration {
        match self {
            Self::Quick | Self::FormWithFiles => RESPONSE_WAIT_MAX,
            Self::ResumableUpload => KEEPING_WAIT_MAX,
        }
    }
}

fn has_body<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let length = headers.get(header::CONTENT_LENGTH);
    // A body without a length may be empty; that is known only when it is read.
    headers.contains_key(header::TRANSFER_ENCODING)
        || length.is_some_and(|length| length.as_bytes().iter().any(|byte| *byte != b'0'))
}
