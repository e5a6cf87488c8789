//! Where an engine of a test runs: on which disk, and in which network.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Network;

/// A disk and a network for an engine. By itself the disk is that of temporary files, and the
/// network is this machine's loopback.
#[derive(Debug, Clone, Default)]
pub struct Site {
    disk: Option<PathBuf>,
    network: Option<(String, Ipv4Addr)>,
}

impl Site {
    /// With a folder of its own on the disk of this path.
    #[must_use]
    pub fn on_disk(path: &Path) -> Self {
        Self {
            disk: Some(path.to_owned()),
            ..Self::default()
        }
    }

    /// Within a network, which has to outlive the engine.
    #[must_use]
    pub fn in_network(network: &Network) -> Self {
        Self {
            network: Some((network.namespace().to_owned(), network.address())),
            ..Self::default()
        }
    }

    /// A new folder on its disk.
    pub(crate) fn folder(&self) -> TempDir {
        let made = match &self.disk {
            Some(disk) => TempDir::new_in(disk),
            None => TempDir::new(),
        };
        made.expect("a temporary folder")
    }

    /// A folder for the log of a database on a disk of its own. It is elsewhere: on a full disk the
    /// whole server would stop where it needs a file for its log before it needs room for rows.
    pub(crate) fn log_folder(&self) -> Option<TempDir> {
        let make = || TempDir::new().expect("a temporary folder");
        self.disk.as_ref().map(|_| make())
    }

    /// What the engine listens on.
    pub(crate) const fn address(&self) -> Ipv4Addr {
        match self.network {
            Some((_, address)) => address,
            None => Ipv4Addr::LOCALHOST,
        }
    }

    /// This program within its network.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let Some((namespace, _)) = &self.network else {
            return Command::new(program);
        };
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(program);
        command
    }
}
