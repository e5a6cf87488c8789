//! One socket that listens: what it is told, and when it is let go.

use std::sync::{Arc, OnceLock};

use business_accounts_gateway::{Grant, Scopes};
use infra_kernel::AccountId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use super::stream::{Label, Stream};

/// The most streams over one socket.
const STREAMS_MAX: usize = 64;

/// One socket.
pub(super) struct Listener {
    pub(super) number: u64,
    pub(super) account: AccountId,
    /// The token, which is looked at again from time to time.
    pub(super) secret: Box<str>,
    scopes: Scopes,
    queue: mpsc::Sender<Message>,
    end: CancellationToken,
    ended: OnceLock<Ended>,
}

/// Why a listener is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The server stops.
    Stopping,
    /// The token stands for nobody any more.
    SignedOut,
    /// It did not keep up.
    Slow,
    /// Its account listens elsewhere, as often as it may.
    Replaced,
}

/// A listener on one stream.
#[derive(Clone)]
pub(super) struct Subscriber {
    pub(super) listener: Arc<Listener>,
    pub(super) label: Label,
}

/// What somebody is told in one stream.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) label: Label,
    pub(super) told: Arc<Told>,
}

/// Something to tell.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) event: &'static str,
    /// JSON, or an id.
    pub(super) payload: String,
}

/// A listener's end of it; it listens until this is dropped.
pub(super) struct Listening {
    hub: Hub,
    listener: Arc<Listener>,
    queue: mpsc::Receiver<Message>,
    streams: Vec<Stream>,
}

impl Listener {
    pub(super) fn new(
        number: u64,
        grant: &Grant,
        secret: String,
        queue: mpsc::Sender<Message>,
    ) -> Self {
        Self {
            number,
            account: AccountId::new(grant.account_id),
            secret: secret.into(),
            // Scopes that cannot be parsed cover nothing.
            scopes: Scopes::parse(&grant.scopes).unwrap_or_default(),
            queue,
            end: CancellationToken::new(),
            ended: OnceLock::new(),
        }
    }

    /// Lets it go, for the first reason that there is.
    pub(super) fn let_go(&self, why: Ended) {
        let _ = self.ended.set(why);
        self.end.cancel();
    }
}

impl Subscriber {
    /// Puts it into the listener's queue, or lets the listener go.
    pub(super) fn tell(&self, told: &Arc<Told>) {
        let message = Message {
            label: Arc::clone(&self.label),
            told: Arc::clone(told),
        };
        if let Err(mpsc::error::TrySendError::Full(_)) = self.listener.queue.try_send(message) {
            self.listener.let_go(Ended::Slow);
        }
    }
}

impl Listening {
    pub(super) fn new(hub: &Hub, listener: Arc<Listener>, queue: mpsc::Receiver<Message>) -> Self {
        Self {
            hub: hub.clone(),
            listener,
            queue,
            streams: Vec::new(),
        }
    }

    /// Whether the token lets one listen to this.
    pub(super) fn may_hear(&self, stream: &Stream) -> bool {
        self.listener.scopes.cover(stream.scope)
    }

    /// Whether this stream may join those that are listened to.
    pub(super) fn has_room(&self) -> bool {
        self.streams.len() < STREAMS_MAX
    }

    /// Listens to this, too. What the token has no scope for stays silent.
    pub(super) fn subscribe(&mut self, stream: Stream) {
        if self.streams.contains(&stream) {
            return;
        }
        let mut registry = self.hub.registry();
        for channel in &stream.channels {
            if self.listener.scopes.cover(channel.scope()) {
                let subscriber = Subscriber {
                    listener: Arc::clone(&self.listener),
                    label: Arc::clone(&stream.label),
                };
                registry.subscribe(channel, subscriber);
            }
        }
        drop(registry);
        self.streams.push(stream);
    }

    /// Listens to this no longer.
    pub(super) fn unsubscribe(&mut self, stream: &Stream) {
        self.streams.retain(|one| one != stream);
        let mut registry = self.hub.registry();
        for channel in &stream.channels {
            registry.unsubscribe(channel, &self.listener, &stream.label);
        }
    }

    pub(super) fn account(&self) -> AccountId {
        self.listener.account
    }

    /// Waits for the next thing to be told.
    ///
    /// # Errors
    /// Why there will be none.
    pub(super) async fn next(&mut self) -> Result<Message, Ended> {
        tokio::select! {
            biased;
            () = self.listener.end.cancelled() => Err(self.why_ended()),
            message = self.queue.recv() => message.ok_or(Ended::Stopping),
        }
    }

    /// Waits until it is let go.
    pub(super) async fn ended(&self) -> Ended {
        self.listener.end.cancelled().await;
        self.why_ended()
    }

    fn why_ended(&self) -> Ended {
        self.listener
            .ended
            .get()
            .copied()
            .unwrap_or(Ended::Stopping)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut registry = self.hub.registry();
        for stream in &self.streams {
            for channel in &stream.channels {
                registry.unsubscribe(channel, &self.listener, &stream.label);
            }
        }
        registry.leave(&self.listener);
    }
}
