//! Posts at a fixed pace beside the readers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::scene::random;
use crate::bench::http::{Connection, Request};
use crate::bench::scene::Person;

/// Connections that post: enough that one slow response does not hold the pace up.
const WRITERS: usize = 4;

/// What came of posting.
#[derive(Debug, Default)]
pub(super) struct Posted {
    /// Sorted, in milliseconds from when each post was due: waiting for a slow response does not
    /// hide what it delays.
    pub(super) latencies_ms: Vec<f64>,
    time: Duration,
}

impl Posted {
    pub(super) fn per_second(&self) -> f64 {
        self.latencies_ms.len() as f64 / self.time.as_secs_f64()
    }

    /// The latency that this part of the posts stays within.
    pub(super) fn at(&self, part: f64) -> f64 {
        let last = self.latencies_ms.len().saturating_sub(1);
        let at = (last as f64 * part) as usize;
        self.latencies_ms.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// Posts so often from accounts at random until it is done.
pub(super) fn post_until(
    address: &str,
    people: &[Person],
    per_second: u32,
    run: usize,
    done: &AtomicBool,
) -> Result<Posted> {
    let began = Instant::now();
    let parts: Vec<Result<Vec<f64>>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    // Each takes every fourth, so who posts what does not depend on how fast they
                    // are.
                    let turns = (writer..).step_by(WRITERS);
                    post_some(address, people, per_second, run, turns, began, done)
                })
            })
            .collect();
        let ended = handles.into_iter().map(|handle| {
            handle
                .join()
                .unwrap_or_else(|_| anyhow::bail!("posting failed"))
        });
        ended.collect()
    });
    let mut posted = Posted {
        latencies_ms: Vec::new(),
        time: began.elapsed(),
    };
    for part in parts {
        posted.latencies_ms.extend(part?);
    }
    posted.latencies_ms.sort_by(f64::total_cmp);
    Ok(posted)
}

fn post_some(
    address: &str,
    people: &[Person],
    per_second: u32,
    run: usize,
    turns: impl Iterator<Item = usize>,
    began: Instant,
    done: &AtomicBool,
) -> Result<Vec<f64>> {
    let mut connection = Connection::open(address)?;
    let mut latencies = Vec::new();
    for turn in turns {
        let due = began + Duration::from_secs_f64(turn as f64 / f64::from(per_second));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if done.load(Ordering::Relaxed) {
            break;
        }
        let number = ((run as u64) << 32) | turn as u64;
        // Not the readers' series: who posts is not who reads just then.
        let author = &people[random(number ^ 0x5eed) as usize % people.len()];
        let words = format!("Beside {run}-{turn}: a few words about the light this morning.");
        let request = Request::post(
            "/api/v1/statuses",
            &author.token,
            &json!({ "status": words }),
        );
        let (status, body) = connection.send(&request)?;
        ensure!(
            status == 200,
            "answered {status}: {}",
            String::from_utf8_lossy(body)
        );
        latencies.push(due.elapsed().as_secs_f64() * 1e3);
    }
    Ok(latencies)
}
