//! The server against its own document: requests made up from it, right ones and wrong ones, and
//! every response held against what it promises. The requests are schemathesis's.

use std::path::Path;
use std::process::Command;

use testing_kit::require;

use crate::harness::Server;

const PYTHON: &str = "HELIOGRAPH_TEST_PYTHON";
const PYTHON_INSTALL: &str =
    "the python of a virtual environment with what .ci/requirements.txt lists";

/// How many requests are made up for each operation in one go.
const EXAMPLES_MAX: &str = "12";
/// How many seconds are spent on making up more.
const SECONDS_MAX: &str = "45";

/// What every response has to be: no fault of the server, with a status, a type, headers and a body
/// that the document names.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// What is not asked for: the token of these requests would be gone with the first, and the others
/// take bytes of a file, which schemathesis cannot make up.
const EXCLUDED: [&str; 3] = [
    "POST /oauth/revoke",
    "POST /api/v1/media/uploads",
    "PATCH /api/v1/media/uploads/{id}",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_are_what_the_document_promises() {
    let Some(python) = require::variable(PYTHON, PYTHON_INSTALL) else {
        return;
    };
    let server = Server::start().await;
    let person = server.person("ada").await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(Path::new(&python).with_file_name("schemathesis"));
    command
        .args(["--no-color", "run"])
        .arg(format!("{}/api/openapi.json", server.base()))
        .args(["--url", server.base()])
        .arg("--header")
        .arg(format!("Authorization: Bearer {}", person.token()))
        .args(["--checks", CHECKS])
        .args(EXCLUDED.iter().flat_map(|name| ["--exclude-name", *name]))
        .args(["--phases", "examples,coverage,fuzzing", "--seed", "1"])
        .args(["--max-examples", EXAMPLES_MAX, "--max-time", SECONDS_MAX])
        .args(["--workers", "1", "--continue-on-failure", "--no-shrink"])
        .args(["--suppress-health-check", "all"])
        .current_dir(folder.path());
    let output = tokio::task::spawn_blocking(move || command.output().expect("schemathesis runs"))
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
}
