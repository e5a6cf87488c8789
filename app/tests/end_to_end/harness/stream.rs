//! Apps that listen, to events and over WebSockets.

use std::collections::VecDeque;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use reqwest::{Method, Response};
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::caller::Caller;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Something that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// In which stream; empty where there is but one.
    pub(crate) stream: Vec<String>,
    pub(crate) event: String,
    pub(crate) payload: String,
}

impl Told {
    /// What it is about: the id of what is told, or of what has gone.
    pub(crate) fn id(&self) -> String {
        match self.json() {
            Value::Object(fields) => fields["id"].as_str().expect("an id").to_owned(),
            _ => self.payload.clone(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.payload).expect("a payload is JSON")
    }

    /// The event, with what it is about.
    pub(crate) fn brief(&self) -> (String, String) {
        (self.event.clone(), self.id())
    }
}

/// Listens to one stream as events.
pub(crate) struct Events {
    response: Response,
    rest: String,
    waiting: VecDeque<Told>,
}

impl Events {
    /// Listens from now on, or was refused with this status and text.
    pub(crate) async fn open(caller: &Caller, stream: &str) -> Result<Self, (u16, String)> {
        Self::encoded(caller, stream, "identity").await
    }

    /// The same for somebody who takes these encodings.
    pub(crate) async fn encoded(
        caller: &Caller,
        stream: &str,
        encodings: &str,
    ) -> Result<Self, (u16, String)> {
        let path = format!("/api/v1/streaming/{stream}");
        let request = caller.request(Method::GET, &path);
        let request = request.header("Accept-Encoding", encodings);
        let request = request.timeout(Duration::from_secs(600));
        let response = request.send().await.expect("a response");
        if response.status() != 200 {
            let status = response.status().as_u16();
            return Err((status, response.text().await.expect("a body")));
        }
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert!(!headers.contains_key("content-encoding"));
        assert_eq!(headers["x-accel-buffering"], "no");
        let mut events = Self {
            response,
            rest: String::new(),
            waiting: VecDeque::new(),
        };
        // It says at once that it is there.
        assert!(events.read().await);
        Ok(events)
    }

    /// What comes next; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        while self.waiting.is_empty() {
            if !self.read().await {
                return None;
            }
        }
        self.waiting.pop_front()
    }

    /// Reads some more; returns whether there was any.
    async fn read(&mut self) -> bool {
        let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
        let Ok(Some(chunk)) = chunk.expect("something comes") else {
            return false;
        };
        self.rest
            .push_str(std::str::from_utf8(&chunk).expect("text"));
        while let Some((event, rest)) = self.rest.split_once("\n\n") {
            let (event, rest) = (event.to_owned(), rest.to_owned());
            self.rest = rest;
            // Others are there to show that somebody is.
            if let Some((name, data)) = event.split_once('\n') {
                self.waiting.push_back(Told {
                    stream: Vec::new(),
                    event: name.strip_prefix("event: ").expect("an event").to_owned(),
                    payload: data.strip_prefix("data: ").expect("data").to_owned(),
                });
            }
        }
        true
    }
}

/// Listens over a WebSocket.
pub(crate) struct Socket {
    socket: WebSocketStream<TcpStream>,
}

impl Socket {
    /// Opens one, with the token of a caller in the query.
    pub(crate) async fn open(caller: &Caller, query: &str) -> Self {
        let query = format!("{query}&access_token={}", caller.token());
        let opened = Self::with(caller.base(), &query, &[]).await;
        opened.expect("a socket")
    }

    /// Opens one with these headers, or was refused with this status.
    pub(crate) async fn with(
        base: &str,
        query: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Self, u16> {
        Self::over(TcpSocket::new_v4().expect("a socket"), base, query, headers).await
    }

    /// The same over a socket that is set up already.
    pub(crate) async fn over(
        socket: TcpSocket,
        base: &str,
        query: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Self, u16> {
        let host = base.trim_start_matches("http://");
        let stream = socket.connect(host.parse().expect("an address"));
        let stream = stream.await.expect("a connection");
        let address = format!("ws://{host}/api/v1/streaming?{query}");
        let mut request = address.into_client_request().expect("a request");
        for (name, value) in headers {
            let value = value.parse().expect("a header");
            request.headers_mut().insert(*name, value);
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no WebSocket: {error}"),
        }
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        let message = Message::text(message.to_string());
        self.socket.send(message).await.expect("it is taken");
    }

    /// The next message; the server's last word at the end, if it had one.
    pub(crate) async fn receive(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match next.expect("something comes") {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Close(word))) => return Err(word),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// What is told next.
    pub(crate) async fn next(&mut self) -> Told {
        let message = self.receive().await.expect("it goes on");
        let stream = message["stream"].as_array().expect("a stream");
        let stream = stream
            .iter()
            .map(|one| one.as_str().expect("a name").to_owned());
        let text = |field: &str| message[field].as_str().expect("a text").to_owned();
        Told {
            stream: stream.collect(),
            event: text("event"),
            payload: text("payload"),
        }
    }
}
