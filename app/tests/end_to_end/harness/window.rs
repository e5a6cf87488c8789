//! A real browser's window, by way of its driver.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use testing_kit::require;

use super::person::PASSWORD;
use super::server::Server;
use super::wait::eventually;

const PATIENCE: Duration = Duration::from_secs(30);
/// The widths that the design is looked at: phone, tablet, desk.
const WIDTHS: [(u32, u32); 3] = [(390, 844), (820, 1180), (1440, 900)];

/// A driver of the browser; ends with the test.
pub(crate) struct Driver {
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

pub(crate) struct Window(pub(crate) Client);

pub(crate) async fn driver() -> Option<Driver> {
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
    pub(crate) async fn window(&self) -> Window {
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
    pub(crate) async fn open(&self, server: &Server, path: &str) {
        self.0
            .goto(&format!("{}{path}", server.base()))
            .await
            .unwrap();
    }

    pub(crate) async fn type_into(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field
            .send_keys(text)
            .await
            .unwrap_or_else(|error| panic!("typing into {css}: {error}"));
    }

    pub(crate) async fn find(&self, css: &str) -> fantoccini::elements::Element {
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

    pub(crate) async fn click(&self, css: &str) {
        self.find(css)
            .await
            .click()
            .await
            .unwrap_or_else(|error| panic!("clicking {css}: {error}"));
    }

    /// Takes what is at one place with the mouse and releases it at another.
    pub(crate) async fn drag(&self, from: &str, to: &str) {
        let (from, to) = (self.find(from).await, self.find(to).await);
        let over = |element| PointerAction::MoveToElement {
            element,
            duration: Some(Duration::from_millis(100)),
            x: 0.0,
            y: 0.0,
        };
        // What is dragged may be there by now, and what it was dragged to elsewhere.
        let nudge = PointerAction::MoveBy {
            duration: None,
            x: 1.0,
            y: 1.0,
        };
        let button = MOUSE_BUTTON_LEFT;
        let mouse = MouseActions::new("mouse".to_owned())
            .then(over(from))
            .then(PointerAction::Down { button })
            .then(over(to))
            .then(nudge)
            .then(PointerAction::Up { button });
        self.0.perform_actions(mouse).await.unwrap();
        self.0.release_actions().await.unwrap();
    }

    pub(crate) async fn sign_up(&self, server: &Server, name: &str) {
        self.open(server, "/").await;
        self.click("a[href='/signup']").await;
        self.type_into("#username", name).await;
        self.type_into("#email", &format!("{name}@example.org"))
            .await;
        self.type_into("#password", PASSWORD).await;
        self.click("form[action='/signup'] button").await;
        self.find("form[action='/logout']").await;
    }

    /// What a script returns on the page.
    pub(crate) async fn ask(&self, script: &str) -> Value {
        self.0
            .execute(script, Vec::new())
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until every picture in view is drawn.
    pub(crate) async fn pictures_drawn(&self) {
        eventually("the pictures on the page", async || {
            let script = "return [...document.images].filter(i => i.getBoundingClientRect().top < innerHeight)\
                          .every(i => i.complete && i.naturalWidth > 0)";
            (self.ask(script).await == true).then_some(())
        })
        .await;
    }

    /// Light or dark, as the person's system says.
    pub(crate) async fn prefer(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.command("Emulation.setEmulatedMedia", &features).await;
    }

    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.command("Emulation.setDeviceMetricsOverride", &size)
            .await;
    }

    pub(crate) async fn command(&self, name: &str, parameters: &Value) {
        let command = DriverCommand(json!({"cmd": name, "params": parameters}));
        self.0
            .issue_cmd(command)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    pub(crate) async fn screenshot(&self, name: &str) {
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
    pub(crate) async fn screenshots(&self, name: &str) {
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
    ///
    /// Not that it gave up a view transition because a page takes none, or because the page was
    /// shown before it began: it thinks so when a test asks about a page whose style sheet is still
    /// on its way, and reports it before any script of ours runs.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.0.issue_cmd(BrowserLog).await.unwrap();
        let entries = log.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].to_string())
            .filter(|message| !GIVEN_UP.iter().any(|words| message.contains(words)))
            .collect()
    }
}

/// How the browser says that it gave up a view transition before it began.
const GIVEN_UP: [&str; 2] = [
    "ViewTransition opt-in disabled",
    "Transition was aborted because of invalid state. Page already revealed",
];

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
