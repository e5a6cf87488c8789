//! The renditions of files, for the benchmarks:
//!
//! `renditions --work THREADS FILE...` makes them and throws them away, for as many files at once
//! as there are threads. `renditions --encode SIDE QUALITY OUT FILE` writes one rendition of that
//! side and quality to OUT.

use std::sync::atomic::{AtomicUsize, Ordering};

use business_media_codec::{CodecError, Job, Ladder, Limits, Processed, Step, process};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &words[..] {
        ["--work", threads, files @ ..] => work(threads.parse()?, files),
        ["--encode", side, quality, out, file] => {
            encode(side.parse()?, quality.parse()?, out, file)
        }
        _ => Err("what to do? see the head of this example".into()),
    }
}

fn make(file: &str, ladder: &Ladder) -> Result<Result<Processed, CodecError>, std::io::Error> {
    let bytes = std::fs::read(file)?;
    Ok(process(&bytes, &Job::new(&Limits::default(), ladder)))
}

fn work(threads: usize, files: &[&str]) -> Outcome {
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !matches!(make(file, &Ladder::default()), Ok(Ok(_))) {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    match failed.into_inner() {
        0 => Ok(()),
        failed => Err(format!("{failed} files failed").into()),
    }
}

fn encode(side_max: u32, quality: u8, out: &str, file: &str) -> Outcome {
    let step = Step {
        name: "one",
        side_max,
        quality,
        webp_quality: quality,
        avif_quality: quality,
    };
    let processed = make(file, &Ladder::new(vec![step]))??;
    let rendition = processed.renditions.first().ok_or("no rendition")?;
    std::fs::write(out, &rendition.bytes)?;
    Ok(())
}
