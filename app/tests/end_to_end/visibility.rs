//! Who sees what: every kind of viewer, every visibility, every place that shows posts.

use serde_json::json;

use crate::harness::caller::text;
use crate::harness::{Caller, Person, Server};

const VISIBILITIES: [&str; 4] = ["public", "unlisted", "private", "direct"];

/// Who looks, and how they stand to the author.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Viewer {
    Anonymous,
    Stranger,
    Follower,
    Mentioned,
    Author,
}

const VIEWERS: [Viewer; 5] = [
    Viewer::Anonymous,
    Viewer::Stranger,
    Viewer::Follower,
    Viewer::Mentioned,
    Viewer::Author,
];

struct Post {
    visibility: &'static str,
    id: String,
    /// A word that is found only in this post.
    word: String,
    page: String,
}

struct Scene {
    server: Server,
    author: Person,
    stranger: Person,
    follower: Person,
    mentioned: Person,
    /// A public post of a third person that the author's posts reply to.
    root: String,
    posts: Vec<Post>,
}

fn may_see(viewer: Viewer, visibility: &str) -> bool {
    match visibility {
        "public" | "unlisted" => true,
        "private" => matches!(
            viewer,
            Viewer::Follower | Viewer::Mentioned | Viewer::Author
        ),
        _ => matches!(viewer, Viewer::Mentioned | Viewer::Author),
    }
}

impl Scene {
    async fn new() -> Self {
        let server = Server::start().await;
        let author = server.person("author").await;
        let (stranger, follower) = (
            server.person("stranger").await,
            server.person("follower").await,
        );
        let mentioned = server.person("mentioned").await;
        follower.follow(&author).await;
        // Replies to people whom one does not follow are kept out of one's feed.
        follower.follow(&stranger).await;
        let root = text(&stranger.say("what all of them answer").await, "/id");
        let mut posts = Vec::new();
        for visibility in VISIBILITIES {
            let photo = author.small_photo().await;
            let word = format!("word{visibility}secret");
            let post = json!({
                "status": format!("@mentioned {word}"), "visibility": visibility, "media_ids": [photo], "in_reply_to_id": root,
            });
            let post = author.publish(&post).await;
            assert_eq!(post["visibility"], visibility);
            posts.push(Post {
                visibility,
                id: text(&post, "/id"),
                word,
                page: text(&post, "/url"),
            });
        }
        Self {
            server,
            author,
            stranger,
            follower,
            mentioned,
            root,
            posts,
        }
    }

    fn caller(&self, viewer: Viewer) -> Caller {
        match viewer {
            Viewer::Anonymous => self.server.anyone(),
            Viewer::Stranger => Caller::clone(&self.stranger),
            Viewer::Follower => Caller::clone(&self.follower),
            Viewer::Mentioned => Caller::clone(&self.mentioned),
            Viewer::Author => Caller::clone(&self.author),
        }
    }

    /// Every place that lists posts, for any viewer.
    fn lists(&self) -> Vec<String> {
        let account = format!("/api/v1/accounts/{}/statuses", self.author.id);
        vec![
            account.clone(),
            format!("{account}?only_media=true"),
            format!("{account}?limit=40&exclude_reblogs=true"),
            "/api/v1/timelines/public".to_owned(),
            "/api/v1/timelines/public?local=true&only_media=true".to_owned(),
            "/api/v1/timelines/home".to_owned(),
            format!("/api/v1/statuses/{}/context", self.root),
            "/".to_owned(),
            "/@author".to_owned(),
        ]
    }
}

#[tokio::test]
async fn one_post_is_shown_to_those_who_may_see_it() {
    let scene = Scene::new().await;
    for viewer in VIEWERS {
        let caller = scene.caller(viewer);
        for post in &scene.posts {
            for path in [
                format!("/api/v1/statuses/{}", post.id),
                format!("/api/v1/statuses/{}/context", post.id),
            ] {
                let reply = caller.get(&path).await;
                if may_see(viewer, post.visibility) {
                    reply.expect(200);
                } else {
                    assert!(
                        [401, 404].contains(&reply.status),
                        "{viewer:?}, {}: {}",
                        post.visibility,
                        reply.describe()
                    );
                    assert!(!reply.text().contains(&post.word));
                }
            }
        }
    }
}

