//! What somebody asks for who wants to listen, and why they may not.

use std::time::Duration;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use business_accounts_gateway::Grant;
use business_graph_gateway::GetListRequest;
use http::request::Parts;
use http::{StatusCode, header};
use infra_kernel::{Context, CorrelationId, ErrorCode};
use presentation_kit::extract::QueryOf;
use presentation_kit::{Problem, Surface, access};
use serde::Deserialize;
use serde_json::json;

use super::hub::Hub;
use super::listener::Listening;
use super::stream::{NoStream, Parameters, Stream};

/// How long it may take to find out whose list it is.
const BUDGET: Duration = Duration::from_secs(5);

/// Who asks, and for what.
pub(super) struct Asked {
    pub(super) grant: Grant,
    pub(super) secret: String,
    /// The stream that is named in the query.
    pub(super) stream: Option<String>,
    pub(super) parameters: Parameters,
}

#[derive(Deserialize)]
struct Query {
    stream: Option<String>,
    access_token: Option<String>,
    #[serde(flatten)]
    parameters: Parameters,
}

/// Why a stream is not begun: a status, and a sentence that is mostly Mastodon's.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) text: &'static str,
}

impl FromRequestParts<Surface> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, surface: &Surface) -> Result<Self, Problem> {
        let QueryOf(query) = QueryOf::<Query>::from_request_parts(parts, surface).await?;
        let protocol = protocol_of(parts);
        let beside = query.access_token.or(protocol);
        let (grant, secret) = access::listener(parts, surface, beside).await?;
        Ok(Self {
            grant,
            secret,
            stream: query.stream,
            parameters: query.parameters,
        })
    }
}

/// The protocol that a WebSocket asks for, which is the token where it has no other place.
fn protocol_of(parts: &Parts) -> Option<String> {
    let protocol = parts.headers.get(header::SEC_WEBSOCKET_PROTOCOL)?;
    let first = protocol.to_str().ok()?.split(',').next()?.trim();
    (!first.is_empty()).then(|| first.to_owned())
}

/// The stream of this name, if the listener may hear it.
pub(super) async fn allowed(
    hub: &Hub,
    listening: &Listening,
    name: &str,
    parameters: &Parameters,
) -> Result<Stream, Refused> {
    let stream = Stream::named(name, parameters)?;
    if !listening.may_hear(&stream) {
        return Err(Refused {
            status: StatusCode::UNAUTHORIZED,
            text: "Access token does not have the required scopes",
        });
    }
    let Some(list) = stream.list() else {
        return Ok(stream);
    };
    let request = GetListRequest {
        owner_id: listening.account().get(),
        list_id: list.get(),
    };
    let graph = &hub.surface().gateways.graph;
    let context = Context::anonymous(CorrelationId::fresh(), BUDGET);
    let context = context.with_caller(hub.caller_of(listening.account()));
    match graph.get_list(&context, request).await {
        Ok(_) => Ok(stream),
        Err(error) if error.code() == ErrorCode::NotFound => Err(Refused {
            status: StatusCode::UNAUTHORIZED,
            text: "Not authorized to stream this list",
        }),
        Err(_) => Err(Refused {
            status: StatusCode::SERVICE_UNAVAILABLE,
            text: "An unexpected error occurred",
        }),
    }
}

impl From<NoStream> for Refused {
    fn from(error: NoStream) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            text: error.text(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.text }))).into_response()
    }
}
