//! Who is given a working address of a photo, and what an address is worth.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use infra_kernel::{Clock as _, ManualClock, SystemClock};
use presentation_kit::Signer;
use presentation_kit::signature::{Purpose, SECRET_BYTES};
use reqwest::Method;
use serde_json::{Value, json};
use testing_kit::{charts, jpeg};

use crate::harness::caller::{Upload, text};
use crate::harness::{Caller, Person, Reply, Server, eventually};

const DAY: Duration = Duration::from_secs(86_400);
const VISIBILITIES: [&str; 4] = ["public", "unlisted", "private", "direct"];

struct Post {
    visibility: &'static str,
    id: String,
    /// The author's address of its photo.
    url: String,
}

struct Scene {
    server: Server,
    author: Person,
    /// Everyone who may look, by what they are to the author; nobody for who is not signed in.
    viewers: Vec<(&'static str, Caller)>,
    posts: Vec<Post>,
}

fn may_see(viewer: &str, visibility: &str) -> bool {
    match visibility {
        "public" | "unlisted" => true,
        "private" => ["follower", "mentioned", "author"].contains(&viewer),
        _ => ["mentioned", "author"].contains(&viewer),
    }
}

fn url_of(post: &Value) -> String {
    text(post, "/media_attachments/0/url")
}

fn is_signed(url: &str) -> bool {
    url.contains("&signature=")
}

/// The address without its signature.
fn bare(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// A photo that no other is like.
fn photo(number: u32) -> Upload {
    Upload::jpeg(jpeg::encode(&charts::corners(320 + 8 * number, 240), 85))
}

impl Scene {
    async fn new() -> Self {
        let server = Server::start().await;
        let author = server.person("author").await;
        let mut viewers = vec![("nobody", server.anyone())];
        for name in ["stranger", "follower", "mentioned"] {
            let person = server.person(name).await;
            if name == "follower" {
                person.follow(&author).await;
            }
            viewers.push((name, Caller::clone(&person)));
        }
        viewers.push(("author", Caller::clone(&author)));
        let mut posts = Vec::new();
        for (number, visibility) in (0..).zip(VISIBILITIES) {
            let media = author.photo(photo(number)).await;
            let post = author
                .publish(&json!({
                    "status": "@mentioned look", "visibility": visibility, "media_ids": [media["id"]],
                }))
                .await;
            posts.push(Post {
                visibility,
                id: text(&post, "/id"),
                url: url_of(&post),
            });
        }
        Self {
            server,
            author,
            viewers,
            posts,
        }
    }
}

#[tokio::test]
async fn anyone_who_sees_a_post_gets_a_working_address_of_its_photo_and_nobody_else() {
    let scene = Scene::new().await;
    let anyone = scene.server.anyone();
    for post in &scene.posts {
        let open = ["public", "unlisted"].contains(&post.visibility);
        for (viewer, caller) in &scene.viewers {
            let what = format!("{viewer}, {}", post.visibility);
            let shown = caller.get(&format!("/api/v1/statuses/{}", post.id)).await;
            if !may_see(viewer, post.visibility) {
                shown.refused(404);
                assert!(!shown.text().contains("/media/"), "{what}");
                continue;
            }
            let url = url_of(&shown.expect(200));
            assert_eq!(is_signed(&url), !open, "{what}");
            // The address is enough: a browser sends no token for a picture.
            let bytes = anyone.get(&url).await;
            assert_eq!(bytes.status, 200, "{what}: {}", bytes.describe());
            assert!(testing_kit::Picture::decode(&bytes.body).is_ok());
            let caching = bytes.header("cache-control");
            let who = if open { "public, " } else { "private, " };
            assert!(
                caching.starts_with(who) && caching.contains("immutable"),
                "{caching}"
            );
        }
        // The key alone is for everyone or for nobody, its author included.
        for (viewer, caller) in &scene.viewers {
            let reply = caller.get(bare(&post.url)).await;
            let expected = if open { 200 } else { 404 };
            assert_eq!(reply.status, expected, "{viewer}, {}", post.visibility);
        }
    }
}

#[tokio::test]
async fn an_address_that_is_not_whole_or_not_ours_is_worth_nothing() {
    let (scene, elsewhere) = (Scene::new().await, Scene::new().await);
    let private = |scene: &Scene| scene.posts[2].url.clone();
    let url = private(&scene);
    let anyone = scene.server.anyone();
    let (key, query) = url.split_once('?').unwrap();
    // The same photo on another server has the same key, and another signature.
    let other_key = private(&elsewhere);
    let (_, other_signature) = other_key.split_once('?').unwrap();
    let direct = &scene.posts[3].url;
    let (_, of_another) = direct.split_once('?').unwrap();
    let (until, signature) = query.split_once('&').unwrap();
    let later = until
        .strip_prefix("until=")
        .unwrap()
        .parse::<u64>()
        .unwrap()
        + 1;
    for wrong in [
        other_signature.to_owned(),
        of_another.to_owned(),
        format!("until={later}&{signature}"),
        format!("until=1&{signature}"),
        until.to_owned(),
        signature.to_owned(),
        query[..query.len() - 1].to_owned(),
    ] {
        let reply = anyone.get(&format!("{key}?{wrong}")).await;
        let sentence = reply.refused(403);
        assert!(sentence.contains("signature"), "{wrong}: {sentence}");
    }
    assert_eq!(anyone.get(&url).await.status, 200);
}

#[tokio::test]
async fn an_address_expires_and_says_so() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let media = ada.photo(photo(1)).await;
    let url = text(&media, "/url");
    assert_eq!(server.anyone().get(&url).await.status, 200);
    // The address that this server made of it two days ago.
    let key = std::fs::read_to_string(server.folder().join("address-signing.key")).unwrap();
    let mut secret = [0; SECRET_BYTES];
    hex::decode_to_slice(key.trim_end(), &mut secret).unwrap();
    let then = ManualClock::at(SystemClock.now().minus(DAY * 2));
    let signer = Signer::new(&secret, DAY, Arc::new(then));
    let (_, name) = bare(&url).rsplit_once('/').unwrap();
    let old = signer.sign(Purpose::Rendition, name);
    let old = format!("{}?{old}", bare(&url));
    let reply = server.anyone().get(&old).await;
    assert!(reply.refused(403).contains("expired"));
    // Anyone who may see it gets a new one.
    let path = format!("/api/v1/media/{}", text(&media, "/id"));
    let fresh = text(&ada.get(&path).await.expect(200), "/url");
    assert_eq!(server.anyone().get(&fresh).await.status, 200);
}

#[tokio::test]
async fn what_was_deleted_has_no_address() {
    let scene = Scene::new().await;
    let anyone = scene.server.anyone();
    for post in &scene.posts {
        assert_eq!(anyone.get(&post.url).await.status, 200);
        let path = format!("/api/v1/statuses/{}", post.id);
        scene.author.delete(&path).await.expect(200);
        eventually("the photo's end", async || {
            (anyone.get(&post.url).await.status == 404).then_some(())
        })
        .await;
        for method in [Method::GET, Method::HEAD] {
            let request = anyone.request(method, &post.url);
            let reply = anyone.send(request.header("if-none-match", "*")).await;
            assert_eq!(reply.status, 404, "{}", reply.describe());
        }
    }
}

#[tokio::test]
async fn one_sees_ones_own_photo_before_it_is_posted() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let media = ada.photo(photo(1)).await;
    for field in ["/url", "/preview_url"] {
        let url = text(&media, field);
        assert!(is_signed(&url), "{url}");
        assert_eq!(server.anyone().get(&url).await.status, 200);
        assert_eq!(ada.get(bare(&url)).await.status, 404);
        assert_eq!(bob.get(bare(&url)).await.status, 404);
    }
    let again = ada
        .get(&format!("/api/v1/media/{}", text(&media, "/id")))
        .await
        .expect(200);
    assert_eq!(
        again["url"], media["url"],
        "an address that changes is kept by no browser"
    );
    // Once everyone may see it, the plain address works, and the signed one still does.
    let post = ada
        .publish(&json!({"status": "mine", "media_ids": [media["id"]]}))
        .await;
    assert_eq!(url_of(&post), bare(&text(&media, "/url")));
    for url in [url_of(&post), text(&media, "/url")] {
        assert_eq!(server.anyone().get(&url).await.status, 200);
    }
}

