//! Engines that are killed, cut off and out of room, while people write and read: nothing that was
//! acknowledged is lost, nothing is there twice, and all goes on by itself once the engine is back.

use std::time::Duration;

use serde_json::json;
use testing_engines::{HttpFault, HttpProxy, Nats, Network, Postgres, Redis, S3, Site};
use testing_kit::{charts, jpeg};

use crate::fixed_shape::full_disk::SmallDisk;
use crate::harness::caller::Upload;
use crate::harness::load::Load;
use crate::harness::shape::bucket;
use crate::harness::{Person, Server, eventually};

/// How long a cable stays pulled: longer than a lease, a heartbeat and most time-outs.
const CUT: Duration = Duration::from_secs(6);
/// How long a disk stays full.
const FULL: Duration = Duration::from_secs(4);

/// Two people on a server, of whom one follows the other.
struct Scene {
    server: Server,
    ada: Person,
    bob: Person,
}

impl Scene {
    async fn with(settings: &[(&str, &str)]) -> Self {
        // A load from one account.
        let unlimited = ("HELIOGRAPH_MEDIA__UPLOADS_PER_HOUR_MAX", "0");
        // Who writes what a deletion of unknown end may yet take waits for a sweep.
        let swept_often = ("HELIOGRAPH_MEDIA__SWEEP_INTERVAL_S", "5");
        let server = Server::with(&[settings, &[unlimited, swept_often]].concat()).await;
        let (ada, bob) = (server.person("ada").await, server.person("bob").await);
        bob.follow(&ada).await;
        bob.home().await;
        Self { server, ada, bob }
    }

    async fn on_postgres(postgres: &Postgres) -> Self {
        let url = postgres.create_database("photos");
        Self::with(&[("HELIOGRAPH_DATABASE_URL", &url)]).await
    }

    async fn on_nats(nats: &Nats) -> Self {
        let settings = [
            ("HELIOGRAPH_BUS_URL", &*nats.url()),
            ("HELIOGRAPH_JETSTREAM__MONITOR", &nats.monitor()),
        ];
        Self::with(&settings).await
    }

    async fn on_bucket(s3: &S3) -> Self {
        Self::on_bucket_at(s3, &s3.endpoint()).await
    }

    /// By this way to it.
    async fn on_bucket_at(s3: &S3, endpoint: &str) -> Self {
        let settings = bucket(s3, "photos");
        let settings = settings.iter().map(|(name, value)| match *name {
            "HELIOGRAPH_S3__ENDPOINT" => (*name, endpoint),
            _ => (*name, &**value),
        });
        // In a network of its own it is not on this machine.
        let plain = ("HELIOGRAPH_S3__PLAIN_HTTP", "true");
        let settings: Vec<_> = settings.chain([plain]).collect();
        Self::with(&settings).await
    }

    async fn on_redis(redis: &Redis) -> Self {
        Self::with(&[("HELIOGRAPH_REDIS_URL", &redis.url())]).await
    }

    /// Has this happen under a load, which is to go on after it.
    async fn goes_through(&self, what: &str, fault: impl AsyncFnOnce(&Load)) {
        let load = Load::begin(&self.ada, &self.bob).await;
        fault(&load).await;
        load.goes_on().await;
        load.check(what).await;
    }
}

async fn pulled(network: &Network) {
    network.cut();
    tokio::time::sleep(CUT).await;
    network.restore();
}

/// Has somebody post until there is no room for it.
async fn is_refused_for_room(author: &Person) {
    let post = json!({"status": "a few words about the light. ".repeat(16)});
    eventually("a post that is refused with 507", async || {
        let reply = author.post("/api/v1/statuses", &post).await;
        (reply.status == 507).then_some(())
    })
    .await;
}

/// Has somebody upload until that is refused with this. The load itself may not notice: everyone in
/// it may be waiting for a photo that cannot become ready.
async fn is_refused_to(author: &Person, status: u16) {
    let mut width = 40;
    eventually(
        &format!("an upload that is refused with {status}"),
        async || {
            // Each of its own bytes: what is there already is not written again.
            width += 1;
            let bytes = jpeg::encode(&charts::corners(width, 40), 80);
            let reply = author.upload(Upload::jpeg(bytes)).await;
            (reply.status == status).then_some(())
        },
    )
    .await;
}

