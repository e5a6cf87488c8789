//! What is still taken when the disk is full: what deletes, and what signs in. The rest is refused
//! before anything is written, so that it does not use up the room that the ballast gave.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use http::{Method, StatusCode, header};
use infra_host::{Ballast, Room};
use infra_kernel::Error;
use presentation_kit::Problem;
use tokio_util::sync::CancellationToken;

/// How often the ballast is looked after without a request.
const WATCH_INTERVAL: Duration = Duration::from_secs(10);
/// The least that must be free for a start, in bytes: each database makes an index of its log,
/// which must not be short of room (the system would end the process with SIGBUS), and the log
/// itself.
const START_BYTES_MIN: u64 = 4 * 1024 * 1024;
/// How often the room that the ballast gave is looked for, and the pause between two times: some
/// file systems release what was cut off only a moment later.
const START_LOOKS_MAX: u32 = 20;
const START_LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Where people sign in and out and apps are let in. Not where apps register: anyone may, as often
/// as they like, and none of it makes room.
const SIGN_IN: [&str; 5] = [
    "/login",
    "/logout",
    "/oauth/authorize",
    "/oauth/token",
    "/oauth/revoke",
];
/// How an address ends that takes something away, whatever its method.
const REMOVALS: [&str; 8] = [
    "/delete",
    "/unfollow",
    "/unfavourite",
    "/unreblog",
    "/unbookmark",
    "/unmute",
    "/unblock",
    "/unpin",
];

/// Sees to it that the databases of this folder can be opened, with the ballast's room if need be.
///
/// # Errors
/// A sentence, when the disk is full and there is no ballast to release.
pub(crate) async fn require_room_to_start(folder: &Path) -> anyhow::Result<()> {
    let ballast = Ballast::of(folder);
    ballast.check();
    // Where it is not known, it is tried.
    let available = || infra_host::available_bytes(folder).unwrap_or(u64::MAX);
    let mut looks = 1;
    while available() < START_BYTES_MIN && looks < START_LOOKS_MAX {
        tokio::time::sleep(START_LOOK_INTERVAL).await;
        ballast.check();
        looks += 1;
    }
    let available = available();
    anyhow::ensure!(
        available >= START_BYTES_MIN,
        "the disk of {} is full: {} KB are free, and a start takes {} KB; make room first, nothing is lost until then",
        folder.display(),
        available / 1_000,
        START_BYTES_MIN / 1_000
    );
    Ok(())
}

/// Keeps a ballast in the folder, and releases it when the disk is full, until stopped.
pub async fn watch(folder: std::path::PathBuf, stop: CancellationToken) {
    let ballast = Arc::new(Ballast::of(&folder));
    loop {
        let looked = Arc::clone(&ballast);
        // It writes some megabytes.
        let made = tokio::task::spawn_blocking(move || match looked.check() {
            Room::Full => Ok(false),
            // Again, also after it was released: the next full disk needs it, too.
            Room::Ample => looked.make(),
        });
        if let Ok(Err(error)) = made.await {
            tracing::warn!(%error, folder = %folder.display(), "no room could be kept for a full disk");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(WATCH_INTERVAL) => {}
        }
    }
}

