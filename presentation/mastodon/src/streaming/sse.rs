//! One stream as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::stream;
use http::{HeaderName, HeaderValue, header};
use presentation_kit::Problem;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::hub::Hub;
use super::listener::{Listening, Message};
use super::request::{Asked, allowed};

/// How often something is sent, so that neither side nor any proxy between takes the other for
/// gone.
const THUMP_EVERY: Duration = Duration::from_secs(15);
const THUMP: &[u8] = b":thump\n\n";
/// Said at once, so that the client knows that it is heard.
const GREETING: &[u8] = b":)\n\n";
/// Told to nginx, which would gather what it is sent.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// What is sent of a stream.
struct Sending {
    listening: Listening,
    thump: Interval,
    is_greeted: bool,
}

pub(super) async fn open(
    Extension(hub): Extension<Hub>,
    Path(path): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let mut listening = hub.listen(&asked.grant, asked.secret).await?;
    let name = path.replace('/', ":");
    match allowed(&hub, &listening, &name, &asked.parameters).await {
        Ok(stream) => listening.subscribe(stream),
        Err(refused) => return Ok(refused.into_response()),
    }
    let mut thump = interval_at(Instant::now() + THUMP_EVERY, THUMP_EVERY);
    thump.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let sending = Sending {
        listening,
        thump,
        is_greeted: false,
    };
    let body = Body::from_stream(stream::unfold(sending, async |mut sending| {
        let bytes = sending.next().await?;
        Some((Ok::<_, Infallible>(bytes), sending))
    }));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let events = HeaderValue::from_static("text/event-stream");
    headers.insert(header::CONTENT_TYPE, events);
    headers.insert(UNBUFFERED, HeaderValue::from_static("no"));
    Ok(response)
}

impl Sending {
    /// What is sent next; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.is_greeted {
            self.is_greeted = true;
            return Some(Bytes::from_static(GREETING));
        }
        tokio::select! {
            message = self.listening.next() => message.ok().map(|message| event(&message)),
            _ = self.thump.tick() => Some(Bytes::from_static(THUMP)),
        }
    }
}

/// A payload is one line: it is JSON as it is written here, or a number.
fn event(message: &Message) -> Bytes {
    let told = &message.told;
    Bytes::from(format!("event: {}\ndata: {}\n\n", told.event, told.payload))
}
