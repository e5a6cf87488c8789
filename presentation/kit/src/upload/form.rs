//! Reading a form with files in bounded memory.
//!
//! A form's parser takes whatever has arrived before it looks at any of it, and knows no bound of
//! its own while it looks for the first boundary or the end of a field's headers. So the body has a
//! gate: it gives a frame only when the parser has nothing left to hand on, one at a time, and no
//! further one when too many came without a field or a chunk to show for them. What a form holds in
//! memory is [`WAITING_BYTES_MAX`] and two frames at most.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, BodyDataStream};
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header;
use infra_kernel::{Error, ErrorCode, Result};

use super::disposition::Disposition;

/// The most bytes that are taken from the connection without a field or a chunk coming of them,
/// before the form is refused: the headers of a field, what stands before the first one, or a field
/// that nobody reads. Checked before each frame, so that the size of a frame does not matter.
const WAITING_BYTES_MAX: usize = 64 * 1024;

/// A multipart form, read field by field. It lifts the limit of the body, as its files have the
/// media domain's; the reader of its texts bounds those.
#[derive(Debug)]
pub struct FileForm {
    form: Multipart,
    gate: Arc<Gate>,
}

/// A field of a [`FileForm`].
#[derive(Debug)]
pub struct FileField<'a> {
    field: Field<'a>,
    disposition: Disposition,
    gate: Arc<Gate>,
}

impl<S: Send + Sync> FromRequest<S> for FileForm {
    type Rejection = MultipartRejection;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, MultipartRejection> {
        DefaultBodyLimit::disable().apply(&mut request);
        let gate = Arc::new(Gate::default());
        let request = request.map(|body| gate.guard(body));
        let form = Multipart::from_request(request, state).await?;
        Ok(Self { form, gate })
    }
}

impl FileForm {
    /// The next field; none at the form's end. What was not read of the field before is skipped.
    ///
    /// # Errors
    /// `too_large` when the field's headers, or what was skipped, are more than is taken; `invalid`
    /// when the form is not well formed or broke off.
    pub async fn next_field(&mut self) -> Result<Option<FileField<'_>>> {
        let next = self.gate.feed(self.form.next_field()).await;
        let gate = &self.gate;
        Ok(next.map_err(cut_off)?.map(|field| {
            let header = field.headers().get(header::CONTENT_DISPOSITION);
            let disposition = Disposition::parse(header.map_or(&[], |value| value.as_bytes()));
            FileField {
                field,
                disposition,
                gate: Arc::clone(gate),
            }
        }))
    }
}

impl FileField<'_> {
    /// The name of the field.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.disposition.name.as_deref()
    }

    /// The name of the file that it holds.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.disposition.file_name.as_deref()
    }

    /// What it says it holds.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.field.content_type()
    }

    /// The next bytes of it; none at its end.
    ///
    /// # Errors
    /// `invalid` when the form broke off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        self.gate.feed(self.field.chunk()).await.map_err(cut_off)
    }
}

/// Stands between the connection and the parser. Both are polled by the task that reads the form.
#[derive(Debug, Default)]
struct Gate {
    /// Whether the parser may have a frame.
    open: AtomicBool,
    /// The bytes it had since it last handed something on.
    waiting_bytes: AtomicUsize,
}

impl Gate {
    /// The body, with the gate before it.
    fn guard(self: &Arc<Self>, body: Body) -> Body {
        let gate = Arc::clone(self);
        let mut frames = body.into_data_stream();
        Body::from_stream(stream::poll_fn(move |task| {
            gate.poll_frame(&mut frames, task)
        }))
    }

    fn poll_frame(
        &self,
        frames: &mut BodyDataStream,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        if !self.open.load(Ordering::Relaxed) {
            // No waker is needed: `feed` polls the parser again as soon as it has opened the gate.
            return Poll::Pending;
        }
        if self.waiting_bytes.load(Ordering::Relaxed) > WAITING_BYTES_MAX {
            return Poll::Ready(Some(Err(TooManyWaiting.into())));
        }
        let frame = ready!(frames.poll_next_unpin(task));
        self.open.store(false, Ordering::Relaxed);
        if let Some(Ok(frame)) = &frame {
            self.waiting_bytes.fetch_add(frame.len(), Ordering::Relaxed);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    /// Lets the parser finish its next piece, first from what it has, then frame by frame.
    async fn feed<T>(&self, piece: impl Future<Output = T>) -> T {
        let mut piece = pin!(piece);
        self.open.store(false, Ordering::Relaxed);
        self.waiting_bytes.store(0, Ordering::Relaxed);
        let mut is_hungry = false;
        std::future::poll_fn(move |task| {
            if !is_hungry {
                if let Poll::Ready(done) = piece.as_mut().poll(task) {
                    return Poll::Ready(done);
                }
                is_hungry = true;
            }
            self.open.store(true, Ordering::Relaxed);
            let polled = piece.as_mut().poll(task);
            // A frame was taken and was not enough. The next may be there already, but other tasks
            // have their turn first.
            if polled.is_pending() && !self.open.load(Ordering::Relaxed) {
                task.waker().wake_by_ref();
            }
            polled
        })
        .await
    }
}

/// Why the gate stays shut.
#[derive(Debug)]
struct TooManyWaiting;

impl fmt::Display for TooManyWaiting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "more than {WAITING_BYTES_MAX} bytes of a form were neither a field nor a part of one that is read"
        )
    }
}

impl std::error::Error for TooManyWaiting {}

/// A form that cannot be read on: too large, or broken off.
fn cut_off(error: MultipartError) -> Error {
    let mut causes =
        std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    if causes.any(<dyn std::error::Error>::is::<TooManyWaiting>) {
        let text = format!(
            "The form has headers, or a field that is not asked for, of more than {WAITING_BYTES_MAX} bytes. Send it \
             again without."
        );
        return Error::new(ErrorCode::TooLarge, text).with_source(error);
    }
    let text = "The upload broke off before its end. Check the connection and try again.";
    Error::new(ErrorCode::Invalid, text).with_source(error)
}

#[cfg(test)]
mod tests;
