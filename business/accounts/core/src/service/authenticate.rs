//! Resolving whom a secret stands for: part of every request.

use std::sync::Arc;
use std::time::Duration;

use business_accounts_gateway::{
    AuthenticateRequest, GetGrantsReply, GetGrantsRequest, Grant, SecretKind, SessionId,
};
use infra_kernel::Timestamp;
use tokio::sync::Semaphore;

use crate::error::AccountsError;
use crate::secret::Secret;
use crate::state::State;
use crate::store::sessions;

/// How much later a use must be than the last one noted to be recorded itself: it bounds the writes
/// that reading causes, and makes a session end at most this much early.
const USE_RECORDED_EVERY: Duration = Duration::from_secs(3_600);
/// The most uses that are being recorded concurrently; further ones are recorded when the session
/// is next read.
const TOUCHES_MAX: usize = 32;

/// The most sessions of one request.
const IDS_MAX: usize = 500;

/// A grant in memory, and when it ends.
#[derive(Clone)]
pub(crate) struct KnownGrant {
    grant: Arc<Grant>,
    expires_at: Option<Timestamp>,
}

impl KnownGrant {
    /// What the secret grants now, used as this kind. One of another kind is no secret at all: a
    /// session's cookie would do in an application what no person has allowed it, and a token in a
    /// cookie would do more than its scopes.
    fn at(&self, now: Timestamp, kind: SecretKind) -> Result<Grant, AccountsError> {
        let fits = match kind {
            SecretKind::Session => self.grant.application_id().is_none(),
            SecretKind::Token => self.grant.application_id().is_some(),
            SecretKind::Unspecified => false,
        };
        if !fits || self.expires_at.is_some_and(|end| end <= now) {
            return Err(AccountsError::NotSignedIn);
        }
        Ok(Grant::clone(&self.grant))
    }
}

/// The uses that are being recorded.
pub(crate) struct Touches(Arc<Semaphore>);

impl Default for Touches {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TOUCHES_MAX)))
    }
}

pub(super) async fn authenticate(
    state: &State,
    request: AuthenticateRequest,
) -> Result<Grant, AccountsError> {
    let kind = request.kind();
    let secret = Secret::given(request.secret);
    if !secret.is_well_formed() {
        return Err(AccountsError::NotSignedIn);
    }
    let hash = secret.hash();
    let now = state.clock.now();
    if let Some(known) = state.caches.grants.get(&hash) {
        return known.at(now, kind);
    }
    // Taken before the read: what is written in between refuses the insertion.
    let version = state.caches.grants.version(&hash);
    let session = sessions::find(state.database.reader(), hash).await?;
    let session = session.ok_or(AccountsError::NotSignedIn)?;
    let (id, last_used_at) = (session.id(), session.last_used_at());
    let known = KnownGrant {
        expires_at: session.expires_at(),
        grant: Arc::new(session.into()),
    };
    // Before it is kept, so that what grants nothing takes no place in the cache.
    let grant = known.at(now, kind)?;
    state.caches.grants.insert(hash, version, known);
    // Only where the row was read: an entry of the cache lives for seconds, and uses are recorded
    // by the hour.
    if last_used_at.plus(USE_RECORDED_EVERY) <= now {
        record_use(state, id, now);
    }
    Ok(grant)
}

/// What sessions stand for, without their secrets. Always from the database: what acts for an
/// account while nobody asks is to stop when it was revoked, and not a moment later.
pub(super) async fn get_grants(
    state: &State,
    request: &GetGrantsRequest,
) -> Result<GetGrantsReply, AccountsError> {
    if request.session_ids.len() > IDS_MAX {
        let text = format!("At most {IDS_MAX} sessions can be asked for at once.");
        return Err(AccountsError::invalid("session_ids", text));
    }
    let now = state.clock.now();
    let found = sessions::by_ids(state.database.reader(), &request.session_ids).await?;
    let is_current = |session: &sessions::Session| session.expires_at().is_none_or(|end| end > now);
    let current = found.into_iter().filter(is_current);
    Ok(GetGrantsReply {
        grants: current.map(Grant::from).collect(),
    })
}

/// Records the use of a session without keeping the request waiting for a commit.
fn record_use(state: &State, id: SessionId, now: Timestamp) {
    let Ok(place) = Arc::clone(&state.touches.0).try_acquire_owned() else {
        return;
    };
    let database = state.database.clone();
    let expires_at = now.plus(state.settings.session_lifetime());
    tokio::spawn(async move {
        let noted: Result<(), AccountsError> = database
            .write(move |connection| Box::pin(sessions::touch(connection, id, now, expires_at)))
            .await;
        // The next use is recorded in its place.
        if let Err(error) = noted {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, session_id = %id, "the use of a session was not recorded");
        }
        drop(place);
    });
}