/// Refuses with 507 what a full disk has no room for.
pub(super) async fn refuse_when_full(
    State(ballast): State<Arc<Ballast>>,
    request: Request,
    next: Next,
) -> Response {
    // Also before what is only read: reading may write, too (a home timeline that is made), and the
    // ballast is there for it.
    let room = ballast.room();
    let path = request.uri().path();
    if room == Room::Ample || is_always_taken(request.method(), path) {
        let response = next.run(request).await;
        if response.status() == StatusCode::INSUFFICIENT_STORAGE {
            // A write found out before it was time to look: the next one has the ballast's room, or
            // is refused.
            ballast.check();
        }
        return response;
    }
    let error = Error::storage_full();
    if path.starts_with("/api/") {
        // As every response of the API has it, for apps in browsers.
        let anyone = [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
        return (anyone, Problem(error)).into_response();
    }
    let page = format!(
        "<!doctype html><meta charset=utf-8><title>No room</title><p>{error}</p><p><a href=\"/\">Go on</a></p>"
    );
    (StatusCode::INSUFFICIENT_STORAGE, Html(page)).into_response()
}

fn is_always_taken(method: &Method, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    method.is_safe()
        || *method == Method::DELETE
        || SIGN_IN.contains(&path)
        || REMOVALS.iter().any(|removal| path.ends_with(removal))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    /// Routes on a disk of which the test says how much is free.
    struct Scene {
        free: Arc<AtomicU64>,
        routes: Router,
        folder: tempfile::TempDir,
    }

    impl Scene {
        /// With a ballast; writing to `/out-of-room` fails for want of room.
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let free = Arc::new(AtomicU64::new(u64::MAX));
            let told = Arc::clone(&free);
            let ballast = Ballast::on_disk(folder.path(), move |_| Ok(told.load(Ordering::SeqCst)));
            assert!(ballast.make().unwrap());
            let out_of_room = || async { Problem(Error::storage_full()) };
            let routes = Router::new()
                .route("/out-of-room", get(out_of_room).post(out_of_room))
                .fallback(|| async { "done" })
                .layer(from_fn_with_state(Arc::new(ballast), refuse_when_full));
            Self {
                free,
                routes,
                folder,
            }
        }

        async fn status(&self, method: Method, path: &str) -> u16 {
            let request = http::Request::builder().method(method).uri(path);
            let request = request.body(Body::empty()).unwrap();
            let inner_response = self.routes.clone().oneshot(request).await.unwrap();
            inner_response.status().as_u16()
        }

        fn is_released(&self) -> bool {
            Ballast::of(self.folder.path()).is_released()
        }
    }

    #[tokio::test]
    async fn on_a_full_disk_the_ballast_is_released_and_only_what_helps_is_taken() {
        let scene = Scene::new();
        scene.free.store(0, Ordering::SeqCst);
        for (method, path) in [
            (Method::POST, "/api/v1/statuses"),
            (Method::POST, "/api/v2/media"),
            (Method::POST, "/new"),
        ] {
            assert_eq!(scene.status(method, path).await, 507, "{path}");
        }
        assert!(scene.is_released());
        for (method, path) in [
            (Method::GET, "/api/v1/timelines/home"),
            (Method::GET, "/media/a.jpg"),
            (Method::DELETE, "/api/v1/statuses/1"),
            (Method::POST, "/login"),
        ] {
            assert_eq!(scene.status(method, path).await, 200, "{path}");
        }
    }

    #[tokio::test]
    async fn a_write_that_finds_the_disk_full_before_anybody_looked_is_noticed_at_once() {
        let scene = Scene::new();
        assert_eq!(scene.status(Method::POST, "/new").await, 200);
        scene.free.store(0, Ordering::SeqCst);
        assert_eq!(scene.status(Method::POST, "/out-of-room").await, 507);
        assert!(scene.is_released());
        assert_eq!(scene.status(Method::POST, "/new").await, 507);
    }

    #[test]
    fn reading_deleting_and_signing_in_are_always_taken() {
        for (method, path) in [
            (Method::GET, "/api/v1/timelines/home"),
            (Method::HEAD, "/media/original/1"),
            (Method::OPTIONS, "/api/v1/statuses"),
            (Method::DELETE, "/api/v1/statuses/1"),
            (Method::POST, "/oauth/token"),
            (Method::POST, "/login/"),
            (Method::POST, "/@ada/1/delete"),
            (Method::POST, "/api/v1/accounts/1/unfollow"),
        ] {
            assert!(is_always_taken(&method, path), "{method} {path}");
        }
        for (method, path) in [
            (Method::POST, "/api/v1/statuses"),
            (Method::PUT, "/api/v1/statuses/1"),
            (Method::PATCH, "/api/v1/accounts/update_credentials"),
            (Method::POST, "/api/v2/media"),
            (Method::POST, "/new"),
            (Method::POST, "/api/v1/accounts/1/follow"),
            (Method::POST, "/signup"),
            (Method::POST, "/api/v1/apps"),
            (Method::POST, "/api/v1/apps/"),
        ] {
            assert!(!is_always_taken(&method, path), "{method} {path}");
        }
    }
}
