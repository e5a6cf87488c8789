//! The routes of an API. A route is added together with what it is for and what it takes and
//! returns, so that the document at `/api/openapi.json` cannot drift from the code; and only
//! handlers that say whom they allow can be added at all.

use axum::handler::Handler;
use axum::routing::{MethodRouter, delete, get, head, options, patch, post, put};
use axum::{Extension, Router};
use business_accounts_gateway::Scope;
use edge_http::context::RouteBudget;
use http::Method;
use schemars::JsonSchema;

use crate::access::{Access, Allowed};
use crate::openapi::{Document, Operation};
use crate::rate::GoesOn;
use crate::surface::Surface;

/// The arguments of a handler whose first is [`Allowed`]: implemented for nothing else, so a
/// handler that does not say whom it allows is refused by the compiler.
pub trait Guarded {
    /// The scope the handler asks for.
    const SCOPE: Option<Scope>;
    /// Whether it can be called without a token.
    const TOKEN_OPTIONAL: bool;
}

macro_rules! guarded {
    ($($argument:ident),*) => {
        impl<M, A: Access, $($argument),*> Guarded for (M, Allowed<A>, $($argument),*) {
            const SCOPE: Option<Scope> = A::SCOPE;
            const TOKEN_OPTIONAL: bool = A::TOKEN_OPTIONAL;
        }
    };
}

guarded!();
guarded!(T2);
guarded!(T2, T3);
guarded!(T2, T3, T4);
guarded!(T2, T3, T4, T5);
guarded!(T2, T3, T4, T5, T6);
guarded!(T2, T3, T4, T5, T6, T7);
guarded!(T2, T3, T4, T5, T6, T7, T8);

/// What a route is for, what it takes and returns.
#[derive(Debug, Default)]
pub struct Describe {
    pub(crate) summary: &'static str,
    pub(crate) query: Vec<SchemaOf>,
    pub(crate) body: Option<SchemaOf>,
    pub(crate) body_is_multipart: bool,
    pub(crate) response: Option<SchemaOf>,
    pub(crate) headers: Vec<Header>,
    pub(crate) body_of_bytes: Option<&'static str>,
    /// Of success, when it is not 200.
    pub(crate) status: Option<u16>,
    pub(crate) response_headers: Vec<Header>,
    /// Other successes, with the same body.
    pub(crate) also: Vec<(u16, &'static str)>,
    /// Refusals beside those that follow from what the route takes.
    pub(crate) refusals: Vec<(u16, &'static str)>,
    /// The body of a refusal, when it is not the usual one.
    pub(crate) problem: Option<SchemaOf>,
    pub(crate) goes_on: bool,
}

/// A header of a request or a response that means something to the route.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) meaning: &'static str,
}

impl Header {
    /// One that has to be there.
    #[must_use]
    pub const fn required(name: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            required: true,
            meaning,
        }
    }

    /// One that may be there.
    #[must_use]
    pub const fn optional(name: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            required: false,
            meaning,
        }
    }
}

/// Writes a type's schema into a generator.
pub(crate) type SchemaOf = fn(&mut schemars::SchemaGenerator) -> schemars::Schema;

impl Describe {
    /// A route that does this, in a sentence.
    #[must_use]
    pub fn new(summary: &'static str) -> Self {
        Self {
            summary,
            ..Self::default()
        }
    }

    /// The query's fields. A route that reads two groups of them names both.
    #[must_use]
    pub fn query<T: JsonSchema>(mut self) -> Self {
        self.query.push(|generator| T::json_schema(generator));
        self
    }

    /// The body's fields, as JSON or a form.
    #[must_use]
    pub fn body<T: JsonSchema>(mut self) -> Self {
        self.body = Some(schemars::SchemaGenerator::subschema_for::<T>);
        self
    }

    /// The body's fields, as a multipart form with files.
    #[must_use]
    pub fn multipart<T: JsonSchema>(mut self) -> Self {
        self.body_is_multipart = true;
        self.body::<T>()
    }

