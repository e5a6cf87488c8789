//! A real browser: two people sign up, one uploads a photo, it appears upright in the other's feed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use testing_kit::jpeg::{self, Extras};
use testing_kit::picture::Picture;
use testing_kit::{Landscape, Mood, charts, require};

use crate::harness::caller::{Upload, text};
use crate::harness::person::PASSWORD;
use crate::harness::{Person, Server, eventually};

const PATIENCE: Duration = Duration::from_secs(30);
/// The widths that the design is looked at: phone, tablet, desk.
const WIDTHS: [(u32, u32); 3] = [(390, 844), (820, 1180), (1440, 900)];

/// A driver of the browser; ends with the test.
struct Driver {
    child: Child,
    address: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One person's window.
struct Window(Client);

async fn driver() -> Option<Driver> {
    require::tool("chromium", "Debian's package `chromium`")?;
    let program = require::tool("chromedriver", "Debian's package `chromium-driver`")?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let child = Command::new(program)
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver starts");
    let address = format!("http://127.0.0.1:{port}");
    let driver = Driver { child, address };
    eventually("the browser's driver", async || {
        let address = driver.address.trim_start_matches("http://");
        tokio::net::TcpStream::connect(address).await.ok()
    })
    .await;
    Some(driver)
}

impl Driver {
    async fn window(&self) -> Window {
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            "--lang=en",
        ];
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), json!({"args": arguments}));
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.address)
            .await
            .expect("a browser window");
        client.set_window_size(1440, 900).await.unwrap();
        Window(client)
    }
}

impl Window {
    async fn open(&self, server: &Server, path: &str) {
        self.0
            .goto(&format!("{}{path}", server.base()))
            .await
            .unwrap();
    }

    async fn type_into(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field
            .send_keys(text)
            .await
            .unwrap_or_else(|error| panic!("typing into {css}: {error}"));
    }

    async fn find(&self, css: &str) -> fantoccini::elements::Element {
        let found = self
            .0
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(css))
            .await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{css} on {}: {error}", self.0.current_url().await.unwrap()),
        }
    }

    async fn click(&self, css: &str) {
        self.find(css)
            .await
            .click()
            .await
            .unwrap_or_else(|error| panic!("clicking {css}: {error}"));
    }

    async fn sign_up(&self, server: &Server, name: &str) {
        self.open(server, "/").await;
        self.click("a[href='/signup']").await;
        self.type_into("#username", name).await;
        self.type_into("#email", &format!("{name}@example.org"))
            .await;
        self.type_into("#password", PASSWORD).await;
        self.click("form[action='/signup'] button").await;
        self.find("form[action='/logout']").await;
    }

    /// What a script answers on the page.
    async fn ask(&self, script: &str) -> Value {
        self.0
            .execute(script, Vec::new())
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until every picture in view is drawn.
    async fn pictures_drawn(&self) {
        eventually("the pictures on the page", async || {
            let script = "return [...document.images].filter(i => i.getBoundingClientRect().top < innerHeight)\
                          .every(i => i.complete && i.naturalWidth > 0)";
            (self.ask(script).await == true).then_some(())
        })
        .await;
    }

    /// Light or dark, as the person's system says.
    async fn prefer(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.command("Emulation.setEmulatedMedia", &features).await;
    }

    async fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.command("Emulation.setDeviceMetricsOverride", &size)
            .await;
    }

    async fn command(&self, name: &str, parameters: &Value) {
        let command = DriverCommand(json!({"cmd": name, "params": parameters}));
        self.0
            .issue_cmd(command)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    async fn screenshot(&self, name: &str) {
        self.pictures_drawn().await;
        let folder = screenshots();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join(format!("{name}.png")),
            self.0.screenshot().await.unwrap(),
        )
        .unwrap();
    }

    /// The page at every width in both themes; nothing may stick out sideways.
    async fn screenshots(&self, name: &str) {
        for scheme in ["light", "dark"] {
            self.prefer(scheme).await;
            for (width, height) in WIDTHS {
                self.resize(width, height).await;
                self.screenshot(&format!("{name}-{width}-{scheme}")).await;
                let wide = self
                    .ask("return document.documentElement.scrollWidth")
                    .await
                    .as_u64()
                    .unwrap();
                assert!(
                    wide <= u64::from(width),
                    "{name} is {wide} wide in a window of {width}"
                );
            }
        }
        self.prefer("light").await;
        self.resize(1440, 900).await;
    }

    /// What the browser complained about: a broken script, a refused style, a missing file.
    async fn complaints(&self) -> Vec<String> {
        let log = self.0.issue_cmd(BrowserLog).await.unwrap();
        let entries = log.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].to_string())
            .collect()
    }
}

