//! A network between a program under test and an engine, which can be cut.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

/// A way to a port of this machine. What is sent while it is cut arrives when it is not any more,
/// and nobody is told: as on a network whose packets are lost and sent again.
#[derive(Debug)]
pub struct Link {
    port: u16,
    server_port: u16,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    is_cut: Mutex<bool>,
    opened: Condvar,
}

impl Link {
    /// A way to this port. It is there until the test's process ends.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn to(server_port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no free port");
        let port = listener.local_addr().expect("a port").port();
        let gate = Arc::<Gate>::default();
        let of_connections = Arc::clone(&gate);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                carry(client, server_port, &of_connections);
            }
        });
        Self {
            port,
            server_port,
            gate,
        }
    }

    /// A URL of the server, by this way.
    #[must_use]
    pub fn url(&self, url: &str) -> String {
        let (direct, by_link) = (self.server_port.to_string(), self.port.to_string());
        url.replace(&format!(":{direct}"), &format!(":{by_link}"))
    }

    /// Lets nothing through, either way, and keeps connections open.
    pub fn cut(&self) {
        *self.gate.lock() = true;
    }

    /// Lets everything through again, and what has waited.
    pub fn heal(&self) {
        *self.gate.lock() = false;
        self.gate.opened.notify_all();
    }
}

impl Gate {
    fn lock(&self) -> std::sync::MutexGuard<'_, bool> {
        self.is_cut.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self) {
        let is_cut = self.lock();
        let passed = self.opened.wait_while(is_cut, |is_cut| *is_cut);
        drop(passed.unwrap_or_else(PoisonError::into_inner));
    }
}

fn carry(client: TcpStream, server_port: u16, gate: &Arc<Gate>) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port)) else {
        return;
    };
    let (Ok(from_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    for (from, to) in [(from_client, server), (from_server, client)] {
        let gate = Arc::clone(gate);
        // A thread each way: one that waits at the gate must not hold up the other.
        thread::spawn(move || copy(from, to, &gate));
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, gate: &Gate) {
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        // After the read: what was on its way when the link was cut arrives later.
        gate.pass();
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    // The end of a connection is as silent as all else while the link is cut.
    gate.pass();
    let _ = to.shutdown(Shutdown::Write);
}
