//! How the place writes refusals where no surface does: the edge refuses, and is told here which
//! addresses are whose.

use edge_http::refusal::RefusalStyle;

use crate::cors;

/// Handed to the edge by the composition. At other addresses a reader that takes HTML gets a page.
pub const REFUSAL_STYLE: RefusalStyle = RefusalStyle {
    for_programs: &["/api", "/.well-known", "/nodeinfo", "/media"],
    for_oauth: &["/oauth/token", "/oauth/revoke"],
    exposed_headers: cors::EXPOSED,
};

#[cfg(test)]
mod tests {
    use axum::response::{IntoResponse as _, Response};
    use edge_http::refusal::Refusal;
    use http::{HeaderMap, Request, header};
    use http_body_util::BodyExt as _;
    use infra_kernel::{Error, ErrorCode};

    use super::*;
    use crate::Problem;

    const BROWSER: &str = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

    fn refusal(path: &str) -> Response {
        let request = Request::builder().uri(path).header(header::ACCEPT, BROWSER);
        let form = REFUSAL_STYLE.form_of(&request.body(()).unwrap());
        Refusal::broken().into_response(form)
    }

    async fn fields(response: Response) -> Vec<String> {
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        body.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn programs_get_json_and_people_a_page() {
        for (path, expected) in [
            ("/api/v1/instance", "application/json"),
            ("/.well-known/nodeinfo", "application/json"),
            ("/nodeinfo/2.0", "application/json"),
            ("/media/a.jpg", "application/json"),
            ("/oauth/token", "application/json"),
            ("/oauth/authorize", "text/html; charset=utf-8"),
            ("/login", "text/html; charset=utf-8"),
        ] {
            assert_eq!(
                refusal(path).headers()[header::CONTENT_TYPE],
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn a_script_may_read_the_same_headers_of_a_refusal_as_of_a_response() {
        let exposed = header::ACCESS_CONTROL_EXPOSE_HEADERS;
        let mut cors_headers = HeaderMap::new();
        cors::put(&mut cors_headers);
        for path in ["/api/v1/x", "/oauth/token"] {
            assert_eq!(refusal(path).headers()[&exposed], cors_headers[&exposed]);
        }
    }

    #[tokio::test]
    async fn a_program_finds_in_a_refusal_what_it_finds_in_a_problem() {
        let problem = Problem(Error::new(ErrorCode::Internal, "x")).into_response();
        assert_eq!(fields(refusal("/api/v1/x")).await, fields(problem).await);
    }
}
