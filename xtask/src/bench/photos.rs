//! 12-megapixel JPEGs from upload to ready.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Bench;
use super::http::{Connection, Request};
use super::report::{Report, Spread};
use super::scene;
use super::server::Server;

/// When the work after a response (sweeping, syncing) is over too.
const SETTLED_AFTER: Duration = Duration::from_millis(500);

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    report.heading("12-megapixel JPEG, upload to ready");
    report.header(&[
        "photo",
        "MB",
        "upload to ready, ms",
        "server CPU, ms a photo",
    ]);
    let server = Server::start(&bench.program, &bench.folder("photos"), &[])?;
    let mut connection = Connection::open(&server.address)?;
    let application = scene::application(&mut connection)?;
    let person = scene::sign_up(&mut connection, &application, "photographer")?;
    let mut all_processor = Vec::new();
    for name in ["dawn", "noon", "forest", "sea", "desert"] {
        let bytes = std::fs::read(bench.photos.join(format!("{name}-1.jpg")))?;
        let (mut waited, mut processor) = (Vec::new(), Vec::new());
        for run in 0..bench.runs {
            // A byte after the end makes it another file, so that nothing is served from what is
            // there already.
            let bytes = [bytes.as_slice(), format!("{name}{run}").as_bytes()].concat();
            let request = Request::file("/api/v1/media", &person.token, &bytes);
            let before = server.usage()?;
            let asked = Instant::now();
            connection.json(&request)?;
            waited.push(asked.elapsed().as_secs_f64() * 1e3);
            // After the clock was read: the wait counts for the processor's time alone.
            std::thread::sleep(SETTLED_AFTER);
            processor.push((server.usage()?.processor - before.processor).as_secs_f64() * 1e3);
        }
        all_processor.extend_from_slice(&processor);
        report.row(&[
            name.to_owned(),
            format!("{:.1}", bytes.len() as f64 / 1e6),
            Spread::of(waited).shown(0),
            Spread::of(processor).shown(0),
        ]);
    }
    report.row(&[
        "all".to_owned(),
        String::new(),
        String::new(),
        Spread::of(all_processor).shown(0),
    ]);
    report.note("Processor time is read in steps of 10 ms. Peak memory and the sizes of the renditions are not part of this figure.");
    Ok(())
}
