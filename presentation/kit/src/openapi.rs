//! The OpenAPI 3.1 document, made from the routes themselves.

use std::collections::BTreeMap;

use business_accounts_gateway::Scope;
use http::Method;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::api::Describe;
use crate::problem::ProblemBody;

/// One route as the document describes it.
pub(crate) struct Operation {
    pub(crate) path: &'static str,
    pub(crate) method: Method,
    pub(crate) scope: Option<Scope>,
    pub(crate) token_optional: bool,
    pub(crate) describe: Describe,
}

/// The document while it is made.
pub(crate) struct Document {
    generator: schemars::SchemaGenerator,
    paths: Map<String, Value>,
}

impl Document {
    pub(crate) fn of(operations: &[Operation]) -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        let mut document = Self {
            generator: settings.into_generator(),
            paths: Map::new(),
        };
        for operation in operations {
            document.add(operation);
        }
        document
    }

    fn add(&mut self, operation: &Operation) {
        let mut described = json!({
            "summary": operation.describe.summary,
            "parameters": self.parameters(operation),
            "responses": self.responses(operation),
            "security": security(operation),
        });
        if let Some(body) = operation.describe.body {
            let schema = body(&mut self.generator);
            let content = if operation.describe.body_is_multipart {
                json!({"multipart/form-data": {"schema": schema}})
            } else {
                json!({"application/json": {"schema": schema}, "application/x-www-form-urlencoded": {"schema": schema}})
            };
            described["requestBody"] = json!({"content": content});
        }
        if let Some(content_type) = operation.describe.body_of_bytes {
            let schema = json!({"type": "string", "format": "binary"});
            described["requestBody"] = json!({"content": {content_type: {"schema": schema}}});
        }
        let path = self
            .paths
            .entry(operation.path)
            .or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = described;
    }

    fn parameters(&mut self, operation: &Operation) -> Vec<Value> {
        let in_path = path_parameters(operation.path)
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
        let mut parameters: Vec<Value> = in_path.collect();
        for header in &operation.describe.headers {
            parameters.push(json!({
                "name": header.name, "in": "header", "required": header.required, "description": header.meaning,
                "schema": {"type": "string"},
            }));
        }
        for query in &operation.describe.query {
            let schema = query(&mut self.generator);
            let properties = schema
                .get("properties")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default();
            for (name, schema) in properties {
                parameters.push(
                    json!({"name": name, "in": "query", "required": false, "schema": schema}),
                );
            }
        }
        parameters
    }

    fn responses(&mut self, operation: &Operation) -> Value {
        let describe = &operation.describe;
        let mut responses = Map::new();
        let status = describe.status.unwrap_or(200);
        responses.insert(status.to_string(), self.success(describe, "As asked."));
        for (status, when) in &describe.also {
            responses.insert(status.to_string(), self.success(describe, when));
        }
        let schema = match describe.problem {
            Some(problem) => problem(&mut self.generator),
            None => self.generator.subschema_for::<ProblemBody>(),
        };
        // What responds to `HEAD` has no body, and says all the same what it would be.
        let content = json!({"application/json": {"schema": schema}});
        for (status, when) in refusals(operation) {
            let mut refusal = json!({"description": when, "content": content.clone()});
            if let Some(header) = header_of(status) {
                refusal["headers"] = header;
            }
            responses.insert(status.to_string(), refusal);
        }
        responses.insert(
            "5XX".into(),
            json!({"description": "The server's own fault, or too much at once.", "content": content}),
        );
        responses.into()
    }

    fn success(&mut self, describe: &Describe, description: &str) -> Value {
        let mut success = json!({"description": description});
        if let Some(response) = describe.response {
            success["content"] =
                json!({"application/json": {"schema": response(&mut self.generator)}});
        }
        if !describe.response_headers.is_empty() {
            let headers = describe.response_headers.iter();
            success["headers"] = headers
                .map(|header| {
                    let about =
                        json!({"description": header.meaning, "schema": {"type": "string"}});
                    (header.name.to_owned(), about)
                })
                .collect::<Map<String, Value>>()
                .into();
        }
        success
    }

    pub(crate) fn render(mut self, title: &str, version: &str, about: &str) -> Value {
        // Only now: the types that the routes refer to are collected while the routes are added.
        let schemas = self.generator.take_definitions(true);
        let scopes: Map<String, Value> = Scope::grantable()
            .map(|scope| (scope.to_string(), Value::String(String::new())))
            .collect();
        json!({
            "openapi": "3.1.0",
            "info": {"title": title, "version": version, "description": about, "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"}},
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"oauth": {"type": "oauth2", "flows": {
                    "authorizationCode": {"authorizationUrl": "/oauth/authorize", "tokenUrl": "/oauth/token", "scopes": scopes},
                    "clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes},
                }}},
            },
        })
    }
}

/// The refusals that follow from what a route takes, and those it names itself.
fn refusals(operation: &Operation) -> BTreeMap<u16, &'static str> {
    let describe = &operation.describe;
    let takes_body = describe.body.is_some();
    let has_id = path_parameters(operation.path).next().is_some();
    let asks_scope = operation.scope.is_some() || !operation.token_optional;
    let writes = !matches!(
        operation.method,
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let usual = [
        (401, true, "No token, or one that is not valid."),
        (
            403,
            asks_scope,
            "The token, or its person, may not do this.",
        ),
        (404, has_id, "Not there, or not for whom asks."),
        (408, takes_body, "The body did not come in time."),
        (413, takes_body, "The body is larger than is taken."),
        (
            422,
            takes_body || !describe.query.is_empty(),
            "A value is not valid; `field` names it.",
        ),
        (429, true, "Too often; `Retry-After` says how long to wait."),
        (507, writes, "The disk is full."),
    ];
    let usual = usual.into_iter().filter(|(_, is_possible, _)| *is_possible);
    let usual = usual.map(|(status, _, when)| (status, when));
    // The route's own words come last and so replace the usual ones of the same status.
    usual.chain(describe.refusals.iter().copied()).collect()
}

/// The header that goes with a refusal.
fn header_of(status: u16) -> Option<Value> {
    let (name, meaning) = match status {
        401 => ("WWW-Authenticate", "How to prove who asks."),
        429 => ("Retry-After", "Seconds to wait."),
        _ => return None,
    };
    Some(json!({name: {"description": meaning, "schema": {"type": "string"}}}))
}

fn security(operation: &Operation) -> Value {
    let scopes: Vec<String> = operation.scope.iter().map(ToString::to_string).collect();
    if operation.token_optional {
        json!([{}, {"oauth": scopes}])
    } else {
        json!([{"oauth": scopes}])
    }
}

fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}
