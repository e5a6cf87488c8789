//! A composition of two small domains: gateways are found by type, in order, and a domain is
//! handled without its type being known.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use infra_db::{Database, Migrator};
use infra_domain::{Composed, CompositionError, DatabaseSpec, Domain, Finding, GatewayRegistry};
use infra_rpc::{Contract, Layers, Method};
use tokio_util::sync::CancellationToken;

static MIGRATIONS: Migrator = Migrator::DEFAULT;
static WEATHER: DatabaseSpec = DatabaseSpec::new("weather", "weather.db", &MIGRATIONS);
static TIDES: DatabaseSpec = DatabaseSpec::new("tides", "tides.db", &MIGRATIONS);

trait Weather: Send + Sync + 'static {
    fn layers(&self) -> u32;
}

impl Contract for dyn Weather {
    const NAME: &'static str = "weather";
    const METHODS: &'static [Method] = &[];

    fn layered(inner: Arc<Self>, _: &Layers) -> Arc<Self> {
        Arc::new(Layered(inner))
    }
}

struct Layered(Arc<dyn Weather>);

impl Weather for Layered {
    fn layers(&self) -> u32 {
        self.0.layers() + 1
    }
}

trait Tides: Send + Sync + 'static {}

impl Contract for dyn Tides {
    const NAME: &'static str = "tides";
    const METHODS: &'static [Method] = &[];

    fn layered(inner: Arc<Self>, _: &Layers) -> Arc<Self> {
        inner
    }
}

#[derive(Default)]
struct WeatherCore {
    runs: Arc<AtomicU32>,
}

struct WeatherService;

impl Weather for WeatherService {
    fn layers(&self) -> u32 {
        0
    }
}

#[async_trait]
impl Domain for WeatherCore {
    type Gateway = dyn Weather;

    const DATABASE: &'static DatabaseSpec = &WEATHER;

    fn gateway(&self) -> Arc<dyn Weather> {
        Arc::new(WeatherService)
    }

    async fn run_jobs(&self, stop: CancellationToken) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        stop.cancelled().await;
    }

    async fn check(_: &Database) -> Result<Vec<Finding>, infra_db::DbError> {
        Ok(vec![Finding::Good("it is fair".to_owned())])
    }
}

/// It implements no more than it has to.
struct TidesCore;

struct TidesService;

impl Tides for TidesService {}

impl Domain for TidesCore {
    type Gateway = dyn Tides;

    const DATABASE: &'static DatabaseSpec = &TIDES;

    fn gateway(&self) -> Arc<dyn Tides> {
        Arc::new(TidesService)
    }
}

#[test]
fn a_gateway_is_found_by_its_contract_in_its_layers() {
    let mut registry = GatewayRegistry::default();
    let gateway = WeatherCore::default().gateway();
    let layered = <dyn Weather>::layered(gateway, &Layers::default());
    registry.insert(layered).unwrap();
    assert_eq!(registry.get::<dyn Weather>().unwrap().layers(), 1);
    assert!(registry.find::<dyn Tides>().is_none());
    // A copy is independent of what comes later.
    let before = registry.clone();
    registry.insert(TidesCore.gateway()).unwrap();
    assert!(registry.find::<dyn Tides>().is_some() && before.find::<dyn Tides>().is_none());
}

#[test]
fn a_mistake_in_the_order_names_the_gateway() {
    let mut registry = GatewayRegistry::default();
    let error = registry.get::<dyn Weather>().err().unwrap();
    assert_eq!(error, CompositionError::Missing("weather"));
    let text = error.to_string();
    assert!(
        text.contains("weather") && text.contains("before"),
        "{text}"
    );

    registry.insert(WeatherCore::default().gateway()).unwrap();
    let again = registry.insert(WeatherCore::default().gateway());
    assert_eq!(again, Err(CompositionError::Duplicate("weather")));
}

#[tokio::test]
async fn a_domain_is_handled_without_its_type_and_found_again_by_it() {
    let weather = WeatherCore::default();
    let runs = Arc::clone(&weather.runs);
    let domains = [Composed::new(weather), Composed::new(TidesCore)];
    let names = domains.each_ref().map(|domain| domain.database().name);
    assert_eq!(names, ["weather", "tides"]);

    let stop = CancellationToken::new();
    let jobs = domains
        .each_ref()
        .map(|domain| domain.run_jobs(stop.clone()));
    let [weather, tides] = jobs.map(tokio::spawn);
    // Without timers there is nothing to stop.
    tides.await.unwrap();
    stop.cancel();
    weather.await.unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 1);

    assert!(domains.iter().all(|domain| domain.consumers().is_empty()));
    assert!(domains[0].downcast_ref::<WeatherCore>().is_some());
    assert!(domains[0].downcast_ref::<TidesCore>().is_none());
}

#[tokio::test]
async fn a_check_needs_a_database_and_no_domain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(WEATHER.file);
    let database = Database::open(&path, WEATHER.migrations).await.unwrap();
    let found = WeatherCore::check(&database).await.unwrap();
    assert_eq!(found, [Finding::Good("it is fair".to_owned())]);
    assert!(TidesCore::check(&database).await.unwrap().is_empty());
    assert!(!TidesCore::has_blobs(&database).await.unwrap());
    let named = TidesCore::named_blobs(&database, "", 10).await.unwrap();
    assert!(named.is_empty(), "{named:?}");
    database.close().await;
}
