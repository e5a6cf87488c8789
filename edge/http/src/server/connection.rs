//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::address::TrustedProxies;
use crate::body::WatchedBody;
use crate::context::overload_retry_after;
use crate::refusal::{Refusal, RefusalStyle};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::ServiceExt as _;
use tower_http::normalize_path::NormalizePath;

use super::client_shares::{ClientShares, Share};
use super::connections::InFlight;
use super::held::Held;
use super::pace::{PacedStream, ReaderPace};

/// How long a client may take to send a request's head, and how long it may keep a connection open
/// before that.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(15);
/// The largest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// How long an idle connection may take to be closed: the last response may still be on its way.
const CLOSING_WAIT_MAX: Duration = Duration::from_secs(1);

/// What all connections have in common. Cheap to clone.
#[derive(Clone)]
pub(super) struct Serving {
    pub(super) routes: NormalizePath<Router>,
    pub(super) shares: ClientShares,
    /// Of clients behind a proxy: how many streams each has.
    pub(super) streams: ClientShares,
    pub(super) proxies: TrustedProxies,
    pub(super) refusals: RefusalStyle,
    pub(super) body_silence_max: Duration,
    pub(super) reader_pace: ReaderPace,
}

impl Serving {
    /// Serves a connection until it ends or is to be closed; then what is in flight is finished.
    ///
    /// One that goes on in another protocol is somebody else's from then on: this returns, and what
    /// the connection holds goes with its socket.
    pub(super) async fn serve(self, stream: TcpStream, peer: SocketAddr, held: Arc<Held>) {
        // A response goes out in few writes; held back for a fuller packet it only comes later.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
        let service =
            hyper::service::service_fn(|request| self.inner_response(request, peer, &held));
        // HTTP/2 without TLS is spoken by no browser, and distinguishing the two waits for a first
        // byte without a bound.
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WAIT_MAX)
            .max_buf_size(HEAD_BYTES_MAX);
        let stream = PacedStream::new(stream, self.reader_pace, Arc::clone(&held));
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = connection.with_upgrades();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = held.place.closing() => {
                // An idle connection ends with this, a busy one after its response.
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(CLOSING_WAIT_MAX, connection.as_mut()).await {
                    Ok(ended) => ended,
                    // A request that came in the same moment is finished, however long that takes:
                    // its own budget bounds it.
                    Err(_) if held.place.is_idle() => Ok(()),
                    Err(_) => connection.await,
                }
            }
        };
        // A client that goes away in the middle is no event worth a line.
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    fn inner_response(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        held: &Arc<Held>,
    ) -> impl Future<Output = Result<hyper::Response<ResponseBody>, Infallible>> + use<> {
        // Before anything is awaited, so that the connection is not chosen as idle in between.
        let in_flight = held.place.begin();
        let held = Arc::clone(held);
        let (mut parts, body) = request.into_parts();
        let body = WatchedBody::new(body, self.body_silence_max);
        parts.extensions.insert(ConnectInfo(peer));
        if let Some(watch) = body.watch() {
            parts.extensions.insert(watch.clone());
        }
        // Behind a proxy the connections are the proxy's, so its clients' shares are of the
        // requests in flight.
        let share = if self.proxies.contain(peer.ip()) {
            let client = self.proxies.client(peer.ip(), &parts.headers);
            let share = self.shares.take(client);
            share.map(|share| Some((client, share))).ok_or(())
        } else {
            self.proxies.note_unlisted(peer.ip(), &parts.headers);
            Ok(None)
        };
        let request = Request::from_parts(parts, body);
        // Before the request is given away: it may be needed after it.
        let form = self.refusals.form_of(&request);
        let inner_response = match share {
            // The share is held with the body of the response, to its last byte.
            Ok(share) => Ok((share, self.routes.clone().oneshot(request))),
            Err(()) => Err(Refusal::too_many_open(overload_retry_after()).into_response(form)),
        };
        let streams = self.streams.clone();
        async move {
            let (share, response): (_, Response) = match inner_response {
                Ok((share, inner_response)) => (share, inner_response.await?),
                Err(refused) => (None, refused),
            };
            let counted = as_stream_or_request(&streams, share, &response);
            let (share, response) = match counted {
                Ok(share) => (share, response),
                Err(refused) => (None, refused.into_response(form)),
            };
            let whole = (in_flight, share);
            // It has begun something that goes on for as long as the connection is open.
            let whole = if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                held.keep(whole);
                None
            } else {
                Some(whole)
            };
            Ok(response.map(|body| ResponseBody {
                body,
                _whole: whole,
            }))
        }
    }
}

/// The share of its client that a response takes from now on: one of its streams if it is one.
fn as_stream_or_request(
    streams: &ClientShares,
    share: Option<(IpAddr, Share)>,
    response: &Response,
) -> Result<Option<Share>, Refusal> {
    match share {
        Some((client, _)) if is_stream(response) => match streams.take(client) {
            Some(share) => Ok(Some(share)),
            None => Err(Refusal::too_many_open(overload_retry_after())),
        },
        share => Ok(share.map(|(_, share)| share)),
    }
}

/// Whether a response goes on for as long as its client wants: it counts among its client's
/// streams, so that these leave room for requests.
fn is_stream(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    response.status() == StatusCode::SWITCHING_PROTOCOLS
        || content_type.is_some_and(|value| value == "text/event-stream")
}

/// A response's body, as long as which the request is in flight and counts as its client's.
struct ResponseBody {
    body: Body,
    _whole: Option<(InFlight, Option<Share>)>,
}

impl hyper::body::Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(task)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