    /// The headers of the request that mean something to the route.
    #[must_use]
    pub fn takes(mut self, headers: &[Header]) -> Self {
        self.headers = headers.to_vec();
        self
    }

    /// A body of bytes as they are, of this type.
    #[must_use]
    pub const fn bytes(mut self, content_type: &'static str) -> Self {
        self.body_of_bytes = Some(content_type);
        self
    }

    /// It continues with a change that was counted when it began, and so is not counted as another.
    #[must_use]
    pub const fn goes_on(mut self) -> Self {
        self.goes_on = true;
        self
    }

    /// The status of success and the response's headers, where there is nothing else in it.
    #[must_use]
    pub fn responds_with(mut self, status: u16, headers: &[Header]) -> Self {
        self.status = Some(status);
        self.response_headers = headers.to_vec();
        self
    }

    /// Another success, with the same body: its status, and when it is that.
    #[must_use]
    pub fn also(mut self, status: u16, when: &'static str) -> Self {
        self.also.push((status, when));
        self
    }

    /// Refusals beside those that follow from what the route takes: their status, and when it is
    /// that.
    #[must_use]
    pub fn refuses(mut self, refusals: &[(u16, &'static str)]) -> Self {
        self.refusals.extend(refusals);
        self
    }

    /// What refusals look like, when it is not the usual body.
    #[must_use]
    pub fn refuses_with<T: JsonSchema>(mut self) -> Self {
        self.problem = Some(schemars::SchemaGenerator::subschema_for::<T>);
        self
    }

    /// The body of success, as JSON.
    #[must_use]
    pub fn returns<T: JsonSchema>(mut self) -> Self {
        self.response = Some(schemars::SchemaGenerator::subschema_for::<T>);
        self
    }
}

/// Routes with their descriptions.
#[derive(Default)]
pub struct Api {
    router: Router<Surface>,
    operations: Vec<Operation>,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident, $method:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name<H, T>(self, path: &'static str, handler: H, describe: Describe) -> Self
        where
            H: Handler<T, Surface>,
            T: Guarded + 'static,
        {
            self.route::<T>(path, Method::$method, $name(handler), describe)
        }
    )*};
}

impl Api {
    /// An API without routes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    methods! {
        /// Adds a `GET` route.
        get, GET;
        /// Adds a `POST` route.
        post, POST;
        /// Adds a `PUT` route.
        put, PUT;
        /// Adds a `PATCH` route.
        patch, PATCH;
        /// Adds a `DELETE` route.
        delete, DELETE;
        /// Adds a `HEAD` route.
        head, HEAD;
        /// Adds an `OPTIONS` route.
        options, OPTIONS;
    }

    fn route<T: Guarded>(
        mut self,
        path: &'static str,
        method: Method,
        handler: MethodRouter<Surface>,
        describe: Describe,
    ) -> Self {
        // A mark on the route, because `Allowed` counts the request and sees only its parts.
        let handler = if describe.goes_on {
            handler.route_layer(Extension(GoesOn))
        } else {
            handler
        };
        self.router = self.router.route(path, handler);
        let (scope, token_optional) = (T::SCOPE, T::TOKEN_OPTIONAL);
        self.operations.push(Operation {
            path,
            method,
            scope,
            token_optional,
            describe,
        });
        self
    }

    /// Adds another set of routes.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.operations.extend(other.operations);
        self
    }

    /// The time budgets of routes that take files; all others have the default.
    pub fn route_budgets(&self) -> impl Iterator<Item = RouteBudget> {
        self.operations.iter().filter_map(|operation| {
            let (path, describe) = (operation.path, &operation.describe);
            if describe.body_is_multipart {
                return Some(RouteBudget::of_form(path));
            }
            let content_type = describe.body_of_bytes?;
            Some(RouteBudget::of_bytes(path, content_type))
        })
    }

    /// The routes, and the OpenAPI document that describes them.
    pub fn into_parts(
        self,
        title: &str,
        version: &str,
        about: &str,
    ) -> (Router<Surface>, serde_json::Value) {
        let document = Document::of(&self.operations);
        (self.router, document.render(title, version, about))
    }
}
