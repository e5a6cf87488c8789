//! `heliograph codec-worker`: the process that a serving one starts for pictures whose codecs are
//! written in C.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use business_media_codec_worker::{CodecWorkers, Encoding, Format, Landlock, Program, Report};
use infra_domain::Finding;

use crate::config::Configuration;

/// What brings what is missing, by Debian's names: one package in Debian 12, plugins beside it
/// since Debian 13.
const PACKAGES: &str = "`apt-get install libheif1`, from Debian 13 on with libheif-plugin-libde265, \
    libheif-plugin-dav1d and libheif-plugin-aomenc, brings it";

/// The command's name, which is hidden from people.
pub(super) const NAME: &str = "codec-worker";

/// This program, told to be a worker.
pub(super) fn program() -> Program {
    Program::this([NAME])
}

/// Works until the serving process hangs up.
pub(super) fn run() -> Result<ExitCode> {
    anyhow::ensure!(
        // A person at a terminal would see nothing happen.
        !std::io::stdin().is_terminal(),
        "`heliograph {NAME}` is started by `heliograph serve`, which speaks to it; it is of no use to people"
    );
    business_media_codec_worker::serve_worker().context("working on pictures")?;
    Ok(ExitCode::SUCCESS)
}

/// What works here, for the doctor.
pub(super) async fn findings(configuration: &Configuration) -> Result<Vec<Finding>> {
    let settings = configuration.codecs.clone();
    let find = move || CodecWorkers::find(program(), &settings).report();
    // It starts a worker and waits for what that says of itself.
    let report = tokio::task::spawn_blocking(find).await?;
    Ok(match &report.absence {
        Some(absence) => vec![Finding::Problem(format!(
            "HEIC and AVIF photos are refused, and no WebP or AVIF is made: {absence}"
        ))],
        None => vec![formats(&report), confinement(&report)],
    })
}

fn formats(report: &Report) -> Finding {
    let version = match &report.libheif {
        Ok(version) => version,
        Err(cause) => {
            return Finding::Warning(format!(
                "HEIC and AVIF photos are refused, and no AVIF is made: {cause}; {PACKAGES}"
            ));
        }
    };
    let missing: Vec<&str> = [
        (
            !report.reads.contains(&Format::Heic),
            "HEIC photos are refused",
        ),
        (
            !report.reads.contains(&Format::Avif),
            "AVIF photos are refused",
        ),
        (!report.writes.contains(&Encoding::Avif), "no AVIF is made"),
    ]
    .into_iter()
    .filter_map(|(is_missing, what)| is_missing.then_some(what))
    .collect();
    if missing.is_empty() {
        return Finding::Good(format!(
            "HEIC and AVIF are read, WebP and AVIF are made, with libheif {version}"
        ));
    }
    Finding::Warning(format!(
        "libheif {version} is here without all of its codecs: {}; {PACKAGES}",
        missing.join(", ")
    ))
}

fn confinement(report: &Report) -> Finding {
    let text = match report.landlock {
        Some(Landlock::Full) => "the processes that do it are confined by seccomp and Landlock",
        Some(Landlock::Partial) => {
            "the processes that do it are confined by seccomp and what this kernel has of Landlock"
        }
        Some(Landlock::Absent) | None => {
            return Finding::Warning(
                "this kernel has no Landlock: the processes that read HEIC and AVIF are confined by seccomp alone; \
                 Linux has Landlock since 5.13, where it is switched on"
                    .to_owned(),
            );
        }
    };
    Finding::Good(text.to_owned())
}
