//! No statement that somebody waits for may read a whole table that grows, or put in order what an
//! index has in order: held against the engine's own plans, on the engine that the run is about.
//!
//! A domain lists its statements by the constants that its store runs, so none can drift from its
//! plan. SQLite chooses by the schema alone. PostgreSQL chooses by what is in the tables and by the
//! values, so these are filled first, and a scan of one is the server's own choice.

mod indexes;
mod rows;
mod steps;
mod values;

use std::fmt::Write as _;

use infra_db::Database;
use infra_domain::DatabaseSpec;
use tempfile::TempDir;

use self::indexes::Indexes;

/// What a plan may do beside finding its rows by an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Nothing more.
    Search,
    /// Put in order a bounded number of rows which an index has found.
    Sort,
    /// Read this table along an index or its key from one end, to take as many as are asked for or
    /// what a partial index holds. All of the table itself it may not.
    Walk(&'static str),
    /// Read this table in any order, to take as many as are asked for.
    Take(&'static str),
}

impl May {
    const fn sorts(self) -> bool {
        matches!(self, Self::Sort)
    }

    fn scans(self, table: &str, by_index: bool) -> bool {
        match self {
            Self::Walk(walked) => by_index && walked == table,
            Self::Take(taken) => taken == table,
            Self::Search | Self::Sort => false,
        }
    }
}

/// What the plans of a domain are held against.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tables {
    /// Those that hold few rows however many people there are: they may be read as a whole.
    pub small: &'static [&'static str],
    /// Where the rows of a server look otherwise than [`fill`](rows::fill) makes them, or its
    /// checks refuse those: a column as `table.column`, and the value of row `i` as PostgreSQL
    /// writes it.
    pub values: &'static [(&'static str, &'static str)],
}

/// A domain's database, on PostgreSQL with rows in it.
pub struct Plans {
    database: Database,
    /// None where it is a file.
    indexes: Option<Indexes>,
    small: &'static [&'static str],
    _folder: Option<TempDir>,
}

impl Plans {
    /// Opens an empty database of a domain, and fills it where the engine chooses by its rows.
    ///
    /// # Panics
    /// When it cannot be opened, or refuses the rows.
    pub async fn open(spec: &DatabaseSpec, tables: Tables) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let database = crate::open(spec, folder.path()).await;
        let indexes = (!crate::are_files()).then(|| {
            rows::fill(folder.path(), spec.name, tables);
            Indexes::read(folder.path(), spec.name)
        });
        Self {
            database,
            indexes,
            small: tables.small,
            _folder: Some(folder),
        }
    }

    /// Those of a database that is a file whatever the run is about.
    #[must_use]
    pub const fn of_file(database: Database, small: &'static [&'static str]) -> Self {
        Self {
            database,
            indexes: None,
            small,
            _folder: None,
        }
    }

    /// Holds the plans of these statements against what each may do.
    ///
    /// # Panics
    /// When one does more, with the plans of all that do.
    pub async fn hold(&self, lists: &[(May, &[&str])]) {
        let mut report = String::new();
        for (may, statements) in lists {
            for statement in *statements {
                let steps = self.steps(statement).await;
                let faults = self.faults_of(&steps, statement, *may);
                if !faults.is_empty() {
                    let plan = steps.join("\n    ");
                    write!(
                        report,
                        "\n{statement}\n  {}\n    {plan}",
                        faults.join("\n  ")
                    )
                    .expect("a text takes any text");
                }
            }
        }
        assert!(report.is_empty(), "{report}");
    }

    /// Holds the plans of what the bus asks of the domain's outbox.
    ///
    /// # Panics
    /// As [`Self::hold`].
    pub async fn hold_outbox(&self) {
        let statements = &infra_bus::statements::OF_OUTBOX;
        self.hold(&[(May::Walk("outbox"), statements)]).await;
    }

    /// The faults that a statement's plan has.
    pub async fn faults(&self, statement: &str) -> Vec<String> {
        let steps = self.steps(statement).await;
        self.faults_of(&steps, statement, May::Search)
    }

    fn faults_of(&self, steps: &[String], statement: &str, may: May) -> Vec<String> {
        let judged = match &self.indexes {
            None => steps::of_sqlite(steps, statement),
            Some(indexes) => steps::of_postgres(steps, indexes),
        };
        steps::faults(judged, may, self.small)
    }

    async fn steps(&self, statement: &str) -> Vec<String> {
        let reader = self.database.reader();
        let steps = if self.indexes.is_none() {
            infra_db::query_plan(reader, statement).await
        } else {
            infra_db::query_plan_for(reader, statement, &values::of(statement)).await
        };
        steps.unwrap_or_else(|error| panic!("{statement}: {error:?}"))
    }
}
