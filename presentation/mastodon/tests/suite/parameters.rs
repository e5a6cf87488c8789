//! Parameters wherever clients put them, and pages however they ask for them.

use business_posts_gateway::Visibility;
use http::{Method, header};
use serde_json::{Value, json};

use crate::world::{ADA, BOB, World, request};

const FORM: &str = "application/x-www-form-urlencoded";

async fn send(
    client: &crate::world::Client,
    method: Method,
    token: &str,
    path: &str,
) -> crate::world::TestResponse {
    let request = request(method, token, path).header(header::CONTENT_TYPE, FORM);
    client
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await
}

#[tokio::test]
async fn parameters_in_the_address_are_heard_by_every_route() {
    let world = World::new();
    let client = world.client();
    let path = "/api/v1/apps?client_name=App&redirect_uris=app%3A%2F%2Fback&scopes=read%20write";
    let app = send(&client, Method::POST, "", path).await.expect(200);
    assert_eq!(app["redirect_uris"], json!(["app://back"]));
    assert_eq!(app["scopes"], json!(["read", "write"]));
    let path = "/oauth/token?grant_type=client_credentials&client_id=client&client_secret=secret&scope=read";
    send(&client, Method::POST, "", path).await.expect(200);
    let path = "/oauth/token?grant_type=authorization_code&client_id=client&client_secret=secret&code=good&redirect_uri=app://x";
    send(&client, Method::POST, "", path).await.expect(200);
    let path = "/oauth/revoke?client_id=client&client_secret=secret&token=old";
    send(&client, Method::POST, "", path).await.expect(200);
    assert_eq!(world.notes(), ["revoked old by client"]);
    let post = send(
        &client,
        Method::POST,
        "ada",
        "/api/v1/statuses?status=hello&visibility=unlisted",
    )
    .await;
    assert_eq!(post.expect(200)["visibility"], "unlisted");
    let path = format!("/api/v1/accounts/{BOB}/follow?reblogs=false&notify=true");
    let relationship = send(&client, Method::POST, "ada", &path).await.expect(200);
    assert_eq!(
        (&relationship["showing_reblogs"], &relationship["notifying"]),
        (&json!(false), &json!(true))
    );
    let path = "/api/v1/accounts/update_credentials?display_name=Ada&fields_attributes[0][name]=a&fields_attributes[0][value]=1";
    let profile = send(&client, Method::PATCH, "ada", path).await.expect(200);
    assert_eq!(profile["display_name"], "Ada");
    assert_eq!(profile["fields"][0]["name"], "a");
}

#[tokio::test]
async fn a_password_in_an_address_is_refused() {
    let client = World::new().client();
    let path =
        "/api/v1/accounts?username=eve&email=e%40example.org&password=correct+horse&agreement=true";
    let refused = send(&client, Method::POST, "app", path).await;
    assert!(refused.error(422).contains("body"));
    assert_eq!(refused.json()["field"], "password");
    let form = "username=eve&email=e%40example.org&password=correct+horse&agreement=true";
    client
        .post_form("app", "/api/v1/accounts", form)
        .await
        .expect(200);
    let path = "/api/v1/accounts?username=eva&email=e%40example.org&agreement=true";
    let response = client
        .post_form("app", path, "password=correct+horse")
        .await;
    response.expect(200);
    let token = send(
        &client,
        Method::POST,
        "",
        "/oauth/token?grant_type=password&username=a&password=b",
    )
    .await;
    assert_eq!(token.expect(400)["error"], "invalid_request");
}

/// Parts of a form, each with its head.
fn form(parts: &[(&str, &str)]) -> String {
    let parts = parts
        .iter()
        .map(|(head, value)| format!("--X\r\n{head}\r\n\r\n{value}\r\n"));
    parts.collect::<String>() + "--X--\r\n"
}

const FILE: (&str, &str) = (
    "Content-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg",
    "bytes",
);

