//! The engines that a server is measured on, started for it and ended with it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use testing_engines::{Nats, Postgres};

use crate::bench::server::{Server, Usage, children};

/// Where a server keeps what it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// Everything in its folder.
    Embedded,
    /// The databases on PostgreSQL.
    Postgres,
    /// The log of events on NATS JetStream.
    Nats,
    /// Each concern on its engine.
    Engines,
}

/// A server and what it stands on.
pub(crate) struct Deployment {
    pub(crate) shape: Shape,
    pub(crate) server: Server,
    postgres: Option<Postgres>,
    nats: Option<Nats>,
}

impl Shape {
    /// As the tables have it.
    pub(crate) const fn described(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Postgres => "PostgreSQL",
            Self::Nats => "NATS",
            Self::Engines => "all engines",
        }
    }

    const fn has_postgres(self) -> bool {
        matches!(self, Self::Postgres | Self::Engines)
    }

    const fn has_nats(self) -> bool {
        matches!(self, Self::Nats | Self::Engines)
    }
}

impl Deployment {
    /// Starts the engines, and the program on them with these settings besides.
    pub(crate) fn start(
        shape: Shape,
        program: &Path,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let missing = "the benchmark needs an engine that no variable names";
        let mut all: Vec<(String, String)> = Vec::new();
        let mut set = |name: &str, value: String| all.push((name.to_owned(), value));
        let postgres = shape.has_postgres().then(Postgres::start);
        let postgres = postgres
            .map(|started| started.context(format!("{missing}: HELIOGRAPH_TEST_POSTGRES")))
            .transpose()?;
        if let Some(postgres) = &postgres {
            set(
                "HELIOGRAPH_DATABASE_URL",
                postgres.create_database("photos"),
            );
        }
        let nats = shape.has_nats().then(Nats::start);
        let nats = nats
            .map(|started| started.context(format!("{missing}: HELIOGRAPH_TEST_NATS")))
            .transpose()?;
        if let Some(nats) = &nats {
            set("HELIOGRAPH_BUS_URL", nats.url());
            set("HELIOGRAPH_JETSTREAM__MONITOR", nats.monitor());
        }
        let all = all.iter().map(|(name, value)| (&**name, &**value));
        let all: Vec<(&str, &str)> = all.chain(settings.iter().copied()).collect();
        let server = Server::start(program, folder, &all)?;
        Ok(Self {
            shape,
            server,
            postgres,
            nats,
        })
    }

    /// What the engines have used so far, in processes of their own.
    pub(crate) fn engines_usage(&self) -> Result<Usage> {
        let postgres = self.postgres.as_ref().map(Postgres::process_id);
        let nats = self.nats.as_ref().map(Nats::process_id);
        let mut sum = Usage::default();
        for process in [postgres, nats].into_iter().flatten() {
            sum = sum.and(Usage::of(process)?);
            for child in children(process)? {
                // A session may have ended since; then its time is its parent's.
                sum = sum.and(Usage::of(child).unwrap_or_default());
            }
        }
        Ok(sum)
    }

    /// The engines' processor time while this runs, besides what it returns.
    pub(crate) fn engines_during<T>(
        &self,
        work: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<(T, Duration)> {
        let before = self.engines_usage()?.processor;
        let result = work(self)?;
        Ok((
            result,
            self.engines_usage()?.processor.saturating_sub(before),
        ))
    }
}
