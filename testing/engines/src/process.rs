//! A server's process, and the port it listens on.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until it listens.
const START_MAX: Duration = Duration::from_secs(60);
/// How long between two looks at whether it does.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Where an engine's programs are, if tests are to use it.
pub(crate) fn asked_for(variable: &str) -> Option<PathBuf> {
    let value: OsString = std::env::var_os(variable)?;
    Some(PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty())
}

/// A port of this machine that nobody listens on at this moment.
///
/// # Panics
/// When the system has none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no free port");
    listener.local_addr().expect("a port").port()
}

/// Waits until somebody listens on this port, or the process has ended.
///
/// # Panics
/// When it takes longer than a minute, or the process has ended.
pub fn wait_for_port(process: &mut EngineProcess, port: u16) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let begun = Instant::now();
    while TcpStream::connect_timeout(&address, LOOK_INTERVAL).is_err() {
        assert!(
            process.is_running(),
            "{} has ended before it listened on port {port}",
            process.name
        );
        assert!(
            begun.elapsed() < START_MAX,
            "{} does not listen on port {port}",
            process.name
        );
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// A server's process. It is killed when this is dropped.
#[derive(Debug)]
pub struct EngineProcess {
    name: &'static str,
    child: Child,
}

impl EngineProcess {
    /// Starts a server, whose output goes nowhere.
    ///
    /// # Panics
    /// When its program cannot be started.
    #[must_use]
    pub fn start(name: &'static str, command: &mut Command) -> Self {
        command.stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let started = command.spawn();
        let child = started.unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        Self { name, child }
    }

    /// The process's id.
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
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for EngineProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
