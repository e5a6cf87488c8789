//! Every rendition of files of every format, for the contact sheet: `sheet OUT FILE...` writes them
//! into the folder OUT and prints a line of JSON for each file. Without words it is the worker.

use std::error::Error;
use std::path::{Path, PathBuf};

use business_media_codec::{Job, Ladder, Limits, Processed, process};
use business_media_codec_worker::{CodecWorkers, Program, Settings};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((out, files)) = words.split_first() else {
        return Ok(business_media_codec_worker::serve_worker()?);
    };
    let external_codecs = CodecWorkers::find(
        Program::this(std::iter::empty::<&str>()),
        &Settings::default(),
    );
    let (limits, ladder) = (Limits::default(), Ladder::default());
    let out = Path::new(out);
    std::fs::create_dir_all(out)?;
    for file in files {
        let job = Job {
            external_codecs: Some(&external_codecs),
            ..Job::new(&limits, &ladder)
        };
        let line = match process(&std::fs::read(file)?, &job) {
            Ok(processed) => written(out, file, &processed)?,
            Err(error) => json!({ "file": file, "error": error.to_string() }),
        };
        println!("{line}");
    }
    Ok(())
}

/// Writes the renditions, and says where they are.
fn written(out: &Path, file: &str, processed: &Processed) -> Result<Value, std::io::Error> {
    let name = Path::new(file)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let mut renditions = Vec::new();
    for rendition in &processed.renditions {
        let path: PathBuf = out.join(format!("{name}.{}.jpg", rendition.name));
        std::fs::write(&path, &rendition.bytes)?;
        renditions.push(json!({
            "name": rendition.name,
            "width": rendition.width,
            "height": rendition.height,
            "bytes": rendition.bytes.len(),
            "path": path,
        }));
    }
    Ok(json!({
        "file": file,
        "width": processed.width,
        "height": processed.height,
        "blurhash": processed.blurhash,
        "dominant_color": processed.dominant_color,
        "renditions": renditions,
    }))
}