async fn filled(disk: &SmallDisk, is_noticed: impl Future<Output = ()>) {
    let filler = disk.fill();
    is_noticed.await;
    tokio::time::sleep(FULL).await;
    std::fs::remove_file(filler).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_killed_and_started_again() {
    let Some(mut postgres) = Postgres::start() else {
        return;
    };
    let scene = Scene::on_postgres(&postgres).await;
    let fault = async |_: &Load| postgres.kill_and_restart();
    scene.goes_through("PostgreSQL killed", fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cable_to_postgres_is_pulled() {
    let Some(network) = Network::lay() else {
        return;
    };
    let Some(postgres) = Postgres::start_at(&Site::in_network(&network)) else {
        return;
    };
    let scene = Scene::on_postgres(&postgres).await;
    let fault = async |_: &Load| pulled(&network).await;
    scene.goes_through("PostgreSQL cut off", fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_postgres_is_full() {
    let test = "fixed_shape::engine_faults::the_disk_of_postgres_is_full";
    let Some(disk) = SmallDisk::mount(test) else {
        return;
    };
    let Some(postgres) = Postgres::start_at(&Site::on_disk(disk.path())) else {
        return;
    };
    let scene = Scene::on_postgres(&postgres).await;
    // Until it needs another page of a file it goes on. The load itself may not notice: where the
    // first page is needed for what became of photos, everyone in it waits for a photo.
    let eve = scene.server.person("eve").await;
    let fault = async |_: &Load| filled(&disk, is_refused_for_room(&eve)).await;
    scene.goes_through("PostgreSQL's disk full", fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_is_killed_and_loses_what_it_stored() {
    let Some(mut nats) = Nats::start() else {
        return;
    };
    let scene = Scene::on_nats(&nats).await;
    let fault = async |_: &Load| {
        nats.kill();
        nats.wipe();
        nats.restart();
    };
    scene.goes_through("NATS killed and wiped", fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cable_to_nats_is_pulled() {
    let Some(network) = Network::lay() else {
        return;
    };
    let Some(nats) = Nats::start_at(&Site::in_network(&network)) else {
        return;
    };
    let scene = Scene::on_nats(&nats).await;
    let fault = async |_: &Load| pulled(&network).await;
    scene.goes_through("NATS cut off", fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_nats_is_full() {
    let test = "fixed_shape::engine_faults::the_disk_of_nats_is_full";
    let Some(disk) = SmallDisk::mount(test) else {
        return;
    };
    let Some(mut nats) = Nats::start_at(&Site::on_disk(disk.path())) else {
        return;
    };
    let scene = Scene::on_nats(&nats).await;
    let fault = async |_: &Load| {
        // People notice nothing: what they write waits in the outboxes.
        filled(&disk, async {}).await;
        // It takes nothing more until it is started again, whatever room there is.
        nats.kill();
        nats.restart();
    };
    scene.goes_through("NATS's disk full", fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bucket_is_killed_and_started_again() {
    let Some(mut s3) = S3::start() else {
        return;
    };
    let scene = Scene::on_bucket(&s3).await;
    let eve = scene.server.person("eve").await;
    let fault = async |_: &Load| {
        s3.kill();
        is_refused_to(&eve, 503).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        s3.restart();
    };
    scene.goes_through("S3 killed", fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cable_to_the_bucket_is_pulled() {
    let Some(network) = Network::lay() else {
        return;
    };
    let Some(s3) = S3::start_at(&Site::in_network(&network)) else {
        return;
    };
    let scene = Scene::on_bucket(&s3).await;
    let fault = async |_: &Load| pulled(&network).await;
    scene.goes_through("S3 cut off", fault).await;
}

/// Has a bucket respond so for a while; people are told that with this status.
async fn responds(what: &str, response: &'static str, code: &str, told: u16) {
    let Some(s3) = S3::start() else {
        return;
    };
    let proxy = HttpProxy::before(s3.port()).await;
    let scene = Scene::on_bucket_at(&s3, &proxy.endpoint()).await;
    let eve = scene.server.person("eve").await;
    let body = format!("<Error><Code>{code}</Code></Error>");
    let fault = async |_: &Load| {
        proxy.always("", HttpFault::Respond(response, body));
        is_refused_to(&eve, told).await;
        tokio::time::sleep(FULL).await;
        proxy.always("", HttpFault::Pass);
    };
    scene.goes_through(what, fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bucket_responds_with_500() {
    let response = "500 Internal Server Error";
    responds("S3 responds with 500", response, "InternalError", 503).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bucket_says_that_it_is_full() {
    let response = "403 Forbidden";
    responds("S3 full", response, "QuotaExceeded", 507).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_of_the_bucket_is_full() {
    let test = "fixed_shape::engine_faults::the_disk_of_the_bucket_is_full";
    let Some(disk) = SmallDisk::mount(test) else {
        return;
    };
    let Some(mut s3) = S3::start_at(&Site::on_disk(disk.path())) else {
        return;
    };
    let scene = Scene::on_bucket(&s3).await;
    let eve = scene.server.person("eve").await;
    let fault = async |_: &Load| {
        // SeaweedFS does not say why.
        filled(&disk, is_refused_to(&eve, 503)).await;
        // Some of its parts take nothing more until it is started again, whatever room there is.
        s3.kill();
        s3.restart();
    };
    scene.goes_through("S3's disk full", fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_emptied_and_then_killed_and_started_again() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let scene = Scene::on_redis(&redis).await;
    let fault = async |load: &Load| {
        redis.ask(&["FLUSHALL"]);
        load.goes_on().await;
        redis.kill();
        load.goes_on().await;
        redis.restart();
    };
    scene.goes_through("Redis emptied and killed", fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cable_to_redis_is_pulled() {
    let Some(network) = Network::lay() else {
        return;
    };
    let Some(redis) = Redis::start_at(&Site::in_network(&network)) else {
        return;
    };
    let scene = Scene::on_redis(&redis).await;
    let fault = async |_: &Load| pulled(&network).await;
    scene.goes_through("Redis cut off", fault).await;
}
