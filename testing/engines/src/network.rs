//! A network of its own for an engine, with one cable that can be pulled.
//!
//! A proxy that goes silent still acknowledges what it is sent. A pulled cable does not: nothing
//! arrives, nothing is refused, and either end has to find out by itself.

use std::net::Ipv4Addr;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

/// Says that a machine on which no network can be laid fails the test.
const REQUIRED: &str = "CI";
/// Removes the network when the test's process has ended, however it ended.
const GUARD: &str = "cat >/dev/null; ip netns del \"$1\"";

/// A network namespace, joined to this machine's by a pair of virtual interfaces. It goes when this
/// is dropped.
#[derive(Debug)]
pub struct Network {
    namespace: String,
    address: Ipv4Addr,
    guard: Child,
}

impl Network {
    /// Lays one. It takes root and the program `ip`; without them there is none, and in CI the test
    /// fails.
    ///
    /// # Panics
    /// In CI, when it cannot be laid.
    #[must_use]
    pub fn lay() -> Option<Self> {
        static COUNT: AtomicU8 = AtomicU8::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let namespace = format!("photos-{process}-{number}");
        // Of the block for private networks; two tests' processes differ in the third number.
        let [low, ..] = process.to_le_bytes();
        let ours = Ipv4Addr::new(10, 213, low, number.wrapping_mul(4).wrapping_add(1));
        let address = Ipv4Addr::new(10, 213, low, number.wrapping_mul(4).wrapping_add(2));
        match join(&namespace, &format!("photos{number}p{low}"), ours, address) {
            Ok(()) => Some(Self {
                guard: guard(&namespace),
                namespace,
                address,
            }),
            Err(reason) => {
                assert!(
                    std::env::var_os(REQUIRED).is_none(),
                    "a network cannot be laid: {reason}"
                );
                eprintln!("skipped: run the tests as root, with iproute2 ({reason})");
                None
            }
        }
    }

    /// Nothing passes any more, and nobody is told.
    ///
    /// # Panics
    /// When the interface cannot be set down.
    pub fn cut(&self) {
        self.set("down");
    }

    /// Everything passes again.
    ///
    /// # Panics
    /// When the interface cannot be set up.
    pub fn restore(&self) {
        self.set("up");
    }

    /// The engine's address in it.
    pub(crate) const fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The namespace's name, as `ip netns` takes it.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    fn set(&self, state: &str) {
        let words = ["-n", &self.namespace, "link", "set", "eth0", state];
        ip(&words).unwrap_or_else(|reason| panic!("the cable: {reason}"));
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // First the guard: it removes by a name that another test may have by then.
        let _ = self.guard.kill();
        let _ = self.guard.wait();
        let _ = ip(&["netns", "del", &self.namespace]);
    }
}

/// Makes the namespace and its cable, whose end on this machine has this name and address.
fn join(namespace: &str, cable: &str, ours: Ipv4Addr, theirs: Ipv4Addr) -> Result<(), String> {
    let (ours, theirs) = (format!("{ours}/30"), format!("{theirs}/30"));
    ip(&["netns", "add", namespace])?;
    let peer = ["peer", "name", "eth0", "netns", namespace];
    let lay = [&["link", "add", cable, "type", "veth"][..], &peer].concat();
    let steps: [&[&str]; 6] = [
        &lay,
        &["addr", "add", &ours, "dev", cable],
        &["link", "set", cable, "up"],
        &["-n", namespace, "addr", "add", &theirs, "dev", "eth0"],
        &["-n", namespace, "link", "set", "eth0", "up"],
        &["-n", namespace, "link", "set", "lo", "up"],
    ];
    let laid = steps.into_iter().try_for_each(ip);
    // The namespace may be there: it would stay after the test.
    if laid.is_err() {
        let _ = ip(&["netns", "del", namespace]);
    }
    laid
}

fn ip(words: &[&str]) -> Result<(), String> {
    let ended: Output = Command::new("ip")
        .args(words)
        .output()
        .map_err(|error| format!("ip cannot be started: {error}"))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Err(format!("ip {}: {}", words.join(" "), said.trim()))
}

fn guard(namespace: &str) -> Child {
    Command::new("sh")
        .args(["-c", GUARD, "guard", namespace])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell can be started")
}
