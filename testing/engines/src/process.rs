//! A server's process, and the port it listens on.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a server may take until it is ready.
pub(crate) const START_MAX: Duration = Duration::from_secs(60);
/// How long between two looks at whether it is.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// Waits for the end of the test's process, which closes the pipe it holds; then ends the server,
/// and removes its folder when there was time for that end.
const GUARD: &str =
    "cat >/dev/null; kill -9 \"$1\"; for _ in 1 2 3 4 5 6 7 8 9; do rm -rf \"$2\"; sleep 0.2; done";

/// Where an engine's programs are, if tests are to use it.
pub(crate) fn asked_for(variable: &str) -> Option<PathBuf> {
    let value: OsString = std::env::var_os(variable)?;
    Some(PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty())
}

/// A port of this machine that nobody listens on at this moment. None is given twice: its server
/// may be one that was killed, and is started again on it.
///
/// # Panics
/// When the system has none.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no free port");
        let port = listener.local_addr().expect("a port").port();
        let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
        if given.insert(port) {
            return port;
        }
    }
}

/// Waits until somebody listens at this address.
///
/// # Panics
/// When it takes longer than a minute, or the process has ended.
pub(crate) fn wait_for(process: &mut EngineProcess, address: SocketAddr) {
    let begun = Instant::now();
    while TcpStream::connect_timeout(&address, LOOK_INTERVAL).is_err() {
        assert!(
            process.is_running(),
            "{} has ended before it listened at {address}",
            process.name
        );
        assert!(
            begun.elapsed() < START_MAX,
            "{} does not listen at {address}",
            process.name
        );
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// A server's process. It is killed when this is dropped, and also when the test's process ends
/// without dropping anything, as one does that was killed, or that keeps this in a static.
#[derive(Debug)]
pub struct EngineProcess {
    name: &'static str,
    child: Child,
    guard: Child,
}

impl EngineProcess {
    /// Starts a server, whose output goes nowhere.
    ///
    /// # Panics
    /// When its program cannot be started.
    #[must_use]
    pub fn start(name: &'static str, command: &mut Command) -> Self {
        Self::start_in(name, command.stderr(Stdio::null()), Path::new(""))
    }

    /// Starts a server with a folder of its own, which goes with it. What it prints goes nowhere,
    /// and its errors where the command says.
    ///
    /// # Panics
    /// When its program cannot be started.
    #[must_use]
    pub fn start_in(name: &'static str, command: &mut Command, folder: &Path) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let started = command.spawn();
        let child = started.unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard", &child.id().to_string()])
            .arg(folder)
            // Held by this process alone: the system closes it with the process, however that ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        Self { name, child, guard }
    }

    /// Its id, which is somebody else's some time after its end.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it, as a crash does, and waits for its end.
    pub fn kill(&mut self) {
        // First who would kill by an id that is somebody else's later.
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for EngineProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
