//! People and posts to measure with, made through the public API.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::http::{Connection, Request};

/// Someone with an account.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// An application's token, with which people sign up.
pub(crate) fn application(connection: &mut Connection) -> Result<String> {
    let body = json!({"client_name": "bench", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read write follow"});
    let app = connection.json(&Request::post("/api/v1/apps", "", &body))?;
    let body = json!({
        "grant_type": "client_credentials", "client_id": app["client_id"], "client_secret": app["client_secret"],
        "scope": "read write follow",
    });
    let token = connection.json(&Request::post("/oauth/token", "", &body))?;
    text(&token, "access_token")
}

pub(crate) fn sign_up(
    connection: &mut Connection,
    application: &str,
    name: &str,
) -> Result<Person> {
    let body = json!({
        "username": name, "email": format!("{name}@example.org"), "password": "correct horse battery staple",
        "agreement": true, "locale": "en",
    });
    let token = connection.json(&Request::post("/api/v1/accounts", application, &body))?;
    let token = text(&token, "access_token")?;
    let account = connection.json(&Request::get("/api/v1/accounts/verify_credentials", &token))?;
    Ok(Person {
        id: text(&account, "id")?,
        token,
    })
}

pub(crate) fn follow(
    connection: &mut Connection,
    follower: &Person,
    followee: &Person,
) -> Result<()> {
    let path = format!("/api/v1/accounts/{}/follow", followee.id);
    connection.json(&Request::post(&path, &follower.token, &json!({})))?;
    Ok(())
}

/// Uploads a photo by the older call, which responds when it is ready.
pub(crate) fn photo(connection: &mut Connection, person: &Person, bytes: &[u8]) -> Result<String> {
    let media = connection.json(&Request::file("/api/v1/media", &person.token, bytes))?;
    text(&media, "id")
}

pub(crate) fn publish(
    connection: &mut Connection,
    person: &Person,
    post: &Value,
) -> Result<String> {
    let post = connection.json(&Request::post("/api/v1/statuses", &person.token, post))?;
    text(&post, "id")
}

/// The ids in someone's home feed.
pub(crate) fn home(
    connection: &mut Connection,
    person: &Person,
    limit: usize,
) -> Result<Vec<String>> {
    let path = format!("/api/v1/timelines/home?limit={limit}");
    let posts = connection.json(&Request::get(&path, &person.token))?;
    posts
        .as_array()
        .into_iter()
        .flatten()
        .map(|post| text(post, "id"))
        .collect()
}

pub(crate) fn text(value: &Value, name: &str) -> Result<String> {
    let text = value[name]
        .as_str()
        .with_context(|| format!("no `{name}` in {value}"))?;
    Ok(text.to_owned())
}
