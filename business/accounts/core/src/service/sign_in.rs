//! Opening and ending a browser session.

use business_accounts_gateway::{Scopes, SignInReply, SignInRequest, SignOutReply, SignOutRequest};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, Timestamp};

use super::Service;
use crate::error::AccountsError;
use crate::limits::{Address, Target};
use crate::rules::registration::{PASSWORD_CHARACTERS, email_key};
use crate::secret::Secret;
use crate::store::credentials::{self, Credential};
use crate::store::sessions::{self, NewSession};

/// The longest name or e-mail address that is looked up, in bytes; no longer one can belong to an account.
const NAME_BYTES_MAX: usize = 254;

/// An account whose password was right, with the hash it was checked against.
struct Checked {
    account_id: AccountId,
    hash: String,
    /// The hash to keep from now on, when the one that is kept was made with other parameters than those of today.
    better_hash: Option<String>,
}

impl Service {
    pub(super) async fn sign_in(
        &self,
        context: &Context,
        request: SignInRequest,
    ) -> Result<SignInReply, AccountsError> {
        let address = Address::parse(&request.remote_address);
        self.limits.sign_ins.take(address, self.clock.uptime())?;
        let name = request.username_or_email.trim();
        // People write their names as others mention them: "@ada".
        let name = name.strip_prefix('@').unwrap_or(name);
        let password = Secret::given(request.password);
        if name.len() > NAME_BYTES_MAX || password.characters() > *PASSWORD_CHARACTERS.end() {
            return Err(AccountsError::WrongCredentials);
        }
        let found = credentials::find(self.database.reader(), name).await?;
        let target = found.as_ref().map_or_else(
            || Target::nobody(&email_key(name)),
            |credential| Target::Account(credential.account_id()),
        );
        self.limits
            .failures
            .take(Some(target), self.clock.uptime())?;
        let checked = self.check_credential(context, password, found).await;
        // Only a wrong password counts: neither a right one nor a server too busy to tell.
        if !matches!(checked, Err(AccountsError::WrongCredentials)) {
            self.limits.failures.release(target);
        }
        self.open_session(checked?, request.user_agent).await
    }

    /// Does the same work, and gives the same answer, for a wrong password and for a name that nobody has.
    async fn check_credential(
        &self,
        context: &Context,
        password: Secret,
        found: Option<Credential>,
    ) -> Result<Checked, AccountsError> {
        let decoy = || self.passwords.decoy().to_owned();
        let hash = found
            .as_ref()
            .map_or_else(decoy, |credential| credential.password_hash.clone());
        let fits = self
            .passwords
            .verify(context, password.clone(), hash.clone())
            .await?;
        let Some(credential) = found.filter(|_| fits) else {
            return Err(AccountsError::WrongCredentials);
        };
        let better_hash = if self.passwords.is_outdated(&hash) {
            Some(self.passwords.hash(context, password).await?)
        } else {
            None
        };
        Ok(Checked {
            account_id: credential.account_id(),
            hash,
            better_hash,
        })
    }

    async fn open_session(
        &self,
        checked: Checked,
        user_agent: String,
    ) -> Result<SignInReply, AccountsError> {
        let secret = Secret::fresh();
        let account_id = checked.account_id;
        let now = self.clock.now();
        let expires_at = now.plus(self.settings.session_lifetime());
        let session = NewSession {
            id: self.ids.session(),
            secret_hash: secret.hash(),
            account_id: Some(account_id),
            application_id: None,
            scopes: Scopes::USER,
            user_agent,
            now,
            expires_at: Some(expires_at),
        };
        self.change(
            move |connection| {
                Box::pin(async move {
                    confirm(connection, &checked, now).await?;
                    sessions::insert(connection, &session).await
                })
            },
            |caches, removed| removed.iter().for_each(|hash| caches.grants.changed(hash)),
        )
        .await?;
        Ok(SignInReply {
            session_secret: secret.reveal(),
            account_id: account_id.get(),
            expires_at_us: expires_at.microseconds(),
        })
    }

    pub(super) async fn sign_out(
        &self,
        request: SignOutRequest,
    ) -> Result<SignOutReply, AccountsError> {
        let secret = Secret::given(request.session_secret);
        if !secret.is_well_formed() {
            return Ok(SignOutReply {});
        }
        let hash = secret.hash();
        self.change(
            move |connection| Box::pin(sessions::remove(connection, hash, None)),
            move |caches, ()| caches.grants.changed(&hash),
        )
        .await?;
        Ok(SignOutReply {})
    }
}

/// The password may have been set anew since it was checked; then whoever knew the old one is not let in any more.
async fn confirm(
    connection: &mut Connection,
    checked: &Checked,
    now: Timestamp,
) -> Result<(), AccountsError> {
    let (id, hash) = (checked.account_id, &checked.hash);
    let is_current = match &checked.better_hash {
        Some(better) => credentials::replace_hash(connection, id, hash, better, now).await?,
        None => credentials::has_hash(connection, id, hash).await?,
    };
    if is_current {
        return Ok(());
    }
    Err(AccountsError::WrongCredentials)
}
