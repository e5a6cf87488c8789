//! The web role: every surface behind one stack of layers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use edge_http::address::TrustedProxies;
use edge_http::context::ContextLayer;
use edge_http::overload::OverloadLayer;
use edge_http::server::Routes;
use edge_http::{compression, headers};
use infra_host::Ballast;
use infra_kernel::{Context, SystemClock};
use infra_resilience::{AdmissionBounds, AdmissionControl, Limiter};
use presentation_kit::happenings::Happenings;
use presentation_kit::rate::RateLayer;
use presentation_kit::refusal::REFUSAL_STYLE;
use presentation_kit::waits::Waits;
use presentation_kit::{Gateways, RateLimits, Signer, Site, Surface};
use presentation_mastodon::streaming::{Streaming, StreamingSettings};
use product_notifications_gateway::GetPushKeyRequest;
use tokio_util::sync::CancellationToken;
use tower::util::MapResponseLayer;

use super::{full_disk, secret};
use crate::config::Configuration;

/// The largest body that is taken where no file is expected, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// One in so many of the requests in flight may wait for something other than its client: the
/// others keep things moving.
const IN_FLIGHT_PER_WAITING: usize = 4;

/// One in so many connections may be that of a listener.
const CONNECTIONS_PER_LISTENER: usize = 2;

/// How long a question may take that a start waits for.
const START_TIME_MAX: Duration = Duration::from_secs(30);

/// How long a request waits for its turn, on the runtime and then for a place; half of it is what a
/// burst may take. Its work comes on top, and that of all who are in flight takes about as long
/// again: so much is what may pass until half a second has gone by. Who would wait longer is better
/// told to retry.
const REQUEST_WAIT_MAX: Duration = Duration::from_millis(150);

/// The public address: what is set, or http and the address listened on. Nobody can call "every
/// address of this machine", so that becomes this machine's own name for itself.
#[must_use]
pub fn public_base_url(configuration: &Configuration, listening: SocketAddr) -> String {
    if !configuration.base_url.is_empty() {
        configuration.base_url.trim_end_matches('/').to_owned()
    } else if listening.ip().is_unspecified() {
        format!("http://localhost:{}", listening.port())
    } else {
        format!("http://{listening}")
    }
}

/// The state of every surface.
///
/// # Errors
/// When the data folder's secret can neither be read nor made, or the key for push services.
pub async fn surface(
    configuration: &Configuration,
    gateways: Gateways,
    limiter: Arc<dyn Limiter>,
    base_url: String,
) -> Result<Surface> {
    let secret = secret::of_folder(&configuration.data_dir)?;
    let lifetime = Duration::from_secs(configuration.media_url_lifetime_s);
    let domain = base_url
        .split_once("://")
        .map_or("", |(_, domain)| domain)
        .to_owned();
    let site = Site {
        domain,
        base_url,
        title: configuration.instance.title.clone(),
        description: configuration.instance.description.clone(),
        contact_email: configuration.instance.contact_email.clone(),
        registrations_open: configuration.accounts.registrations_open,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        post_characters_max: configuration.posts.text_characters_max,
        post_media_max: configuration.posts.media_max,
        push_key: push_key(&gateways).await?,
        signer: Signer::new(&secret, lifetime, Arc::new(SystemClock)),
    };
    let settings = configuration.limits.clone();
    let limits = RateLimits::counted_by(limiter, settings, Arc::new(SystemClock));
    let waits = Waits::new(configuration.requests_in_flight_max / IN_FLIGHT_PER_WAITING);
    Ok(Surface::with_bounds(gateways, site, limits, waits))
}

/// Those who listen to this process, on some of so many connections, told what happens until it is
/// stopped.
#[must_use]
pub fn streaming(
    surface: &Surface,
    wanted: &StreamingSettings,
    connections_max: usize,
    happenings: Arc<dyn Happenings>,
    stop: CancellationToken,
) -> Streaming {
    // Each keeps its connection: the others are for everybody else.
    let listeners_max = connections_max / CONNECTIONS_PER_LISTENER;
    let settings = StreamingSettings {
        listeners_max: wanted.listeners_max.min(listeners_max),
        ..wanted.clone()
    };
    Streaming::start(surface, happenings, &settings, stop)
}

/// The key by which push services know this server: the same as long as its database lives.
async fn push_key(gateways: &Gateways) -> Result<String> {
    let context = Context::background(START_TIME_MAX);
    let request = GetPushKeyRequest {};
    let reply = gateways.notifications.get_push_key(&context, request);
    Ok(reply.await?.public_key)
}

/// Every surface behind its layers, each list of which is read as a request passes it.
///
/// A list is one layer to the router, which keeps what it is handed behind a pointer of its own:
/// handed one by one, the layers would each cost every request a copy of all that stand behind it.
pub fn surfaces(surface: &Surface, streaming: &Streaming, configuration: &Configuration) -> Routes {
    let is_https = surface.site.is_https();
    let budgets = [
        presentation_mastodon::route_budgets(),
        presentation_web::route_budgets(),
    ]
    .concat();
    let pages_and_calls = presentation_mastodon::router(surface)
        .merge(presentation_mastodon::streaming::router(streaming))
        .merge(presentation_web::router(surface))
        .layer((
            // The first of them, so that what is refused has cost nothing of what stands behind it.
            OverloadLayer::new(admission(configuration), REFUSAL_STYLE),
            axum::Extension(trusted_proxies(configuration)),
            compression::layer(),
            // Where a file is expected, the route lifts this and the media domain bounds the file.
            DefaultBodyLimit::max(BODY_BYTES_MAX),
        ));
    pages_and_calls
        // Photos are compressed already, and a request for one has no body. Nor do they wait for
        // slower requests: most come from memory.
        .merge(presentation_mastodon::files())
        .with_state(surface.clone())
        .layer((
            MapResponseLayer::new(move |response| headers::complete(response, is_https)),
            // Outside the next, so that also what ran out of time or panicked says what is left.
            RateLayer,
            ContextLayer::new(budgets.into_iter().collect(), REFUSAL_STYLE),
            // Inside the context, so that a refusal has a name in the log; before every route
            // alike.
            from_fn_with_state(
                Arc::new(Ballast::of(&configuration.data_dir)),
                full_disk::refuse_when_full,
            ),
        ))
        .into()
}

fn admission(configuration: &Configuration) -> Arc<AdmissionControl> {
    AdmissionControl::new(AdmissionBounds {
        in_flight_max: configuration.requests_in_flight_max,
        waiting_max: configuration.requests_waiting_max,
        wait_max: REQUEST_WAIT_MAX,
    })
}

/// Who is believed about where requests come from.
#[must_use]
pub fn trusted_proxies(configuration: &Configuration) -> TrustedProxies {
    TrustedProxies::new(
        &configuration.trusted_proxies,
        configuration.client_address_header,
    )
}
