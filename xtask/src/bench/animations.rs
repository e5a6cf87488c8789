//! An honest photo while others' animations are worked on: small files whose frames cost seconds,
//! of six accounts.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use super::Bench;
use super::http::{Connection, Request};
use super::report::{Report, Spread};
use super::scene::{self, Person};
use super::server::Server;

/// Accounts that the animations are of, so that taking turns between accounts alone does not help.
const ANIMATORS: usize = 6;
/// Both sides of an animation's canvas, in pixels: each frame has a megapixel.
const SIDE: u16 = 1_000;
/// How many animations wait, and of how many frames each is.
const BURDENS: [(usize, u8); 2] = [(6, 66), (24, 96)];
/// How often it is asked whether a photo is ready.
const ASK_EVERY: Duration = Duration::from_millis(5);
/// The longest wait for one photo.
const READY_WITHIN: Duration = Duration::from_secs(120);

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    report.heading("A photo of 12 megapixels beside the animations of others");
    report.header(&["beside", "upload to ready, ms", "ratio"]);
    let photo = std::fs::read(bench.photos.join("noon-1.jpg"))?;
    let mut alone = Vec::new();
    let mut rows = Vec::new();
    for (count, frames) in BURDENS {
        let (before, during, bytes) = measure_beside(bench, &photo, (count, frames))?;
        let ratio = Spread::of(during.clone()).median / Spread::of(before.clone()).median;
        alone.extend(before);
        rows.push([
            format!("{count} animations of {frames} megapixels each, {bytes} bytes in all"),
            Spread::of(during).shown(0),
            format!("{ratio:.1}"),
        ]);
    }
    let nothing = [
        "nothing".to_owned(),
        Spread::of(alone).shown(0),
        "1".to_owned(),
    ];
    report.row(&nothing);
    for row in rows {
        report.row(&row);
    }
    report.note(&format!(
        "The animations are of {ANIMATORS} other accounts and were sent first; one of them at least was not ready when the \
         last photo was. A ratio is of medians on the same server before and beside them."
    ));
    Ok(())
}

/// What photos take on a server of their own, before and beside so many animations, in
/// milliseconds; and how many bytes these have together. The server is ended with what it has not
/// done yet.
fn measure_beside(
    bench: &Bench,
    photo: &[u8],
    (count, frames): (usize, u8),
) -> Result<(Vec<f64>, Vec<f64>, usize)> {
    let server = Server::start(&bench.program, &bench.folder("animations"), &[])?;
    let mut connection = Connection::open(&server.address)?;
    let application = scene::application(&mut connection)?;
    let person = scene::sign_up(&mut connection, &application, "photographer")?;
    let mut animators = Vec::new();
    for number in 0..ANIMATORS {
        let name = format!("animator{number}");
        animators.push(scene::sign_up(&mut connection, &application, &name)?);
    }
    // Bytes after the end make it another file, so that nothing is served from what is there
    // already.
    let file = |when: &str, run: usize| [photo, format!("{when} {run}").as_bytes()].concat();
    let (mut before, mut during) = (Vec::new(), Vec::new());
    for run in 0..bench.runs {
        server.settle()?;
        before.push(upload_to_ready(
            &mut connection,
            &person,
            &file("alone", run),
        )?);
    }
    server.settle()?;
    let (ids, bytes) = send_animations(&server.address, &animators, (count, frames))?;
    for run in 0..bench.runs {
        during.push(upload_to_ready(
            &mut connection,
            &person,
            &file("beside", run),
        )?);
    }
    let mut waits = false;
    for (owner, id) in &ids {
        waits |= !is_ready(&mut connection, owner, id)?;
    }
    // Else the last photos were measured alone.
    ensure!(waits, "the animations were ready before the photos");
    Ok((before, during, bytes))
}

/// Whose each is, with its id; and how many bytes they have together. Sent all at once: each is
/// answered only when it is ready, or after two seconds.
fn send_animations<'a>(
    address: &str,
    animators: &'a [Person],
    (count, frames): (usize, u8),
) -> Result<(Vec<(&'a Person, String)>, usize)> {
    let send = |number: usize, owner: &'a Person| -> Result<(&'a Person, String, usize)> {
        let animation = animation(frames, number);
        let request = Request::file("/api/v2/media", &owner.token, &animation);
        let media = Connection::open(address)?.json(&request)?;
        Ok((owner, scene::text(&media, "id")?, animation.len()))
    };
    let sent: Vec<Result<_>> = std::thread::scope(|scope| {
        let each = (0..count).zip(animators.iter().cycle());
        let sending: Vec<_> = each
            .map(|(number, owner)| scope.spawn(move || send(number, owner)))
            .collect();
        sending
            .into_iter()
            .map(|sending| {
                sending
                    .join()
                    .unwrap_or_else(|_| Err(anyhow!("a sender panicked")))
            })
            .collect()
    });
    let (mut ids, mut bytes) = (Vec::new(), 0);
    for sent in sent {
        let (owner, id, length) = sent?;
        ids.push((owner, id));
        bytes += length;
    }
    Ok((ids, bytes))
}

/// How long a photo takes from the first byte sent until it is ready, in milliseconds.
fn upload_to_ready(connection: &mut Connection, owner: &Person, bytes: &[u8]) -> Result<f64> {
    let request = Request::file("/api/v2/media", &owner.token, bytes);
    let began = Instant::now();
    let id = scene::text(&connection.json(&request)?, "id")?;
    while !is_ready(connection, owner, &id)? {
        ensure!(began.elapsed() < READY_WITHIN, "photo {id} is not ready");
        std::thread::sleep(ASK_EVERY);
    }
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

fn is_ready(connection: &mut Connection, owner: &Person, id: &str) -> Result<bool> {
    let request = Request::get(&format!("/api/v1/media/{id}"), &owner.token);
    let (status, body) = connection.send(&request)?;
    match status {
        200 => Ok(true),
        206 => Ok(false),
        _ => anyhow::bail!("{id}: {status} {}", String::from_utf8_lossy(body)),
    }
}

/// A GIF whose frames are one pixel each on a canvas of a megapixel: little to send, much to do.
/// Another file for each number.
fn animation(frames: u8, number: usize) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend(SIDE.to_le_bytes());
    file.extend(SIDE.to_le_bytes());
    // In the table of colours, so that no two files are the same and each has to be worked on.
    let shade = (number % 256) as u8;
    // Two colours.
    file.extend([0x80, 0, 0, shade, 0x40, 0x60, 0xff, 0xff, 0xff]);
    for frame in 0..frames {
        // Shown for 40 ms, at a place of its own, and its one pixel as LZW writes it.
        file.extend(*b"\x21\xf9\x04\0\x04\0\0\0\x2c");
        file.extend([frame, 0, frame, 0, 1, 0, 1, 0, 0]);
        file.extend(*b"\x02\x02\x44\x01\0");
    }
    file.push(0x3b);
    file
}
