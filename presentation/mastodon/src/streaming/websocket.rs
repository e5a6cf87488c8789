//! Streams over a WebSocket: any number of them over one, begun and ended by messages.

use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade, close_code};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use presentation_kit::Problem;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::hub::Hub;
use super::listener::{Ended, Listening, Message};
use super::request::{Asked, Refused, allowed};
use super::stream::{Parameters, Stream};

/// The largest message that is taken, in bytes: a request for a stream is a line.
const MESSAGE_BYTES_MAX: usize = 8 * 1024;
/// What is kept for what a client sends, which is little and seldom. The library would keep 128
/// KiB for each.
const READ_BUFFER_BYTES: usize = 1024;
/// The most that is kept for what is sent: one message, and every message is sent at once.
const WRITE_BUFFER_BYTES_MAX: usize = 1024 * 1024;
/// How often the client is asked whether it is there. One that says nothing at all until the time
/// after next is not.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long it may take to send one message.
const SEND_MAX: Duration = Duration::from_secs(10);
/// How long it may take to say why it is let go: the server may be waiting for it to stop.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// The most messages that a client may send between two pings: more than one for each stream.
const MESSAGES_MAX: u32 = 80;

/// A request that came over a socket.
#[derive(Deserialize)]
struct Request {
    r#type: String,
    stream: Option<String>,
    #[serde(flatten)]
    parameters: Parameters,
}

/// What is sent of a stream.
#[derive(Serialize)]
struct Event<'a> {
    stream: &'a [Box<str>],
    event: &'static str,
    payload: &'a str,
}

/// A socket, and what is known of its client.
struct Session {
    socket: WebSocket,
    hub: Hub,
    listening: Listening,
    /// How many messages came since the last ping.
    messages: u32,
    /// How many pings went without a word.
    unanswered: u32,
}

pub(super) async fn open(
    Extension(hub): Extension<Hub>,
    asked: Asked,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let Ok(upgrade) = upgrade else {
        let refused = Refused {
            status: StatusCode::BAD_REQUEST,
            text: "This address is for WebSockets; as events each stream has an address below it.",
        };
        return Ok(refused.into_response());
    };
    let mut listening = hub.listen(&asked.grant, asked.secret.clone()).await?;
    // Before the response, so that nothing is missed which happens after it.
    let mut refused = None;
    if let Some(name) = &asked.stream {
        match allowed(&hub, &listening, name, &asked.parameters).await {
            Ok(stream) => listening.subscribe(stream),
            Err(error) => refused = Some(error),
        }
    }
    let upgrade = upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        // A client that names a protocol, which is its token, gives up unless it is confirmed.
        .protocols([asked.secret]);
    Ok(upgrade.on_upgrade(async move |socket| {
        let session = Session {
            socket,
            hub,
            listening,
            messages: 0,
            unanswered: 0,
        };
        session.run(refused).await;
    }))
}

impl Session {
    /// Serves the socket until either side has enough of it.
    async fn run(mut self, refused: Option<Refused>) {
        let served = self.serve(refused).await;
        let Err(close) = served else { return };
        let close = Frame::Close(Some(close));
        // A client that takes nothing gets no word either.
        let _ = timeout(FAREWELL_MAX, self.socket.send(close)).await;
    }

    /// Until the client has gone, or with the word with which it is let go.
    async fn serve(&mut self, refused: Option<Refused>) -> Result<(), CloseFrame> {
        if let Some(refused) = refused
            && self.refuse(&refused).await?.is_none()
        {
            return Ok(());
        }
        let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let goes_on = tokio::select! {
                message = self.listening.next() => {
                    let message = message.map_err(farewell)?;
                    self.send(event(&message)).await?
                }
                frame = self.socket.recv() => match frame {
                    Some(Ok(frame)) => self.take(frame).await?,
                    _ => None,
                },
                _ = ping.tick() => self.ping().await?,
            };
            if goes_on.is_none() {
                return Ok(());
            }
        }
    }

    async fn ping(&mut self) -> Result<Option<()>, CloseFrame> {
        if self.unanswered > 1 {
            return Ok(None);
        }
        self.unanswered += 1;
        self.messages = 0;
        self.send(Frame::Ping(Bytes::new())).await
    }

    /// Takes what the client sent; none when it has gone.
    async fn take(&mut self, frame: Frame) -> Result<Option<()>, CloseFrame> {
        self.unanswered = 0;
        self.messages += 1;
        if self.messages > MESSAGES_MAX {
            return Err(close(close_code::POLICY, "Too many messages"));
        }
        match frame {
            Frame::Text(text) => {
                // What is no request is skipped, as Mastodon does.
                let Ok(request) = serde_json::from_str::<Request>(&text) else {
                    return Ok(Some(()));
                };
                self.serve_request(request).await
            }
            Frame::Close(_) => Ok(None),
            // A ping is responded to by the library.
            Frame::Binary(_) | Frame::Ping(_) | Frame::Pong(_) => Ok(Some(())),
        }
    }

    async fn serve_request(&mut self, request: Request) -> Result<Option<()>, CloseFrame> {
        let name = request.stream.unwrap_or_default();
        match request.r#type.as_str() {
            "subscribe" => self.subscribe(&name, &request.parameters).await,
            "unsubscribe" => match Stream::named(&name, &request.parameters) {
                Ok(stream) => {
                    self.listening.unsubscribe(&stream);
                    Ok(Some(()))
                }
                Err(error) => self.refuse(&error.into()).await,
            },
            _ => Ok(Some(())),
        }
    }

    async fn subscribe(
        &mut self,
        name: &str,
        parameters: &Parameters,
    ) -> Result<Option<()>, CloseFrame> {
        if !self.listening.has_room() {
            let refused = Refused {
                status: StatusCode::TOO_MANY_REQUESTS,
                text: "There are too many streams over this connection",
            };
            return self.refuse(&refused).await;
        }
        match allowed(&self.hub, &self.listening, name, parameters).await {
            Ok(stream) => {
                self.listening.subscribe(stream);
                Ok(Some(()))
            }
            Err(refused) => self.refuse(&refused).await,
        }
    }

    async fn refuse(&mut self, refused: &Refused) -> Result<Option<()>, CloseFrame> {
        let refused = json!({"error": refused.text, "status": refused.status.as_u16()});
        self.send(Frame::text(refused.to_string())).await
    }

    /// Sends; none when the client has gone, or takes nothing.
    async fn send(&mut self, frame: Frame) -> Result<Option<()>, CloseFrame> {
        tokio::select! {
            biased;
            // Also while a slow client is waited for.
            why = self.listening.ended() => Err(farewell(why)),
            sent = timeout(SEND_MAX, self.socket.send(frame)) => {
                Ok(sent.ok().and_then(Result::ok))
            }
        }
    }
}

fn event(message: &Message) -> Frame {
    let event = Event {
        stream: &message.label,
        event: message.told.event,
        payload: &message.told.payload,
    };
    // Of texts alone: it can be written.
    Frame::text(serde_json::to_string(&event).unwrap_or_default())
}

fn farewell(why: Ended) -> CloseFrame {
    match why {
        Ended::Stopping => close(close_code::AWAY, "The server stops"),
        Ended::SignedOut => close(close_code::POLICY, "The access token was revoked"),
        Ended::Slow => close(close_code::AGAIN, "Too slow"),
        Ended::Replaced => close(close_code::POLICY, "Too many streams of this account"),
    }
}

fn close(code: u16, reason: &'static str) -> CloseFrame {
    CloseFrame {
        code,
        reason: reason.into(),
    }
}
