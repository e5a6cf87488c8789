//! People with accounts, and the apps they use.

use std::ops::Deref;

use serde_json::{Value, json};
use testing_kit::{charts, jpeg};

use super::caller::{Caller, Reply, Upload, text};
use super::server::Server;
use super::wait::eventually;

/// A password that every check of passwords takes.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Everything a photo client asks for.
pub(crate) const SCOPES: &str = "read write follow push";
/// The redirect that shows the code instead.
pub(crate) const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// A registered application.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uri: String,
    pub(crate) anyone: Caller,
}

impl App {
    pub(crate) async fn register(server: &Server, scopes: &str, redirect_uri: &str) -> Self {
        let anyone = server.anyone();
        let body =
            json!({"client_name": "Test client", "redirect_uris": redirect_uri, "scopes": scopes});
        let app = anyone.post("/api/v1/apps", &body).await.expect(200);
        Self {
            client_id: text(&app, "/client_id"),
            client_secret: text(&app, "/client_secret"),
            redirect_uri: redirect_uri.to_owned(),
            anyone,
        }
    }

    /// Its own token.
    pub(crate) async fn token(&self, scopes: &str) -> Caller {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("redirect_uri", &self.redirect_uri),
            ("scope", scopes),
        ];
        let token = self.anyone.form("/oauth/token", &fields).await.expect(200);
        self.anyone.bearing(&text(&token, "/access_token"))
    }
}

/// Someone with an account and a token for it.
#[derive(Clone)]
pub(crate) struct Person {
    caller: Caller,
    pub(crate) id: String,
    pub(crate) username: String,
}

impl Deref for Person {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Server {
    /// Signs someone up through the API with every scope.
    pub(crate) async fn person(&self, username: &str) -> Person {
        self.person_with_scopes(username, SCOPES).await
    }

    /// Signs someone up through an app that asks for these scopes.
    pub(crate) async fn person_with_scopes(&self, username: &str, scopes: &str) -> Person {
        let app = App::register(self, scopes, OUT_OF_BAND).await;
        let as_app = app.token(scopes).await;
        let token = sign_up(&as_app, username).await.expect(200);
        Person::bearing(as_app.bearing(&text(&token, "/access_token"))).await
    }
}

/// The request that makes an account.
pub(crate) async fn sign_up(as_app: &Caller, username: &str) -> Reply {
    let body = json!({
        "username": username,
        "email": format!("{username}@example.org"),
        "password": PASSWORD,
        "agreement": true,
        "locale": "en",
    });
    as_app.post("/api/v1/accounts", &body).await
}

impl Person {
    /// The account or application that a token stands for.
    pub(crate) async fn bearing(caller: Caller) -> Self {
        let account = caller
            .get("/api/v1/accounts/verify_credentials")
            .await
            .expect(200);
        Self {
            caller,
            id: text(&account, "/id"),
            username: text(&account, "/username"),
        }
    }

    pub(crate) async fn follow(&self, other: &Self) {
        let path = format!("/api/v1/accounts/{}/follow", other.id);
        let relationship = self.post(&path, &json!({})).await.expect(200);
        assert_eq!(relationship["following"], true, "{relationship}");
    }

    pub(crate) async fn unfollow(&self, other: &Self) {
        let path = format!("/api/v1/accounts/{}/unfollow", other.id);
        let relationship = self.post(&path, &json!({})).await.expect(200);
        assert_eq!(relationship["following"], false, "{relationship}");
    }

    /// Waits until an upload is ready.
    pub(crate) async fn ready(&self, media_id: &str) -> Value {
        eventually(&format!("media {media_id} to be ready"), async || {
            let reply = self.get(&format!("/api/v1/media/{media_id}")).await;
            match reply.status {
                200 => Some(reply.json()),
                206 => None,
                _ => panic!("{}", reply.describe()),
            }
        })
        .await
    }

    /// Uploads a photo and waits until it is ready.
    pub(crate) async fn photo(&self, upload: Upload) -> Value {
        let media = self.upload(upload).await.ok();
        self.ready(&text(&media, "/id")).await
    }

    /// Uploads a small picture and waits until it is ready; returns its id.
    pub(crate) async fn small_photo(&self) -> String {
        let bytes = jpeg::encode(&charts::corners(120, 90), 80);
        text(&self.photo(Upload::jpeg(bytes)).await, "/id")
    }

    pub(crate) async fn say(&self, words: &str) -> Value {
        self.publish(&json!({"status": words})).await
    }

    pub(crate) async fn publish(&self, post: &Value) -> Value {
        self.post("/api/v1/statuses", post).await.expect(200)
    }

    /// The newest of the home feed.
    pub(crate) async fn home(&self) -> Vec<Value> {
        self.get("/api/v1/timelines/home?limit=40").await.list()
    }

    /// Waits until a post is in the home feed.
    pub(crate) async fn finds_at_home(&self, post_id: &str) -> Value {
        eventually(
            &format!("post {post_id} in {}'s home feed", self.username),
            async || {
                let home = self.home().await;
                home.into_iter().find(|post| post["id"] == *post_id)
            },
        )
        .await
    }

    /// Waits until a post is no longer in the home feed.
    pub(crate) async fn misses_at_home(&self, post_id: &str) {
        eventually(
            &format!("post {post_id} to leave {}'s home feed", self.username),
            async || {
                let home = self.home().await;
                home.iter().all(|post| post["id"] != *post_id).then_some(())
            },
        )
        .await;
    }
}