#[derive(Debug)]
struct DriverCommand(Value);

impl fantoccini::wd::WebDriverCompatibleCommand for DriverCommand {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.0.to_string()))
    }
}

#[derive(Debug)]
struct BrowserLog;

impl fantoccini::wd::WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (
            http::Method::POST,
            Some(json!({"type": "browser"}).to_string()),
        )
    }
}

fn screenshots() -> PathBuf {
    require::workspace_root().join("target/screenshots")
}

/// A camera's photo taken on its side: a real one when the shared photos are there, else a drawn one. With the prefix of
/// its screenshots: those of a real photo, which may show someone's face, are marked and must not be published.
fn camera_photo(folder: &Path) -> (PathBuf, &'static str) {
    let real = require::shared_photos("good").unwrap_or_default();
    let chosen = real
        .into_iter()
        .find(|path| path.to_string_lossy().contains("rot__Canon_EOS_1000D"));
    if let Some(real) = chosen {
        return (real, "not-to-publish-");
    }
    let picture = Landscape {
        seed: 11,
        mood: Mood::Dawn,
        width: 1800,
        height: 2400,
    }
    .draw();
    let path = folder.join("camera.jpg");
    let stored = picture.stored_with_orientation(6);
    std::fs::write(&path, jpeg::write(&stored, 92, &Extras::everything(6))).unwrap();
    (path, "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_sign_up_and_a_photo_goes_from_one_to_the_other() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (ada, bob) = (driver.window().await, driver.window().await);
    ada.open(&server, "/").await;
    ada.screenshots("front-empty").await;
    ada.sign_up(&server, "ada").await;
    bob.sign_up(&server, "bob").await;
    bob.screenshots("home-empty").await;
    bob.open(&server, "/@ada").await;
    bob.click("form[action='/@ada/follow'] button").await;

    ada.open(&server, "/new").await;
    let (photo, prefix) = camera_photo(folder.path());
    ada.type_into("input[type=file]", &photo.to_string_lossy())
        .await;
    ada.type_into("fieldset.describe textarea", "A landscape, upright")
        .await;
    ada.type_into("#text", "Straight from the camera").await;
    ada.screenshots(&format!("{prefix}composer")).await;
    ada.click("[data-submit]").await;
    eventually("the composer to be left", async || {
        (!ada
            .0
            .current_url()
            .await
            .unwrap()
            .path()
            .starts_with("/new"))
        .then_some(())
    })
    .await;

    eventually("the photo in Bob's feed", async || {
        bob.open(&server, "/").await;
        let found = bob
            .ask("return !!document.querySelector('article.card img[src*=\"/media/\"]')")
            .await;
        (found == true).then_some(())
    })
    .await;
    bob.pictures_drawn().await;
    let size = bob.ask("const i = document.querySelector('article.card a.open img[src*=\"/media/\"]'); return [i.naturalWidth, i.naturalHeight]").await;
    assert!(
        size[1].as_u64() > size[0].as_u64(),
        "the photo lies on its side: {size}"
    );
    let alt = bob
        .ask("return document.querySelector('article.card a.open img[src*=\"/media/\"]').alt")
        .await;
    assert_eq!(alt, "A landscape, upright");
    bob.screenshots(&format!("{prefix}home-one")).await;
    bob.click("article.card a.open").await;
    bob.screenshots(&format!("{prefix}post")).await;
    for window in [&ada, &bob] {
        assert_eq!(window.complaints().await, Vec::<String>::new());
    }
    ada.0.close().await.unwrap();
    bob.0.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn colours_on_the_screen_are_those_of_the_photo() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let wide = Extras {
        icc: Some(testing_kit::icc::display_p3()),
        ..Extras::oriented(6)
    };
    let chart =
        testing_kit::icc::in_display_p3(&charts::corners(900, 600)).stored_with_orientation(6);
    let media = ada
        .photo(Upload::jpeg(jpeg::write(&chart, 92, &wide)))
        .await;
    ada.publish(&json!({"status": "", "media_ids": [media["id"]]}))
        .await;
    let window = driver.window().await;
    window.0.goto(media["url"].as_str().unwrap()).await.unwrap();
    window.pictures_drawn().await;
    let shot = window.find("img").await.screenshot().await.unwrap();
    let shown = Picture::decode(&shot).unwrap();
    assert_eq!(charts::faults(&shown), Vec::<String>::new());
    window.0.close().await.unwrap();
}

/// A few people with a few photos each, for pictures of how the place looks when it is lived in.
async fn lived_in(server: &Server) -> Person {
    let names = [
        ("ada", "Ada Lumen"),
        ("noor", "Noor"),
        ("tomas", "Tomás Vega"),
        ("mei", "Mei Lin"),
    ];
    let captions = [
        "First light on the lake. Worth the cold feet.",
        "Wind all night, then this.",
        "The ridge, just before the rain came over.",
        "Nobody else out here.",
        "Same place as last week, another planet.",
    ];
    let reader = server.person("you").await;
    for (index, (name, shown)) in names.into_iter().enumerate() {
        let person = server.person(name).await;
        person
            .patch(
                "/api/v1/accounts/update_credentials",
                &json!({"display_name": shown}),
            )
            .await
            .expect(200);
        reader.follow(&person).await;
        for number in 0..3 {
            let mood = Mood::ALL[(index * 3 + number) % Mood::ALL.len()];
            let (width, height) = if number == 1 {
                (1200, 1500)
            } else {
                (1500, 1000)
            };
            let seed = u32::try_from(index * 10 + number).unwrap();
            let picture = Landscape {
                seed,
                mood,
                width,
                height,
            }
            .draw();
            let upload = Upload::jpeg(jpeg::encode(&picture, 90))
                .with("description", &format!("A landscape at {mood:?}"));
            let media = person.photo(upload).await;
            let caption = captions[(index + number * 2) % captions.len()];
            person
                .publish(&json!({"status": caption, "media_ids": [media["id"]]}))
                .await;
        }
    }
    reader
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_place_when_it_is_lived_in() {
    let Some(driver) = driver().await else { return };
    let server = Server::start().await;
    let reader = lived_in(&server).await;
    eventually("every photo in the feed", async || {
        (reader.home().await.len() == 12).then_some(())
    })
    .await;
    let window = driver.window().await;
    window.open(&server, "/").await;
    window.screenshots("front").await;
    window.open(&server, "/login").await;
    window.screenshots("login").await;
    window.type_into("#username", "you").await;
    window.type_into("#password", PASSWORD).await;
    window.click("form[action='/login'] button").await;
    window.find("article.card").await;
    window.screenshots("home").await;
    let post = text(&reader.home().await[1], "/id");
    let path = format!("/@mei/{post}");
    for (name, path) in [
        ("post", path.as_str()),
        ("profile", "/@ada"),
        ("settings", "/settings"),
        ("new", "/new"),
    ] {
        window.open(&server, path).await;
        window.screenshots(name).await;
    }
    assert_eq!(window.complaints().await, Vec::<String>::new());
    window.0.close().await.unwrap();
}
