//! What outboxes hold when a log is moved: what waits goes along, and what was published is not
//! published again.

use infra_bus::{Relay, outbox};

use super::*;
use crate::relay::{open_domain, write};

/// A domain whose events are relayed.
pub(super) struct Publishing {
    pub(super) domain: Database,
}

impl Publishing {
    async fn begin(pair: &Pair) -> Self {
        let domain = open_domain(pair.folder.path()).await;
        Self { domain }
    }

    /// 20 events on NATS, of which one subscription has handled all and another one half.
    pub(super) async fn half_read(pair: &Pair) -> Self {
        let publishing = Self::begin(pair).await;
        publishing.write(pair, 0..10).await;
        publishing.relay(&pair.jet_stream).await;
        read(&pair.jet_stream, slow(), 10).await;
        publishing.write(pair, 10..20).await;
        publishing.relay(&pair.jet_stream).await;
        read(&pair.jet_stream, subscription(), 20).await;
        publishing
    }

    pub(super) async fn write(&self, pair: &Pair, numbers: std::ops::Range<u64>) {
        for number in numbers {
            write(&self.domain, pair.event(number)).await.unwrap();
        }
    }

    /// Runs the relay until nothing waits. It releases what it has published when it is stopped.
    pub(super) async fn relay(&self, bus: &(impl Bus + Clone)) {
        let stop = CancellationToken::new();
        let relay = Relay::new(self.domain.clone(), Arc::new(bus.clone()));
        let token = stop.clone();
        let task = tokio::spawn(async move { relay.run(token).await });
        eventually("nothing waits", async || {
            count(&self.domain, "outbox WHERE published_at IS NULL").await == 0
        })
        .await;
        stop.cancel();
        task.await.unwrap();
    }

    async fn kept(&self) -> i64 {
        count(&self.domain, "outbox WHERE published_at IS NOT NULL").await
    }
}

/// As a relay leaves it that was killed between publishing and deleting.
#[tokio::test]
async fn what_was_published_and_is_still_in_an_outbox_is_not_published_again() {
    let Some(server) = Nats::start() else { return };
    let pair = Pair::open(&server, "unreleased").await;
    let publishing = Publishing::begin(&pair).await;
    publishing.write(&pair, 0..10).await;
    let published = outbox::read(&publishing.domain, 100).await.unwrap();
    pair.embedded.publish(&published.events).await.unwrap();
    read(&pair.embedded, subscription(), 10).await;
    let outboxes = [publishing.domain.clone()];
    let (from, to) = (&pair.embedded, &pair.jet_stream);
    let moved = move_log(from, to, &outboxes, &mut |_| {}).await.unwrap();
    assert_eq!(moved.events, 0, "all are handled");
    publishing.relay(&pair.jet_stream).await;
    assert_eq!(pair.kept_on(&server).await, 0);
}

#[tokio::test]
async fn what_waits_in_an_outbox_goes_along() {
    let Some(server) = Nats::start() else { return };
    let pair = Pair::open(&server, "waiting").await;
    let publishing = Publishing::half_read(&pair).await;
    publishing.write(&pair, 20..30).await;
    let outboxes = [publishing.domain.clone()];
    let moved = pair.to_folder(&outboxes).await.unwrap();
    assert_eq!(moved.events, 20);
    assert_eq!(count(&publishing.domain, "outbox").await, 0);
    assert_whole(&read(&pair.embedded, slow(), 20).await, 10..30);
    assert_whole(&read(&pair.embedded, subscription(), 10).await, 20..30);
}

#[tokio::test]
async fn servers_that_do_not_have_the_log_are_refused_and_nothing_is_touched() {
    let (Some(server), Some(other)) = (Nats::start(), Nats::start()) else {
        return;
    };
    let pair = Pair::open(&server, "other").await;
    let publishing = Publishing::half_read(&pair).await;
    let outboxes = [publishing.domain.clone()];
    let there = connect(&other, &pair.stream, &pair.database).await;
    for refused in [
        move_log(&pair.embedded, &there, &outboxes, &mut |_| {}).await,
        move_log(&there, &pair.embedded, &outboxes, &mut |_| {}).await,
    ] {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, MoveError::OtherLog), "{refused}");
    }
    let place = log_place(&pair.database).await.unwrap();
    assert_eq!(place, LogPlace::Elsewhere);
    let (from, to) = (&pair.embedded, &pair.jet_stream);
    let again = move_log(from, to, &outboxes, &mut |_| {}).await.unwrap();
    assert_eq!((again.events, again.subscriptions), (0, 2), "it is there");
    assert_eq!(publishing.kept().await, 20, "they are kept against a loss");
    assert_eq!(pair.kept_on(&server).await, 20);
    assert_whole(&read(&pair.jet_stream, slow(), 10).await, 10..20);
}

#[tokio::test]
async fn a_stream_that_was_lost_is_not_moved_until_what_is_kept_was_published_again() {
    let Some(mut server) = Nats::start() else {
        return;
    };
    let pair = Pair::open(&server, "lost").await;
    let publishing = Publishing::half_read(&pair).await;
    server.kill();
    server.wipe();
    server.restart();
    refused_until_published_again(&pair, &publishing).await;
}

#[tokio::test]
async fn a_stream_that_has_lost_its_end_is_not_moved_until_what_is_kept_was_published_again() {
    let Some(mut server) = Nats::start() else {
        return;
    };
    let pair = Pair::open(&server, "set-back").await;
    let publishing = Publishing::begin(&pair).await;
    publishing.write(&pair, 0..10).await;
    publishing.relay(&pair.jet_stream).await;
    read(&pair.jet_stream, subscription(), 10).await;
    read(&pair.jet_stream, slow(), 10).await;
    server.kill();
    server.copy_store();
    server.restart();
    publishing.write(&pair, 10..20).await;
    publishing.relay(&pair.jet_stream).await;
    server.kill();
    server.restore_copy();
    server.restart();
    refused_until_published_again(&pair, &publishing).await;
}

/// The last ten events are handled after all.
async fn refused_until_published_again(pair: &Pair, publishing: &Publishing) {
    let outboxes = [publishing.domain.clone()];
    eventually("it is refused", async || {
        matches!(pair.to_folder(&outboxes).await, Err(MoveError::OtherLog))
    })
    .await;
    assert_eq!(count(&publishing.domain, "outbox").await, 20);
    let place = log_place(&pair.database).await.unwrap();
    assert_eq!(place, LogPlace::Elsewhere);
    // As a start does.
    publishing.relay(&pair.jet_stream).await;
    read(&pair.jet_stream, subscription(), 20).await;
    eventually("it is moved", async || {
        pair.to_folder(&outboxes).await.is_ok()
    })
    .await;
    let seen = read(&pair.embedded, slow(), 10).await;
    assert_whole(&seen, 10..20);
}
