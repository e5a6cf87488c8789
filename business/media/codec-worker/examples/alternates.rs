//! One file in another form than JPEG, as the program writes it:
//! `alternates FORM QUALITY OUT FILE`, where FORM is `webp`, `avif`, or `nothing`, which reads the
//! file and starts the worker, and is what the others cost besides. The pixels stay as large as
//! they are. Without words it is the worker.

use std::error::Error;
use std::time::{Duration, Instant};

use business_media_codec::{Encoding, Job, Ladder, Limits, Step, process_alternates};
use business_media_codec_worker::{CodecWorkers, Program, Settings};

/// Larger than any file: what is made is kept, whatever its size.
const JPEG_BYTES: u64 = u64::MAX / 100;
const TIME_MAX: Duration = Duration::from_secs(600);

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [form, quality, out, file] = &words[..] else {
        return Ok(business_media_codec_worker::serve_worker()?);
    };
    let encodings: &[Encoding] = match form.as_str() {
        "webp" => &[Encoding::WebP],
        "avif" => &[Encoding::Avif],
        "nothing" => &[],
        _ => return Err("a form is webp, avif or nothing".into()),
    };
    let settings = Settings {
        processor_s_max: TIME_MAX.as_secs(),
        ..Settings::default()
    };
    let external_codecs = CodecWorkers::find(Program::this(std::iter::empty::<&str>()), &settings);
    let made = process_alternates(
        &std::fs::read(file)?,
        &Job {
            external_codecs: Some(&external_codecs),
            deadline: Instant::now() + TIME_MAX,
            ..Job::new(&Limits::default(), &ladder(quality.parse()?))
        },
        encodings,
        &[("one", JPEG_BYTES)],
    )?;
    for form in made.made {
        std::fs::write(out, form.bytes)?;
    }
    Ok(())
}

/// One step that makes nothing smaller.
fn ladder(quality: u8) -> Ladder {
    Ladder::new(vec![Step {
        name: "one",
        side_max: u32::MAX,
        quality,
        webp_quality: quality,
        avif_quality: quality,
    }])
}
