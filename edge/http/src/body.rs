//! A request's body on its way in: how long it may be silent, and what is held for the request
//! meanwhile.
//!
//! The listener hands every body on as a [`WatchedBody`]. One that is silent for too long ends with
//! [`IdleTimeout`]; and as long as the client is waited for, the request gives its place among
//! those in flight to another.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::HttpBody;
use bytes::Bytes;
use futures::future::BoxFuture;
use infra_resilience::{AdmissionControl, Overloaded, Permit};
use tokio::time::{Instant, Sleep, sleep};

/// Why a body ended: nothing came for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleTimeout {
    /// For how long nothing came.
    pub silence_max: Duration,
}

impl fmt::Display for IdleTimeout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "nothing of the body came for {} seconds",
            self.silence_max.as_secs()
        )
    }
}

impl std::error::Error for IdleTimeout {}

impl IdleTimeout {
    /// The silence among the causes of an error, if it was one.
    #[must_use]
    pub fn among(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        std::iter::successors(Some(error), |cause| cause.source())
            .find_map(|cause| cause.downcast_ref::<Self>())
            .copied()
    }
}

/// What is known of a request's body while others read it; a request extension of each request that
/// has one. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct BodyWatch(Arc<Watched>);

#[derive(Debug, Default)]
struct Watched {
    has_ended: AtomicBool,
    is_idle_timeout: AtomicBool,
    was_shed: AtomicBool,
    place: Mutex<Place>,
}

/// The request's place among those in flight.
#[derive(Debug, Default)]
enum Place {
    /// It needs none, or the request is over.
    #[default]
    None,
    Held(Permit),
    /// Given up while the client is waited for.
    Lent(Arc<AdmissionControl>),
}

impl BodyWatch {
    /// Whether all of it was read, or it can be read no further.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.has_ended.load(Ordering::Relaxed)
    }

    /// Whether it was given up because nothing came.
    #[must_use]
    pub fn is_idle_timeout(&self) -> bool {
        self.0.is_idle_timeout.load(Ordering::Relaxed)
    }

    /// Whether it was given up because there was no place for the request when it went on.
    #[must_use]
    pub fn was_shed(&self) -> bool {
        self.0.was_shed.load(Ordering::Relaxed)
    }

    /// Keeps the request's place, lends it to others while the client is waited for, and gives it
    /// up with what is returned.
    #[must_use]
    pub fn hold(&self, permit: Permit) -> HeldPermit {
        *self.place() = Place::Held(permit);
        HeldPermit(self.clone())
    }

    fn lend_permit(&self) {
        let mut place = self.place();
        if let Place::Held(permit) = &*place {
            *place = Place::Lent(Arc::clone(permit.control()));
        }
    }

    fn lent_permit(&self) -> Option<Arc<AdmissionControl>> {
        match &*self.place() {
            Place::Lent(control) => Some(Arc::clone(control)),
            Place::None | Place::Held(_) => None,
        }
    }

    fn return_permit(&self, permit: Permit) {
        let mut place = self.place();
        // The request may be over, with something left behind that still reads.
        if matches!(*place, Place::Lent(_)) {
            *place = Place::Held(permit);
        }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place that a request with a body holds, until this is dropped.
#[derive(Debug)]
pub struct HeldPermit(BodyWatch);

impl Drop for HeldPermit {
    fn drop(&mut self) {
        // Whatever still reads the body gets no place from here on.
        *self.0.place() = Place::None;
    }
}

/// A body that ends when it is silent for too long.
pub struct WatchedBody<B> {
    inner: B,
    silence_max: Duration,
    /// None where there is no body.
    watch: Option<BodyWatch>,
    silence: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
    /// What came while the place was lent, until there is one again.
    returning: Option<(Frame, BoxFuture<'static, Result<Permit, Overloaded>>)>,
}

/// What a body gives at a time; none at its end.
type Frame = Option<Result<http_body::Frame<Bytes>, BoxError>>;

impl<B: HttpBody> WatchedBody<B> {
    /// Ends the body after this long without a part of it.
    pub fn new(inner: B, silence_max: Duration) -> Self {
        let watch = (!inner.is_end_stream()).then(BodyWatch::default);
        Self {
            inner,
            silence_max,
            watch,
            silence: None,
            is_waiting: false,
            returning: None,
        }
    }

    /// What others may know of it; none where there is no body.
    #[must_use]
    pub const fn watch(&self) -> Option<&BodyWatch> {
        self.watch.as_ref()
    }

    /// Whether it has been silent for too long, from the first time that nothing was there.
    fn poll_silence(&mut self, task: &mut Context<'_>) -> Poll<IdleTimeout> {
        let silence_max = self.silence_max;
        // Made at the first wait: a body that is there with its head needs no timer.
        let silence = self
            .silence
            .get_or_insert_with(|| Box::pin(sleep(silence_max)));
        if !self.is_waiting {
            silence.as_mut().reset(Instant::now() + silence_max);
            self.is_waiting = true;
        }
        ready!(silence.as_mut().poll(task));
        Poll::Ready(IdleTimeout { silence_max })
    }

    /// Passes on what came once the request has its place again.
    fn poll_returning(&mut self, watch: &BodyWatch, task: &mut Context<'_>) -> Poll<Frame> {
        let Some((frame, place)) = &mut self.returning else {
            return Poll::Ready(None);
        };
        let admitted = ready!(place.as_mut().poll(task));
        let frame = frame.take();
        self.returning = None;
        match admitted {
            Ok(permit) => {
                watch.return_permit(permit);
                Poll::Ready(frame)
            }
            Err(overloaded) => {
                watch.0.was_shed.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(overloaded.into())))
            }
        }
    }
}

impl<B> HttpBody for WatchedBody<B>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Frame> {
        let this = &mut *self;
        // Without a body there is nobody to wait for, and no place is lent.
        let Some(watch) = this.watch.clone() else {
            return Pin::new(&mut this.inner)
                .poll_frame(task)
                .map_err(Into::into);
        };
        if this.returning.is_some() {
            return this.poll_returning(&watch, task);
        }
        let frame = match Pin::new(&mut this.inner).poll_frame(task) {
            Poll::Ready(frame) => {
                // Each part that comes begins the silence again.
                this.is_waiting = false;
                frame.map(|frame| frame.map_err(Into::into))
            }
            Poll::Pending => {
                // Only now: a body that is there already keeps its place, and pays for no other.
                watch.lend_permit();
                let silent = ready!(this.poll_silence(task));
                watch.0.is_idle_timeout.store(true, Ordering::Relaxed);
                return Poll::Ready(Some(Err(silent.into())));
            }
        };
        if !matches!(frame, Some(Ok(_))) || this.inner.is_end_stream() {
            watch.0.has_ended.store(true, Ordering::Relaxed);
        }
        match watch.lent_permit() {
            None => Poll::Ready(frame),
            // What came is kept back until there is a place, so that the handler, which goes on as
            // soon as it reads, never works without one.
            Some(control) => {
                let place = Box::pin(async move { control.admit().await });
                this.returning = Some((frame, place));
                this.poll_returning(&watch, task)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // What is kept back for a place has not been passed on, though nothing more comes.
        self.returning.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests;
