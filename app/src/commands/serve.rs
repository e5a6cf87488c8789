//! `heliograph serve`: everything in one process, until it is told to stop.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, io};

use anyhow::{Context as _, Result};
use business_accounts_gateway::CreateSetupTokenRequest;
use clap::Args;
use edge_http::server::{self, ReaderPace, Server, ServerBounds};
use infra_telemetry::LogFormat;
use presentation_kit::Surface;
use presentation_kit::refusal::REFUSAL_STYLE;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{self, Configuration, Loaded, Overrides};
use crate::roles::Role;
use crate::wire::{self, DataFolder, Domains, Topology, Worker, event_log};

#[derive(Debug, Args, Clone, Default)]
pub(super) struct ServeArguments {
    /// The address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// What this process does: web, worker, or both [default: web,worker]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    roles: Option<Vec<String>>,
    #[command(flatten)]
    lost: super::LostArguments,
}

impl ServeArguments {
    pub(super) fn accept_lost(self) -> Vec<String> {
        self.lost.accept_lost
    }

    pub(super) fn overrides(&self) -> Overrides {
        Overrides {
            data_dir: None,
            listen: self.listen.clone(),
            roles: self.roles.clone(),
        }
    }
}

pub(super) async fn run(loaded: Loaded, accept_lost: Vec<String>) -> Result<ExitCode> {
    let began = Instant::now();
    // First, so that everything after it can be reported.
    begin_log(&loaded)?;
    let configuration = loaded.configuration;
    // Before the databases: a signal during a long start must not leave logs beside them.
    let stop = stop_on_signal()?;
    // Held to the end, past the closing of the databases.
    let _folder = DataFolder::hold(&configuration.data_dir)?;
    let domains = open(&configuration, accept_lost, &stop).await?;
    let worked = work(&domains, &configuration, stop, began).await;
    // Also when it could not begin: the databases are whole files after it.
    domains.close().await;
    domains.calls().log();
    tracing::info!("stopped");
    worked.map(|()| ExitCode::SUCCESS)
}

/// Does what the roles say until stopped.
async fn work(
    domains: &Arc<Domains>,
    configuration: &Configuration,
    stop: CancellationToken,
    began: Instant,
) -> Result<()> {
    let grace = Duration::from_secs(configuration.shutdown_grace_s);
    let roles = &configuration.roles;
    // Before anything is said: with port 0 only this knows the address.
    let server = match roles.contains(&Role::Web) {
        true => Some(Server::bind(&configuration.listen, server_bounds(configuration)).await?),
        false => None,
    };
    let address = match &server {
        Some(server) => server.address(),
        None => configuration.listen.parse()?,
    };
    let base_url = wire::public_base_url(configuration, address);
    let (gateways, limiter) = (domains.gateways(), domains.limiter());
    let surface = wire::surface(configuration, gateways, limiter, base_url).await?;
    let worker = roles.contains(&Role::Worker).then(|| {
        let mut worker = Worker::start(domains);
        worker.send_pushes(&surface, configuration.outbound);
        worker
    });
    let served = if let Some(server) = server {
        serve(domains, configuration, server, &surface, stop, began).await
    } else {
        say(format_args!(
            "Heliograph {} works on {} and serves nothing.",
            env!("CARGO_PKG_VERSION"),
            configuration.data_dir.display()
        ));
        stop.cancelled().await;
        Ok(())
    };
    tracing::info!("stopping");
    // After the listener: what its last requests have written is still relayed.
    if let Some(worker) = worker {
        worker.stop(grace).await;
    }
    served
}

/// Serves requests until stopped.
async fn serve(
    domains: &Domains,
    configuration: &Configuration,
    server: Server,
    surface: &Surface,
    stop: CancellationToken,
    began: Instant,
) -> Result<()> {
    let connections_max = server_bounds(configuration).connections_max;
    let happenings = domains.happenings();
    let wanted = &configuration.streaming;
    let stopping = stop.clone();
    let streaming = wire::streaming(surface, wanted, connections_max, happenings, stopping);
    let surfaces = wire::surfaces(surface, &streaming, configuration);
    log_startup(domains, configuration, &surface.site.base_url, began).await?;
    let grace = Duration::from_secs(configuration.shutdown_grace_s);
    server.serve(surfaces, stop, grace).await;
    Ok(())
}

/// Opens every domain, with room for a disk that is full.
async fn open(
    configuration: &Configuration,
    accept_lost: Vec<String>,
    stop: &CancellationToken,
) -> Result<Arc<Domains>> {
    let folder = configuration.data_dir.clone();
    // Before the databases are opened, which may take the last room.
    tokio::spawn(wire::full_disk::watch(folder, stop.clone()));
    let topology = Topology {
        codecs: Some(super::codec_worker::program()),
        accept_lost,
        requires_files: true,
        ..Topology::default()
    };
    let domains = Domains::open(configuration, &topology).await?;
    // Before the relays start, which publish to it.
    event_log::note_use(domains.bus()).await?;
    Ok(Arc::new(domains))
}

