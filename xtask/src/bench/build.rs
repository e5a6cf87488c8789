//! A release build from nothing, as a newcomer's first `cargo run --release` makes it; what is
//! downloaded is not counted.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::report::Report;

pub(crate) fn measure(root: &Path, report: &mut Report) -> Result<()> {
    report.heading("Build from nothing");
    let target = std::env::temp_dir().join(format!("heliograph-cold-build-{}", std::process::id()));
    // Before the clock starts: how fast the network is, is not measured.
    super::cargo(root, &["fetch", "--locked"])?;
    let began = Instant::now();
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(program)
        .args([
            "build",
            "--release",
            "--offline",
            "--locked",
            "-p",
            "heliograph",
        ])
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(root)
        .status()
        .context("cargo does not run")?;
    let took = began.elapsed();
    // Gigabytes that nobody needs again.
    let _ = std::fs::remove_dir_all(&target);
    ensure!(status.success(), "the build failed");
    report.header(&["what", "figure"]);
    report.row(&[
        "cold release build, s".to_owned(),
        format!("{:.0}", took.as_secs_f64()),
    ]);
    Ok(())
}
