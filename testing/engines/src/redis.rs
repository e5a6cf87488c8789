//! A Redis server.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::Site;
use crate::process::{EngineProcess, asked_for, free_port, wait_for};

/// The program `redis-server`, 7.0 or newer.
const VARIABLE: &str = "HELIOGRAPH_TEST_REDIS";
/// How long a reply may take.
const REPLY_MAX: Duration = Duration::from_secs(30);

/// A Redis server of its own, which keeps everything in memory: started again it is empty. It ends
/// when this is dropped.
#[derive(Debug)]
pub struct Redis {
    process: EngineProcess,
    program: PathBuf,
    arguments: Vec<String>,
    site: Site,
    folder: TempDir,
    port: u16,
}

impl Redis {
    /// Starts one, if tests are to use Redis.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Starts one with further arguments, as `redis-server` takes them.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Option<Self> {
        Self::start_so(arguments, &Site::default())
    }

    /// Starts one there.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_at(site: &Site) -> Option<Self> {
        Self::start_so(&[], site)
    }

    fn start_so(arguments: &[&str], site: &Site) -> Option<Self> {
        let program = asked_for(VARIABLE)?;
        assert!(
            program.is_file(),
            "{VARIABLE}={} is no program: it names redis-server, which Debian's package \
             redis-server has",
            program.display()
        );
        let folder = site.folder();
        let arguments: Vec<_> = arguments.iter().map(|one| (*one).to_owned()).collect();
        let port = free_port();
        let process = serve(&program, site, &folder, port, &arguments);
        Some(Self {
            process,
            program,
            arguments,
            site: site.clone(),
            folder,
            port,
        })
    }

    /// Its address as a URL, which leads to its first database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}:{}", self.site.address(), self.port)
    }

    /// The port that it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// One of its databases.
    #[must_use]
    pub fn database(&self, number: u32) -> RedisDatabase {
        RedisDatabase {
            address: SocketAddr::from((self.site.address(), self.port)),
            number,
        }
    }

    /// Sends a command to its first database: see [`RedisDatabase::ask`].
    ///
    /// # Panics
    /// When it does not reply.
    pub fn ask(&self, words: &[&str]) -> String {
        self.database(0).ask(words)
    }

    /// The id of the server's process, for tests that stop it or look at it.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it at once, without a farewell to anybody; all that it held is lost.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again, on the same port and empty.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.process = serve(
            &self.program,
            &self.site,
            &self.folder,
            self.port,
            &self.arguments,
        );
    }
}

/// One of a server's databases, which is empty at first.
#[derive(Debug, Clone, Copy)]
pub struct RedisDatabase {
    address: SocketAddr,
    number: u32,
}

impl RedisDatabase {
    /// Its address as a URL, with the number of this database.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}/{}", self.address, self.number)
    }

    /// Sends it a command and returns the reply, as it comes over the connection: at most 64 KiB.
    ///
    /// # Panics
    /// When it does not reply.
    pub fn ask(&self, words: &[&str]) -> String {
        let ask = || {
            let connection = TcpStream::connect(self.address)?;
            // Else a server that was told to sleep would hold the test for ever.
            connection.set_read_timeout(Some(REPLY_MAX))?;
            // On the same connection: the choice holds for that one alone.
            send(&connection, &["SELECT", &self.number.to_string()])?;
            send(&connection, words)
        };
        ask().expect("Redis replies")
    }

    /// Runs a script that returns a number.
    ///
    /// # Panics
    /// When it returns something else.
    pub fn run(&self, script: &str) -> i64 {
        let reply = self.ask(&["EVAL", script, "0"]);
        let number = reply.trim().strip_prefix(':').map(str::parse);
        number
            .and_then(Result::ok)
            .unwrap_or_else(|| panic!("{script}: {reply}"))
    }
}

/// Sends a command and reads what comes for it. A server that ends by it sends nothing.
fn send(mut connection: &TcpStream, words: &[&str]) -> std::io::Result<String> {
    let mut command = format!("*{}\r\n", words.len());
    for word in words {
        command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    connection.write_all(command.as_bytes())?;
    let mut reply = vec![0; 1 << 16];
    let length = connection.read(&mut reply)?;
    reply.truncate(length);
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

fn serve(
    program: &Path,
    site: &Site,
    folder: &TempDir,
    port: u16,
    arguments: &[String],
) -> EngineProcess {
    let mut command = site.command(program);
    let address = site.address();
    command.args(["--bind", &address.to_string(), "--port", &port.to_string()]);
    // It has no password, and in a network of its own is reached from outside its machine.
    command.args(["--protected-mode", "no"]);
    // Started again it has to be empty, as one that was lost is.
    command.args(["--save", "", "--appendonly", "no"]);
    // As the operator's guide has it set.
    command.args(["--zset-max-listpack-entries", "1024"]);
    command.args(arguments).stderr(Stdio::null());
    command.current_dir(folder.path());
    let mut process = EngineProcess::start_in("Redis", &mut command, folder.path());
    wait_for(&mut process, SocketAddr::from((address, port)));
    process
}
