//! nginx on a folder of files: what the serving of photos is held against.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How long it may take to listen.
const START_MAX: Duration = Duration::from_secs(10);

/// A running nginx; it and its folder go when this is dropped.
pub(crate) struct Nginx {
    child: Child,
    folder: PathBuf,
    pub(crate) address: String,
}

impl Nginx {
    /// Serves what is in `files` inside the folder.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let free = TcpListener::bind("127.0.0.1:0")?;
        let address = free.local_addr()?.to_string();
        // nginx does not choose a port itself. Another process could take this one first; then
        // nginx ends, and that is reported.
        drop(free);
        let path = folder.join("nginx.conf");
        std::fs::write(&path, configuration(folder, &address))?;
        let child = Command::new("nginx")
            .arg("-e")
            .arg(folder.join("error.log"))
            .arg("-c")
            .arg(&path)
            .stdin(Stdio::null())
            .spawn()
            .context("nginx does not start; it is in Debian's package nginx-light")?;
        let mut nginx = Self {
            child,
            folder: folder.to_owned(),
            address,
        };
        nginx.wait()?;
        Ok(nginx)
    }

    fn wait(&mut self) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect(&self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("error.log"));
                bail!("nginx ended, {status}: {}", log.unwrap_or_default());
            }
            if began.elapsed() > START_MAX {
                bail!("nginx does not listen");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The master and its workers.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        let master = self.child.id();
        let children = format!("/proc/{master}/task/{master}/children");
        let children = std::fs::read_to_string(children)?;
        let workers = children.split_whitespace().filter_map(|id| id.parse().ok());
        Ok([master].into_iter().chain(workers).collect())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only when it is asked to end.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// As Debian's own, without a log of each request, which we do not write either.
fn configuration(folder: &Path, address: &str) -> String {
    let folder = folder.display();
    format!(
        "daemon off; user root; worker_processes auto; pid {folder}/nginx.pid;
events {{ worker_connections 1024; multi_accept on; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
    types {{ image/jpeg jpg; }}
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen {address}; root {folder}/files; }}
}}
"
    )
}
