//! The OpenAPI document. The copy in the repository shows in review how the API changes.

use serde_json::Value;

use crate::world::World;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

#[test]
fn the_copy_in_the_repository_is_current() {
    let mut made = serde_json::to_string_pretty(&presentation_mastodon::openapi("0")).unwrap();
    made.push('\n');
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(KEPT, &made).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(
        kept == made,
        "the API changed: run this test with UPDATE_OPENAPI=1 and look at the difference"
    );
}

#[tokio::test]
async fn the_document_is_served_and_describes_every_route() {
    let document = World::new()
        .client()
        .get("", "/api/openapi.json")
        .await
        .expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 37, "only {} paths", paths.len());
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(
                operation["summary"].as_str().unwrap().ends_with('.'),
                "{at}"
            );
            let answers = operation["responses"].as_object().unwrap();
            // A status that is not listed is one that nobody expects: no catch-all.
            assert!(!answers.contains_key("default"), "{at}");
            for status in ["401", "429", "5XX"] {
                assert!(answers[status]["content"].is_object(), "{at}: {status}");
            }
            assert_eq!(
                path.contains('{'),
                answers.contains_key("404") && path.contains('{'),
                "{at}"
            );
            assert!(
                answers.iter().any(|(status, received)| {
                    // What a resumable upload returns stands in its headers, if it returns anything
                    // at all.
                    received["content"].is_object() && status == "200"
                        || received["headers"]["Location"].is_object() && status == "307"
                        || path.starts_with("/api/v1/media/uploads") && status.starts_with('2')
                }),
                "{at} does not say what it answers"
            );
        }
    }
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let document = presentation_mastodon::openapi("0");
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                references.push(reference.clone());
            }
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

#[test]
fn what_is_not_200_is_listed() {
    let document = presentation_mastodon::openapi("0");
    let schema = |path: &str, method: &str, status: &str| {
        let response = &document["paths"][path][method]["responses"][status];
        response["content"]["application/json"]["schema"]["$ref"].clone()
    };
    let picture = "#/components/schemas/MediaAttachment";
    assert_eq!(schema("/api/v2/media", "post", "202"), picture);
    assert_eq!(schema("/api/v1/media/{id}", "get", "206"), picture);
    for status in ["400", "401", "403", "413", "429", "5XX"] {
        let error = schema("/oauth/token", "post", status);
        assert_eq!(error, "#/components/schemas/OauthError", "{status}");
    }
    for status in ["401", "403", "404", "413", "422", "429", "5XX"] {
        let error = schema("/api/v1/statuses", "post", status);
        assert_eq!(error, "#/components/schemas/Error", "{status}");
    }
    // What changes something finds out when the disk is full; reading continues.
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let writes = !["get", "head", "options"].contains(&method.as_str());
            let is_told = operation["responses"].get("507").is_some();
            assert_eq!(is_told, writes, "{method} {path}");
        }
    }
    let about = document["info"]["description"].as_str().unwrap();
    assert!(about.contains("41 bits") && about.contains("not Mastodon's epoch"));
}
