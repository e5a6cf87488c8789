//! Who listens to what. A listener is a bounded queue and a few entries in tables; one that does
//! not keep up is let go.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use business_accounts_gateway::Grant;
use business_graph_gateway::ListId;
use infra_kernel::{AccountId, Caller, Error, ErrorCode, Identity, Result};
use presentation_kit::Surface;
use presentation_kit::happenings::Happenings;
use tokio::sync::{Notify, mpsc, watch};

use super::listener::{Ended, Listener, Listening, Subscriber};
use super::settings::StreamingSettings;
use super::stream::{Channel, Label};

/// How many messages wait for a listener before it is let go: clients come again and read the
/// lists.
const MESSAGES_WAITING_MAX: usize = 32;
/// What is read for those who listen.
const SCOPES: &str = "read";
/// How long a new listener waits until what happens is seen.
const BEGIN_WAIT_MAX: Duration = Duration::from_secs(5);
/// When somebody may come again for whom there is no place.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// Those who listen to this process. Cheap to clone.
#[derive(Clone)]
pub(super) struct Hub(Arc<Parts>);

struct Parts {
    surface: Surface,
    happenings: Arc<dyn Happenings>,
    listeners_max: usize,
    listeners_per_account_max: usize,
    registry: Mutex<Registry>,
    /// Whether what happens is seen.
    is_watching: watch::Sender<bool>,
    /// Somebody listens since.
    came: Notify,
}

/// Who is there, and what each listens to.
#[derive(Default)]
pub(super) struct Registry {
    next: u64,
    listeners: HashMap<u64, Arc<Listener>>,
    per_account: HashMap<AccountId, usize>,
    channels: BTreeMap<Channel, HashMap<AccountId, Vec<Subscriber>>>,
    has_stopped: bool,
}

impl Hub {
    pub(super) fn new(
        surface: &Surface,
        happenings: Arc<dyn Happenings>,
        settings: &StreamingSettings,
    ) -> Self {
        Self(Arc::new(Parts {
            surface: surface.clone(),
            happenings,
            listeners_max: settings.listeners_max,
            listeners_per_account_max: settings.listeners_per_account_max,
            registry: Mutex::default(),
            is_watching: watch::Sender::new(false),
            came: Notify::new(),
        }))
    }

    pub(super) fn surface(&self) -> &Surface {
        &self.0.surface
    }

    pub(super) fn happenings(&self) -> &dyn Happenings {
        &*self.0.happenings
    }

    /// On whose behalf something is read for somebody who listens: nothing more than their own
    /// requests could read. What their token allows was asked when the stream began.
    pub(super) fn caller_of(&self, viewer: AccountId) -> Caller {
        let identity = Identity {
            account_id: Some(viewer),
            application_id: None,
            scopes: SCOPES.to_owned(),
        };
        self.surface().site.signer.callers().mint(identity)
    }

    /// A place for somebody with this token. What happens after this returned is told to them, in
    /// the streams that they listen to by then.
    ///
    /// The account's oldest goes where it has as many as it may: mostly one whose client has gone
    /// without a word.
    ///
    /// # Errors
    /// `unavailable` when there is no place or what happens cannot be seen.
    pub(super) async fn listen(&self, grant: &Grant, secret: String) -> Result<Listening> {
        let (sender, queue) = mpsc::channel(MESSAGES_WAITING_MAX);
        let account = AccountId::new(grant.account_id);
        let listener = {
            let mut registry = self.registry();
            let of_account = registry.per_account.get(&account).copied();
            if of_account.unwrap_or_default() >= self.0.listeners_per_account_max {
                // It is not let go for one that cannot begin.
                if !*self.0.is_watching.borrow() {
                    return Err(unavailable("Streams cannot begin just now."));
                }
                registry.replace_oldest(account);
            }
            self.check_room(&registry)?;
            let number = registry.next;
            registry.next += 1;
            let listener = Arc::new(Listener::new(number, grant, secret, sender));
            registry.listeners.insert(number, Arc::clone(&listener));
            *registry.per_account.entry(account).or_default() += 1;
            listener
        };
        // From here on it leaves by itself, whatever happens.
        let listening = Listening::new(self, listener, queue);
        self.0.came.notify_one();
        let mut watching = self.0.is_watching.subscribe();
        if *watching.borrow() {
            return Ok(listening);
        }
        // They keep their places among the requests in flight: not too many wait.
        let Some(_wait) = self.surface().waits.begin(account) else {
            return Err(unavailable("Streams cannot begin just now."));
        };
        let begun = watching.wait_for(|is_watching| *is_watching);
        match tokio::time::timeout(BEGIN_WAIT_MAX, begun).await {
            Ok(Ok(_)) => Ok(listening),
            _ => Err(unavailable("Streams cannot begin just now.")),
        }
    }

    fn check_room(&self, registry: &Registry) -> Result<()> {
        if registry.has_stopped {
            return Err(unavailable("This server is about to stop."));
        }
        if registry.listeners.len() >= self.0.listeners_max {
            return Err(unavailable("As many listen to this server as it can tell."));
        }
        Ok(())
    }

