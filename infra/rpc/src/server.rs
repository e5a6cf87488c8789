//! Serving gateways to other processes.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context as Task, Poll};

use futures::future::BoxFuture;
use infra_kernel::{CallerKey, Context, Error, Result};
use prost::Message;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::MESSAGE_BYTES_MAX;
use crate::errors::status_from_error;
use crate::layered::within;
use crate::metadata::incoming_context;
use crate::method::Method;
use crate::streams::{Messages, relay_responses, response_stream};

/// How many calls one connection may have under way; further ones wait.
const CALLS_MAX: u32 = 256;

/// A gateway as it is served. Generated code implements it for each.
pub trait Serve: Clone + Send + Sync + 'static {
    /// The service's name over the wire: "heliograph.graph.v1.Graph".
    const NAME: &'static str;

    /// Hands a call to the method it is for.
    fn serve(&self, call: IncomingCall) -> ServedCall;
}

/// A call's answer on its way.
pub type ServedCall = BoxFuture<'static, http::Response<Body>>;

/// Gateways that are served on one port.
pub struct Server {
    routes: Routes,
    callers: CallerKey,
}

impl Server {
    /// A server that serves nothing yet, and takes callers that this key has signed.
    #[must_use]
    pub fn new(callers: CallerKey) -> Self {
        Self {
            routes: Routes::default(),
            callers,
        }
    }

    /// Serves this gateway, too.
    #[must_use]
    pub fn with<S: Serve>(mut self, gateway: S) -> Self {
        let callers = self.callers.clone();
        self.routes = self.routes.add_service(Served { gateway, callers });
        self
    }

    /// Serves until the task is dropped.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, listener: TcpListener) -> Result<()> {
        tonic::transport::Server::builder()
            .max_concurrent_streams(CALLS_MAX)
            .add_routes(self.routes)
            .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
            .await
            .map_err(Error::internal)
    }
}

#[derive(Clone)]
struct Served<S> {
    gateway: S,
    callers: CallerKey,
}

impl<S: Serve> NamedService for Served<S> {
    const NAME: &'static str = S::NAME;
}

impl<S: Serve> Service<http::Request<Body>> for Served<S> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Task<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let served = self.gateway.serve(IncomingCall {
            request,
            callers: self.callers.clone(),
        });
        Box::pin(async move { Ok(served.await) })
    }
}

/// A call that has come over the wire.
pub struct IncomingCall {
    request: http::Request<Body>,
    callers: CallerKey,
}

impl IncomingCall {
    /// The path of the method that is called.
    #[must_use]
    pub fn path(&self) -> &str {
        self.request.uri().path()
    }

    /// Serves it by a method that takes a message and returns one.
    pub fn unary<T, Q, R, F>(
        self,
        method: &'static Method,
        gateway: &Arc<T>,
        handler: fn(Arc<T>, Context, Q) -> F,
    ) -> ServedCall
    where
        T: Send + Sync + ?Sized + 'static,
        Q: Message + Default + 'static,
        R: Message + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        let (gateway, callers) = (Arc::clone(gateway), self.callers);
        let service = service_fn(move |request: Request<Q>| {
            let (gateway, callers) = (Arc::clone(&gateway), callers.clone());
            async move {
                let reply = handle(method, gateway, callers, handler, request).await;
                reply.map(Response::new)
            }
        });
        Box::pin(async move { grpc::<Q, R>().unary(service, self.request).await })
    }

    /// Serves it by a method that takes a message and returns a stream.
    pub fn server_streaming<T, Q, R, F>(
        self,
        method: &'static Method,
        gateway: &Arc<T>,
        handler: fn(Arc<T>, Context, Q) -> F,
    ) -> ServedCall
    where
        T: Send + Sync + ?Sized + 'static,
        Q: Message + Default + 'static,
        R: Message + 'static,
        F: Future<Output = Result<Messages<R>>> + Send + 'static,
    {
        let (gateway, callers) = (Arc::clone(gateway), self.callers);
        let service = service_fn(move |request: Request<Q>| {
            let (gateway, callers) = (Arc::clone(&gateway), callers.clone());
            async move {
                let replies = handle(method, gateway, callers, handler, request).await;
                replies.map(|replies| Response::new(response_stream(replies)))
            }
        });
        Box::pin(async move { grpc::<Q, R>().server_streaming(service, self.request).await })
    }

    /// Serves it by a method that takes a stream and returns a message.
    pub fn client_streaming<T, Q, R, F>(
        self,
        method: &'static Method,
        gateway: &Arc<T>,
        handler: fn(Arc<T>, Context, Messages<Q>) -> F,
    ) -> ServedCall
    where
        T: Send + Sync + ?Sized + 'static,
        Q: Message + Default + 'static,
        R: Message + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        let (gateway, callers) = (Arc::clone(gateway), self.callers);
        let service = service_fn(move |request: Request<Streaming<Q>>| {
            let (gateway, callers) = (Arc::clone(&gateway), callers.clone());
            async move {
                let request = request.map(relay_responses);
                let reply = handle(method, gateway, callers, handler, request).await;
                reply.map(Response::new)
            }
        });
        Box::pin(async move { grpc::<Q, R>().client_streaming(service, self.request).await })
    }

    /// Returns that there is no such method.
    #[must_use]
    pub fn unimplemented(self) -> ServedCall {
        let status = Status::unimplemented(format!("there is no method {}", self.path()));
        Box::pin(async move { status.into_http() })
    }
}

/// Makes a call: with a caller that was verified and has a scope that the contract asks for, and
/// within its time. The scope was checked where the call began, by a process of this installation;
/// here it costs a comparison to rely on no other process for it.
async fn handle<T, Q, R, F>(
    method: &Method,
    gateway: Arc<T>,
    callers: CallerKey,
    handler: fn(Arc<T>, Context, Q) -> F,
    request: Request<Q>,
) -> Result<R, Status>
where
    T: ?Sized,
    F: Future<Output = Result<R>>,
{
    let failed = |error: infra_kernel::Error| status_from_error(&error);
    // Before the handler: no domain ever sees a caller that was not verified.
    let context = incoming_context(&request, &callers).map_err(failed)?;
    context
        .caller()
        .require_scope(method.scopes)
        .map_err(failed)?;
    // The caller has a clock of its own and gives up by it; here the same deadline frees what the
    // call holds, also when the caller or the connection has gone.
    let budget = context.remaining() + method.grace();
    let call = handler(gateway, context, request.into_inner());
    within(budget, call).await.map_err(failed)
}

fn grpc<Q, R>() -> Grpc<ProstCodec<R, Q>>
where
    Q: Message + Default + 'static,
    R: Message + 'static,
{
    Grpc::new(ProstCodec::default())
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
}
