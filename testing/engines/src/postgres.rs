//! A PostgreSQL server.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use tempfile::TempDir;

use crate::process::{EngineProcess, LOOK_INTERVAL, START_MAX, asked_for, free_port};
use crate::{Certificate, Link, Site};

/// The folder of PostgreSQL's programs, `/usr/lib/postgresql/15/bin` on Debian 12.
const VARIABLE: &str = "HELIOGRAPH_TEST_POSTGRES";
/// The account that the server runs as where the tests run as root, which PostgreSQL refuses.
const UNPRIVILEGED: u32 = 65_534;
const SETTINGS: [&str; 5] = [
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
    site: Site,
    folder: TempDir,
    /// That of its write-ahead log, where it is apart.
    log: Option<TempDir>,
    port: u16,
}

impl Postgres {
    /// Starts one, if tests are to use PostgreSQL.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_at(&Site::default())
    }

    /// Starts one there.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_at(site: &Site) -> Option<Self> {
        let programs = asked_for(VARIABLE)?;
        let folder = site.folder();
        let data = make_folder(folder.path());
        let log = site.log_folder();
        make_data(&programs, &data, log.as_ref());
        let mut server = Self::serve(programs, site, folder);
        // Kept, since the folder goes with it.
        server.log = log;
        Some(server)
    }

    /// Serves what is in this folder.
    pub(crate) fn serve_copy(programs: PathBuf, folder: TempDir) -> Self {
        Self::serve(programs, &Site::default(), folder)
    }

    fn serve(programs: PathBuf, site: &Site, folder: TempDir) -> Self {
        let port = free_port();
        let process = serve(&programs, site, folder.path(), port);
        Self {
            process,
            programs,
            site: site.clone(),
            folder,
            log: None,
            port,
        }
    }

    /// Starts a server that follows this one.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_replica(&self) -> Self {
        let folder = self.site.folder();
        let data = make_folder(folder.path());
        let mut copy = program(&self.programs, "pg_basebackup");
        copy.arg("--username=heliograph");
        copy.arg(format!("--host={}", self.site.address()));
        copy.arg(format!("--port={}", self.port));
        copy.arg("--pgdata").arg(data);
        // The servers of a test survive no loss of power, so their files need not wait for the
        // disk.
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]);
        let copied = copy.output().expect("pg_basebackup can be started");
        assert!(copied.status.success(), "pg_basebackup failed: {copied:?}");
        Self::serve(self.programs.clone(), &self.site, folder)
    }

    /// Starts a standby that follows this server, and has this one wait for it before it
    /// acknowledges a commit.
    ///
    /// # Panics
    /// When it cannot be started, or does not follow within a minute.
    #[must_use]
    pub fn start_standby(&self) -> Self {
        let standby = self.start_replica();
        // After the copy, which has the settings of this moment: the standby itself is to wait for
        // nobody once it is promoted.
        self.run("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.run("SELECT pg_reload_conf()");
        let begun = Instant::now();
        while self.run("SELECT sync_state FROM pg_stat_replication") != "sync" {
            assert!(begun.elapsed() < START_MAX, "the standby does not follow");
            std::thread::sleep(LOOK_INTERVAL);
        }
        standby
    }

    /// Makes a standby the primary, and returns when it is.
    ///
    /// # Panics
    /// When it cannot be made one.
    pub fn promote(&self) {
        let mut promote = program(&self.programs, "pg_ctl");
        promote.arg("promote").arg("--pgdata");
        let promoted = promote.arg(self.folder.path().join("data")).output();
        let promoted = promoted.expect("pg_ctl can be started");
        assert!(
            promoted.status.success(),
            "the standby is not promoted: {promoted:?}"
        );
    }

    /// The folder of its programs.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// Runs a statement in the database `postgres`, and returns what `psql` prints of its rows.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn run(&self, statement: &str) -> String {
        self.run_in("postgres", statement)
    }

    /// The same in this database.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn run_in(&self, database: &str, statement: &str) -> String {
        let mut run = program(&self.programs, "psql");
        run.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command"]);
        let ran = run.arg(statement).arg(self.url(database)).output();
        let ran = ran.expect("psql can be started");
        assert!(ran.status.success(), "{statement} failed: {ran:?}");
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    /// The URL of a database that is here until this server is lost, and then there.
    #[must_use]
    pub fn url_with_standby(&self, standby: &Self, database: &str) -> String {
        let of = |server: &Self| format!("{}:{}", server.site.address(), server.port);
        let hosts = [of(self), of(standby)].join(",");
        format!("postgres://heliograph@{hosts}/{database}")
    }

    /// Has it show this certificate, and take encrypted connections only.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn encrypt(&self, certificate: &Certificate) {
        let data = self.folder.path().join("data");
        let files = [
            (&certificate.certificate, "server.crt"),
            (&certificate.key, "server.key"),
        ];
        for (from, name) in files {
            let to = data.join(name);
            std::fs::copy(from, &to).expect("the file can be copied");
            std::fs::set_permissions(&to, Permissions::from_mode(0o600))
                .expect("the file can be closed");
            // The server's account has to read the key, which is closed to others.
            give_away(&to);
        }
        // In place of all other rules, which would take sessions without encryption.
        let access = "hostssl all all 127.0.0.1/32 trust\n";
        std::fs::write(data.join("pg_hba.conf"), access).expect("the file can be written");
        self.run("ALTER SYSTEM SET ssl = on");
        self.run("SELECT pg_reload_conf()");
    }

    /// A way to it that can be cut.
    #[must_use]
    pub fn link(&self) -> Link {
        Link::to(self.port)
    }

    /// Where it is: the URL of a database of this name.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://heliograph@{}:{}/{database}",
            self.site.address(),
            self.port
        )
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
        create.arg(format!("--host={}", self.site.address()));
        create.arg("--username=heliograph");
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
        self.process = serve(&self.programs, &self.site, self.folder.path(), self.port);
    }

    /// The process's id, whose children are its backends.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it at once, with its backends: one that is left alone may still commit.
    pub fn kill(&mut self) {
        // Before the kill: orphans have another parent, and cannot be found any more.
        let backends = children(self.process.id());
        self.process.kill();
        // Some may have ended with it.
        let _ = Command::new("kill").arg("-9").args(&backends).output();
    }
}

