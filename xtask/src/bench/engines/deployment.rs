//! The engines that a server is measured on, started for it and ended with it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use testing_engines::{Nats, Postgres, Redis, S3};

use crate::bench::server::{Server, Usage};

/// Where a server keeps what it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// Everything in its folder.
    Embedded,
    /// The databases on PostgreSQL.
    Postgres,
    /// The log of events on NATS JetStream.
    Nats,
    /// Photos in a bucket.
    S3,
    /// Limits counted on Redis.
    Redis,
    /// Each concern on its engine.
    Engines,
}

/// A server and what it stands on.
pub(crate) struct Deployment {
    pub(crate) shape: Shape,
    pub(crate) server: Server,
    engines: Engines,
}

#[derive(Default)]
struct Engines {
    postgres: Option<Postgres>,
    nats: Option<Nats>,
    bucket: Option<S3>,
    redis: Option<Redis>,
}

impl Shape {
    /// As the tables have it.
    pub(crate) const fn described(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Postgres => "PostgreSQL",
            Self::Nats => "NATS",
            Self::S3 => "S3",
            Self::Redis => "Redis",
            Self::Engines => "all four",
        }
    }

    /// Whether it has the engine of this shape.
    fn has(self, engine: Self) -> bool {
        self == engine || self == Self::Engines
    }
}

impl Engines {
    fn start(shape: Shape) -> Result<Self> {
        let mut started = Self::default();
        if shape.has(Shape::Postgres) {
            started.postgres = Some(found(Postgres::start(), "HELIOGRAPH_TEST_POSTGRES")?);
        }
        if shape.has(Shape::Nats) {
            started.nats = Some(found(Nats::start(), "HELIOGRAPH_TEST_NATS")?);
        }
        if shape.has(Shape::S3) {
            started.bucket = Some(found(S3::start(), "HELIOGRAPH_TEST_S3")?);
        }
        if shape.has(Shape::Redis) {
            started.redis = Some(found(Redis::start(), "HELIOGRAPH_TEST_REDIS")?);
        }
        Ok(started)
    }

    /// What a server is told to be on them.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        if let Some(postgres) = &self.postgres {
            let url = postgres.create_database("photos");
            all.push(("HELIOGRAPH_DATABASE_URL", url));
        }
        if let Some(nats) = &self.nats {
            all.push(("HELIOGRAPH_BUS_URL", nats.url()));
            all.push(("HELIOGRAPH_JETSTREAM__MONITOR", nats.monitor()));
        }
        if let Some(bucket) = &self.bucket {
            let (id, secret) = (bucket.access_key_id(), bucket.secret_access_key());
            all.push(("HELIOGRAPH_MEDIA_URL", bucket.url("photos")));
            all.push(("HELIOGRAPH_S3__ENDPOINT", bucket.endpoint()));
            all.push(("HELIOGRAPH_S3__ACCESS_KEY_ID", id.to_owned()));
            all.push(("HELIOGRAPH_S3__SECRET_ACCESS_KEY", secret.to_owned()));
        }
        if let Some(redis) = &self.redis {
            all.push(("HELIOGRAPH_REDIS_URL", redis.url()));
        }
        all
    }

    fn processes(&self) -> impl Iterator<Item = u32> {
        let all = [
            self.postgres.as_ref().map(Postgres::process_id),
            self.nats.as_ref().map(Nats::process_id),
            self.bucket.as_ref().map(S3::process_id),
            self.redis.as_ref().map(Redis::process_id),
        ];
        all.into_iter().flatten()
    }
}

fn found<T>(engine: Option<T>, variable: &str) -> Result<T> {
    engine.with_context(|| format!("the benchmark needs an engine: {variable} names its program"))
}

impl Deployment {
    /// Starts the engines, and the program on them with these settings besides.
    pub(crate) fn start(
        shape: Shape,
        program: &Path,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let engines = Engines::start(shape)?;
        let all = engines.settings();
        let all = all.iter().map(|(name, value)| (*name, &**value));
        let all: Vec<(&str, &str)> = all.chain(settings.iter().copied()).collect();
        let server = Server::start(program, folder, &all)?;
        Ok(Self {
            shape,
            server,
            engines,
        })
    }

    /// What the engines have used so far, in processes of their own: PostgreSQL has one for each
    /// session.
    pub(crate) fn engines_usage(&self) -> Result<Usage> {
        let mut sum = Usage::default();
        for process in self.engines.processes() {
            sum = sum.and(Usage::with_children(process)?);
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
            // A session that has ended and is not waited for yet is in nobody's time for a moment.
            self.engines_usage()?.processor.saturating_sub(before),
        ))
    }
}
