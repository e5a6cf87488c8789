//! What a backup has come to, in words and as JSON.

use std::path::Path;

use infra_backup::{BackupError, BackupReport, Manifest};
use serde_json::{Value, json};

pub(super) fn print_report(target: &Path, report: &BackupReport) {
    let (photos, pruned) = (&report.manifest.photos, &report.pruned);
    println!(
        "Snapshot {} in {}: {} photos' files, {} of them copied now ({}).",
        report.snapshot,
        target.display(),
        photos.files,
        report.copied_files,
        megabytes(report.copied_bytes)
    );
    if report.is_named_ahead {
        println!(
            "It is named by a later time than it is: an earlier snapshot was made with a clock that was ahead, and names are in order."
        );
    }
    if !pruned.snapshots.is_empty() || pruned.files > 0 {
        println!(
            "Removed {} older snapshots, and {} files that none needs any more ({}).",
            pruned.snapshots.len(),
            pruned.files,
            megabytes(pruned.bytes)
        );
    }
    if let Some(error) = &pruned.failed {
        println!(
            "The snapshot was made, and not all that is too old was removed: {}",
            error.sentence()
        );
    }
    for (lost, what) in [(&report.missing, "not there"), (&report.damaged, "damaged")] {
        if lost.count > 0 {
            println!(
                "{} photos' files are {what}, the first is {}; look at them with `heliograph media check`.",
                lost.count, lost.shown[0]
            );
        }
    }
}

pub(super) fn report_json(target: &Path, report: &BackupReport) -> Value {
    let lost = |lost: &infra_backup::Lost| {
        json!({
            "count": lost.count,
            "files": lost.shown.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    json!({
        "snapshot": report.snapshot,
        "target": target,
        "taken_at_us": report.manifest.taken_at_us,
        "named_ahead": report.is_named_ahead,
        "encrypted": !report.manifest.recipients.is_empty(),
        "photos_files": report.manifest.photos.files,
        "photos_bytes": report.manifest.photos.bytes,
        "copied_files": report.copied_files,
        "copied_bytes": report.copied_bytes,
        "missing": lost(&report.missing),
        "damaged": lost(&report.damaged),
        "removed_snapshots": report.pruned.snapshots,
        "removed_files": report.pruned.files,
        "removed_bytes": report.pruned.bytes,
        "not_removed_because": report.pruned.failed.as_ref().map(BackupError::sentence),
    })
}

/// What a snapshot has not, at the end of a sentence.
pub(super) fn lost(manifest: &Manifest) -> String {
    match manifest.photos.lost {
        0 => String::new(),
        lost => format!("; lost already when it was made: {lost}"),
    }
}

pub(super) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}
