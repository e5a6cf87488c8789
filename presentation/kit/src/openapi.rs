//! The OpenAPI 3.1 document, made from the routes themselves.

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
        if let Some(query) = operation.describe.query {
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
        let mut success = json!({"description": "As asked."});
        if let Some(answer) = operation.describe.answer {
            success["content"] =
                json!({"application/json": {"schema": answer(&mut self.generator)}});
        }
        if !operation.describe.answer_headers.is_empty() {
            let headers = operation.describe.answer_headers.iter();
            success["headers"] = headers
                .map(|header| {
                    let about =
                        json!({"description": header.meaning, "schema": {"type": "string"}});
                    (header.name.to_owned(), about)
                })
                .collect::<Map<String, Value>>()
                .into();
        }
        let problem = self.generator.subschema_for::<ProblemBody>();
        let problem = json!({
            "description": "What was wrong: 401 no valid token, 403 not allowed, 404 not there, 413 too large, \
                            422 not valid, 429 too often, 5xx the server's own fault.",
            "content": {"application/json": {"schema": problem}},
        });
        let status = operation.describe.status.unwrap_or(200).to_string();
        json!({status: success, "default": problem})
    }

    pub(crate) fn render(mut self, title: &str, version: &str) -> Value {
        let schemas = self.generator.take_definitions(true);
        let scopes: Map<String, Value> = Scope::ALL
            .iter()
            .map(|scope| (scope.to_string(), Value::String(String::new())))
            .collect();
        json!({
            "openapi": "3.1.0",
            "info": {"title": title, "version": version, "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"}},
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
