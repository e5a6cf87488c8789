//! A request's bytes on their way to the media domain: handed on as they arrive, never held.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use business_media_gateway::{AppendChunk, AppendHeader, UploadSession};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::StatusCode;
use infra_kernel::{Context, Result as Answer};
use presentation_kit::Surface;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::protocol::Refusal;

/// The most chunks that wait for the media domain to take them. A chunk is what the connection read at once.
const CHUNKS_WAITING_MAX: usize = 4;
/// How long a connection may be silent in the middle of a body. What came before is kept, so the client loses nothing.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// How much is read and thrown away after a refusal, and for how long, so that a client that sends before it listens hears
/// why it was refused. Beyond that its connection is cut.
const REFUSED_BYTES_MAX: usize = 64 * 1024 * 1024;
const REFUSED_WAIT_MAX: Duration = Duration::from_secs(10);

/// Hands a body on while it arrives.
pub(super) async fn append(
    surface: &Surface,
    context: &Context,
    header: AppendHeader,
    body: Body,
) -> Result<UploadSession, Refusal> {
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let chunks = stream::unfold(receiver, |mut receiver: mpsc::Receiver<_>| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let append = surface
        .gateways
        .media
        .append_upload(context, Box::pin(chunks));
    let (session, was_silent) = tokio::join!(append, send(sender, header, body));
    if was_silent && session.is_err() {
        let text = "No bytes came for a minute. What came before is kept; please go on from there.";
        return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, text));
    }
    Ok(session?)
}

/// Sends everything until the body ends or breaks off. Answers whether it fell silent.
async fn send(sender: mpsc::Sender<Answer<AppendChunk>>, header: AppendHeader, body: Body) -> bool {
    let mut frames = body.into_data_stream();
    let mut message = AppendChunk::header(header);
    loop {
        // Nobody takes it: the media domain has its answer already.
        if sender.send(Ok(message)).await.is_err() {
            drain(&mut frames).await;
            return false;
        }
        message = match timeout(SILENCE_MAX, frames.next()).await {
            Ok(Some(Ok(data))) => AppendChunk::data(data),
            Ok(None) => {
                // Nobody may be there to hear it.
                let _ = sender.send(Ok(AppendChunk::end())).await;
                return false;
            }
            // No word of an end: what came is kept, and the part is known to have been cut off.
            Ok(Some(Err(_))) => return false,
            Err(_) => return true,
        };
    }
}

/// Reads what a client still sends that is refused already.
pub(super) async fn throw_away(body: Body) {
    drain(&mut body.into_data_stream()).await;
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
