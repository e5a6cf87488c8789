//! Objects of a bucket, past the store that keeps them there: what somebody else, or a disk, does
//! to them. Requests are without a key, and block.

use std::io::{Error, Read as _, Result, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a response may take.
const RESPONSE_MAX: Duration = Duration::from_secs(60);

/// Objects whose names begin alike.
#[derive(Debug, Clone)]
pub struct Objects {
    address: SocketAddr,
    bucket: String,
    prefix: String,
}

impl Objects {
    pub(crate) fn new(address: SocketAddr, bucket: &str, prefix: &str) -> Self {
        let prefix = match prefix {
            "" => String::new(),
            prefix => format!("{}/", prefix.trim_end_matches('/')),
        };
        Self {
            address,
            bucket: bucket.to_owned(),
            prefix,
        }
    }

    /// The names of all of them, without the prefix, in order.
    ///
    /// # Panics
    /// When they cannot be listed.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        loop {
            let after = names.last().map(|name| format!("{}{name}", self.prefix));
            let query = format!(
                "?list-type=2&prefix={}&start-after={}",
                self.prefix,
                after.unwrap_or_default()
            );
            let listed = self
                .ask("GET", &query, &[])
                .expect("a bucket that is listed");
            let listed = String::from_utf8_lossy(&listed).into_owned();
            let found = listed.split("<Key>").skip(1).filter_map(|rest| {
                let (name, _) = rest.split_once("</Key>")?;
                name.strip_prefix(&self.prefix)
            });
            let before = names.len();
            names.extend(found.map(str::to_owned));
            // Without progress, too: a server that repeats a page would be listed for ever.
            if names.len() == before || !listed.contains("<IsTruncated>true") {
                return names;
            }
        }
    }

    /// What is in one of them.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn read(&self, name: &str) -> Vec<u8> {
        let path = format!("/{}{name}", self.prefix);
        self.ask("GET", &path, &[])
            .expect("an object that is there")
    }

    /// Puts this in its place, whatever that is.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) {
        let path = format!("/{}{name}", self.prefix);
        self.ask("PUT", &path, content)
            .expect("an object is written");
    }

    /// Removes one.
    ///
    /// # Panics
    /// When it cannot be removed.
    pub fn remove(&self, name: &str) {
        let path = format!("/{}{name}", self.prefix);
        self.ask("DELETE", &path, &[])
            .expect("an object is removed");
    }

    /// Whether there is a bucket, and a server that lists it, reads what it has of this name from
    /// before, and keeps and reads what is written there now.
    pub(crate) fn is_ready(&self, name: &str) -> bool {
        self.try_ready(name).unwrap_or(false)
    }

    fn try_ready(&self, name: &str) -> Result<bool> {
        let path = format!("/{}{name}", self.prefix);
        let query = format!("?list-type=2&max-keys=1&prefix={}{name}", self.prefix);
        let listed = self.ask("GET", &query, &[])?;
        let key = format!("<Key>{}{name}</Key>", self.prefix);
        if String::from_utf8_lossy(&listed).contains(&key) {
            self.ask("GET", &path, &[])?;
        }
        self.ask("PUT", &path, name.as_bytes())?;
        Ok(self.ask("GET", &path, &[])? == name.as_bytes())
    }

    fn ask(&self, method: &str, path: &str, content: &[u8]) -> Result<Vec<u8>> {
        let mut connection = TcpStream::connect_timeout(&self.address, RESPONSE_MAX)?;
        connection.set_read_timeout(Some(RESPONSE_MAX))?;
        let head = format!(
            "{method} /{}{path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n",
            self.bucket,
            content.len()
        );
        connection.write_all(head.as_bytes())?;
        connection.write_all(content)?;
        let mut response = Vec::new();
        connection.read_to_end(&mut response)?;
        let end = response.windows(4).position(|four| four == b"\r\n\r\n");
        let body = end.map_or(response.len(), |end| end + 4);
        let status = response.get(9..10) == Some(b"2");
        match status {
            true => Ok(response.split_off(body)),
            false => Err(Error::other(
                String::from_utf8_lossy(&response).into_owned(),
            )),
        }
    }
}
