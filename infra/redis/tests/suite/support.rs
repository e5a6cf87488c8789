//! A library of functions to try things with.

use std::time::{Duration, Instant};

use infra_redis::{Call, Library, Redis, RedisError, Reply};

/// How long a test waits for what has to happen.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(20);

/// Adds to a number, and returns what it came to; fails when asked to.
pub(crate) const LIBRARIES: &[Library] = &[Library {
    code: "#!lua name=tests_1
redis.register_function('tests_add_1', function(keys, arguments)
    return redis.call('INCRBY', keys[1], arguments[1])
end)
redis.register_function('tests_fail_1', function() error('as asked') end)",
}];

pub(crate) async fn open(server: &testing_engines::Redis) -> Redis {
    Redis::open(&server.url(), LIBRARIES).await.unwrap()
}

pub(crate) async fn add(redis: &Redis, key: &str, number: i64) -> Result<i64, RedisError> {
    let call = Call::new("tests_add_1", &[key]).number(number);
    redis.call(&call).await.and_then(Reply::number)
}

/// Waits until a call works again, and returns what it came to.
pub(crate) async fn add_when_back(redis: &Redis, key: &str) -> i64 {
    let begun = Instant::now();
    loop {
        match add(redis, key, 1).await {
            Ok(sum) => return sum,
            Err(error) => assert!(begun.elapsed() < WAIT_MAX, "it does not come back: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
