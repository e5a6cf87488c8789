//! HTTP/1.1 over one connection that is kept: what the load needs and nothing more.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// The longest wait for a reply.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(120);
/// The longest reply that is taken, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One connection to a server.
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

/// What the head of a reply says.
#[derive(Debug, Default)]
pub(crate) struct ReplyHead {
    pub(crate) status: u16,
    /// Of the body, in bytes.
    pub(crate) length: usize,
    pub(crate) is_chunked: bool,
    pub(crate) retry_after: Option<Duration>,
}

impl ReplyHead {
    /// By the first line: "HTTP/1.1 200 OK".
    pub(crate) fn of_status_line(line: &str) -> Result<Self> {
        let status = line.split(' ').nth(1).unwrap_or_default();
        Ok(Self {
            status: status.parse().context("no status line")?,
            ..Self::default()
        })
    }

    /// Takes in what one of the other lines says: "Content-Length: 12".
    pub(crate) fn take_field(&mut self, line: &str) -> Result<()> {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        match name.to_ascii_lowercase().as_str() {
            "content-length" => self.length = value.trim().parse()?,
            "retry-after" => self.retry_after = value.trim().parse().ok().map(Duration::from_secs),
            "transfer-encoding" => self.is_chunked = value.contains("chunked"),
            _ => {}
        }
        Ok(())
    }
}

/// A whole request as it goes over the wire.
pub(crate) struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn get(path: &str, token: &str) -> Self {
        Self::new("GET", path, token, "", Vec::new())
    }

    pub(crate) fn post(path: &str, token: &str, body: &Value) -> Self {
        Self::new(
            "POST",
            path,
            token,
            "application/json",
            body.to_string().into_bytes(),
        )
    }

    /// A multipart form with one file.
    pub(crate) fn file(path: &str, token: &str, bytes: &[u8]) -> Self {
        const BOUNDARY: &str = "a-boundary-that-no-photo-holds";
        let mut body = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\
             Content-Type: image/jpeg\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        Self::new(
            "POST",
            path,
            token,
            &format!("multipart/form-data; boundary={BOUNDARY}"),
            body,
        )
    }

    fn new(method: &str, path: &str, token: &str, kind: &str, body: Vec<u8>) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        if !token.is_empty() {
            head.push_str("Authorization: Bearer ");
            head.push_str(token);
            head.push_str("\r\n");
        }
        if !body.is_empty() {
            head.push_str(&format!(
                "Content-Type: {kind}\r\nContent-Length: {}\r\n",
                body.len()
            ));
        // As RFC 9110 (8.6) asks of a POST without a body.
        } else if method == "POST" {
            head.push_str("Content-Length: 0\r\n");
        }
        head.push_str("\r\n");
        Self { head, body }
    }

    /// As it goes over the wire.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        // Before the blank line that ends the head.
        let end = self.head.len() - 2;
        self.head.insert_str(end, &format!("{name}: {value}\r\n"));
        self
    }
}

impl Connection {
    pub(crate) fn open(address: &str) -> Result<Self> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("nobody answers at {address}"))?;
        // Else the second part of a request would wait for the first to be acknowledged.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(WAIT_MAX))?;
        Ok(Self {
            reader: BufReader::with_capacity(64 * 1024, stream),
            line: String::new(),
            body: Vec::new(),
        })
    }

    /// Sends and takes the whole reply: its status, and its body until the next request.
    pub(crate) fn send(&mut self, request: &Request) -> Result<(u16, &[u8])> {
        let stream = self.reader.get_mut();
        if request.body.len() < 16 * 1024 {
            // One packet, one system call.
            stream.write_all(&request.to_bytes())?;
        } else {
            stream.write_all(request.head.as_bytes())?;
            stream.write_all(&request.body)?;
        }
        let status = self.read_reply()?;
        Ok((status, &self.body))
    }

    /// The JSON of a reply that must be a success.
    pub(crate) fn json(&mut self, request: &Request) -> Result<Value> {
        let (status, body) = self.send(request)?;
        let text = String::from_utf8_lossy(body);
        ensure!(
            (200..300).contains(&status),
            "{}answered {status}: {text}",
            request.head
        );
        Ok(serde_json::from_str(&text)?)
    }

    fn read_reply(&mut self) -> Result<u16> {
        self.next_line()?;
        let mut head = ReplyHead::of_status_line(&self.line)?;
        loop {
            self.next_line()?;
            if self.line.is_empty() {
                break;
            }
            head.take_field(&self.line)?;
        }
        self.body.clear();
        if head.is_chunked {
            while self.read_chunk()? > 0 {}
        } else {
            self.read_bytes(head.length)?;
        }
        Ok(head.status)
    }

    fn read_chunk(&mut self) -> Result<usize> {
        self.next_line()?;
        let length = usize::from_str_radix(self.line.trim(), 16).context("no chunk's length")?;
        self.read_bytes(length)?;
        self.next_line()?;
        Ok(length)
    }

    fn read_bytes(&mut self, length: usize) -> Result<()> {
        let from = self.body.len();
        ensure!(
            from + length <= BODY_BYTES_MAX,
            "a reply of more than {BODY_BYTES_MAX} bytes"
        );
        self.body.resize(from + length, 0);
        self.reader.read_exact(&mut self.body[from..])?;
        Ok(())
    }

    fn next_line(&mut self) -> Result<()> {
        self.line.clear();
        if self.reader.read_line(&mut self.line)? == 0 {
            bail!("the server closed the connection");
        }
        self.line.truncate(self.line.trim_end().len());
        Ok(())
    }
}
