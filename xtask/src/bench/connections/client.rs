//! HTTP/1.1 over a connection that is one of thousands in a thread.

use std::borrow::Cow;
use std::net::TcpStream;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::bench::http::{BODY_BYTES_MAX, ReplyHead, Request, WAIT_MAX};

const HEAD_END: &[u8] = b"\r\n\r\n";

/// A connection that has one request under way at most.
pub(super) struct Client {
    stream: tokio::net::TcpStream,
    /// The reply, as far as it is here: its head and its body.
    received: Vec<u8>,
    head_bytes: usize,
}

impl Client {
    /// On a connection that is open. Within a runtime.
    pub(super) fn new(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        // `from_std` asks for it: a blocking socket would stop the one thread for all.
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: tokio::net::TcpStream::from_std(stream)?,
            received: Vec::new(),
            head_bytes: 0,
        })
    }

    /// Sends, and receives the whole reply.
    pub(super) async fn send(&mut self, request: &Request) -> Result<ReplyHead> {
        let exchange = async {
            self.stream.write_all(&request.to_bytes()).await?;
            self.receive().await
        };
        timeout(WAIT_MAX, exchange)
            .await
            .context("no reply in time")?
    }

    /// The body of the last reply.
    pub(super) fn body(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.received[self.head_bytes..])
    }

    async fn receive(&mut self) -> Result<ReplyHead> {
        self.received.clear();
        self.head_bytes = loop {
            // From the beginning each time: the end may be split between two reads, and heads are
            // short.
            let mut windows = self.received.windows(HEAD_END.len());
            match windows.position(|window| window == HEAD_END) {
                Some(at) => break at + HEAD_END.len(),
                None => self.receive_more().await?,
            }
        };
        let head = std::str::from_utf8(&self.received[..self.head_bytes])?;
        let (status_line, fields) = head.split_once("\r\n").unwrap_or((head, ""));
        let mut head = ReplyHead::of_status_line(status_line)?;
        for line in fields.lines() {
            head.take_field(line)?;
        }
        ensure!(
            !head.is_chunked,
            "a reply in chunks, which is not understood here"
        );
        while self.received.len() < self.head_bytes + head.length {
            self.receive_more().await?;
        }
        Ok(head)
    }

    async fn receive_more(&mut self) -> Result<()> {
        let bytes = self.stream.read_buf(&mut self.received).await?;
        ensure!(bytes > 0, "the server closed the connection");
        ensure!(
            self.received.len() <= BODY_BYTES_MAX,
            "a reply of more than {BODY_BYTES_MAX} bytes"
        );
        Ok(())
    }
}
