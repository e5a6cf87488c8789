//! Load: so many connections, each asking again as soon as it has a response, for so long.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::http::{Connection, Request};
use super::report::Spread;
use super::server::Usage;

/// The most latencies kept by one connection, which ends its load when it has so many.
const LATENCIES_MAX: usize = 1_000_000;

/// What one run under load came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) requests: usize,
    pub(crate) per_second: f64,
    /// The server's processor time for one request, in microseconds.
    pub(crate) processor_us: f64,
    pub(crate) median_us: f64,
    pub(crate) p99_us: f64,
}

/// Several runs of the same.
#[derive(Debug, Default, Clone)]
pub(crate) struct Runs(pub(crate) Vec<Outcome>);

impl Runs {
    pub(crate) fn spread(&self, pick: impl Fn(&Outcome) -> f64) -> Spread {
        Spread::of(self.0.iter().map(pick).collect())
    }
}

/// Runs `connections` connections for `time`; `request` makes the request of a connection's number
/// and turn.
pub(crate) fn run(
    address: &str,
    process: u32,
    connections: usize,
    time: Duration,
    request: impl Fn(usize, u64) -> Request + Sync,
) -> Result<Outcome> {
    // One more, for this thread: it reads the clock when all connections are open.
    let barrier = Barrier::new(connections + 1);
    let (workers, before, began, after) = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..connections)
            .map(|number| {
                let (barrier, request) = (&barrier, &request);
                scope.spawn(move || {
                    let connection = Connection::open(address);
                    barrier.wait();
                    work(connection?, time, |turn| request(number, turn))
                })
            })
            .collect();
        let before = Usage::of(process);
        barrier.wait();
        let began = Instant::now();
        let workers: Vec<Result<Vec<u32>>> = handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|_| Ok(Vec::new())))
            .collect();
        (workers, before, began.elapsed(), Usage::of(process))
    });
    let mut latencies = Vec::new();
    for worker in workers {
        latencies.extend(worker?);
    }
    ensure!(!latencies.is_empty(), "no request was answered");
    latencies.sort_unstable();
    let count = latencies.len() as f64;
    let at = |part: f64| f64::from(latencies[((latencies.len() - 1) as f64 * part) as usize]);
    Ok(Outcome {
        requests: latencies.len(),
        per_second: count / began.as_secs_f64(),
        processor_us: (after?.processor - before?.processor).as_secs_f64() * 1e6 / count,
        median_us: at(0.5),
        p99_us: at(0.99),
    })
}

/// One connection's latencies in microseconds.
fn work(
    mut connection: Connection,
    time: Duration,
    request: impl Fn(u64) -> Request,
) -> Result<Vec<u32>> {
    let began = Instant::now();
    let mut latencies = Vec::new();
    let mut turn = 0;
    while began.elapsed() < time && latencies.len() < LATENCIES_MAX {
        let request = request(turn);
        let asked = Instant::now();
        let (status, body) = connection.send(&request)?;
        let took = asked.elapsed();
        ensure!(
            status == 200,
            "answered {status}: {}",
            String::from_utf8_lossy(body)
        );
        latencies.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        turn += 1;
    }
    Ok(latencies)
}
