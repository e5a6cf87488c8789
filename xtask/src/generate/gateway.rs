//! A gateway's Rust: its trait, its methods as constants, and the implementations of the trait that
//! stand on `infra-rpc`.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

use prost_build::{Method, Service, ServiceGenerator};

use super::options::{MethodOptions, Options};
use super::stub::{Stub, stub};

/// Writes a service's gateway, and its stub beside it.
pub(super) struct GatewayGenerator {
    pub(super) options: Options,
    pub(super) gateway: String,
    pub(super) stub: Rc<RefCell<Option<Stub>>>,
}

impl ServiceGenerator for GatewayGenerator {
    fn generate(&mut self, service: Service, buffer: &mut String) {
        buffer.push_str(&gateway_source(&service, &self.options));
        self.stub.replace(Some(stub(&service, &self.gateway)));
    }
}

fn gateway_source(service: &Service, options: &Options) -> String {
    let name = &service.name;
    let documentation = documentation(&service.comments.leading, "");
    let declared = each(service, declare);
    [
        format!(
            "{documentation}#[async_trait::async_trait]
pub trait {name}: Send + Sync + 'static {{
{declared}}}
"
        ),
        methods(service, options),
        layers(service),
        remote(service),
        server(service),
    ]
    .join("\n")
}

/// What is written for each method, in the order of the contract.
fn each(service: &Service, write: impl Fn(&Method, &mut String)) -> String {
    let mut written = String::new();
    for method in &service.methods {
        write(method, &mut written);
    }
    written
}

fn methods(service: &Service, options: &Options) -> String {
    let name = &service.name;
    let mut constants = String::new();
    for (index, method) in service.methods.iter().enumerate() {
        // Every method has options: without them the contract was refused.
        let options = &options[&path(service, method)];
        describe(service, (index, method), options, &mut constants);
    }
    let every = each(service, |method, out| {
        let _ = write!(out, "{}, ", constant(method));
    });
    format!(
        "/// The methods of [`{name}`].
pub mod methods {{
    use ::infra_rpc::{{CallShape, Method}};

{constants}
    /// Every method, in the order of the contract.
    pub const ALL: &[Method] = &[{every}];
}}
"
    )
}

fn layers(service: &Service) -> String {
    let name = &service.name;
    let contract = contract_name(service);
    let layered = each(service, layer);
    format!(
        "impl ::infra_rpc::Contract for dyn {name} {{
    const NAME: &'static str = \"{contract}\";
    const METHODS: &'static [::infra_rpc::Method] = methods::ALL;

    fn layered(inner: std::sync::Arc<Self>, layers: &::infra_rpc::Layers) -> std::sync::Arc<Self> {{
        std::sync::Arc::new(::infra_rpc::Layered::new(inner, methods::ALL, layers))
    }}
}}

#[async_trait::async_trait]
impl<T: {name} + ?Sized> {name} for ::infra_rpc::Layered<T> {{
{layered}}}
"
    )
}

fn remote(service: &Service) -> String {
    let name = &service.name;
    let remote = each(service, call_remotely);
    format!(
        "/// Calls a [`{name}`] that another process serves.
#[derive(Debug, Clone)]
pub struct Remote{name}(::infra_rpc::Channel);

impl Remote{name} {{
    /// Calls over this connection.
    #[must_use]
    pub const fn new(channel: ::infra_rpc::Channel) -> Self {{
        Self(channel)
    }}
}}

#[async_trait::async_trait]
impl {name} for Remote{name} {{
{remote}}}
"
    )
}

fn server(service: &Service) -> String {
    let name = &service.name;
    let service_name = format!("{}.{}", service.package, service.proto_name);
    let served = each(service, |method, out| serve(service, method, out));
    format!(
        "/// Serves a [`{name}`] to other processes.
#[derive(Clone)]
pub struct Serve{name}(std::sync::Arc<dyn {name}>);

impl Serve{name} {{
    /// Serves this implementation.
    #[must_use]
    pub const fn new(implementation: std::sync::Arc<dyn {name}>) -> Self {{
        Self(implementation)
    }}
}}

impl ::infra_rpc::Serve for Serve{name} {{
    const NAME: &'static str = \"{service_name}\";

    fn serve(&self, call: ::infra_rpc::IncomingCall) -> ::infra_rpc::ServedCall {{
        match call.path() {{
{served}            _ => call.unimplemented(),
        }}
    }}
}}
"
    )
}

