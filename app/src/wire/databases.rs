//! The databases of an installation: which there are, and opening all of them.

use anyhow::{Context as _, Result, ensure};
use infra_db::{
    Database, DatabaseState, Durability, Migrator, OpenOptions, PostgresOptions, examine_postgres,
};
use infra_domain::DatabaseSpec;

use super::compose::DOMAINS;
use super::data_folder::{self, Contents};
use super::databases_lock::DatabasesLock;
use super::{Topology, full_disk, photos};
use crate::config::Configuration;

/// The bus's, which is no domain's: nothing else is in it than what the others publish.
pub(crate) static BUS: DatabaseSpec = DatabaseSpec {
    // Events stay in their outboxes until the bus has synced them.
    durability: Durability::OnSync,
    has_outbox: false,
    is_original: true,
    ..DatabaseSpec::new("bus", "bus.db", &infra_bus::MIGRATIONS)
};

/// Those that are files of the data folder.
pub(crate) fn specs_in_folder(
    configuration: &Configuration,
) -> impl Iterator<Item = &'static DatabaseSpec> + Clone + use<> {
    let is_embedded = configuration.database_url.is_empty();
    // With a server, only what has no migrations for one is a file still: the bus's.
    specs().filter(move |spec| is_embedded || spec.postgres_migrations.is_none())
}

/// Every database of an installation.
pub(crate) fn specs() -> impl Iterator<Item = &'static DatabaseSpec> + Clone {
    let domains = DOMAINS.iter().map(|entry| entry.database);
    domains.chain([&BUS])
}

/// Every database of the installation, open, and held against a move.
pub(super) struct Databases {
    opened: Vec<(&'static DatabaseSpec, Database)>,
    /// Nobody moves them meanwhile.
    _lock: DatabasesLock,
}

impl Databases {
    /// Opens them side by side, for a quick start, unless one is lost or not what it should be.
    pub(super) async fn open(configuration: &Configuration, topology: &Topology) -> Result<Self> {
        let folder = configuration.data_dir.as_path();
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
        full_disk::require_room_to_start(folder).await?;
        // Before anything is looked at: where the databases are may be about to change.
        let lock = DatabasesLock::shared(folder)?;
        Self::open_under(lock, configuration, topology).await
    }

    /// The same for who has taken the lock on them.
    pub(super) async fn open_under(
        lock: DatabasesLock,
        configuration: &Configuration,
        topology: &Topology,
    ) -> Result<Self> {
        let folder = configuration.data_dir.as_path();
        // All checks, and the note that databases will be made, before the first of them is.
        let mut contents = Contents::look(configuration).await?;
        contents.require_no_other(configuration)?;
        contents.require_whole(&topology.accept_lost)?;
        contents.record_begun()?;
        let connections =
            specs_in_folder(configuration).count() as u64 * u64::from(infra_db::CONNECTIONS_MAX);
        // Each connection has a cache of its own, so the setting is shared among all that there may
        // be.
        let page_cache_bytes = configuration.database_cache_bytes / connections;
        let opening = specs().map(|spec| async move {
            let options = OpenOptions {
                page_cache_bytes,
                durability: spec.durability,
            };
            let opening = open_one(spec, configuration, options, topology.is_asking);
            anyhow::Ok((spec, opening.await?))
        });
        let opened = futures::future::try_join_all(opening).await?;
        // Only when all are there: a start that is cut off before finds the rest still new.
        contents.record_made()?;
        for (spec, database) in &opened {
            if let Some(id) = database.installation().await? {
                contents.require_known(spec, &id, &topology.accept_lost)?;
            }
        }
        // After opening, which has made the files that SQLite keeps beside each database.
        data_folder::give_all(folder)?;
        let databases = Self {
            opened,
            _lock: lock,
        };
        databases
            .require_photos(configuration, &mut contents, topology)
            .await?;
        Ok(databases)
    }

    /// The database of this spec, which is a domain's or the bus's.
    pub(super) fn get(&self, spec: &DatabaseSpec) -> Result<&Database> {
        let mut opened = self.opened.iter();
        let found = opened.find(|(opened, _)| opened.name == spec.name);
        let (_, database) = found.with_context(|| format!("{} is not open", spec.file))?;
        Ok(database)
    }

    /// Those whose events are relayed.
    pub(super) fn outboxes(&self) -> Vec<Database> {
        let with_outbox = self.opened.iter().filter(|(spec, _)| spec.has_outbox);
        with_outbox.map(|(_, database)| database.clone()).collect()
    }

    /// Finishes every write that was handed in and closes them all.
    pub(super) async fn close(&self) {
        let closing = self.opened.iter().map(|(_, database)| database.close());
        // Each says in the log what of it stays open.
        futures::future::join_all(closing).await;
    }

    /// Refuses to continue when the photos' files are lost or elsewhere.
    async fn require_photos(
        &self,
        configuration: &Configuration,
        contents: &mut Contents,
        topology: &Topology,
    ) -> Result<()> {
        let have_blobs = photos::may_be_lost(configuration) && self.have_blobs().await?;
        photos::require_place(configuration, contents, topology, have_blobs).await
    }

    /// Whether any of them names a file of the blob store.
    async fn have_blobs(&self) -> Result<bool> {
        for entry in DOMAINS {
            if (entry.has_blobs)(self.get(entry.database)?).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

async fn open_one(
    spec: &DatabaseSpec,
    configuration: &Configuration,
    options: OpenOptions,
    is_asking: bool,
) -> Result<Database> {
    let url = configuration.database_url.as_str();
    if let Some(migrations) = spec.postgres_migrations.filter(|_| !url.is_empty()) {
        if is_asking {
            return look_at(url, spec, migrations).await;
        }
        let options = PostgresOptions::default();
        let mut database = Database::open_postgres(url, spec.name, migrations, options).await?;
        let replicas = configuration.database_replicas.as_str();
        if !replicas.is_empty() {
            let named = database.with_replicas(replicas, spec.name);
            database = named.context("`database_replicas` cannot be used")?;
        }
        tokio::spawn(end_without_home(spec.name, database.clone()));
        return Ok(database);
    }
    let path = configuration.data_dir.join(spec.file);
    Ok(Database::open_with(&path, spec.migrations, options).await?)
}

/// Opens a database on a server to be read, by who is not its home.
async fn look_at(
    url: &str,
    spec: &DatabaseSpec,
    migrations: &'static Migrator,
) -> Result<Database> {
    let state = examine_postgres(url, spec.name, migrations).await?;
    let database = Database::open_postgres_read_only(url, spec.name)?;
    ensure!(
        state == DatabaseState::Ready { pending: 0 },
        "{} is not there, or not of this version; start `heliograph serve` of this version first, and see `heliograph doctor`",
        database.path().display()
    );
    Ok(database)
}

/// Ends the process when another one has become the domain's home. At once: what its caches hold is
/// not true any more, and nothing that it has acknowledged is in it alone.
async fn end_without_home(domain: &'static str, database: Database) {
    database.home_lost().await;
    tracing::error!(
        domain,
        "another process is the home of this domain now, or its server has lost what was acknowledged; this process ends"
    );
    std::process::exit(1);
}
