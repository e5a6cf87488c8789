//! What becomes of requests when there are more than can be worked on: so many are worked on, some
//! wait for a moment, and the others are asked at once to retry. Those that are served are then
//! served quickly, and the databases' few connections are never waited for in a crowd.
//!
//! Uploads pass by: most of their time they wait for bytes, and each account has a bound of its own
//! for them. Any other request lends its place to another as long as its body is awaited.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::body::{BodyWatch, HeldPermit};
use crate::context::{RequestClass, overload_retry_after};
use crate::refusal::{Refusal, RefusalStyle};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use infra_resilience::{AdmissionControl, Permit};
use infra_telemetry::LogThrottle;
use tower::{Layer, Service};

/// Admits requests by an [`AdmissionControl`], one for all routes.
#[derive(Clone)]
pub struct OverloadLayer(Arc<Shedding>);

struct Shedding {
    control: Arc<AdmissionControl>,
    refusals: RefusalStyle,
    shed: LogThrottle,
}

impl OverloadLayer {
    /// One that refuses in this style what is not admitted.
    #[must_use]
    pub fn new(control: Arc<AdmissionControl>, refusals: RefusalStyle) -> Self {
        Self(Arc::new(Shedding {
            control,
            refusals,
            shed: LogThrottle::new(),
        }))
    }
}

impl<S> Layer<S> for OverloadLayer {
    type Service = Admitting<S>;

    fn layer(&self, inner: S) -> Admitting<S> {
        Admitting {
            inner,
            shedding: Arc::clone(&self.0),
        }
    }
}

/// A service whose requests are admitted first; made by [`OverloadLayer`].
#[derive(Clone)]
pub struct Admitting<S> {
    inner: S,
    shedding: Arc<Shedding>,
}

/// A request's place, however it is held.
enum Held {
    /// An upload needs none.
    Nothing,
    Permit(#[expect(dead_code, reason = "it is dropped at the end")] Permit),
    /// That of a request whose body is awaited in between.
    Place(#[expect(dead_code, reason = "it is dropped at the end")] HeldPermit),
}

impl Held {
    fn new(permit: Permit, request: &Request) -> Self {
        match request.extensions().get::<BodyWatch>() {
            Some(watch) => Self::Place(watch.hold(permit)),
            None => Self::Permit(permit),
        }
    }
}

impl<S> Service<Request> for Admitting<S>
where
    S: Service<Request, Error = Infallible, Response: IntoResponse> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Admitted<S::Future>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // By what the context's layer has noted, which stands outside of this one.
        if RequestClass::of(&request) != RequestClass::Quick {
            return Admitted::running(self.inner.call(request), Held::Nothing);
        }
        if let Some(permit) = self.shedding.control.try_admit() {
            let held = Held::new(permit, &request);
            return Admitted::running(self.inner.call(request), held);
        }
        // The one that is ready is taken, and the copy left in its place.
        let copy = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, copy);
        let shedding = Arc::clone(&self.shedding);
        Admitted::Waiting {
            inner_response: Box::pin(async move {
                let Ok(permit) = shedding.control.admit().await else {
                    return shedding.refuse(&request);
                };
                let held = Held::new(permit, &request);
                let Ok(response) = ready.call(request).await;
                drop(held);
                response.into_response()
            }),
        }
    }
}

impl Shedding {
    fn refuse(&self, request: &Request) -> Response {
        if let Some(refused) = self.shed.note() {
            tracing::warn!(
                refused,
                in_flight = self.control.in_flight(),
                waiting = self.control.waiting(),
                "requests were refused, because there is more to do than can be done"
            );
        }
        Refusal::overloaded(overload_retry_after()).into_response(self.refusals.form_of(request))
    }
}

pin_project_lite::pin_project! {
    /// A response on its way. Only what has to wait costs an allocation.
    #[project = AdmittedState]
    #[allow(missing_docs, reason = "nobody names its variants; they are public because an enum's are")]
    pub enum Admitted<F> {
        Running {
            #[pin]
            inner_response: F,
            held: Held,
        },
        Waiting {
            inner_response: BoxFuture<'static, Response>,
        },
    }
}

impl<F> Admitted<F> {
    const fn running(inner_response: F, held: Held) -> Self {
        Self::Running {
            inner_response,
            held,
        }
    }
}

impl<F, R> Future for Admitted<F>
where
    F: Future<Output = Result<R, Infallible>>,
    R: IntoResponse,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match self.project() {
            AdmittedState::Waiting { inner_response } => ready!(inner_response.as_mut().poll(task)),
            AdmittedState::Running {
                inner_response,
                held,
            } => {
                let response = ready!(inner_response.poll(task))?.into_response();
                // With the response, and not with its body: who reads slowly holds no place among
                // those worked on.
                *held = Held::Nothing;
                response
            }
        };
        Poll::Ready(Ok(response))
    }
}
