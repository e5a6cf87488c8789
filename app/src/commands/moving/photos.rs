//! `heliograph move photos`: from the folder into a bucket, back, and from bucket to bucket.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;
use infra_blob::S3Store;
use infra_blob::transfer::Totals;
use serde_json::json;

use super::super::progress::ProgressLine;
use crate::config::{Configuration, s3_settings_of};
use crate::wire::data_folder::MEDIA;
use crate::wire::moving::photos::{Destination, Moved, Phase, Step, move_photos};

/// Move the photos' files into a bucket, back into the data folder, or into another bucket
///
/// Stop the server first: nothing may be uploaded or deleted while they are moved. A bucket that
/// they come from is the one that `media_url` and the table `[s3]` of the settings name.
///
/// Every file is copied under the same name, the hash of its content, and read again where it was
/// copied to. At the end both sides are compared by names and lengths, and only then, in one step,
/// does the folder know that its photos are on the other side; until then it can be served from as
/// before. If the command is ended before that, by whatever, run it again: it goes on where it was.
///
/// The old files stay until you delete them; the command says how. They are not kept up to date: to
/// go back, move the photos back.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct PhotosArguments {
    /// Where to: `s3`, which is the place that `media_url` names; another place in a bucket,
    /// s3://bucket/prefix; or `folder`
    #[arg(long, value_name = "WHERE")]
    to: String,
    /// With --to s3://…: a TOML file whose table `[s3]` says how that bucket is reached, where it
    /// is not reached as the settings' own
    #[arg(long, value_name = "FILE")]
    s3_settings: Option<PathBuf>,
    /// Leave behind files that are not what their names say any more
    #[arg(long)]
    skip_damaged: bool,
    /// Print JSON: a line for each step, then one with the sums
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  heliograph move photos --to s3                        where media_url says, from the folder
  heliograph move photos --to folder                    from the bucket into the folder
  heliograph move photos --to s3://other/prefix         from the bucket, or the folder, there
  heliograph move photos --to s3://other/prefix --s3-settings new.toml     on another server";

pub(super) async fn run(
    arguments: &PhotosArguments,
    configuration: &Configuration,
) -> Result<ExitCode> {
    crate::commands::require_folder(configuration)?;
    let destination = destination(arguments, configuration)?;
    let began = Instant::now();
    let mut line = ProgressLine::new();
    let mut report = |step: Step| show(&step, arguments.json, &mut line);
    let skip_damaged = arguments.skip_damaged;
    let moved = Box::pin(move_photos(
        configuration,
        &destination,
        skip_damaged,
        &mut report,
    ));
    let moved = moved.await;
    // Before anything is printed, an error too: this takes the bar away.
    drop(line);
    let moved = moved?;
    if arguments.json {
        print_json(&moved, configuration);
    } else {
        print(&moved, &destination, configuration, began);
    }
    Ok(ExitCode::SUCCESS)
}

fn destination(arguments: &PhotosArguments, configuration: &Configuration) -> Result<Destination> {
    let known = configuration.media_url.clone();
    let url = match arguments.to.as_str() {
        "folder" | "s3" if arguments.s3_settings.is_some() => {
            bail!(
                "--s3-settings is for --to s3://bucket/prefix; the place of `s3` is in the settings"
            )
        }
        "folder" => return Ok(Destination::Folder),
        "s3" if known.is_empty() => {
            bail!(
                "`media_url` names no bucket; set it and the table [s3], or say --to s3://bucket/prefix"
            )
        }
        "s3" => known,
        url if url.starts_with("s3://") => url.to_owned(),
        _ => bail!("--to is `s3`, `folder` or a place that begins with s3://"),
    };
    let settings = match &arguments.s3_settings {
        Some(file) => s3_settings_of(file)?,
        None => configuration.s3.clone(),
    };
    Ok(Destination::Bucket { url, settings })
}

const fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Count => "counted",
        Phase::Copy => "copied",
        Phase::Compare => "compared",
    }
}

fn show(step: &Step, json: bool, line: &mut ProgressLine) {
    let (phase, done, of) = (word(step.phase), step.done, step.of);
    if json {
        println!(
            "{}",
            json!({"step": phase, "files": done.blobs, "bytes": done.bytes, "of_files": of.blobs, "of_bytes": of.bytes})
        );
        return;
    }
    let words = match step.phase {
        Phase::Count => format!("{} files {phase}", done.blobs),
        Phase::Copy | Phase::Compare => {
            format!(
                "{} of {} files {phase}, {}",
                done.blobs,
                of.blobs,
                megabytes(done)
            )
        }
    };
    line.show(done.bytes, of.bytes.max(1), &words);
}

fn megabytes(totals: Totals) -> String {
    format!("{} MB", totals.bytes / 1_000_000)
}

fn print(moved: &Moved, destination: &Destination, configuration: &Configuration, began: Instant) {
    println!(
        "{} files of photos, {}, are in {} now, each read there and compared with its checksum; {} of them were copied now. It \
         took {} s.",
        moved.totals.blobs,
        megabytes(moved.totals),
        moved.place,
        moved.copied.blobs,
        began.elapsed().as_secs()
    );
    for key in &moved.damaged {
        println!("left behind, damaged: {key}");
    }
    match destination {
        Destination::Folder => println!(
            "Before the next start, remove `media_url` from the settings, or set it to nothing:\n  media_url = \"\""
        ),
        Destination::Bucket { url, settings }
            if *url == configuration.media_url && *settings == configuration.s3 =>
        {
            println!("The settings name that place already: start Heliograph.");
        }
        Destination::Bucket { url, .. } => println!(
            "Before the next start, set this, and in the table [s3] how that bucket is reached:\n  media_url = \"{url}\""
        ),
    }
    println!(
        "The old files are not used any more. When all is well, delete them:\n  {}",
        removal(moved, configuration)
    );
}

/// The command that removes the old files.
fn removal(moved: &Moved, configuration: &Configuration) -> String {
    match &moved.old_bucket {
        // Not the folder itself: files that are being written lie in it.
        None => format!("rm -r {}/??", configuration.data_dir.join(MEDIA).display()),
        Some(store) => remove_objects(store),
    }
}

fn remove_objects(store: &S3Store) -> String {
    let location = store.location();
    let prefix = match location.prefix.as_str() {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    let endpoint = location.endpoint.as_ref();
    let endpoint = endpoint.map(|endpoint| format!(" --endpoint-url {endpoint}"));
    format!(
        "aws s3 rm --recursive s3://{}/{prefix}{}",
        location.bucket,
        endpoint.unwrap_or_default()
    )
}

fn print_json(moved: &Moved, configuration: &Configuration) {
    let damaged = moved.damaged.iter().map(ToString::to_string);
    println!(
        "{}",
        json!({
            "moved": true, "place": moved.place, "files": moved.totals.blobs, "bytes": moved.totals.bytes,
            "copied_files": moved.copied.blobs, "copied_bytes": moved.copied.bytes, "blake3": moved.digest,
            "damaged": damaged.collect::<Vec<_>>(), "remove_old": removal(moved, configuration),
        })
    );
}