#[tokio::test]
async fn no_list_shows_what_may_not_be_seen() {
    let scene = Scene::new().await;
    scene.follower.finds_at_home(&scene.posts[0].id).await;
    for viewer in VIEWERS {
        let caller = scene.caller(viewer);
        for path in scene.lists() {
            let reply = caller.get(&path).await;
            assert!(
                [200, 303, 401].contains(&reply.status),
                "{viewer:?}: {}",
                reply.describe()
            );
            for post in &scene.posts {
                let shown = reply.text().contains(&post.word);
                let allowed = may_see(viewer, post.visibility);
                assert!(
                    !shown || allowed,
                    "{viewer:?} sees a {} post at {path}",
                    post.visibility
                );
                let is_public_list = path.contains("timelines/public");
                if is_public_list && shown {
                    assert_eq!(post.visibility, "public", "in the public list");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_may_be_seen_is_listed() {
    let scene = Scene::new().await;
    for viewer in VIEWERS {
        let caller = scene.caller(viewer);
        let profile = caller
            .get(&format!(
                "/api/v1/accounts/{}/statuses?limit=40",
                scene.author.id
            ))
            .await;
        let conversation = caller
            .get(&format!("/api/v1/statuses/{}/context", scene.root))
            .await;
        for post in &scene.posts {
            let allowed = may_see(viewer, post.visibility);
            assert_eq!(
                profile.text().contains(&post.word),
                allowed,
                "{viewer:?}, {}: profile",
                post.visibility
            );
            let shown = conversation.text().contains(&post.word);
            assert_eq!(
                shown, allowed,
                "{viewer:?}, {}: conversation",
                post.visibility
            );
        }
    }
}

#[tokio::test]
async fn the_web_page_keeps_the_same_rules() {
    let scene = Scene::new().await;
    // The page does not take an app's token, so this is what a visitor sees.
    for post in &scene.posts {
        let reply = scene.server.anyone().get(&post.page).await;
        if may_see(Viewer::Anonymous, post.visibility) {
            assert_eq!(reply.status, 200, "{}", reply.describe());
            assert!(reply.text().contains(&post.word));
        } else {
            assert!(
                [303, 401, 403, 404].contains(&reply.status),
                "{}: {}",
                post.visibility,
                reply.describe()
            );
            assert!(!reply.text().contains(&post.word));
        }
    }
    let stranger = scene.server.web();
    stranger.sign_up("visitor").await;
    for path in ["/", "/@author"]
        .map(str::to_owned)
        .iter()
        .chain(scene.posts.iter().map(|post| &post.page))
    {
        let page = stranger.open(path).await.text();
        for post in scene
            .posts
            .iter()
            .filter(|post| !may_see(Viewer::Stranger, post.visibility))
        {
            assert!(
                !page.contains(&post.word),
                "a {} post shows at {path}",
                post.visibility
            );
        }
    }
}

#[tokio::test]
async fn what_is_unfollowed_is_closed_at_once() {
    let scene = Scene::new().await;
    let private = scene
        .posts
        .iter()
        .find(|post| post.visibility == "private")
        .unwrap();
    let plain = text(
        &scene
            .author
            .publish(&json!({"status": "for followers", "visibility": "private"}))
            .await,
        "/id",
    );
    scene.follower.finds_at_home(&plain).await;
    scene.follower.unfollow(&scene.author).await;
    for id in [&plain, &private.id] {
        scene
            .follower
            .get(&format!("/api/v1/statuses/{id}"))
            .await
            .refused(404);
    }
    // Not eventually: the rules are asked again at every read.
    let home = scene.follower.get("/api/v1/timelines/home").await.text();
    assert!(
        !home.contains("for followers") && !home.contains(&private.word),
        "{home}"
    );
}
