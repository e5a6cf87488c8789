//! The files that pages need, embedded, under addresses that carry a hash of their content: they
//! never change, so a browser keeps them for good.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

/// For addresses with a hash.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// For the few addresses without one.
const FOR_A_DAY: &str = "public, max-age=86400";
/// How much of the hash stands in an address, in bytes: enough that two versions never meet.
const HASH_BYTES: usize = 8;

const STYLE: [&str; 5] = [
    include_str!("../assets/css/1-tokens.css"),
    include_str!("../assets/css/2-base.css"),
    include_str!("../assets/css/3-shell.css"),
    include_str!("../assets/css/4-photos.css"),
    include_str!("../assets/css/5-pages.css"),
];
const SCRIPT: [&str; 2] = [
    include_str!("../assets/js/1-common.js"),
    include_str!("../assets/js/4-lightbox.js"),
];
/// The composer's page has a script of its own: the others are lighter without it.
const COMPOSER_SCRIPT: [&str; 3] = [
    include_str!("../assets/js/1-common.js"),
    include_str!("../assets/js/2-composer.js"),
    include_str!("../assets/js/3-focus.js"),
];

/// The addresses that templates name.
pub(crate) struct Assets {
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) composer_script: String,
    pub(crate) mark: String,
    pub(crate) serif: String,
    files: Vec<File>,
}

struct File {
    /// Its address below `/assets/`, with a hash but for the few that others name.
    name: String,
    content_type: &'static str,
    cache_control: &'static str,
    bytes: Bytes,
}

/// Hashed once, at the first page.
pub(crate) static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::embedded);

impl Assets {
    fn embedded() -> Self {
        let mut files = Files::default();
        let serif = files.add(
            "serif-latin.woff2",
            "font/woff2",
            include_bytes!("../assets/serif-latin.woff2"),
        );
        let extended = files.add(
            "serif-latin-extended.woff2",
            "font/woff2",
            include_bytes!("../assets/serif-latin-extended.woff2"),
        );
        // After the fonts: the style names them by the addresses that they were given.
        let style = STYLE
            .concat()
            .replace("{serif-latin.woff2}", &serif)
            .replace("{serif-latin-extended.woff2}", &extended);
        let assets = Self {
            style: files.add("style.css", "text/css; charset=utf-8", style.as_bytes()),
            script: files.add(
                "script.js",
                "text/javascript; charset=utf-8",
                SCRIPT.concat().as_bytes(),
            ),
            composer_script: files.add(
                "composer.js",
                "text/javascript; charset=utf-8",
                COMPOSER_SCRIPT.concat().as_bytes(),
            ),
            mark: files.add(
                "mark.svg",
                "image/svg+xml",
                include_bytes!("../assets/mark.svg"),
            ),
            serif,
            files: Vec::new(),
        };
        // The API hands these two out by name, so they cannot carry a hash.
        files.add_unhashed("avatar.png", include_bytes!("../assets/avatar.png"));
        files.add_unhashed("header.png", include_bytes!("../assets/header.png"));
        Self {
            files: files.0,
            ..assets
        }
    }
}

#[cfg(test)]
impl Assets {
    /// Writes every file below a folder, as they would be served.
    pub(crate) fn write_to(&self, folder: &std::path::Path) {
        std::fs::create_dir_all(folder.join("assets")).unwrap();
        for file in &self.files {
            std::fs::write(folder.join("assets").join(&file.name), &file.bytes).unwrap();
        }
    }
}

#[derive(Default)]
struct Files(Vec<File>);

impl Files {
    /// Adds a file and returns its address.
    fn add(&mut self, name: &str, content_type: &'static str, bytes: &[u8]) -> String {
        let hash = hex_of(&Sha256::digest(bytes)[..HASH_BYTES]);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
        let name = format!("{stem}.{hash}.{extension}");
        let address = format!("/assets/{name}");
        self.0.push(File {
            name,
            content_type,
            cache_control: FOR_GOOD,
            bytes: Bytes::copy_from_slice(bytes),
        });
        address
    }

    fn add_unhashed(&mut self, name: &str, bytes: &'static [u8]) {
        self.0.push(File {
            name: name.to_owned(),
            content_type: "image/png",
            cache_control: FOR_A_DAY,
            bytes: Bytes::from_static(bytes),
        });
    }
}

fn hex_of(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/assets/{name}", get(serve))
        .route("/favicon.ico", get(favicon))
}

async fn serve(Path(name): Path<String>) -> Response {
    respond(&name)
}

async fn favicon() -> Response {
    respond(ASSETS.mark.trim_start_matches("/assets/"))
}

fn respond(name: &str) -> Response {
    let mut response = Response::new(Body::empty());
    let Some(file) = ASSETS.files.iter().find(|file| file.name == name) else {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    *response.body_mut() = Body::from(file.bytes.clone());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(file.content_type),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(file.cache_control),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_served_and_carries_its_hash() {
        for address in [
            &ASSETS.style,
            &ASSETS.script,
            &ASSETS.composer_script,
            &ASSETS.mark,
            &ASSETS.serif,
        ] {
            let response = respond(address.trim_start_matches("/assets/"));
            assert_eq!(response.status(), StatusCode::OK, "{address}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], FOR_GOOD);
            assert_eq!(address.matches('.').count(), 2, "{address}");
        }
        assert_eq!(respond("style.css").status(), StatusCode::NOT_FOUND);
        assert_eq!(
            respond("avatar.png").headers()[header::CACHE_CONTROL],
            FOR_A_DAY
        );
    }

    #[test]
    fn the_style_names_its_fonts_by_their_addresses() {
        let name = ASSETS.style.trim_start_matches("/assets/");
        let style = ASSETS.files.iter().find(|file| file.name == name).unwrap();
        let text = std::str::from_utf8(&style.bytes).unwrap();
        assert!(text.contains(&ASSETS.serif));
        assert!(!text.contains("{serif"));
    }

    /// A first visit over a phone's network should not notice the page's own weight.
    #[test]
    fn what_a_page_needs_stays_small() {
        for (end, bytes_max) in [("css", 40_000), ("js", 26_000), ("woff2", 40_000)] {
            for file in ASSETS.files.iter().filter(|file| file.name.ends_with(end)) {
                assert!(
                    file.bytes.len() <= bytes_max,
                    "{} has {} bytes",
                    file.name,
                    file.bytes.len()
                );
            }
        }
    }
}
