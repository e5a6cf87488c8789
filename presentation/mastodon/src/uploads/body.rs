//! A request's bytes on their way to the media domain: passed on as they arrive, never held.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{FromRequest, Request};
use business_media_gateway::{AppendChunk, AppendHeader, UploadSession};
use bytes::Bytes;
use edge_http::body::IdleTimeout;
use futures::{StreamExt as _, stream};
use http::StatusCode;
use infra_kernel::{Context, Result as Answer};
use presentation_kit::Surface;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::protocol::Refusal;

/// The most chunks that wait for the media domain to take them. A chunk is what the connection read
/// at once.
const CHUNKS_WAITING_MAX: usize = 4;
/// How much is read and thrown away after a refusal, and for how long, so that a client that sends
/// before it listens hears why it was refused. Beyond that its connection is cut.
const REFUSED_BYTES_MAX: usize = 64 * 1024 * 1024;
const REFUSED_WAIT_MAX: Duration = Duration::from_secs(10);

/// A request's bytes that are still to come.
pub(super) struct Incoming(Body);

impl<S: Sync> FromRequest<S> for Incoming {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request.into_body()))
    }
}

/// How a request's bytes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// They were all passed on, or nobody wanted the rest.
    Notified,
    /// Nothing more came, and nobody waits any longer.
    Silent(IdleTimeout),
    /// The connection broke off, so that nobody may be listening.
    Cut,
}

/// Hands a body on while it arrives.
pub(super) async fn append(
    surface: &Surface,
    context: &Context,
    header: AppendHeader,
    incoming: Incoming,
) -> Result<UploadSession, Refusal> {
    match forward(surface, context, header, incoming).await {
        (Err(_), End::Silent(IdleTimeout { silence_max })) => {
            let text = format!(
                "No bytes came for {} seconds. What came before is kept; please go on from there.",
                silence_max.as_secs()
            );
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, text))
        }
        (session, _) => Ok(session?),
    }
}

/// The same, with the media domain's own response and how the bytes ended. Those that end too soon
/// are kept, and the response is an error all the same.
pub(super) async fn forward(
    surface: &Surface,
    context: &Context,
    header: AppendHeader,
    incoming: Incoming,
) -> (Answer<UploadSession>, End) {
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let chunks = stream::unfold(receiver, |mut receiver: mpsc::Receiver<_>| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let append = surface
        .gateways
        .media
        .append_upload(context, Box::pin(chunks));
    // In one task, so that neither outlives the other: the domain drops its end when it has its
    // response, and the bytes stop when the request is dropped.
    tokio::join!(append, send(sender, header, incoming))
}

/// Sends everything until the body ends or breaks off.
async fn send(
    sender: mpsc::Sender<Answer<AppendChunk>>,
    header: AppendHeader,
    incoming: Incoming,
) -> End {
    let mut frames = incoming.0.into_data_stream();
    let mut message = AppendChunk::header(header);
    loop {
        // It may have its response already, and take nothing more.
        let is_taken = sender.send(Ok(message)).await.is_ok();
        let next = tokio::select! {
            next = frames.next(), if is_taken => next,
            // Also while the client is silent: a refusal does not wait for its next byte.
            () = sender.closed() => {
                drain(&mut frames).await;
                return End::Notified;
            }
        };
        message = match next {
            Some(Ok(data)) => AppendChunk::data(data),
            None => {
                // Nobody may be there to hear it.
                let _ = sender.send(Ok(AppendChunk::end())).await;
                return End::Notified;
            }
            // No word of an end: what came is kept, and the part is known to have been cut off.
            Some(Err(error)) => {
                return IdleTimeout::among(&error).map_or(End::Cut, End::Silent);
            }
        };
    }
}

/// Reads what a client still sends that is refused already.
pub(super) async fn throw_away(incoming: Incoming) {
    drain(&mut incoming.0.into_data_stream()).await;
}

async fn drain(frames: &mut BodyDataStream) {
    let until = Instant::now() + REFUSED_WAIT_MAX;
    let mut bytes = 0;
    while bytes <= REFUSED_BYTES_MAX {
        let next: Option<Result<Bytes, _>> = match timeout_at(until, frames.next()).await {
            Ok(next) => next,
            Err(_) => return,
        };
        match next {
            Some(Ok(data)) => bytes += data.len(),
            _ => return,
        }
    }
}
