//! Opens every domain over its own database, and hands each the gateways it may call.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use business_accounts::AccountsCore;
use business_graph::GraphCore;
use business_graph_gateway::Graph;
use business_media::MediaCore;
use business_media_codec::ExternalCodecs;
use business_media_codec_worker::{CodecWorkers, Program};
use business_posts::PostsCore;
use infra_blob::DirectoryStore;
use infra_bus::EmbeddedBus;
use infra_db::{Database, OpenOptions};
use infra_kernel::{Clock, IdGenerator, SystemClock};
use infra_rpc::Layers;
use infra_telemetry::CallMetrics;
use presentation_kit::Gateways;
use product_feed::FeedCore;

use super::data_folder::{self, Contents, DATABASES};
use super::full_disk;
use crate::config::Configuration;

/// Where this process stands among others.
#[derive(Default, Clone)]
pub struct Topology {
    /// The logical shard whose ids this process makes: 0 for the one that serves. No two processes
    /// that write to the same folder concurrently may share one, or they could make the same id.
    pub shard: u16,
    /// Who follows whom, when it lives elsewhere: called instead of the one in this process.
    pub graph: Option<Arc<dyn Graph>>,
    /// What is run to decode HEIC and AVIF and to encode WebP and AVIF; nothing, and there is none
    /// of that, in commands that process no photos and in programs that know no such command.
    pub codecs: Option<Program>,
    /// The domains whose database, or "photos" whose files, may be lost: they begin with nothing.
    pub accept_lost: Vec<String>,
    /// Whether the photos' files must be there: with an empty folder in their place, a process that
    /// serves or works would find every photo damaged.
    pub requires_files: bool,
}

/// What the operator says to continue without the photos' files.
pub const LOST_FILES: &str = "photos";

/// Every domain, its database, and the bus between them.
pub struct Domains {
    pub(crate) accounts: AccountsCore,
    pub(crate) graph: GraphCore,
    pub(crate) media: MediaCore,
    pub(crate) posts: PostsCore,
    pub(crate) feed: FeedCore,
    pub(crate) bus: Arc<EmbeddedBus>,
    pub(crate) bus_database: Database,
    /// The databases whose outboxes are relayed.
    pub(crate) outboxes: Vec<Database>,
    feed_database: Database,
    gateways: Gateways,
    calls: CallMetrics,
}

/// The file of each domain, and of the bus.
struct Databases {
    accounts: Database,
    graph: Database,
    media: Database,
    posts: Database,
    feed: Database,
    bus: Database,
}

impl Databases {
    /// Opens them side by side, for a quick start, unless one is lost or not what it should be.
    async fn open(configuration: &Configuration, topology: &Topology) -> Result<Self> {
        let folder = configuration.data_dir.as_path();
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
        full_disk::require_room_to_start(folder).await?;
        let mut contents = Contents::look(folder).await?;
        contents.require_whole(&topology.accept_lost)?;
        contents.record_begun()?;
        let connections = DATABASES.len() as u64 * u64::from(infra_db::CONNECTIONS_MAX);
        let options = OpenOptions {
            page_cache_bytes: configuration.database_cache_bytes / connections,
        };
        let open = |name: &str, migrations| {
            let path = folder.join(name);
            async move { Database::open_with(&path, migrations, options).await }
        };
        let (accounts, graph, media, posts, feed, bus) = tokio::try_join!(
            open("accounts.db", &business_accounts::MIGRATIONS),
            open("graph.db", &business_graph::MIGRATIONS),
            open("media.db", &business_media::MIGRATIONS),
            open("posts.db", &business_posts::MIGRATIONS),
            open("feed.db", &product_feed::MIGRATIONS),
            open("bus.db", &infra_bus::MIGRATIONS),
        )?;
        contents.record_made()?;
        data_folder::give_all(folder)?;
        require_media(folder, &mut contents, &media, topology).await?;
        Ok(Self {
            accounts,
            graph,
            media,
            posts,
            feed,
            bus,
        })
    }

    /// Those with an outbox.
    fn outboxes(&self) -> Vec<Database> {
        [&self.accounts, &self.graph, &self.media, &self.posts]
            .map(Database::clone)
            .to_vec()
    }
}

/// The codecs of another process, and what they can do here.
async fn find_codecs(
    configuration: &Configuration,
    topology: &Topology,
) -> Result<Option<Arc<dyn ExternalCodecs>>> {
    let Some(program) = topology.codecs.clone() else {
        return Ok(None);
    };
    let settings = configuration.codecs.clone();
    // It waits for the first of them to start.
    let external_codecs =
        tokio::task::spawn_blocking(move || CodecWorkers::find(program, &settings)).await?;
    let report = external_codecs.report();
    if let Some(absence) = &report.absence {
        tracing::warn!(absence, "no codecs in worker processes");
    } else {
        let names = |list: &dyn std::fmt::Debug| format!("{list:?}");
        tracing::info!(
            reads = names(&report.reads),
            writes = names(&report.writes),
            "codecs in worker processes"
        );
    }
    Ok(Some(Arc::new(external_codecs)))
}

/// What the place is called, which no password may be: its title and its domain.
fn site_names(configuration: &Configuration) -> Vec<String> {
    let host = configuration
        .base_url
        .rsplit('/')
        .find(|part| !part.is_empty());
    let names = [
        configuration.instance.title.as_str(),
        host.unwrap_or_default(),
    ];
    names.map(str::to_owned).to_vec()
}

