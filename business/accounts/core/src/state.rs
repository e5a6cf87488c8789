//! What the calls and jobs share.

use std::sync::Arc;
use std::time::Duration;

use business_accounts_gateway::Account;
use infra_cache::VersionedCache;
use infra_db::{BoxFuture, Connection, Database};
use infra_kernel::{AccountId, Clock, IdGenerator, Result};

use crate::error::AccountsError;
use crate::limits::Limits;
use crate::passwords::Passwords;
use crate::secret::SecretHash;
use crate::service::authenticate::{KnownGrant, Touches};
use crate::{Dependencies, Settings};

/// The most grants kept in memory; each is some 200 bytes.
const GRANTS_KEPT_MAX: u64 = 50_000;
/// The most accounts kept in memory; each is some 500 bytes, and 4 KiB at most.
const ACCOUNTS_KEPT_MAX: u64 = 20_000;

/// How long an entry counts: the operator's commands write beside this process, and are seen after
/// that.
const CACHE_LIFETIME: Duration = Duration::from_secs(5);

/// What the calls and jobs share.
pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) settings: Settings,
    pub(crate) site_names: Vec<String>,
    pub(crate) passwords: Passwords,
    pub(crate) caches: Caches,
    pub(crate) touches: Touches,
}

/// What is kept in memory.
#[derive(Clone)]
pub(crate) struct Caches {
    pub(crate) grants: VersionedCache<SecretHash, KnownGrant>,
    pub(crate) accounts: VersionedCache<AccountId, Arc<Account>>,
}

impl Caches {
    fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            grants: VersionedCache::bounded(GRANTS_KEPT_MAX)
                .with_lifetime(CACHE_LIFETIME, Arc::clone(clock)),
            accounts: VersionedCache::bounded(ACCOUNTS_KEPT_MAX)
                .with_lifetime(CACHE_LIFETIME, Arc::clone(clock)),
        }
    }
}

impl State {
    pub(crate) fn new(dependencies: Dependencies) -> Result<Self> {
        let settings = dependencies.settings;
        let caches = Caches::new(&dependencies.clock);
        Ok(Self {
            database: dependencies.database,
            clock: dependencies.clock,
            limits: Limits::new(&settings, &dependencies.limiter),
            ids: dependencies.ids,
            passwords: Passwords::new(&settings)?,
            caches,
            touches: Touches::default(),
            site_names: dependencies.site_names,
            settings,
        })
    }

    /// Writes, and invalidates what is cached of it when that is committed.
    pub(crate) async fn change<T, F>(
        &self,
        work: F,
        invalidate: impl FnOnce(&Caches, &T) + Send + 'static,
    ) -> Result<T, AccountsError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, AccountsError>>
            + Send
            + 'static,
    {
        let caches = self.caches.clone();
        self.database
            .write_then(work, move |written, _| invalidate(&caches, written))
            .await
    }
}