/// A method's path over the wire.
fn path(service: &Service, method: &Method) -> String {
    format!(
        "/{}.{}/{}",
        service.package, service.proto_name, method.proto_name
    )
}

/// The contract's short name, with which those of its methods begin.
fn contract_name(service: &Service) -> String {
    service.name.to_lowercase()
}

/// The name of a method's constant.
pub(super) fn constant(method: &Method) -> String {
    method.name.to_uppercase()
}

fn declare(method: &Method, out: &mut String) {
    let documentation = documentation(&method.comments.leading, "    ");
    let _ = writeln!(out, "{documentation}    async fn {};", signature(method));
}

fn describe(
    service: &Service,
    (index, method): (usize, &Method),
    options: &MethodOptions,
    out: &mut String,
) {
    let _ = writeln!(
        out,
        "    /// See [`{service}::{name}`](super::{service}::{name}).
    pub const {constant}: Method = Method {{
        name: \"{domain}.{name}\",
        path: \"{path}\",
        index: {index},
        shape: CallShape::{shape},
        is_idempotent: {is_idempotent},
        routing_key: {routing_key:?},
        scopes: &{scopes:?},
    }};",
        service = service.name,
        name = method.name,
        constant = constant(method),
        domain = contract_name(service),
        path = path(service, method),
        shape = shape(method).0,
        is_idempotent = options.is_idempotent,
        routing_key = options.routing_key,
        scopes = options.scopes,
    );
}

fn layer(method: &Method, out: &mut String) {
    let _ = writeln!(
        out,
        "    async fn {} {{
        self.call(&methods::{}, context, self.inner().{}(context, request)).await
    }}",
        signature(method),
        constant(method),
        method.name
    );
}

fn call_remotely(method: &Method, out: &mut String) {
    let _ = writeln!(
        out,
        "    async fn {} {{
        self.0.{}(&methods::{}, context, request).await
    }}",
        signature(method),
        shape(method).1,
        constant(method)
    );
}

fn serve(service: &Service, method: &Method, out: &mut String) {
    let _ = writeln!(
        out,
        "            {path:?} => call.{shape}(&methods::{constant}, &self.0, |gateway, context, request| async move {{
                gateway.{name}(&context, request).await
            }}),",
        path = path(service, method),
        shape = shape(method).1,
        constant = constant(method),
        name = method.name
    );
}

/// The name of a method's shape, and of what carries out such calls.
const fn shape(method: &Method) -> (&'static str, &'static str) {
    match (method.client_streaming, method.server_streaming) {
        (false, false) => ("Unary", "unary"),
        (false, true) => ("ServerStreaming", "server_streaming"),
        // Streams both ways were refused when the options were read.
        (true, _) => ("ClientStreaming", "client_streaming"),
    }
}

/// A method of the gateway's trait.
pub(super) fn signature(method: &Method) -> String {
    let wrap = |streaming: bool, name: &str| {
        if streaming {
            format!("::infra_rpc::Messages<{name}>")
        } else {
            name.to_owned()
        }
    };
    format!(
        "{}(&self, context: &::infra_kernel::Context, request: {}) -> ::infra_kernel::Result<{}>",
        method.name,
        wrap(method.client_streaming, &method.input_type),
        wrap(method.server_streaming, &method.output_type)
    )
}

fn documentation(comments: &[String], indent: &str) -> String {
    let lines = comments.iter().flat_map(|comment| comment.lines());
    lines.fold(String::new(), |mut text, line| {
        // A line keeps the blank that follows the contract's slashes, if there is one.
        let space = if line.starts_with(' ') || line.is_empty() {
            ""
        } else {
            " "
        };
        let _ = writeln!(text, "{indent}///{space}{line}");
        text
    })
}
