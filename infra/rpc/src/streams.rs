//! Streams of messages, in process and over the wire.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, StreamExt as _};
use infra_kernel::{Error, Result};
use tonic::{Status, Streaming};

use crate::errors::{error_from_status, status_from_error};

/// Messages as they come; an error ends them.
pub type Messages<T> = Pin<Box<dyn Stream<Item = Result<T>> + Send>>;

/// A call under way.
pub type Call<'call, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'call>>;

/// Where the error is kept that ended a relayed stream of requests.
pub(crate) struct Failure(Arc<Mutex<Option<Error>>>);

impl Failure {
    pub(crate) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A stream of requests as gRPC sends it: without errors. The first error ends the stream and is
/// kept, so that the caller can respond with it instead of with what the server made of the stump.
/// Contracts with a stream of requests mark its end with a message of its own, so a stump is never
/// taken for the whole.
pub(crate) fn relay_requests<T: Send + 'static>(
    requests: Messages<T>,
) -> (Pin<Box<dyn Stream<Item = T> + Send>>, Failure) {
    let failure = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&failure);
    let relayed = requests.scan(kept, |kept, request| {
        let message = request.map_err(|error| {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        });
        // gRPC has no errors within a stream of requests, so it can only end.
        std::future::ready(message.ok())
    });
    (Box::pin(relayed), Failure(failure))
}

/// A stream of messages as it came over the wire.
pub(crate) fn relay_responses<T: Send + 'static>(answers: Streaming<T>) -> Messages<T> {
    Box::pin(answers.map(|response| response.map_err(error_from_status)))
}

/// A stream of messages to be sent over the wire.
pub(crate) fn response_stream<T: Send + 'static>(
    answers: Messages<T>,
) -> Pin<Box<dyn Stream<Item = std::result::Result<T, Status>> + Send>> {
    Box::pin(answers.map(|response| response.map_err(|error| status_from_error(&error))))
}
