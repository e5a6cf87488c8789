//! Watches the stream for what is published by anyone, and wakes those who take it: one consumer of
//! headers for all subscriptions of the process. What it misses they find by looking now and then.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::{BatchConfig, Config};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use futures::StreamExt as _;

use super::connection::{Cause, Connection};
use crate::wakeups::Wakeups;

/// The most messages of one pull.
const BATCH_MAX: usize = 256;
/// How long the server keeps a pull open.
const PULL_MAX: Duration = Duration::from_secs(20);
/// How much longer its end may be on the way.
const PULL_GRACE: Duration = Duration::from_secs(2);
/// After how long without a pull the server forgets the consumer.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// The pause after a failure.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Watches for ever. Who owns it drops it.
pub(super) async fn run(connection: Arc<Connection>, wakeups: Arc<Wakeups>) {
    let mut failures = 0;
    loop {
        if let Err(error) = watch(&connection, &wakeups, &mut failures).await {
            // For debugging alone: a lost connection is reported, and subscriptions look by
            // themselves.
            let error = crate::causes::chain(&*error);
            tracing::debug!(error, "the stream is not watched; trying again soon");
        }
        failures += 1;
        let pause = infra_resilience::pause_after(failures, PAUSE_MIN, PAUSE_MAX, rand::random());
        tokio::time::sleep(pause).await;
    }
}

/// Watches until something fails.
async fn watch(
    connection: &Connection,
    wakeups: &Wakeups,
    failures: &mut u32,
) -> Result<(), Cause> {
    let stream = connection.stream().await?;
    let config = Config {
        deliver_policy: DeliverPolicy::New,
        ack_policy: AckPolicy::None,
        headers_only: true,
        inactive_threshold: IDLE_MAX,
        memory_storage: true,
        num_replicas: 1,
        ..Config::default()
    };
    let consumer = stream.create_consumer(config).await?;
    // The servers are there; what fails from here on is a new failure.
    *failures = 0;
    // What came before it was made.
    wakeups.wake_all();
    loop {
        let inbox = connection.client.new_inbox();
        let mut replies = connection.client.subscribe(inbox.clone()).await?;
        let batch = BatchConfig {
            batch: BATCH_MAX,
            expires: Some(PULL_MAX),
            ..BatchConfig::default()
        };
        consumer.request_batch(batch, inbox.into()).await?;
        for _ in 0..BATCH_MAX {
            let next = tokio::time::timeout(PULL_MAX + PULL_GRACE, replies.next()).await?;
            let next = next.ok_or("the connection is closed")?;
            match next.status.map(|status| status.as_u16()) {
                None | Some(200) => {}
                // This pull has ended; the next one goes on with the same consumer.
                Some(404 | 408) => break,
                Some(status) => return Err(format!("the server says {status}").into()),
            }
            if let Some(topic) = connection.topic(&next.subject) {
                wakeups.wake(&[topic]);
            }
        }
    }
}
