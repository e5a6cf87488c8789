//! The worker's role: relays every outbox, runs every subscription and every domain's jobs, until
//! stopped.

use std::time::Duration;

use futures::future::BoxFuture;
use infra_bus::{Bus as _, Relay};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Domains;

/// A domain's timers, run until stopped.
type Job = fn(std::sync::Arc<Domains>, CancellationToken) -> BoxFuture<'static, ()>;

/// The background work of a process.
pub struct Worker {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Worker {
    /// Starts everything that works in the background.
    #[must_use]
    pub fn start(domains: &std::sync::Arc<Domains>) -> Self {
        let mut worker = Self {
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        };
        for database in &domains.outboxes {
            let relay = Relay::new(database.clone(), domains.bus.clone());
            let stop = worker.stop.clone();
            worker.tasks.spawn(async move { relay.run(stop).await });
        }
        let consumers = [
            domains.accounts.consumers(),
            domains.graph.consumers(),
            domains.media.consumers(),
            domains.posts.consumers(),
            domains.feed.consumers(),
        ];
        for consumer in consumers.into_iter().flatten() {
            let (bus, stop) = (domains.bus.clone(), worker.stop.clone());
            worker
                .tasks
                .spawn(async move { bus.run(consumer, stop).await });
        }
        let jobs: [Job; 6] = [
            |domains, stop| Box::pin(async move { domains.accounts.run_jobs(stop).await }),
            |domains, stop| Box::pin(async move { domains.graph.run_jobs(stop).await }),
            |domains, stop| Box::pin(async move { domains.media.run_jobs(stop).await }),
            |domains, stop| Box::pin(async move { domains.posts.run_jobs(stop).await }),
            |domains, stop| Box::pin(async move { domains.feed.run_jobs(stop).await }),
            |domains, stop| Box::pin(async move { domains.bus.run_jobs(stop).await }),
        ];
        for job in jobs {
            worker
                .tasks
                .spawn(job(domains.clone(), worker.stop.clone()));
        }
        worker
    }

    /// Asks everything to stop, waits for what is in flight at most this long, then ends it. What
    /// was cut off is delivered again at the next start.
    pub async fn stop(mut self, grace: Duration) {
        self.stop.cancel();
        let finished = tokio::time::timeout(grace, async {
            while self.tasks.join_next().await.is_some() {}
        })
        .await;
        if finished.is_err() {
            tracing::warn!(
                tasks = self.tasks.len(),
                "background work did not finish in time; it continues at the next start"
            );
            self.tasks.shutdown().await;
        }
    }
}