/// A generator of ids that are larger than every one in an event: the clock may have been put back
/// since.
async fn start_ids(
    topology: &Topology,
    clock: &Arc<dyn Clock>,
    bus: &Database,
    outboxes: &[Database],
) -> Result<Arc<IdGenerator>> {
    let ids = IdGenerator::new(topology.shard, Arc::clone(clock));
    if let Some(last) = infra_bus::last_event(bus, outboxes).await? {
        ids.start_after(last);
    }
    Ok(Arc::new(ids))
}

impl Domains {
    /// Opens every domain in the data folder and brings their databases up to date.
    ///
    /// # Errors
    /// When a database or the photo folder cannot be opened; the file is named.
    pub async fn open(configuration: &Configuration, topology: &Topology) -> Result<Self> {
        let databases = Databases::open(configuration, topology).await?;
        let blobs = open_blobs(configuration).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let outboxes = databases.outboxes();
        let ids = start_ids(topology, &clock, &databases.bus, &outboxes).await?;
        // Everyone calls everyone through the layers, also within this process.
        let calls = CallMetrics::default();
        let layers = Layers::new(calls.clone());
        let accounts = open_accounts(databases.accounts, &clock, &ids, configuration)?;
        let accounts_gateway = business_accounts_gateway::layered(accounts.gateway(), &layers);
        let graph = GraphCore::new(business_graph::Dependencies {
            database: databases.graph,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            accounts: Arc::clone(&accounts_gateway),
            settings: configuration.graph.clone(),
        });
        let media = MediaCore::new(business_media::Dependencies {
            database: databases.media,
            blobs: Arc::new(blobs),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            external_codecs: find_codecs(configuration, topology).await?,
            settings: configuration.media.clone(),
        });
        let media_gateway = business_media_gateway::layered(media.gateway(), &layers);
        let posts = PostsCore::new(business_posts::Dependencies {
            database: databases.posts,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            accounts: Arc::clone(&accounts_gateway),
            media: Arc::clone(&media_gateway),
            settings: configuration.posts.clone(),
        });
        let posts_gateway = business_posts_gateway::layered(posts.gateway(), &layers);
        let placed_graph = topology.graph.clone().unwrap_or_else(|| graph.gateway());
        let graph_gateway = business_graph_gateway::layered(placed_graph, &layers);
        let feed = FeedCore::new(product_feed::Dependencies {
            database: databases.feed.clone(),
            clock: Arc::clone(&clock),
            ids,
            graph: Arc::clone(&graph_gateway),
            posts: Arc::clone(&posts_gateway),
            settings: configuration.feed.clone(),
        });
        let bus = EmbeddedBus::open(databases.bus.clone(), clock, &configuration.bus);
        let gateways = Gateways {
            accounts: accounts_gateway,
            graph: graph_gateway,
            media: media_gateway,
            posts: posts_gateway,
            feed: product_feed_gateway::layered(feed.gateway(), &layers),
        };
        Ok(Self {
            accounts,
            graph,
            media,
            posts,
            feed,
            bus: Arc::new(bus),
            bus_database: databases.bus,
            outboxes,
            feed_database: databases.feed,
            gateways,
            calls,
        })
    }

    /// How often each method of each domain was called, with what outcome.
    #[must_use]
    pub const fn calls(&self) -> &CallMetrics {
        &self.calls
    }

    /// The domains as their callers know them.
    #[must_use]
    pub fn gateways(&self) -> Gateways {
        self.gateways.clone()
    }

    /// The bus's own database, for its dead letters and status.
    #[must_use]
    pub const fn bus_database(&self) -> &Database {
        &self.bus_database
    }

    /// Finishes every write that was handed in and closes the databases, so that each is whole in
    /// its one file.
    pub async fn close(&self) {
        let others = [&self.feed_database, &self.bus_database];
        let databases = self.outboxes.iter().chain(others);
        // Each says in the log what of it stays open.
        futures::future::join_all(databases.map(Database::close)).await;
    }
}

fn open_accounts(
    database: Database,
    clock: &Arc<dyn Clock>,
    ids: &Arc<IdGenerator>,
    configuration: &Configuration,
) -> Result<AccountsCore> {
    let accounts = AccountsCore::new(business_accounts::Dependencies {
        database,
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
        settings: configuration.accounts.clone(),
        site_names: site_names(configuration),
    })?;
    Ok(accounts)
}

async fn open_blobs(configuration: &Configuration) -> Result<DirectoryStore> {
    let store = DirectoryStore::open(&configuration.data_dir.join(data_folder::MEDIA)).await;
    let store = store.context("the photo folder cannot be opened")?;
    Ok(store.with_reserve(configuration.disk_reserve_bytes))
}

/// Refuses to continue without the photos' files where they are needed, unless the operator says or
/// has said so.
async fn require_media(
    folder: &Path,
    contents: &mut Contents,
    media: &Database,
    topology: &Topology,
) -> Result<()> {
    if !data_folder::has_no_media(folder) {
        return contents.record_files(false);
    }
    if !business_media::overview(media).await?.has_files {
        return Ok(());
    }
    let files = folder.join(data_folder::MEDIA);
    if topology.accept_lost.iter().any(|lost| lost == LOST_FILES) {
        tracing::warn!(folder = %files.display(), "the photos' files are lost, as the operator says");
        return contents.record_files(true);
    }
    if contents.files_are_given_up() || !topology.requires_files {
        return Ok(());
    }
    anyhow::bail!(data_folder::no_media(&files))
}
