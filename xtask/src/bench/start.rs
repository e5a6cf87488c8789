//! Start to first response, idle memory, size of the binary.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Bench;
use super::http::{Connection, Request};
use super::report::{Report, Spread};
use super::server::Server;

/// When a server that has just started is called idle.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    report.heading("Start, memory, size");
    let (mut on_empty, mut again, mut ready) = (Vec::new(), Vec::new(), Vec::new());
    let (mut idle, mut own) = (Vec::new(), Vec::new());
    for run in 0..bench.runs {
        let folder = bench.folder(&format!("start-{run}"));
        on_empty.push(first_response(bench, &folder)?.0);
        // The folder goes with the server, so the second start is on a copy made meanwhile.
        let (kept, copy) = (
            bench.folder(&format!("start-{run}-a")),
            bench.folder(&format!("start-{run}-b")),
        );
        let server = Server::start(&bench.program, &kept, &[])?;
        // The server still runs: the copy is as a crash would leave it.
        copy_folder(&kept, &copy)?;
        drop(server);
        let (first, server) = first_response(bench, &copy)?;
        again.push(first);
        ready.push(server.ready_after.as_secs_f64() * 1e3);
        std::thread::sleep(SETTLED_AFTER);
        let usage = server.usage()?;
        idle.push(usage.resident_bytes as f64 / 1_048_576.0);
        own.push(usage.anonymous_bytes as f64 / 1_048_576.0);
    }
    let size = std::fs::metadata(&bench.program)?.len() as f64 / 1_048_576.0;
    report.header(&["what", "figure"]);
    let mut row =
        |what: &str, values: Vec<f64>| report.row(&[what.to_owned(), Spread::of(values).shown(1)]);
    row("start to first answer on an empty folder, ms", on_empty);
    row("start to first answer on a folder in use, ms", again);
    row("start to the address on stdout, ms", ready);
    row("resident memory when idle, MiB", idle);
    row("of it without the pages of the program, MiB", own);
    report.row(&["size of the binary, MiB".to_owned(), format!("{size:.1}")]);
    Ok(())
}

/// Milliseconds from starting the process to the first reply with success.
fn first_response(bench: &Bench, folder: &std::path::Path) -> Result<(f64, Server)> {
    let began = Instant::now();
    let server = Server::start(&bench.program, folder, &[])?;
    let mut connection = Connection::open(&server.address)?;
    let (status, _) = connection.send(&Request::get("/api/v2/instance", ""))?;
    ensure!(status == 200, "the first answer is {status}");
    Ok((began.elapsed().as_secs_f64() * 1e3, server))
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
