//! The engines that the suite runs on: SQLite always, PostgreSQL where it is asked for.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use infra_db::{CommitWatch, Database, PostgresOptions};
use tempfile::TempDir;
use testing_engines::{Link, Postgres};

use crate::MIGRATIONS;

/// The schema that tests have in their databases.
pub(crate) const SCHEMA: &str = "things";

/// One server for all tests of this process.
static SERVER: LazyLock<Option<Postgres>> = LazyLock::new(Postgres::start);

/// An empty database of a test's own.
pub(crate) enum Store {
    Sqlite(TempDir),
    Postgres(String),
}

impl Store {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// None where PostgreSQL is not asked for.
    pub(crate) fn postgres() -> Option<Self> {
        postgres_url(&[]).map(Self::Postgres)
    }

    pub(crate) async fn open(&self) -> Database {
        match self {
            Self::Sqlite(folder) => {
                let path = folder.path().join("things.db");
                Database::open(&path, &MIGRATIONS).await.unwrap()
            }
            Self::Postgres(url) => open_postgres(url).await,
        }
    }

    pub(crate) async fn open_watched(&self, watch: CommitWatch) -> Database {
        let opened = match self {
            Self::Sqlite(folder) => {
                let path = folder.path().join("things.db");
                Database::open_watched(&path, &MIGRATIONS, watch).await
            }
            Self::Postgres(url) => {
                Database::open_postgres_watched(url, SCHEMA, &MIGRATIONS, watch).await
            }
        };
        opened.unwrap()
    }
}

pub(crate) async fn open_postgres(url: &str) -> Database {
    let options = PostgresOptions::default();
    let opened = Database::open_postgres(url, SCHEMA, &MIGRATIONS, options).await;
    opened.unwrap()
}

/// A new database on the server that the tests share, made with these arguments.
pub(crate) fn postgres_url(arguments: &[&str]) -> Option<String> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.as_ref()?;
    let number = MADE.fetch_add(1, Ordering::SeqCst);
    Some(server.create_database_with(&format!("test_{number}"), arguments))
}

/// A new database on the server that the tests share, and a way there that can be cut.
pub(crate) fn postgres_url_by_link() -> Option<(String, Link)> {
    let url = postgres_url(&[])?;
    let link = SERVER.as_ref()?.link();
    Some((link.url(&url), link))
}

/// Each test of these on each engine.
macro_rules! on_each_engine {
    ($($name:ident,)+) => {
        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(&$crate::engine::Store::sqlite()).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    if let Some(store) = $crate::engine::Store::postgres() {
                        super::$name(&store).await;
                    }
                }
            )+
        }
    };
}

pub(crate) use on_each_engine;
