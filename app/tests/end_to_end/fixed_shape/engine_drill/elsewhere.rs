//! The drill with photos in a bucket and timelines on Redis.

use testing_engines::{Redis, S3};

use super::*;
use crate::fixed_shape::photos_in_a_bucket::{ENDPOINT, SECRET};
use crate::harness::shape::bucket;

const REDIS: &str = "HELIOGRAPH_REDIS_URL";

/// Runs the guide's commands that copy with `rclone`, with this bucket and this folder.
fn copy(part: &str, postgres: &Postgres, bucket: &str, copy: &Path) -> Output {
    let variables = [("bucket", bucket), ("copy", copy.to_str().unwrap())];
    run_with(commands(part), postgres, &variables)
}

/// A place as `rclone` takes it that has no configuration.
fn remote(server: &S3) -> String {
    let (endpoint, key) = (server.endpoint(), server.access_key_id());
    let secret = server.secret_access_key();
    let provider = "provider=Other,force_path_style=true";
    format!(
        ":s3,{provider},endpoint=\"{endpoint}\",access_key_id={key},secret_access_key={secret}:photos/kept"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_is_copied_after_the_dump_and_redis_is_emptied() {
    let (Some(mut s3), Some(redis)) = (S3::start(), Redis::start()) else {
        return;
    };
    if require::tool("rclone", "apt-get install rclone").is_none()
        || require::tool("redis-cli", "apt-get install redis-tools").is_none()
    {
        return;
    }
    let mut settings = Vec::from(bucket(&s3, "kept"));
    settings.extend([(BUS, String::new()), (REDIS, redis.url())]);
    let Some(mut scene) = Scene::begin(settings).await else {
        return;
    };
    scene.backup = without(&scene.backup, "rsync");
    scene.restore = without(&scene.restore, "rsync");
    let people = scene.start_people().await;
    let kept = scene.back_up();
    let copied = scene.backups.path().join("bucket");
    let done = tokio::task::block_in_place(|| {
        copy(
            "\"$bucket\" \"$copy\"",
            &scene.postgres,
            &remote(&s3),
            &copied,
        )
    });
    succeeded(&done);
    scene.lose(people, &kept).await;
    s3.kill();

    let (postgres, other) = (Postgres::start().unwrap(), S3::start().unwrap());
    let restored = scene.restore(&postgres);
    let done = copy("\"$copy\" \"$bucket\"", &postgres, &remote(&other), &copied);
    succeeded(&done);
    let timelines = redis.ask(&["DBSIZE"]);
    let url = format!("{}/0", redis.url());
    let emptied = run_with(commands("FLUSHDB"), &postgres, &[("redis", &url)]);
    succeeded(&emptied);
    assert_ne!(timelines, redis.ask(&["DBSIZE"]), "nothing was there");
    scene.set(ENDPOINT, &other.endpoint());
    scene.set(SECRET, other.secret_access_key());
    scene.go_on(restored, &postgres, &kept).await;
}
