//! What programs are told where there is nothing, or not for them: JSON that a script of another
//! site may read, and a page for browsers all the same.

use reqwest::Method;

use crate::harness::person::{App, OUT_OF_BAND};
use crate::harness::{Caller, Reply, Server};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn ask(caller: &Caller, method: Method, path: &str, accept: &str) -> Reply {
    let request = caller.request(method, path).header("accept", accept);
    caller.send(request).await
}

fn assert_readable(reply: &Reply) {
    assert_eq!(
        reply.header("access-control-allow-origin"),
        "*",
        "{}",
        reply.describe()
    );
    let exposed = reply.header("access-control-expose-headers");
    assert!(exposed.contains("X-RateLimit-Remaining"), "{exposed}");
    assert!(reply.header("content-type").starts_with("application/json"));
}

#[tokio::test]
async fn where_there_is_nothing_programs_get_json() {
    let server = Server::start().await;
    let anyone = server.anyone();
    for path in [
        "/api",
        "/api/v1/nothing",
        "/oauth",
        "/oauth/nothing",
        "/oauth/authorize/native",
        "/.well-known/nothing",
        "/nodeinfo",
        "/nodeinfo/3.0",
    ] {
        for accept in ["*/*", "application/json"] {
            let reply = ask(&anyone, Method::GET, path, accept).await;
            reply.refused(404);
            assert_readable(&reply);
        }
        let page = ask(&anyone, Method::GET, path, BROWSER).await;
        assert_eq!(page.status, 404, "{}", page.describe());
        let is_page = page.header("content-type").starts_with("text/html");
        assert_eq!(is_page, !path.starts_with("/api"), "{}", page.describe());
    }
    // What merely begins with the same letters is a page for everyone.
    let page = ask(&anyone, Method::GET, "/oauthors", "*/*").await;
    assert!(page.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn a_wrong_method_is_reported_with_those_that_are_right() {
    let server = Server::start().await;
    let anyone = server.anyone();
    for (method, path, right) in [
        (Method::DELETE, "/api/v1/instance", "GET"),
        (Method::GET, "/oauth/token", "POST"),
        (Method::PUT, "/oauth/authorize", "POST"),
        (Method::POST, "/.well-known/nodeinfo", "GET"),
        (Method::PATCH, "/nodeinfo/2.0", "GET"),
    ] {
        let reply = ask(&anyone, method, path, "*/*").await;
        reply.refused(405);
        assert_readable(&reply);
        assert!(
            reply.header("allow").contains(right),
            "{}",
            reply.describe()
        );
    }
    let page = ask(&anyone, Method::PUT, "/oauth/authorize", BROWSER).await;
    assert_eq!(page.status, 405);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("allow").contains("GET"));
}

#[tokio::test]
async fn a_script_may_ask_first_everywhere() {
    let server = Server::start().await;
    let anyone = server.anyone();
    for path in [
        "/api/v1/statuses",
        "/api/v1/nothing",
        "/oauth/token",
        "/oauth/authorize",
        "/oauth/nothing",
        "/.well-known/nodeinfo",
        "/nodeinfo/2.0",
    ] {
        let request = anyone
            .request(Method::OPTIONS, path)
            .header("origin", "https://app.example")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,idempotency-key",
            );
        let reply = anyone.send(request).await;
        assert_eq!(reply.status, 204, "{}", reply.describe());
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert!(
            reply
                .header("access-control-allow-methods")
                .contains("DELETE"),
            "{path}"
        );
        assert!(
            reply
                .header("access-control-allow-headers")
                .contains("Idempotency-Key"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn refusals_of_bodies_are_readable_too() {
    let server = Server::start().await;
    let app = App::register(&server, "read", OUT_OF_BAND).await;
    let anyone = app.anyone.clone();
    for (path, kind, body, status) in [
        ("/oauth/token", "image/png", "x", 400),
        ("/oauth/token", "application/json", "{", 400),
        ("/oauth/revoke", "application/json", "[]", 400),
        ("/api/v1/apps", "image/png", "x", 422),
        ("/api/v1/apps", "application/json", "{", 422),
    ] {
        let request = anyone
            .request(Method::POST, path)
            .header("content-type", kind)
            .body(body.to_owned());
        let reply = anyone.send(request).await;
        assert_eq!(reply.status, status, "{}", reply.describe());
        assert_readable(&reply);
    }
}

#[tokio::test]
async fn a_token_that_may_only_write_learns_nothing_of_what_was_posted() {
    let server = Server::start().await;
    let ada = server.person_with_scopes("ada", "read write").await;
    let photo = ada.small_photo().await;
    let post =
        serde_json::json!({"status": "for nobody", "visibility": "direct", "media_ids": [photo]});
    let post = ada.publish(&post).await;
    // The same person, by an app that may write and say who they are.
    let app = App::register(&server, "write profile", OUT_OF_BAND).await;
    let eve = crate::harness::person::sign_up(&app.token("write profile").await, "eve").await;
    let eve = ada.bearing(eve.expect(200)["access_token"].as_str().unwrap());
    let path = format!("/api/v1/media/{photo}");
    eve.get(&path).await.refused(404);
    eve.get(&format!("{path}/original")).await.refused(403);
    let own = eve.upload(crate::harness::caller::Upload::jpeg(
        testing_kit::jpeg::encode(&testing_kit::charts::corners(120, 90), 80),
    ));
    let own = own.await.ok();
    assert_eq!(own.get("original_url"), None, "{own}");
    let own = format!("/api/v1/media/{}", own["id"].as_str().unwrap());
    assert!([200, 206].contains(&eve.get(&own).await.status));
    let direct = serde_json::json!({"status": "mine", "visibility": "direct", "media_ids": [own.rsplit('/').next()]});
    crate::harness::eventually("the photo to be posted", async || {
        (eve.post("/api/v1/statuses", &direct).await.status == 200).then_some(())
    })
    .await;
    assert!(eve.get(&own).await.refused(403).contains("read:statuses"));
    let reply_post = serde_json::json!({"status": "hm", "in_reply_to_id": post["id"]});
    eve.post("/api/v1/statuses", &reply_post).await.refused(404);
}
