//! The real binary as a child process.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::caller::Caller;
use super::shape::Place;
use super::wait::eventually;

/// Settings that make a server quick to test: cheap passwords, and limits that a test does not meet
/// by accident. Tests of the limits themselves set them back.
const TEST_SETTINGS: &[(&str, &str)] = &[
    ("HELIOGRAPH_ACCOUNTS__PASSWORD_MEMORY_BYTES", "65536"),
    ("HELIOGRAPH_ACCOUNTS__PASSWORD_ITERATIONS", "1"),
    ("HELIOGRAPH_ACCOUNTS__SIGN_INS_PER_ADDRESS", "0"),
    ("HELIOGRAPH_ACCOUNTS__REGISTRATIONS_PER_ADDRESS", "0"),
    ("HELIOGRAPH_ACCOUNTS__REGISTRATIONS_PER_HOUR_MAX", "0"),
    ("HELIOGRAPH_ACCOUNTS__REGISTRATIONS_PER_DAY_MAX", "0"),
    ("HELIOGRAPH_ACCOUNTS__APPLICATIONS_PER_ADDRESS", "0"),
    ("HELIOGRAPH_LIMITS__WRITES_PER_ACCOUNT_MAX", "0"),
    ("HELIOGRAPH_LIMITS__READS_PER_ACCOUNT_MAX", "0"),
    ("HELIOGRAPH_LIMITS__REQUESTS_PER_ADDRESS_MAX", "0"),
    ("HELIOGRAPH_MEDIA__UNATTACHED_ITEMS_MAX", "10000"),
];

/// How many of the last lines of its log are shown when a test fails.
const LINES_SHOWN: usize = 60;

/// A running server with a folder of its own; both go when this is dropped.
pub(crate) struct Server {
    child: Child,
    base: String,
    folder: TempDir,
    place: Place,
    settings: Vec<(String, String)>,
    output: Said,
}

