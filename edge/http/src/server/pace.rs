//! How slowly a client may take what is sent to it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

use super::held::Held;

/// What is asked of a client that a response is sent to. Only the time in which it is waited for
/// counts.
#[derive(Debug, Clone, Copy)]
pub struct ReaderPace {
    /// How long it may leave what was sent to it unread.
    pub silence_max: Duration,
    /// The least that it takes while it is waited for, in bytes per second; at least 1.
    pub bytes_per_second_min: u32,
    /// How far it may fall behind that.
    pub behind_max: Duration,
}

impl Default for ReaderPace {
    fn default() -> Self {
        Self {
            silence_max: Duration::from_secs(60),
            bytes_per_second_min: 4 * 1024,
            behind_max: Duration::from_secs(60),
        }
    }
}

/// A connection that ends when its client takes what is sent to it too slowly.
pub(super) struct PacedStream {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    pace: Pace,
    // Goes with the socket.
    _held: Arc<Held>,
}

/// How far a client is behind the least that it has to take. Only the time in which it is waited
/// for counts, and being quick earns nothing for later.
struct Pace {
    bounds: ReaderPace,
    behind: Duration,
    waiting_since: Option<Instant>,
}

impl Pace {
    const fn new(bounds: ReaderPace) -> Self {
        Self {
            bounds,
            behind: Duration::ZERO,
            waiting_since: None,
        }
    }

    /// The client is waited for.
    fn wait(&mut self, now: Instant) {
        self.waiting_since.get_or_insert(now);
    }

    /// The client made room for so many bytes.
    fn take(&mut self, bytes: usize, now: Instant) -> io::Result<()> {
        // Nobody waited for it: what goes straight into the system's buffer says nothing of the
        // client.
        let Some(since) = self.waiting_since.take() else {
            return Ok(());
        };
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let allowed = Duration::from_secs(bytes.into()) / self.bounds.bytes_per_second_min.max(1);
        let waited = now.saturating_duration_since(since);
        // Never below nothing: a client cannot save up for a pause.
        self.behind = (self.behind + waited).saturating_sub(allowed);
        if self.behind > self.bounds.behind_max {
            let text = "the client takes its answer too slowly";
            return Err(io::Error::new(io::ErrorKind::TimedOut, text));
        }
        Ok(())
    }
}

impl PacedStream {
    pub(super) fn new(stream: TcpStream, bounds: ReaderPace, held: Arc<Held>) -> Self {
        let mut stream = TimeoutStream::new(stream);
        // Beside the pace: a client that takes nothing at all never comes to `take`.
        stream.set_write_timeout(Some(bounds.silence_max));
        Self {
            stream: Box::pin(stream),
            pace: Pace::new(bounds),
            _held: held,
        }
    }

    fn paced(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            // The system's buffer for the connection is full: from now on it is the client that is
            // waited for, and not us.
            Poll::Pending => self.pace.wait(Instant::now()),
            Poll::Ready(Ok(bytes)) => self.pace.take(bytes, Instant::now())?,
            // It ends by itself.
            Poll::Ready(Err(_)) => {}
        }
        written
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(task, buffer)
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream.as_mut().poll_write(task, bytes);
        self.paced(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream.as_mut().poll_write_vectored(task, parts);
        self.paced(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many times a client can make room for so many bytes after so long, of a hundred.
    fn turns(bytes: usize, seconds: u64) -> usize {
        let (mut pace, mut now) = (Pace::new(ReaderPace::default()), Instant::now());
        // Being quick before earns nothing.
        pace.wait(now);
        pace.take(1 << 30, now).unwrap();
        let turn = |_: &usize| {
            pace.wait(now);
            now += Duration::from_secs(seconds);
            pace.take(bytes, now).is_ok()
        };
        (0..100).take_while(turn).count()
    }

    #[test]
    fn a_client_that_keeps_pace_is_waited_for_and_a_trickle_is_not() {
        assert_eq!(turns(200 * 1024, 50), 100, "4 KiB a second");
        assert_eq!(turns(10, 50), 1);
        // Half of what it takes: half of the time is lost.
        assert_eq!(turns(20 * 1024, 10), 12);
    }

    #[test]
    fn time_in_which_nothing_is_sent_does_not_count() {
        let (mut pace, now) = (Pace::new(ReaderPace::default()), Instant::now());
        for turn in 1..100 {
            pace.take(1, now + Duration::from_secs(60) * turn).unwrap();
        }
    }
}
