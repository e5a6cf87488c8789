//! The worker's own side.

use std::fs::File;
use std::io::{self, Read, Write as _};

use crate::{Landlock, confine, sys};

/// The most that the parent's first message may be, in bytes.
const FIRST_BYTES_MAX: usize = 8;

/// What a worker has in the world: two pipes.
#[derive(Debug)]
pub struct Inside {
    requests: File,
    answers: File,
    memory_bytes_max: u64,
}

impl Inside {
    /// Takes hold of standard input and output, and hears the limits from the parent.
    ///
    /// # Errors
    /// When nobody is there who speaks as a parent does.
    pub fn enter() -> io::Result<Self> {
        let (requests, answers) = sys::take_pipes()?;
        let mut inside = Self {
            requests,
            answers,
            memory_bytes_max: 0,
        };
        let first = inside.receive(FIRST_BYTES_MAX)?;
        let limit = first
            .as_deref()
            .and_then(|bytes| <[u8; FIRST_BYTES_MAX]>::try_from(bytes).ok());
        inside.memory_bytes_max = u64::from_le_bytes(
            limit.ok_or_else(|| io::Error::other("the first message is no limit of memory"))?,
        );
        Ok(inside)
    }

    /// Gives up everything but computing and responding, for good. To be called when every library
    /// is loaded and before the first byte of a request is read.
    ///
    /// # Errors
    /// When the system calls cannot be filtered or memory cannot be limited. Then nothing may be
    /// read.
    pub fn confine(&mut self) -> io::Result<Landlock> {
        confine::confine(self.memory_bytes_max)
    }

    /// The next message of at most so many bytes; none when the parent has hung up.
    ///
    /// # Errors
    /// When it is longer, or cut off.
    pub fn receive(&mut self, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
        let mut length = [0; 4];
        if let Err(error) = self.requests.read_exact(&mut length) {
            let hung_up = error.kind() == io::ErrorKind::UnexpectedEof;
            return if hung_up { Ok(None) } else { Err(error) };
        }
        let length = u32::from_le_bytes(length) as usize;
        if length > bytes_max {
            return Err(io::Error::other(format!(
                "a request of {length} bytes where at most {bytes_max} are taken"
            )));
        }
        let mut message = vec![0; length];
        self.requests.read_exact(&mut message)?;
        Ok(Some(message))
    }

    /// Returns with these parts as one message.
    ///
    /// # Errors
    /// When the parent is gone.
    pub fn send(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let length = u32::try_from(length).map_err(io::Error::other)?;
        self.answers.write_all(&length.to_le_bytes())?;
        for part in parts {
            self.answers.write_all(part)?;
        }
        Ok(())
    }
}
