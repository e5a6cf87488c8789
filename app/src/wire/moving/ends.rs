//! Both ends of a move: opening a database that is moved, and the one that it is moved into.

use anyhow::{Result, ensure};
use infra_db::transfer::{self, Survey};
use infra_db::{Database, OpenOptions, PostgresOptions};
use infra_domain::DatabaseSpec;

use super::{Move, Side, on_server, schemas, unfinished};

/// A database that is moved, and what it holds.
pub(super) struct Source {
    pub(super) spec: &'static DatabaseSpec,
    pub(super) database: Database,
    pub(super) survey: Survey,
}

impl Move<'_> {
    /// Opens a database where it is, and brings it up to date.
    pub(super) async fn open_source(&self, spec: &'static DatabaseSpec) -> Result<Database> {
        if self.destination.to == Side::Server {
            let path = self.configuration.data_dir.join(spec.file);
            let options = OpenOptions::default();
            return Ok(Database::open_with(&path, spec.migrations, options).await?);
        }
        let (url, options) = (&self.destination.url, PostgresOptions::default());
        let database = Database::open_postgres(url, spec.name, on_server(spec)?, options).await?;
        let found = database.installation().await?;
        ensure!(
            // Else another server's schema of this name would be moved as if it were this folder's.
            found.as_deref() == self.record.installation(spec.name),
            "the database that `database_url` names is not the one of {} that {} was used with: name that one",
            spec.name,
            self.configuration.data_dir.display()
        );
        Ok(database)
    }

    /// Has nobody else open what is made on a server: all of it, before there is any.
    pub(super) async fn claim_target(&self, name: &str) -> Result<()> {
        if self.destination.to == Side::Server {
            transfer::claim_schemas(&self.destination.url, &schemas(), name).await?;
        }
        Ok(())
    }

    /// Opens the database on the other side, which nobody uses yet.
    pub(super) async fn open_target(&self, spec: &DatabaseSpec) -> Result<Database> {
        if self.destination.to == Side::Folder {
            let path = unfinished(self.configuration, spec);
            return Ok(transfer::open_target_file(&path, spec.migrations).await?);
        }
        let url = self.destination.url.as_str();
        Ok(transfer::open_claimed_schema(url, spec.name, on_server(spec)?).await?)
    }

    /// Closes the database on the other side. Returns what it is known by there.
    pub(super) async fn close_target(&self, target: &Database) -> Result<Option<String>> {
        let installation = target.installation().await?;
        if self.destination.to == Side::Folder {
            // A file is kept from others by its name; schemas are released all at once after the
            // switch.
            transfer::release(target).await?;
        }
        let is_closed = target.close().await;
        ensure!(
            is_closed,
            "{} could not be closed in order; run the command again",
            target.path().display()
        );
        Ok(installation)
    }
}
