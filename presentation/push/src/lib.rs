//! Web Push: what accounts are told, sent to the push services of their devices (RFC 8030).
//!
//! What it does: claims what is due from the notifications domain, reads it as its account sees it
//! at that moment, encrypts it for the client and sends it; then says what became of it. What it
//! does not do: it decides nothing (what is wanted and whose session has ended is the domain's, who
//! may see what the kit's) and keeps nothing; a push that was on its way when a process ends is due
//! again.
//!
//! Start reading at [`PushSender::run`].

mod busy;
mod delivery;
mod message;

use std::sync::Arc;
use std::time::Duration;

use infra_kernel::{Context, Result};
use infra_outbound::Client;
use presentation_kit::Surface;
use product_notifications_gateway::{ClaimPushesReply, ClaimPushesRequest};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::busy::Busy;

/// The most pushes on their way at a time; each is a connection and some kilobytes.
const IN_FLIGHT_MAX: usize = 128;
/// The most that are claimed at once.
const CLAIM_MAX: usize = 32;
/// How long it rests when nothing is due.
const PAUSE: Duration = Duration::from_secs(1);
/// The same after the domain could not be asked.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How long one call of a domain may take.
const CALL_TIME_MAX: Duration = Duration::from_secs(10);
/// How long pushes that are on their way may still take when the process stops. What is cut off
/// is sent again at the next start, at worst a second time.
const GRACE: Duration = Duration::from_secs(2);

/// Sends pushes.
pub struct PushSender {
    surface: Surface,
    client: Client,
    outbound: infra_outbound::Settings,
    context: Context,
    busy: Arc<Busy>,
}

impl PushSender {
    /// A sender over these domains. No request begins what it does, so it is handed a context that
    /// speaks for the server.
    #[must_use]
    pub fn new(
        surface: Surface,
        client: Client,
        outbound: infra_outbound::Settings,
        context: Context,
    ) -> Self {
        Self {
            surface,
            client,
            outbound,
            context,
            busy: Arc::default(),
        }
    }

    /// Sends what is due until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let sender = Arc::new(self);
        let mut flights = JoinSet::new();
        let sending = async {
            loop {
                while flights.try_join_next().is_some() {}
                let pause = match sender.claim(IN_FLIGHT_MAX - flights.len()).await {
                    Ok(claimed) if claimed.pushes.is_empty() && !claimed.more_due => PAUSE,
                    Ok(claimed) => {
                        for push in claimed.pushes {
                            let place = sender.busy.enter(&push);
                            let sender = Arc::clone(&sender);
                            flights.spawn(async move {
                                sender.deliver(push).await;
                                drop(place);
                            });
                        }
                        continue;
                    }
                    Err(error) => {
                        tracing::warn!(%error, causes = error.causes(), "no pushes were claimed");
                        PAUSE_AFTER_FAILURE
                    }
                };
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    // There is room again, and its host may have more.
                    Some(_) = flights.join_next() => {}
                }
            }
        };
        stop.run_until_cancelled(sending).await;
        let landed = async { while flights.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, landed).await.is_err() {
            flights.shutdown().await;
        }
    }

    /// Takes what is due, as far as there is room.
    async fn claim(&self, room: usize) -> Result<ClaimPushesReply> {
        let limit = room.min(CLAIM_MAX);
        if limit == 0 {
            return Ok(ClaimPushesReply::default());
        }
        let (busy_hosts, busy_account_ids) = self.busy.full();
        let request = ClaimPushesRequest {
            limit: u32::try_from(limit).unwrap_or(1),
            busy_hosts,
            busy_account_ids,
        };
        let context = self.context.with_budget(CALL_TIME_MAX);
        let notifications = &self.surface.gateways.notifications;
        notifications.claim_pushes(&context, request).await
    }
}
