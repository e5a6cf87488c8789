//! A gateway's stub, of which a test implements only what it needs.

use std::fmt::Write as _;

use prost_build::Service;

use super::gateway::{constant, signature};

/// The source of a service's stub, and the service's name, by which it is exported.
pub(super) struct Stub {
    pub(super) service: String,
    pub(super) source: String,
}

/// The stub of a service. `gateway` is the crate whose messages it takes.
pub(super) fn stub(service: &Service, gateway: &str) -> Stub {
    let name = &service.name;
    let (mut defaults, mut calls) = (String::new(), String::new());
    for method in &service.methods {
        let (signature, method_name) = (signature(method), &method.name);
        let _ = writeln!(
            defaults,
            "    /// Stands for [`{name}::{method_name}`].
    async fn {signature} {{
        crate::not_stubbed(&methods::{})
    }}",
            constant(method)
        );
        let _ = writeln!(
            calls,
            "    async fn {signature} {{
        Stub{name}::{method_name}(&*self.0, context, request).await
    }}"
        );
    }
    let source = format!(
        "use {gateway}::*;

/// What a test implements of [`{name}`]; a method that it leaves out panics with its name.
#[async_trait::async_trait]
pub trait Stub{name}: Send + Sync + 'static {{
{defaults}}}

#[async_trait::async_trait]
impl<T: Stub{name}> {name} for crate::Stub<T> {{
{calls}}}
"
    );
    Stub {
        service: name.clone(),
        source,
    }
}