    /// Waits until somebody listens.
    pub(super) async fn somebody_listens(&self) {
        while self.registry().listeners.is_empty() {
            self.0.came.notified().await;
        }
    }

    /// Notes that what happens is seen from now on.
    pub(super) fn begin_watching(&self) {
        self.0.is_watching.send_replace(true);
    }

    /// Notes that what happens is not seen for now: nobody new is let in until it is.
    pub(super) fn pause_watching(&self) {
        self.0.is_watching.send_replace(false);
    }

    /// Ends watching if nobody listens any more; returns whether it has ended.
    pub(super) fn end_watching(&self) -> bool {
        // Under the lock: who comes now waits until it begins again.
        let registry = self.registry();
        let ends = registry.listeners.is_empty();
        if ends {
            self.0.is_watching.send_replace(false);
        }
        ends
    }

    /// Everyone who listens.
    pub(super) fn listeners(&self) -> Vec<Arc<Listener>> {
        self.registry().listeners.values().cloned().collect()
    }

    /// The accounts that listen to a channel.
    pub(super) fn accounts(&self, channel: &Channel) -> Vec<AccountId> {
        let registry = self.registry();
        let listening = registry.channels.get(channel);
        listening.map_or_else(Vec::new, |accounts| accounts.keys().copied().collect())
    }

    /// All who listen to a channel, by account.
    pub(super) fn all(&self, channel: &Channel) -> Vec<(AccountId, Vec<Subscriber>)> {
        let registry = self.registry();
        let accounts = registry.channels.get(channel).into_iter().flatten();
        let accounts = accounts.map(|(account, subscribers)| (*account, subscribers.clone()));
        accounts.collect()
    }

    /// The lists whose timelines somebody listens to.
    pub(super) fn lists(&self) -> Vec<ListId> {
        let registry = self.registry();
        let first = Channel::List(ListId::new(0));
        let lists = registry.channels.range(first..);
        let lists = lists.map_while(|(channel, _)| match channel {
            Channel::List(list) => Some(*list),
            _ => None,
        });
        lists.collect()
    }

    /// Who of an account listens to a channel.
    pub(super) fn subscribers(&self, channel: &Channel, account: AccountId) -> Vec<Subscriber> {
        let registry = self.registry();
        let listening = registry.channels.get(channel);
        let of_account = listening.and_then(|accounts| accounts.get(&account));
        of_account.cloned().unwrap_or_default()
    }

    /// Whether anybody listens to any of these hashtags.
    pub(super) fn hears_tags(&self) -> bool {
        let registry = self.registry();
        let first = Channel::Tag(String::new());
        let next = registry.channels.range(first..).next();
        matches!(next, Some((Channel::Tag(_), _)))
    }

    /// Lets everyone go, and nobody in any more.
    pub(super) fn stop(&self) {
        let listeners = {
            let mut registry = self.registry();
            registry.has_stopped = true;
            registry.listeners.values().cloned().collect::<Vec<_>>()
        };
        for listener in listeners {
            listener.let_go(Ended::Stopping);
        }
    }

    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        let registry = self.0.registry.lock();
        registry.unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(text: &str) -> Error {
    Error::new(ErrorCode::Unavailable, text).to_retry_after(RETRY_AFTER)
}

impl Registry {
    pub(super) fn subscribe(&mut self, channel: &Channel, subscriber: Subscriber) {
        let accounts = self.channels.entry(channel.clone()).or_default();
        let account = subscriber.listener.account;
        accounts.entry(account).or_default().push(subscriber);
    }

    /// Takes out what there is of a listener in a channel, in one stream.
    pub(super) fn unsubscribe(&mut self, channel: &Channel, listener: &Listener, label: &Label) {
        let Some(accounts) = self.channels.get_mut(channel) else {
            return;
        };
        if let Some(subscribers) = accounts.get_mut(&listener.account) {
            subscribers.retain(|one| one.listener.number != listener.number || one.label != *label);
            // So that the tables hold who listens, and not everyone who ever has.
            if subscribers.is_empty() {
                accounts.remove(&listener.account);
            }
        }
        if accounts.is_empty() {
            self.channels.remove(channel);
        }
    }

    /// Lets an account's oldest listener go, and counts it no more.
    fn replace_oldest(&mut self, account: AccountId) {
        let of_account = self.listeners.values().filter(|one| one.account == account);
        let oldest = of_account.min_by_key(|one| one.number).cloned();
        if let Some(oldest) = oldest {
            oldest.let_go(Ended::Replaced);
            self.leave(&oldest);
        }
    }

    /// Forgets a listener, if it is known still.
    pub(super) fn leave(&mut self, listener: &Listener) {
        if self.listeners.remove(&listener.number).is_none() {
            return;
        }
        if let Some(of_account) = self.per_account.get_mut(&listener.account) {
            *of_account -= 1;
            if *of_account == 0 {
                self.per_account.remove(&listener.account);
            }
        }
    }
}