type Said = (&'static str, Vec<(&'static str, &'static str)>);

/// The same alt text, said in the address or in one of the form's parts.
fn ways_to_say() -> Vec<Said> {
    let said = "Content-Disposition: form-data; name=\"description\"";
    let mut ways = ways_to_write_a_part();
    ways.extend([
        ("?description=A%20lake", vec![FILE]),
        ("?description=A+stone", vec![(said, "A lake"), FILE]),
        ("?description=A+stone", vec![FILE, (said, "A lake")]),
        ("", vec![(said, "A stone"), FILE, (said, "A lake")]),
        (
            "",
            vec![
                (said, "A lake"),
                (
                    "Content-Disposition: form-data; name=file; filename*=UTF-8''M%C3%B6we.jpg",
                    "bytes",
                ),
            ],
        ),
        (
            "",
            vec![
                (said, "A lake"),
                (
                    "Content-Disposition: form-data; name=file\r\nContent-Type: application/octet-stream",
                    "bytes",
                ),
            ],
        ),
    ]);
    ways
}

/// The same, in a part that says more of itself than its name.
fn ways_to_write_a_part() -> Vec<Said> {
    vec![
        (
            "",
            vec![
                (
                    "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=\"description\"",
                    "A lake",
                ),
                FILE,
            ],
        ),
        (
            "",
            vec![
                FILE,
                (
                    "Content-Disposition: form-data; name=description\r\nContent-Type: application/json; charset=UTF-8",
                    "A lake",
                ),
            ],
        ),
        (
            "",
            vec![
                (
                    "Content-Disposition: form-data; name=\"description\"; filename=\"\"\r\nContent-Type: text/plain",
                    "A lake",
                ),
                FILE,
            ],
        ),
        (
            "",
            vec![
                (
                    "Content-Disposition: form-data; name=\"description\"; filename=\"description\"\r\nContent-Type: text/plain",
                    "A lake",
                ),
                FILE,
            ],
        ),
    ]
}

#[tokio::test]
async fn what_is_said_of_a_picture_is_heard_wherever_it_stands() {
    let client = World::new().client();
    for (query, parts) in ways_to_say() {
        let path = format!("/api/v1/media{query}");
        let response = client
            .multipart(Method::POST, "ada", &path, &form(&parts))
            .await;
        assert_eq!(
            response.expect(200)["description"],
            "A lake",
            "{query} {parts:?}"
        );
    }
}

#[tokio::test]
async fn what_is_said_of_a_picture_in_the_address_is_heard() {
    let client = World::new().client();
    let path = "/api/v2/media?focus=0.5,-0.25";
    let picture = client
        .multipart(Method::POST, "ada", path, &form(&[FILE]))
        .await
        .expect(200);
    assert_eq!(picture["meta"]["focus"], json!({"x": 0.5, "y": -0.25}));
    let path = format!(
        "/api/v1/media/{}?description=A+lake&focus=1.0000001,0",
        picture["id"].as_str().unwrap()
    );
    for method in [Method::PUT, Method::PATCH] {
        let changed = send(&client, method, "ada", &path).await.expect(200);
        assert_eq!(changed["description"], "A lake");
    }
    let changed = send(&client, Method::PUT, "ada", &path).await.expect(200);
    assert_eq!(changed["meta"]["focus"]["x"], 1.0);
}

#[tokio::test]
async fn a_profile_is_changed_by_parts_that_say_their_type() {
    let client = World::new().client();
    let parts = [
        (
            "Content-Disposition: form-data; name=display_name\r\nContent-Type: text/plain; charset=utf-8",
            "Ada",
        ),
        (
            "Content-Disposition: form-data; name=\"fields_attributes[0][name]\"\r\nContent-Type: text/plain",
            "a",
        ),
        (
            "Content-Disposition: form-data; name=\"fields_attributes[2][name]\"\r\nContent-Type: text/plain",
            "b",
        ),
        (
            "Content-Disposition: form-data; name=\"avatar\"; filename=\"\"\r\nContent-Type: application/octet-stream",
            "",
        ),
    ];
    let path = "/api/v1/accounts/update_credentials";
    let changed = client
        .multipart(Method::PATCH, "ada", path, &form(&parts))
        .await
        .expect(200);
    assert_eq!(changed["display_name"], "Ada");
    let names: Vec<&Value> = changed["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| &field["name"])
        .collect();
    assert_eq!(names, ["a", "b"]);
}

#[tokio::test]
async fn ids_are_listed_in_every_way() {
    let world = World::new();
    let (first, second) = (
        world.posted(BOB, "a", Visibility::Public),
        world.posted(BOB, "b", Visibility::Public),
    );
    let client = world.client();
    for query in [
        format!("id[]={first}&id[]={second}"),
        format!("id%5B%5D={first}&id%5B%5D={second}"),
        format!("id[2]={first}&id[5]={second}"),
        format!("id={first}&id={second}"),
        format!("id={first}&id[]={second}"),
    ] {
        let found = client
            .get("", &format!("/api/v1/statuses?{query}"))
            .await
            .expect(200);
        assert_eq!(found.as_array().unwrap().len(), 2, "{query}");
    }
}

#[tokio::test]
async fn careless_pages_are_bent_and_not_refused() {
    let world = World::new();
    for _ in 0..4 {
        world.posted(ADA, "x", Visibility::Public);
    }
    let client = world.client();
    client
        .post_form("bob", &format!("/api/v1/accounts/{ADA}/follow"), "")
        .await
        .expect(200);
    for path in [
        "/api/v1/timelines/public".to_owned(),
        "/api/v1/timelines/home".to_owned(),
        format!("/api/v1/accounts/{ADA}/statuses"),
        format!("/api/v1/accounts/{ADA}/followers"),
        format!("/api/v1/accounts/{BOB}/following"),
    ] {
        let count = async |query: &str| {
            let page = client.get("ada", &format!("{path}?{query}")).await;
            page.expect(200).as_array().unwrap().len()
        };
        let all = count("").await;
        assert!(all >= 1, "{path}");
        for query in [
            "limit=0",
            "limit=abc",
            "max_id=0",
            "max_id=abc",
            "max_id=-7",
        ] {
            assert_eq!(count(query).await, 0, "{path}?{query}");
        }
        for query in [
            "limit=",
            "max_id=",
            "since_id=",
            "min_id=0",
            "since_id=0",
            "since_id=abc",
            "min_id=abc",
            "limit=99999999999999999999",
            "max_id=99999999999999999999",
            "max_id=18446744073709551615",
            "limit=2&limit=40",
        ] {
            assert_eq!(count(query).await, all, "{path}?{query}");
        }
        assert_eq!(count("limit=-1").await, 1, "{path}");
    }
}

#[tokio::test]
async fn the_oldest_page_is_right_after_nothing() {
    let world = World::new();
    let ids: Vec<u64> = (0..4)
        .map(|_| world.posted(ADA, "x", Visibility::Public))
        .collect();
    let client = world.client();
    let oldest = client
        .get("", "/api/v1/timelines/public?limit=2&min_id=0")
        .await
        .expect(200);
    let shown: Vec<&Value> = oldest
        .as_array()
        .unwrap()
        .iter()
        .map(|post| &post["id"])
        .collect();
    assert_eq!(
        shown,
        [&json!(ids[1].to_string()), &json!(ids[0].to_string())]
    );
}
