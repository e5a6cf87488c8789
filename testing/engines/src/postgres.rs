//! A PostgreSQL server.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use tempfile::TempDir;

use crate::process::{EngineProcess, LOOK_INTERVAL, START_MAX, asked_for, free_port};

/// The folder of PostgreSQL's programs, `/usr/lib/postgresql/15/bin` on Debian 12.
const VARIABLE: &str = "HELIOGRAPH_TEST_POSTGRES";
/// The account that the server runs as where the tests run as root, which PostgreSQL refuses.
const UNPRIVILEGED: u32 = 65_534;
const SETTINGS: [&str; 6] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=500",
    "shared_buffers=32MB",
    "wal_level=logical",
    "client_connection_check_interval=500ms",
];

/// A PostgreSQL server of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    process: EngineProcess,
    programs: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Starts one, if tests are to use PostgreSQL.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start() -> Option<Self> {
        let programs = asked_for(VARIABLE)?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder for the data");
        if is_root() {
            std::os::unix::fs::chown(folder.path(), Some(UNPRIVILEGED), Some(UNPRIVILEGED))
                .and_then(|()| {
                    std::os::unix::fs::chown(&data, Some(UNPRIVILEGED), Some(UNPRIVILEGED))
                })
                .expect("the folder can be given away");
        }
        let mut make = program(&programs, "initdb");
        make.arg("--pgdata").arg(&data);
        make.args(["--username=heliograph", "--auth=trust", "--encoding=UTF8"]);
        make.args(["--locale=C", "--no-sync"]);
        let made = make.output().unwrap_or_else(|error| {
            panic!(
                "{VARIABLE}={}: initdb cannot be started: {error}",
                programs.display()
            )
        });
        assert!(made.status.success(), "initdb failed: {made:?}");
        let port = free_port();
        let process = serve(&programs, folder.path(), port);
        Some(Self {
            process,
            programs,
            folder,
            port,
        })
    }

    /// Where it is: the URL of a database of this name.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://heliograph@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and returns its URL.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    pub fn create_database(&self, name: &str) -> String {
        self.create_database_with(name, &[])
    }

    /// The same, with further arguments for `createdb`.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    pub fn create_database_with(&self, name: &str, arguments: &[&str]) -> String {
        let mut create = program(&self.programs, "createdb");
        create.args(["--host=127.0.0.1", "--username=heliograph"]);
        create.arg(format!("--port={}", self.port)).args(arguments);
        let created = create.arg(name).output().expect("createdb can be started");
        assert!(created.status.success(), "createdb failed: {created:?}");
        self.url(name)
    }

    /// Ends it at once, without a farewell to anybody, and starts it again on the same port.
    ///
    /// # Panics
    /// When it does not start again.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// Starts it again after it was killed.
    ///
    /// # Panics
    /// When it does not start again.
    pub fn restart(&mut self) {
        self.process = serve(&self.programs, self.folder.path(), self.port);
    }

    /// Ends it at once, with its backends: one that is left alone may still commit.
    pub fn kill(&mut self) {
        let backends = children(self.process.id());
        self.process.kill();
        let _ = Command::new("kill").arg("-9").args(&backends).output();
    }
}

/// Starts the server and waits until it takes sessions. After a kill that may need more than one
/// attempt: while a backend of the killed server lives, a new one ends at once.
fn serve(programs: &Path, folder: &Path, port: u16) -> EngineProcess {
    let begun = Instant::now();
    loop {
        let mut process = start(programs, folder, port);
        while process.is_running() {
            if is_ready(programs, port) {
                return process;
            }
            assert!(begun.elapsed() < START_MAX, "PostgreSQL is not ready");
            std::thread::sleep(LOOK_INTERVAL);
        }
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(begun.elapsed() < START_MAX, "PostgreSQL ends: {log}");
        std::thread::sleep(LOOK_INTERVAL);
    }
}

fn start(programs: &Path, folder: &Path, port: u16) -> EngineProcess {
    let mut serve = program(programs, "postgres");
    let data = folder.join("data");
    serve.arg("-D").arg(data).arg("-p").arg(port.to_string());
    for setting in SETTINGS {
        serve.arg("-c").arg(setting);
    }
    let log = std::fs::File::create(folder.join("log")).expect("a file for the log");
    EngineProcess::start_in("PostgreSQL", serve.stderr(log), folder)
}

fn is_ready(programs: &Path, port: u16) -> bool {
    let mut ask = program(programs, "pg_isready");
    ask.args(["--quiet", "--host=127.0.0.1"]);
    ask.arg(format!("--port={port}"));
    ask.status().is_ok_and(|status| status.success())
}

/// The ids of a process's children.
fn children(id: u32) -> Vec<String> {
    let listed = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    let listed = listed.unwrap_or_default();
    listed.split_whitespace().map(str::to_owned).collect()
}

fn program(programs: &Path, name: &str) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir("/");
    if is_root() {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command
}

fn is_root() -> bool {
    // The owner of a process's own entry is who it runs as.
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}