/// Begins the log with what is worth knowing about the configuration.
fn begin_log(loaded: &Loaded) -> Result<()> {
    let log = &loaded.configuration.log;
    let format = match log.format {
        config::LogFormat::Text => LogFormat::Text,
        config::LogFormat::Json => LogFormat::Json,
    };
    let plain = config::is_set(std::env::var_os("NO_COLOR"));
    infra_telemetry::begin(format, &log.filter, !plain)?;
    for note in &loaded.notes {
        tracing::info!("{note}");
    }
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    Ok(())
}

/// Says where to go next.
async fn log_startup(
    domains: &Domains,
    configuration: &Configuration,
    base_url: &str,
    began: Instant,
) -> Result<()> {
    let context = super::context();
    let setup = domains
        .gateways()
        .accounts
        .create_setup_token(&context, CreateSetupTokenRequest {})
        .await?;
    say(format_args!(
        "Heliograph {} is at {base_url}",
        env!("CARGO_PKG_VERSION")
    ));
    say(format_args!(
        "Everything is in {}; stop with Ctrl-C.",
        configuration.data_dir.display()
    ));
    let everywhere = configuration
        .listen
        .parse()
        .is_ok_and(|address: SocketAddr| address.ip().is_unspecified());
    if everywhere && configuration.base_url.is_empty() {
        say(format_args!(
            "Others can reach this machine but not that address: set base_url to the one they use."
        ));
    }
    if !setup.setup_token.is_empty() {
        say(format_args!(
            "\nNobody is here yet. Open this link once to become the first admin:"
        ));
        say(format_args!(
            "  {base_url}/setup?token={}",
            setup.setup_token
        ));
    }
    tracing::info!(
        listen = configuration.listen,
        started_ms = began.elapsed().as_millis(),
        "serving"
    );
    Ok(())
}

/// Writes a line for the one who started this. Nobody may be left to read it, which is no reason
/// not to serve.
fn say(line: fmt::Arguments<'_>) {
    let _ = io::Write::write_fmt(&mut io::stdout().lock(), format_args!("{line}\n"));
}

/// What the listener takes upon itself, within what the limit on open files allows.
fn server_bounds(configuration: &Configuration) -> ServerBounds {
    let open_files_max = server::raise_limit();
    let wanted = configuration.connections_max;
    let connections_max = server::connections_within(open_files_max, wanted);
    if connections_max < wanted {
        tracing::info!(
            open_files_max,
            connections_max,
            wanted,
            "the limit on open files allows fewer connections than connections_max; raise it (ulimit -n, LimitNOFILE)"
        );
    }
    // One client must not have for itself what a low limit has left.
    let share_max = if connections_max < wanted {
        connections_max.div_ceil(4)
    } else {
        usize::MAX
    };
    ServerBounds {
        connections_max,
        connections_per_address_max: configuration.connections_per_address_max.min(share_max),
        body_silence_max: Duration::from_secs(configuration.body_silence_s_max),
        reader_pace: ReaderPace::default(),
        proxies: wire::trusted_proxies(configuration),
        refusals: REFUSAL_STYLE,
    }
}

/// Cancelled at the first SIGTERM, SIGINT or SIGQUIT. A second one ends the process at once.
fn stop_on_signal() -> Result<CancellationToken> {
    watch_signals()?;
    let stop = CancellationToken::new();
    // Here and not in the task: from now on no signal is missed, however late the task runs.
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let mut quit = signal(SignalKind::quit()).context("listening for SIGQUIT")?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        for again in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = quit.recv() => {}
            }
            if again {
                // As shells have it for SIGINT: 128 and its number.
                std::process::exit(130);
            }
            stopping.cancel();
        }
    });
    Ok(stop)
}

/// Has SIGHUP, SIGUSR1 and SIGUSR2 noted and nothing else: log rotation sends them to have files
/// opened again, a terminal when it closes, and by custom each would end the process. There is no
/// file of ours to open again.
fn watch_signals() -> Result<()> {
    let noted = [
        ("SIGHUP", SignalKind::hangup()),
        ("SIGUSR1", SignalKind::user_defined1()),
        ("SIGUSR2", SignalKind::user_defined2()),
    ];
    for (name, kind) in noted {
        let mut received = signal(kind).with_context(|| format!("listening for {name}"))?;
        tokio::spawn(async move {
            while received.recv().await.is_some() {
                tracing::info!(
                    signal = name,
                    "a signal that changes nothing; logs go to standard error, settings are read at the start"
                );
            }
        });
    }
    Ok(())
}
