//! The worker's role: relays every outbox, runs every subscription and every domain's jobs, until
//! stopped.

use std::time::Duration;

use infra_bus::Relay;
use infra_kernel::Context;
use infra_outbound::Client;
use presentation_kit::Surface;
use presentation_push::PushSender;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Domains;

/// The background work of a process.
pub struct Worker {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Worker {
    /// Starts everything that works in the background.
    #[must_use]
    pub fn start(domains: &Domains) -> Self {
        let mut worker = Self {
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        };
        for database in &domains.outboxes {
            let relay = Relay::new(database.clone(), domains.bus.clone());
            let stop = worker.stop.clone();
            worker.tasks.spawn(async move { relay.run(stop).await });
        }
        for domain in &domains.composed {
            for consumer in domain.consumers() {
                let (bus, stop) = (domains.bus.clone(), worker.stop.clone());
                worker
                    .tasks
                    .spawn(async move { bus.run(consumer, stop).await });
            }
            worker.tasks.spawn(domain.run_jobs(worker.stop.clone()));
        }
        let (bus, stop) = (domains.bus.clone(), worker.stop.clone());
        worker.tasks.spawn(async move { bus.run_jobs(stop).await });
        worker
    }

    /// Has pushes sent, of what accounts are told as this surface shows it.
    pub fn send_pushes(&mut self, surface: &Surface, settings: infra_outbound::Settings) {
        let site = &surface.site;
        let user_agent = format!("Heliograph/{} (+{})", site.version, site.base_url);
        match Client::new(&user_agent, settings) {
            Ok(client) => {
                // Each of its calls has a time of its own.
                let context = Context::background(Duration::ZERO);
                let sender = PushSender::new(surface.clone(), client, settings, context);
                self.tasks.spawn(sender.run(self.stop.clone()));
            }
            // All else works without; what waits is given up in its time.
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(
                    error,
                    "no pushes are sent; does the system have certificates?"
                );
            }
        }
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
            // Waited for: a task that was cut off may hold a connection that is to be closed.
            self.tasks.shutdown().await;
        }
    }
}
