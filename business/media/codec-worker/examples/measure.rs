//! What the other process costs: `cargo run --release -p business-media-external_codecs --example
//! measure -- FILE...` with HEIC or AVIF files, or `encoders` for what encoders take. Without a
//! word it is the worker.

use std::error::Error;
use std::time::{Duration, Instant};

use business_media_codec::{EncoderMemory, Encoding, ExternalCodecs as _, Format, Frame, Pixels};
use business_media_codec_worker::{CodecWorkers, Program, Settings};
use testing_kit::{Landscape, Mood, charts};

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.first().is_some_and(|file| file == "encoders") {
        return encoders();
    }
    if files.is_empty() {
        return Ok(business_media_codec_worker::serve_worker()?);
    }
    let program = || Program::this(std::iter::empty::<&str>());
    let mut starts = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        drop(CodecWorkers::find(program(), &Settings::default()));
        starts.push(begun.elapsed());
    }
    println!("start of a worker: {:?}", middle(starts));
    let settings = Settings {
        workers: 1,
        ..Settings::default()
    };
    let external_codecs = CodecWorkers::find(program(), &settings);
    println!("{:?}", external_codecs.report());
    for file in files {
        let bytes = std::fs::read(&file)?;
        let deadline = Instant::now() + Duration::from_secs(600);
        let mut times = Vec::new();
        let mut last = None;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            last = Some(external_codecs.decode(Format::Heic, &bytes, u64::MAX, deadline)?);
            times.push(begun.elapsed());
        }
        let Some(pixels) = last else { continue };
        let count = f64::from(pixels.width) * f64::from(pixels.height);
        println!(
            "{file}: {} x {}, decoded in {:?}, at most {:.1} bytes of memory a pixel in the worker",
            pixels.width,
            pixels.height,
            middle(times),
            worker_memory_bytes()? / count
        );
        encode(&external_codecs, &pixels)?;
    }
    Ok(())
}

/// Encodes a part of the picture as large as the largest rendition, and passes pixels through
/// without much work.
fn encode(external_codecs: &CodecWorkers, pixels: &Pixels) -> Result<(), Box<dyn Error>> {
    let (width, height) = (pixels.width.min(2_048), pixels.height.min(1_536));
    let row = pixels.width as usize * 3;
    let rows = pixels.bytes.chunks_exact(row).take(height as usize);
    let part = Pixels {
        width,
        height,
        bytes: rows
            .flat_map(|row| row[..width as usize * 3].to_vec())
            .collect(),
        has_alpha: false,
        profile: None,
    };
    let deadline = Instant::now() + Duration::from_secs(600);
    for (encoding, quality) in [(Encoding::WebP, 80), (Encoding::Avif, 55)] {
        let begun = Instant::now();
        let file =
            external_codecs.encode(&part, encoding, quality, EncoderMemory::Usual, deadline)?;
        println!(
            "  {width} x {height} as {encoding:?}: {} KB in {:?}",
            file.len() / 1_000,
            begun.elapsed()
        );
    }
    // A frame of the wrong size for WebP is skipped whole and refused: what is left is the pipe.
    let frame = Frame {
        bytes: vec![0; 16_400 * 600 * 4],
        duration_ms: 1,
    };
    let begun = Instant::now();
    let refused = external_codecs.encode_animation(
        (16_400, 600),
        &mut [Ok(frame)].into_iter(),
        0,
        80,
        deadline,
    );
    println!(
        "  39 MB through the pipe: {:?} ({})",
        begun.elapsed(),
        refused.is_err()
    );
    Ok(())
}

/// The memory that encoders can write to: of grain, and of drawings in few colours, which encoders
/// of video take for screens and search for repetitions.
fn encoders() -> Result<(), Box<dyn Error>> {
    let settings = Settings {
        workers: 1,
        processor_s_max: 600,
        ..Settings::default()
    };
    let external_codecs = CodecWorkers::find(Program::this(std::iter::empty::<&str>()), &settings);
    for (width, height) in [
        (16, 16),
        (400, 300),
        (1_080, 810),
        (1_350, 1_080),
        (1_800, 1_200),
        (2_048, 1_536),
        (2_048, 2_048),
    ] {
        let drawn = Landscape {
            seed: 7,
            mood: Mood::Noon,
            width,
            height,
        };
        for (content, bytes) in [
            ("grain", grain(width, height)),
            ("a landscape", drawn.draw().rgb),
            ("tiles", charts::tiles(width, height).rgb),
        ] {
            let pixels = Pixels {
                width,
                height,
                bytes,
                has_alpha: false,
                profile: None,
            };
            for (encoding, quality) in [(Encoding::WebP, 88), (Encoding::Avif, 75)] {
                print!("{content}, ");
                watch(&external_codecs, &pixels, encoding, quality)?;
            }
        }
    }
    Ok(())
}

fn grain(width: u32, height: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..width * height * 3).map(&mut next).collect()
}

/// Encodes and reports the most memory that the worker had meanwhile.
fn watch(
    external_codecs: &CodecWorkers,
    pixels: &Pixels,
    encoding: Encoding,
    quality: u8,
) -> Result<(), Box<dyn Error>> {
    let deadline = Instant::now() + Duration::from_secs(600);
    let begun = Instant::now();
    let (ended, end) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let mut most = 0.0_f64;
        let pause = Duration::from_millis(1);
        while end.recv_timeout(pause) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            most = most.max(worker_memory("VmData:").unwrap_or(0.0));
        }
        most
    });
    let before = worker_memory("VmData:")?;
    let most = EncoderMemory::Most {
        bytes_max: u64::MAX,
    };
    let file = external_codecs.encode(pixels, encoding, quality, most, deadline)?;
    drop(ended);
    let most_seen = watch.join().unwrap_or_default();
    println!(
        "{} x {} as {encoding:?}: {} KB in {:?}, {:.1} MB before, {:.1} MB at most, {:.1} bytes a pixel more",
        pixels.width,
        pixels.height,
        file.len() / 1_000,
        begun.elapsed(),
        before / 1e6,
        most_seen / 1e6,
        (most_seen - before) / f64::from(pixels.width * pixels.height),
    );
    Ok(())
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// The most memory that this process's only child has had.
fn worker_memory_bytes() -> Result<f64, Box<dyn Error>> {
    worker_memory("VmHWM:")
}

/// What the kernel says under this name of the children's memory, in bytes.
fn worker_memory(name: &str) -> Result<f64, Box<dyn Error>> {
    let mut most = 0.0_f64;
    for entry in std::fs::read_dir("/proc")? {
        let Ok(status) = std::fs::read_to_string(entry?.path().join("status")) else {
            continue;
        };
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        if field("PPid:") == Some(f64::from(std::process::id())) {
            most = most.max(field(name).unwrap_or(0.0) * 1_024.0);
        }
    }
    Ok(most)
}