/// Makes the folder of a server's data, of which PostgreSQL demands that nobody else reads it.
pub(crate) fn make_folder(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    std::fs::create_dir(&data).expect("a folder for the data");
    std::fs::set_permissions(&data, Permissions::from_mode(0o700))
        .expect("the folder can be closed");
    give_away(folder);
    give_away(&data);
    data
}

/// Makes the data of an empty server, which trusts who reaches it.
fn make_data(programs: &Path, data: &Path, log: Option<&TempDir>) {
    let mut make = program(programs, "initdb");
    if let Some(log) = log {
        give_away(log.path());
        make.arg("--waldir").arg(log.path());
    }
    make.arg("--pgdata").arg(data);
    make.args(["--username=heliograph", "--auth=trust", "--encoding=UTF8"]);
    // Small files of its log are made sooner.
    make.args(["--locale=C", "--no-sync", "--wal-segsize=1"]);
    let made = make.output().unwrap_or_else(|error| {
        panic!(
            "{VARIABLE}={}: initdb cannot be started: {error}",
            programs.display()
        )
    });
    assert!(made.status.success(), "initdb failed: {made:?}");
    let access = data.join("pg_hba.conf");
    let mut rules = std::fs::read_to_string(&access).expect("its rules of access");
    // For a network of its own, whose address is not this machine's.
    rules.push_str("host all all samenet trust\n");
    std::fs::write(&access, rules).expect("its rules of access");
}

/// Gives what root has made to the account that the server runs as.
pub(crate) fn give_away(path: &Path) {
    if is_root() {
        std::os::unix::fs::chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED))
            .expect("it can be given away");
    }
}

/// Starts the server and waits until it takes sessions. After a kill that may need more than one
/// attempt: while a backend of the killed server lives, a new one ends at once.
fn serve(programs: &Path, site: &Site, folder: &Path, port: u16) -> EngineProcess {
    let begun = Instant::now();
    loop {
        let mut process = start(programs, site, folder, port);
        while process.is_running() {
            if is_ready(programs, site, port) {
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

fn start(programs: &Path, site: &Site, folder: &Path, port: u16) -> EngineProcess {
    let mut serve = unprivileged(site, &programs.join("postgres"));
    serve.args(["-c", &format!("listen_addresses={}", site.address())]);
    let data = folder.join("data");
    serve.arg("-D").arg(data).arg("-p").arg(port.to_string());
    for setting in SETTINGS {
        serve.arg("-c").arg(setting);
    }
    let log = std::fs::File::create(folder.join("log")).expect("a file for the log");
    EngineProcess::start_in("PostgreSQL", serve.stderr(log), folder)
}

fn is_ready(programs: &Path, site: &Site, port: u16) -> bool {
    let mut ask = program(programs, "pg_isready");
    ask.args(["--quiet", &format!("--host={}", site.address())]);
    ask.arg(format!("--port={port}"));
    ask.status().is_ok_and(|status| status.success())
}

/// The ids of a process's children.
fn children(id: u32) -> Vec<String> {
    let listed = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    let listed = listed.unwrap_or_default();
    listed.split_whitespace().map(str::to_owned).collect()
}

pub(crate) fn program(programs: &Path, name: &str) -> Command {
    let mut command = Command::new(programs.join(name));
    // Who runs the tests may have certificates there that the unprivileged account may not read.
    command.current_dir("/").env("HOME", "/");
    if is_root() {
        command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
    }
    command
}

/// The program within the site's network, which only root can enter.
fn unprivileged(site: &Site, program: &Path) -> Command {
    let user = UNPRIVILEGED.to_string();
    let mut command = site.command(Path::new("setpriv"));
    command.current_dir("/");
    if is_root() {
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

fn is_root() -> bool {
    // The owner of a process's own entry is who it runs as.
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}
