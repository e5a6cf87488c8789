//! The steps of a move: reading all databases, and filling one on the other side.

use std::time::Duration;

use anyhow::{Context as _, Result};
use infra_db::transfer::{self, TransferError};

use super::ends::Source;
use super::{Move, Phase, Report, Step, movable};

/// How often a phase is begun when its server is away or slow, and the pause before the next time.
const ATTEMPTS_MAX: u32 = 10;
const ATTEMPT_PAUSE: Duration = Duration::from_secs(1);

impl Move<'_> {
    /// Reads every database, so that what cannot be moved is found before anything is written.
    pub(super) async fn read_all(&self, report: &mut Report<'_>) -> Result<Vec<Source>> {
        let mut sources = Vec::new();
        for spec in movable() {
            let database = self.open_source(spec).await?;
            let phase = Phase::Read;
            let mut progress = |table: &str, rows: u64| {
                report(Step::Rows {
                    phase,
                    database: spec.name,
                    table,
                    rows,
                });
            };
            let survey = transfer::survey(&database, &mut progress).await;
            let survey = survey.with_context(|| {
                format!(
                    "{} cannot be moved, and nothing was; while nothing serves, change what is named here (SQLite's own \
                     program `sqlite3` can), and run the command again",
                    spec.file
                )
            })?;
            report(Step::Done {
                phase,
                database: spec.name,
                rows: survey.rows(),
            });
            sources.push(Source {
                spec,
                database,
                survey,
            });
        }
        Ok(sources)
    }

    /// Copies one database to the other side and holds the copy against it. Returns what the copy
    /// is known by there.
    pub(super) async fn fill(
        &self,
        source: &Source,
        name: &str,
        report: &mut Report<'_>,
    ) -> Result<Option<String>> {
        let (database, survey) = (source.spec.name, &source.survey);
        let target = self.open_target(source.spec).await?;
        let copied = run(Phase::Copy, source, report, async |progress| {
            transfer::copy(&source.database, survey, &target, name, progress).await
        });
        copied
            .await
            .with_context(|| format!("{database} could not be copied; the old one is as it was"))?;
        let verified = run(Phase::Verify, source, report, async |progress| {
            transfer::verify(survey, &target, progress).await
        });
        verified.await.with_context(|| {
            format!(
                "the copy of {database} is not what was read, and is not used; run the command again, which copies it from \
                 the beginning"
            )
        })?;
        self.close_target(&target).await
    }
}

/// Does one phase of a database, with its report, and again for a while when a server is away.
async fn run<F>(
    phase: Phase,
    source: &Source,
    report: &mut Report<'_>,
    work: F,
) -> Result<(), TransferError>
where
    F: AsyncFn(&mut transfer::Progress<'_>) -> Result<(), TransferError>,
{
    let database = source.spec.name;
    let mut progress = |table: &str, rows: u64| {
        report(Step::Rows {
            phase,
            database,
            table,
            rows,
        });
    };
    let mut attempts = 1;
    loop {
        match work(&mut progress).await {
            // What is done is not done again.
            Err(TransferError::Database(error))
                if error.is_transient() && attempts < ATTEMPTS_MAX =>
            {
                attempts += 1;
                tokio::time::sleep(ATTEMPT_PAUSE).await;
            }
            done => break done?,
        }
    }
    report(Step::Done {
        phase,
        database,
        rows: source.survey.rows(),
    });
    Ok(())
}
