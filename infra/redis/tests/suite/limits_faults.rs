//! Limits while the server is away, and after it has forgotten everything.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use infra_kernel::Uptime;
use infra_redis::{LIMITS, Redis, RedisLimiter};
use infra_resilience::{Bucket, BucketKey, Limit, Limiter as _, Place};

struct Scene {
    server: testing_engines::Redis,
    redis: Redis,
    limiter: RedisLimiter,
}

impl Scene {
    async fn with(processes: u32) -> Option<Self> {
        let server = testing_engines::Redis::start()?;
        let redis = Redis::open(&server.url(), &[LIMITS]).await.unwrap();
        let processes = NonZeroU32::new(processes).unwrap();
        Some(Self {
            limiter: RedisLimiter::new(redis.clone(), processes),
            redis,
            server,
        })
    }

    /// How many of so many tries are allowed.
    async fn allowed(&self, limit: &Limit, tries: u32) -> u32 {
        let bucket = Bucket {
            limit,
            key: BucketKey::of(&[b"ada"]),
        };
        let mut allowed = 0;
        for _ in 0..tries {
            let taken = self.limiter.take(&[bucket], Uptime::default()).await;
            allowed += u32::from(taken.is_ok());
        }
        allowed
    }

    async fn until_connected(&self, expected: bool) {
        let begun = Instant::now();
        while self.redis.is_connected() != expected {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "it takes too long"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn without_the_server_each_process_has_its_part() {
    let Some(mut scene) = Scene::with(3).await else {
        return;
    };
    let limit = Limit::new("reads", 12, 3_600);
    assert_eq!(scene.allowed(&limit, 20).await, 12);
    scene.server.kill();
    assert_eq!(scene.allowed(&limit, 20).await, 4);
    let begun = Instant::now();
    assert_eq!(scene.allowed(&limit, 1_000).await, 0);
    assert!(
        begun.elapsed() < Duration::from_millis(80),
        "{:?}",
        begun.elapsed()
    );
    scene.server.restart();
    scene.until_connected(true).await;
    assert_eq!(
        scene.allowed(&limit, 20).await,
        12,
        "it counts from the beginning"
    );
}

#[tokio::test]
async fn what_is_guarded_has_no_second_allowance_by_a_loss() {
    let Some(mut scene) = Scene::with(1).await else {
        return;
    };
    let (guarded, other) = (
        Limit::new("sign-in-failures", 10, 3_600).guarded(),
        Limit::new("reads", 10, 3_600),
    );
    assert_eq!(scene.allowed(&guarded, 6).await, 6);
    assert_eq!(scene.allowed(&other, 6).await, 6);
    scene.server.ask(&["FLUSHALL"]);
    assert_eq!(scene.allowed(&guarded, 2).await, 2);
    assert_eq!(scene.allowed(&other, 20).await, 10);
    scene.server.kill();
    assert_eq!(scene.allowed(&guarded, 1).await, 1);
    assert_eq!(scene.allowed(&guarded, 20).await, 1, "ten in all");
    scene.server.restart();
    scene.until_connected(true).await;
    assert_eq!(scene.allowed(&guarded, 20).await, 0);
}

#[tokio::test]
async fn what_was_taken_is_released_where_it_was_taken() {
    let Some(mut scene) = Scene::with(1).await else {
        return;
    };
    let limit = Limit::new("sign-in-failures", 3, 3_600).guarded();
    let bucket = Bucket {
        limit: &limit,
        key: BucketKey::of(&[b"ada"]),
    };
    let now = Uptime::default();
    let grant = scene.limiter.take(&[bucket], now).await.unwrap();
    assert_eq!(grant.place, Place::Shared);
    scene.limiter.release(grant, &[bucket], now).await;
    assert_eq!(scene.allowed(&limit, 9).await, 3);
    scene.server.ask(&["FLUSHALL"]);
    scene.limiter.release(grant, &[bucket], now).await;
    scene.server.kill();
    let grant = scene.limiter.take(&[bucket], now).await.unwrap();
    assert_eq!(grant.place, Place::Here);
    assert_eq!(scene.allowed(&limit, 9).await, 0);
    scene.limiter.release(grant, &[bucket], now).await;
    assert_eq!(scene.allowed(&limit, 9).await, 1);
}

#[tokio::test]
async fn a_server_without_room_does_not_stop_anyone() {
    let Some(scene) = Scene::with(1).await else {
        return;
    };
    scene.server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let limit = Limit::new("reads", 5, 3_600);
    assert_eq!(scene.allowed(&limit, 20).await, 5);
    assert!(scene.redis.is_connected());
}
