//! A database as an installation knows it.

use infra_db::{Durability, Migrator};

/// A database of an installation: what the composition has to know to open it, to relay its events
/// and to miss it.
#[derive(Debug)]
pub struct DatabaseSpec {
    /// What the operator calls it: the domain's name.
    pub name: &'static str,
    /// The file in the data folder.
    pub file: &'static str,
    /// Its tables in that file.
    pub migrations: &'static Migrator,
    /// Its tables in a schema of its own on PostgreSQL; none for what is always in the folder.
    pub postgres_migrations: Option<&'static Migrator>,
    /// Whether it can be made again from the others, so that losing it is no loss.
    pub is_read_model: bool,
    /// When its commits are made durable: at once, unless its owner syncs it before what it is made
    /// from is released.
    pub durability: Durability,
    /// Whether events are published from it, so that it is relayed.
    pub has_outbox: bool,
    /// Whether its rows name files of the blob store: without it, nobody knows what they are.
    pub names_blobs: bool,
    /// Whether the first version had it, which kept no list of what it made.
    pub is_original: bool,
}

impl DatabaseSpec {
    /// A database that publishes events and cannot be made again, of a domain that was added after
    /// the first version.
    #[must_use]
    pub const fn new(
        name: &'static str,
        file: &'static str,
        migrations: &'static Migrator,
    ) -> Self {
        Self {
            name,
            file,
            migrations,
            postgres_migrations: None,
            is_read_model: false,
            // What is safe to forget: a domain that says nothing loses nothing.
            durability: Durability::OnCommit,
            has_outbox: true,
            names_blobs: false,
            is_original: false,
        }
    }

    /// The same, which may be on PostgreSQL, with these tables.
    #[must_use]
    pub const fn with_postgres(mut self, migrations: &'static Migrator) -> Self {
        self.postgres_migrations = Some(migrations);
        self
    }
}