#[tokio::test]
async fn avatars_are_open() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let path = "/api/v1/accounts/update_credentials";
    let account = ada
        .send_file(Method::PATCH, path, "avatar", photo(2))
        .await
        .expect(200);
    let url = text(&account, "/avatar");
    assert!(!is_signed(&url), "{url}");
    assert_eq!(server.anyone().get(&url).await.status, 200);
}

#[tokio::test]
async fn addresses_outlive_a_restart() {
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    let url = text(&ada.photo(photo(1)).await, "/url");
    server.kill();
    server.start_again().await;
    assert_eq!(server.anyone().get(&url).await.status, 200);
    let secret = server.folder().join("address-signing.key");
    let mode = std::fs::metadata(&secret).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Without the secret a new one is made, and what was signed with the old is worth nothing.
    server.kill();
    std::fs::remove_file(&secret).unwrap();
    server.start_again().await;
    server.anyone().get(&url).await.refused(403);
}

/// Follows the redirect to where an original is.
async fn original_of(caller: &Caller, media_id: &str) -> Reply {
    let reply = caller
        .get(&format!("/api/v1/media/{media_id}/original"))
        .await;
    assert_eq!(reply.status, 307, "{}", reply.describe());
    let address = reply.header("location").to_owned();
    caller.get(&address).await
}

#[tokio::test]
async fn the_owner_downloads_the_file_as_it_was_uploaded() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let file = jpeg::write(&charts::corners(640, 480), 90, &jpeg::Extras::everything(1));
    let media = ada.photo(Upload::jpeg(file.clone())).await;
    let id = text(&media, "/id");
    ada.publish(&json!({"status": "mine", "media_ids": [id]}))
        .await;
    let original = original_of(&ada, &id).await;
    assert_eq!(original.status, 200, "{}", original.describe());
    assert!(original.body == file, "not the bytes that were uploaded");
    assert_eq!(original.header("cache-control"), "private, no-store");
    assert_eq!(
        original.header("content-disposition"),
        format!("attachment; filename=\"photo-{id}.jpg\"")
    );
    let path = format!("/api/v1/media/{id}/original");
    bob.get(&path).await.refused(404);
    server.anyone().get(&path).await.refused(401);
    for path in [
        format!("/media/original/{id}"),
        format!("/media/original/{id}?exact=true"),
    ] {
        ada.get(&path).await.refused(404);
    }
}