/// Everything the program has said, on stdout and stderr.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Server {
    /// Starts on an empty folder.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts on an empty folder with these settings over those of the tests.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self::in_folder(folder, settings).await
    }

    /// The same in this folder.
    pub(crate) async fn in_folder(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let mut server = Self::begin(folder, settings);
        server.wait_until_it_listens().await;
        server
    }

    /// Starts in this folder, and does not wait until there is an address to speak to.
    pub(crate) fn begin(folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let place = Place::next();
        let mut all = place.make();
        for (name, value) in TEST_SETTINGS.iter().chain(settings) {
            all.retain(|(known, _)| known != name);
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
        let output = Said::default();
        let child = spawn(folder.path(), "127.0.0.1:0", &all, &output);
        Self {
            child,
            base: String::new(),
            folder,
            place,
            settings: all,
            output,
        }
    }

    /// Waits for its address.
    pub(crate) async fn wait_until_it_listens(&mut self) {
        self.base = self.address().await;
    }

    /// Starts with a public address that is not the one it listens on.
    pub(crate) async fn known_as(base_url: &str) -> Self {
        // Its stdout names the public address, so the port has to be known before.
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listen = free.local_addr().expect("a bound address").to_string();
        drop(free);
        let place = Place::next();
        let mut settings: Vec<(String, String)> = TEST_SETTINGS
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .chain(place.make())
            .collect();
        settings.push(("HELIOGRAPH_BASE_URL".to_owned(), base_url.to_owned()));
        let (folder, output) = (TempDir::new().expect("a temporary folder"), Said::default());
        let child = spawn(folder.path(), &listen, &settings, &output);
        eventually("the server to listen", async || {
            tokio::net::TcpStream::connect(&listen).await.ok()
        })
        .await;
        Self {
            child,
            base: format!("http://{listen}"),
            folder,
            place,
            settings,
            output,
        }
    }

    /// The address, `http://127.0.0.1:40123`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) const fn place(&self) -> Place {
        self.place
    }

    /// Someone who is not signed in.
    pub(crate) fn anyone(&self) -> Caller {
        Caller::new(&self.base)
    }

    /// Everything it has said so far.
    pub(crate) fn said(&self) -> String {
        self.output.text()
    }

    /// The token of the one-time link that makes the first admin.
    pub(crate) async fn setup_token(&self) -> String {
        let find = |line: &str| {
            let (_, rest) = line.split_once("/setup?token=")?;
            let token: String = rest
                .chars()
                .take_while(|letter| letter.is_ascii_alphanumeric() || "-_.~%".contains(*letter))
                .collect();
            (!token.is_empty()).then_some(token)
        };
        eventually("the link that makes the first admin", async || {
            self.output.find(find)
        })
        .await
    }

    /// Kills it: nothing in it runs any more, and what it has written the kernel has.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Starts it again, after it was killed or has stopped, on the same folder and address.
    pub(crate) async fn start_again(&mut self) {
        let listen = match self.base.trim_start_matches("http://") {
            "" => "127.0.0.1:0",
            known => known,
        };
        let listen = listen.to_owned();
        self.output.clear();
        self.child = spawn(self.folder.path(), &listen, &self.settings, &self.output);
        self.base = self.address().await;
    }

    /// Starts it again as far as it comes, which is no further than a refusal.
    pub(crate) async fn start_and_end(&mut self) -> ExitStatus {
        self.output.clear();
        let listen = "127.0.0.1:0";
        self.child = spawn(self.folder.path(), listen, &self.settings, &self.output);
        let status = self.ended().await;
        self.output.wait_until_read().await;
        status
    }

    /// A command on its folder, with this setting.
    pub(crate) fn command(&self, arguments: &[&str], name: &str, value: &str) -> Command {
        let mut command = heliograph();
        command.args(arguments).arg("--data-dir").arg(self.folder());
        command.env(name, value);
        command
    }

    /// Runs a command on its folder, with its own settings.
    pub(crate) fn operate(&self, arguments: &[&str]) -> Output {
        let mut command = heliograph();
        command.args(arguments).arg("--data-dir").arg(self.folder());
        let settings = self.settings.iter().map(|(name, value)| (name, value));
        command.envs(settings).output().expect("the program starts")
    }

    /// Gives somebody a role. The server is stopped for it: with databases on a server the command
    /// works no other way.
    pub(crate) async fn appoint(&mut self, username: &str, role: &str) {
        self.ask_to_stop();
        self.ended().await;
        let output = self.operate(&["account", "promote", username, "--role", role]);
        assert!(output.status.success(), "{output:?}");
        self.start_again().await;
    }

    /// Gives a setting another value for its next start.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Gives it another data folder for its next start; the one it had goes.
    pub(crate) fn move_to(&mut self, folder: TempDir) {
        self.folder = folder;
    }

    /// Asks it to stop, as a service manager does.
    pub(crate) fn ask_to_stop(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal, by its name for `kill`.
    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status()
            .expect("`kill` runs");
        assert!(done.success(), "the server could not be signalled");
    }

    /// Whether it is still there.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be asked")
            .is_none()
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not stop");
    }

    async fn address(&mut self) -> String {
        let output = self.output.clone();
        eventually("the address on stdout", async || {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                panic!("the server ended at once, {status}:\n{}", output.text());
            }
            output.find(|line| {
                let at = line.find("http://")?;
                let address = line[at..].split(['/', ' ', '?']).nth(2)?;
                Some(format!("http://{}", address.trim_end_matches(['.', ','])))
            })
        })
        .await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let text = self.output.text();
            let lines: Vec<&str> = text.lines().collect();
            let from = lines.len().saturating_sub(LINES_SHOWN);
            eprintln!("the server said last:\n{}", lines[from..].join("\n"));
        }
    }
}

/// The program, ready to be given arguments. Nothing of this process's environment sets anything in
/// it.
pub(crate) fn heliograph() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heliograph"));
    for (name, _) in std::env::vars_os() {
        let bytes = name.as_encoded_bytes();
        if bytes.starts_with(b"HELIOGRAPH_") || bytes.starts_with(b"AWS_") {
            command.env_remove(name);
        }
    }
    command
}

/// The program, ready to serve from a folder of its own on the shape of this run.
pub(crate) fn serving() -> Command {
    let mut command = heliograph();
    command.arg("serve").envs(Place::next().make());
    command
}

fn spawn(folder: &Path, listen: &str, settings: &[(String, String)], output: &Said) -> Child {
    let mut child = heliograph()
        .args(["serve", "--listen", listen, "--data-dir"])
        .arg(folder)
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    output.collect(child.stdout.take().expect("stdout is piped"));
    output.collect(child.stderr.take().expect("stderr is piped"));
    child
}

impl Said {
    fn collect(&self, from: impl Read + Send + 'static) {
        let lines = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                lines.0.lock().expect("no reader panics").push(line);
            }
        });
    }

    /// Waits until everything that a process has said is here.
    async fn wait_until_read(&self) {
        // Each reader has a clone, until there is nothing more to read.
        eventually("the end of the output", async || {
            (Arc::strong_count(&self.0) == 1).then_some(())
        })
        .await;
    }

    fn find<T>(&self, pick: impl Fn(&str) -> Option<T>) -> Option<T> {
        let lines = self.0.lock().expect("no reader panics");
        lines.iter().find_map(|line| pick(line))
    }

    fn text(&self) -> String {
        self.0.lock().expect("no reader panics").join("\n")
    }

    fn clear(&self) {
        self.0.lock().expect("no reader panics").clear();
    }
}
