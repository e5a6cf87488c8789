//! Photos' bytes: a small and a large file, from us and from nginx by turns, asked for by `wrk`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::http::{Connection, Request};
use super::nginx::Nginx;
use super::report::{Report, Spread};
use super::scene::{self, text};
use super::server::{Server, Usage};
use super::{Bench, cargo};

/// About how large the files are, in bytes.
const SIZES: [usize; 2] = [40_000, 2_000_000];
/// The longest side of the pictures that are uploaded: that of the largest rendition.
const EDGE: &str = "2048";
/// Grain of the pictures, from hardly any to as much as makes the heaviest file.
const STRENGTHS: [&str; 11] = [
    "4", "12", "14", "15", "18", "24", "32", "40", "60", "90", "127",
];
const CONNECTIONS: &str = "-c64";

/// A file and where both have it.
struct Served {
    bytes: Vec<u8>,
    /// The path under which we serve it; its last part is its name at nginx.
    path: String,
}

#[derive(Default)]
struct Figures {
    per_second: Vec<f64>,
    processor_us: Vec<f64>,
}

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let server = Server::start(&bench.program, &bench.folder("media"), &[])?;
    let files = prepare_scene(bench, &server)?;
    server.settle()?;
    let folder = bench.folder("media-nginx");
    let names = folder.join("files/media");
    std::fs::create_dir_all(&names)?;
    for file in &files {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        std::fs::write(names.join(name), &file.bytes)?;
    }
    let nginx = Nginx::start(&folder)?;
    report.heading("Media files");
    report.header(&["file", "", "requests/s", "server CPU, µs a request"]);
    for file in &files {
        compare(bench, report, &server, &nginx, file)?;
    }
    report.note("`wrk -t1 -c64`, by turns, keep-alive, over loopback.");
    Ok(())
}

/// Uploads pictures of several weights, posts them for everyone, and picks the renditions nearest
/// to the sizes wanted.
fn prepare_scene(bench: &Bench, server: &Server) -> Result<Vec<Served>> {
    let grain = bench.photos.with_file_name("bench-grain");
    draw(bench, &grain)?;
    let mut connection = Connection::open(&server.address)?;
    let application = scene::application(&mut connection)?;
    let person = scene::sign_up(&mut connection, &application, "photographer")?;
    let mut served = Vec::new();
    // What a rendition weighs is known only when it is made, so many strengths are tried.
    for strength in STRENGTHS {
        let photo = std::fs::read(grain.join(format!("grain-{strength}.jpg")))?;
        let media = scene::photo(&mut connection, &person, &photo)?;
        let post = json!({"status": strength, "media_ids": [media], "visibility": "public"});
        let post = scene::publish(&mut connection, &person, &post)?;
        let post = Request::get(&format!("/api/v1/statuses/{post}"), &person.token);
        let post = connection.json(&post)?;
        for field in ["url", "preview_url"] {
            served.push(fetch(
                &mut connection,
                &post["media_attachments"][0],
                field,
            )?);
        }
    }
    let nearest = |size: usize| {
        let by_distance = served
            .iter()
            .min_by_key(|file| file.bytes.len().abs_diff(size));
        by_distance.context("no picture was served")
    };
    SIZES
        .into_iter()
        .map(|size| {
            nearest(size).map(|file| Served {
                bytes: file.bytes.clone(),
                path: file.path.clone(),
            })
        })
        .collect()
}

fn draw(bench: &Bench, folder: &Path) -> Result<()> {
    if STRENGTHS
        .iter()
        .all(|strength| folder.join(format!("grain-{strength}.jpg")).exists())
    {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let folder = folder.to_string_lossy();
    let example = [
        "run",
        "--quiet",
        "-p",
        "testing-kit",
        "--example",
        "grain",
        "--",
    ];
    let arguments = [&example[..], &[&folder, EDGE], &STRENGTHS].concat();
    cargo(&bench.root, &arguments)
}

fn fetch(connection: &mut Connection, media: &Value, field: &str) -> Result<Served> {
    let url = text(media, field)?;
    let at = url.find("/media/").context("an address of a photo")?;
    let path = url[at..].to_owned();
    // A signed address would be checked with each request, which nginx does not do.
    ensure!(!path.contains('?'), "the photo is not open: {url}");
    let (status, body) = connection.send(&Request::get(&path, ""))?;
    ensure!(status == 200, "{path} answered {status}");
    Ok(Served {
        bytes: body.to_vec(),
        path,
    })
}

fn compare(
    bench: &Bench,
    report: &mut Report,
    server: &Server,
    nginx: &Nginx,
    file: &Served,
) -> Result<()> {
    let (mut ours, mut theirs) = (Figures::default(), Figures::default());
    let workers = nginx.processes()?;
    for _ in 0..bench.runs {
        let sides = [
            (&server.address, &[server.process()][..], &mut ours),
            (&nginx.address, &workers[..], &mut theirs),
        ];
        for (address, processes, figures) in sides {
            let url = format!("http://{address}{}", file.path);
            load(&url, processes, bench.time, figures)?;
        }
    }
    let size = format!("{:.0} KB", file.bytes.len() as f64 / 1e3);
    let medians = |figures: &Figures| {
        let median = |values: &[f64]| Spread::of(values.to_vec()).median;
        [median(&figures.per_second), median(&figures.processor_us)]
    };
    let ([ours_rate, ours_cost], [their_rate, their_cost]) = (medians(&ours), medians(&theirs));
    for (who, figures) in [("Heliograph", ours), ("nginx", theirs)] {
        report.row(&[
            size.clone(),
            who.to_owned(),
            Spread::of(figures.per_second).shown(0),
            Spread::of(figures.processor_us).shown(1),
        ]);
    }
    report.row(&[
        size,
        "ratio".to_owned(),
        format!("{:.2}", ours_rate / their_rate),
        format!("{:.2}", ours_cost / their_cost),
    ]);
    Ok(())
}

fn load(url: &str, processes: &[u32], time: Duration, figures: &mut Figures) -> Result<()> {
    let used = || -> Result<Duration> {
        processes
            .iter()
            .map(|process| Ok(Usage::of(*process)?.processor))
            .sum()
    };
    let before = used()?;
    let output = Command::new("wrk")
        .args(["-t1", CONNECTIONS, &format!("-d{}s", time.as_secs()), url])
        .output()
        .context("wrk does not run; it is in Debian's package wrk")?;
    let used = (used()? - before).as_secs_f64() * 1e6;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk failed: {said}");
    ensure!(
        !said.contains("Non-2xx") && !said.contains("Socket errors"),
        "not every request was answered: {said}"
    );
    let field = |name: &str| -> Result<f64> {
        let line = said.lines().find_map(|line| line.trim().strip_prefix(name));
        let value = line.with_context(|| format!("no `{name}` in {said}"))?;
        Ok(value.trim().parse()?)
    };
    figures.per_second.push(field("Requests/sec:")?);
    let requests = said
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "))
        .with_context(|| format!("no count of requests in {said}"))?;
    let requests: f64 = requests.0.parse()?;
    figures.processor_us.push(used / requests);
    Ok(())
}
