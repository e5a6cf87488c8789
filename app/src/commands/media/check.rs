//! `heliograph media check`: what a disk, a crash or a person has done to the photos' files.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use business_media_gateway::{
    CheckFinding, CheckMediaRequest, CheckSummary, MediaId, check_progress::Step,
};
use clap::Args;
use futures::StreamExt as _;
use serde_json::json;

use crate::commands::Access;
use crate::config::Configuration;
use crate::wire::record;

/// The exit code when findings are left.
const FINDINGS_LEFT: u8 = 1;
/// The exit code when the check could not be done.
const NOT_DONE: u8 = 2;

/// Compare the photos' files with the database and with their checksums
///
/// Walks over every photo, and then over every file: finds files that are missing, cut short or, by
/// their checksum, damaged (bit rot); ready photos that lack a rendition; and files that no photo
/// uses.
///
/// It may run while the server does. With --repair, renditions are made again from the original,
/// or, if that is gone, from a larger rendition; a photo whose original is lost continues being
/// shown; one of which nothing is left is marked as failed; and files that no photo uses are
/// deleted, unless the database that named them was lost (--accept-lost media) or names none at
/// all.
///
/// The exit code is 0 when nothing is wrong (any more), 1 when something is, 2 when the check could
/// not be done.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct CheckArguments {
    /// Repair what can be repaired
    #[arg(long)]
    repair: bool,
    /// With --repair: delete files that no photo uses even where the database of the photos was
    /// lost, so that they may be photos
    #[arg(long, requires = "repair")]
    delete_unnamed: bool,
    /// Compare names and lengths only, without reading the files
    #[arg(long)]
    quick: bool,
    /// Print JSON: a line for each finding, then one with the sums
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:
  heliograph media check --quick              is every file there? seconds, even for many photos
  heliograph media check                      is every file what it was? reads them all
  heliograph media check --repair             and repair what is not";

/// What can go wrong here has an exit code of its own, so that a script can distinguish it from a
/// finding.
pub(super) async fn run(arguments: &CheckArguments, configuration: &Configuration) -> ExitCode {
    match check(arguments, configuration).await {
        Ok(summary) if summary.findings == summary.repaired => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(FINDINGS_LEFT),
        Err(error) => {
            eprintln!("heliograph: {error:#}");
            ExitCode::from(NOT_DONE)
        }
    }
}

async fn check(arguments: &CheckArguments, configuration: &Configuration) -> Result<CheckSummary> {
    let access = if arguments.repair {
        Access::Changes
    } else {
        Access::Asks
    };
    let domains = crate::commands::open_with_codecs(configuration, access).await?;
    let request = CheckMediaRequest {
        repair: arguments.repair,
        read_bytes: !arguments.quick,
        keep_unnamed: record::blob_names_are_given_up(&configuration.data_dir)?,
        delete_unnamed: arguments.delete_unnamed,
    };
    let media = domains.gateways().media;
    let mut steps = media
        .check_media(&crate::commands::context(), request)
        .await?;
    let mut progress = Progress::new(arguments.json);
    let mut last = CheckSummary::default();
    let (mut orphans, mut damaged) = (false, false);
    while let Some(step) = steps.next().await {
        match step.context("the check was cut off; begin it again")?.step {
            Some(Step::Finding(finding)) => {
                orphans |= finding.repaired && finding.kind == "orphan_blob";
                damaged |= !finding.repaired && finding.kind != "foreign_file";
                progress.finding(&finding);
            }
            Some(Step::Summary(summary)) => {
                progress.summary(&summary);
                last = summary;
            }
            None => {}
        }
    }
    progress.clear();
    // A stream that ends early looks like one that was read to its end, but for this.
    anyhow::ensure!(last.done, "the check was cut off; begin it again");
    if arguments.delete_unnamed {
        // Only after a check that was done: else some of it may yet be there, and be a photo.
        record::record_unnamed_deleted(&configuration.data_dir)?;
    }
    let deleted = !arguments.repair || super::delete_queued(&domains, configuration).await?;
    domains.close().await;
    if arguments.json {
        println!("{}", summary_json(&last));
    } else {
        report(arguments, &last, orphans && !deleted, damaged);
    }
    Ok(last)
}

fn report(arguments: &CheckArguments, summary: &CheckSummary, is_waiting: bool, is_damaged: bool) {
    let read = if arguments.quick {
        "not read".to_owned()
    } else {
        format!("{} read", megabytes(summary.bytes_read))
    };
    println!(
        "{} photos, {} files, {read}: {} findings, {} of them repaired.",
        summary.items, summary.blobs, summary.findings, summary.repaired
    );
    if is_waiting {
        println!("The server that runs deletes what no photo uses within a minute or so.");
    }
    if is_damaged && !arguments.repair {
        println!("Repair what can be repaired: heliograph media check --repair");
    }
}

/// What is shown while it continues: findings on standard output; on a terminal, how far it is on
/// standard error.
struct Progress {
    json: bool,
    is_terminal: bool,
}

impl Progress {
    fn new(json: bool) -> Self {
        Self {
            json,
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    fn finding(&self, finding: &CheckFinding) {
        self.clear();
        if self.json {
            println!("{}", finding_json(finding));
        } else {
            let state = if finding.repaired {
                "repaired"
            } else {
                "found"
            };
            println!("{state:<9} {:<18} {}", finding.kind, finding.what);
        }
    }

    fn summary(&mut self, summary: &CheckSummary) {
        if self.is_terminal {
            self.clear();
            eprint!(
                "{} photos, {} files, {} read, {} findings",
                summary.items,
                summary.blobs,
                megabytes(summary.bytes_read),
                summary.findings
            );
            // It is only there to be looked at.
            let _ = std::io::stderr().flush();
        }
    }

    /// Takes the line that says how far it is away.
    fn clear(&self) {
        if self.is_terminal {
            eprint!("\r\x1b[K");
        }
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

fn finding_json(finding: &CheckFinding) -> serde_json::Value {
    let photo = (finding.media_id != 0).then(|| MediaId::new(finding.media_id).to_string());
    json!({
        "kind": finding.kind, "photo": photo, "key": finding.key, "what": finding.what, "repaired": finding.repaired,
    })
}

fn summary_json(summary: &CheckSummary) -> serde_json::Value {
    json!({
        "photos": summary.items, "files": summary.blobs, "bytes_read": summary.bytes_read,
        "findings": summary.findings, "repaired": summary.repaired,
    })
}
