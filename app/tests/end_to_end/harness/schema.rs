//! Checks replies against a JSON schema: the part of it that the Mastodon API's document uses.

use serde_json::Value;

/// A document with `components.schemas`.
pub(crate) struct Document(pub(crate) Value);

impl Document {
    /// What is wrong with a value, by where it is: nothing if it fits.
    pub(crate) fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(schema, value, "", &mut faults);
        faults
    }

    /// The schema of an operation's reply with status 200.
    pub(crate) fn reply_schema(&self, method: &str, path: &str) -> Option<&Value> {
        let operation = self.0.get("paths")?.get(path)?.get(method)?;
        operation.pointer("/responses/200/content/application~1json/schema")
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.trim_start_matches('#');
                let target = self.0.pointer(pointer);
                self.resolve(target.unwrap_or_else(|| panic!("no {reference} in the document")))
            }
            None => schema,
        }
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let schema = self.resolve(schema);
        self.check_alternatives(schema, value, at, faults);
        if let Some(kinds) = schema.get("type") {
            let fits = match kinds {
                Value::Array(kinds) => kinds.iter().any(|kind| is_kind(kind, value)),
                kind => is_kind(kind, value),
            };
            if !fits {
                faults.push(format!(
                    "{at}: {kinds} is wanted, {} is there",
                    shortened(value)
                ));
                return;
            }
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            faults.push(format!("{at}: {} is none of {allowed:?}", shortened(value)));
        }
        self.check_format(schema, value, at, faults);
        self.check_object(schema, value, at, faults);
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            for (index, value) in values.iter().enumerate() {
                self.check(items, value, &format!("{at}/{index}"), faults);
            }
        }
    }

    fn check_alternatives(
        &self,
        schema: &Value,
        value: &Value,
        at: &str,
        faults: &mut Vec<String>,
    ) {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.check(part, value, at, faults);
        }
        for name in ["oneOf", "anyOf"] {
            let Some(parts) = schema[name].as_array() else {
                continue;
            };
            let tried: Vec<Vec<String>> =
                parts.iter().map(|part| self.faults(part, value)).collect();
            if !tried.iter().any(Vec::is_empty) {
                let nearest = tried.into_iter().min_by_key(Vec::len).unwrap_or_default();
                faults.push(format!(
                    "{at}: none of {name} fits; nearest: {}",
                    nearest.join("; ")
                ));
            }
        }
    }

    fn check_object(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let Some(object) = value.as_object() else {
            return;
        };
        for name in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if !object.contains_key(name) {
                faults.push(format!("{at}/{name}: is missing"));
            }
        }
        for (name, value) in object {
            if let Some(property) = schema["properties"].get(name) {
                self.check(property, value, &format!("{at}/{name}"), faults);
            }
        }
    }

    fn check_format(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let (Some(format), Some(text)) = (schema["format"].as_str(), value.as_str()) else {
            return;
        };
        let fits = match format {
            "date-time" => text.len() >= 20 && text.as_bytes()[10] == b'T' && text.ends_with('Z'),
            "date" => text.len() == 10,
            "uri" | "url" => text.is_empty() || text.contains(':'),
            "email" => text.is_empty() || text.contains('@'),
            _ => true,
        };
        if !fits {
            faults.push(format!("{at}: `{text}` is no {format}"));
        }
    }
}

fn is_kind(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap_or_default() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` is no kind of JSON"),
    }
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

#[test]
fn what_does_not_fit_is_reported_by_its_place() {
    let document =
        Document(serde_json::json!({"components": {"schemas": {"Name": {"type": "string"}}}}));
    let schema = serde_json::json!({
        "type": "object", "required": ["name", "age"],
        "properties": {"name": {"$ref": "#/components/schemas/Name"}, "tags": {"type": "array", "items": {"type": ["string", "null"]}}},
    });
    let faults = document.faults(
        &schema,
        &serde_json::json!({"name": 3, "tags": ["a", null, 4]}),
    );
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults.iter().any(|fault| fault.starts_with("/tags/2")));
}
