//! Opening and ending a browser session.

use std::time::Duration;

use business_accounts_gateway::{Scopes, SignInReply, SignInRequest, SignOutReply, SignOutRequest};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, Timestamp};

use crate::error::AccountsError;
use crate::limits::{Address, Attempt, Client, Line};
use crate::passwords::Fit;
use crate::rules::password::Password;
use crate::secret::{Secret, SecretHash};
use crate::state::State;
use crate::store::credentials::{self, Credential};
use crate::store::known_browsers;
use crate::store::sessions::{self, NewSession};

/// The longest name or e-mail address that is looked up, in bytes; no longer one can belong to an
/// account.
const NAME_BYTES_MAX: usize = 254;
/// The account of a name that nobody has: no id is 0.
const NOBODY: AccountId = AccountId::new(0);
/// How long a browser is known after its last sign-in: about as long as browsers keep a cookie.
pub(crate) const BROWSER_KNOWN_FOR: Duration = Duration::from_secs(365 * 86_400);

/// An account whose password was right, with the hash it was checked against.
struct Checked {
    account_id: AccountId,
    hash: String,
    /// The hash to keep from now on, when the one that is kept was made with other parameters than
    /// those of today, or of a password that was not normalised.
    better_hash: Option<String>,
}

/// The browser that signs in.
struct Browser {
    user_agent: String,
    /// The secret of its last sign-in.
    known_by: Option<SecretHash>,
}

pub(super) async fn sign_in(
    state: &State,
    context: &Context,
    request: SignInRequest,
) -> Result<SignInReply, AccountsError> {
    let name = request.username_or_email.trim();
    // People write their names as others mention them: "@ada".
    let name = name.strip_prefix('@').unwrap_or(name);
    let browser = Browser {
        user_agent: request.user_agent,
        known_by: Some(Secret::given(request.browser_secret))
            .filter(Secret::is_well_formed)
            .map(|secret| secret.hash()),
    };
    let address = Address::parse(&request.remote_address);
    // Counted as a failure before it is checked, so that concurrent tries are bounded, too.
    let attempt = begin_attempt(state, name, &browser, address).await?;
    let line = match attempt.client {
        Client::Stranger(..) => Line::of(address),
        Client::Known(_, browser) => Line::Browser(browser),
    };
    let password = Password::typed(request.password).unwrap_or_else(Password::stand_in);
    let checked = check(state, context, line, name, password).await;
    if !matches!(checked, Err(AccountsError::WrongCredentials)) {
        let uptime = state.clock.uptime();
        state.limits.sign_in.release(&attempt, uptime).await;
    }
    open_session(state, checked?, browser).await
}

/// Counts the try, by what the account knows of the browser.
async fn begin_attempt(
    state: &State,
    name: &str,
    browser: &Browser,
    address: Option<Address>,
) -> Result<Attempt, AccountsError> {
    let uptime = state.clock.uptime();
    let limits = &state.limits.sign_in;
    if let Some(secret) = browser.known_by
        && let Some(account_id) = verified_account(state, secret, name).await?
        && let Some(attempt) = limits.begin_known(account_id, secret, uptime).await
    {
        return Ok(attempt);
    }
    limits.begin(name, address, uptime).await
}

/// The name's account, if it knows the browser. This is asked of a name that nobody has, too:
/// how long the reply takes must not tell whose an e-mail address is.
async fn verified_account(
    state: &State,
    browser: SecretHash,
    name: &str,
) -> Result<Option<AccountId>, AccountsError> {
    let credential = credential(state, name).await?;
    let account_id = credential.as_ref().map_or(NOBODY, Credential::account_id);
    let after = state.clock.now().minus(BROWSER_KNOWN_FOR);
    let reader = state.database.reader();
    let known = known_browsers::is_known(reader, browser, account_id, after).await?;
    Ok(known.then_some(account_id))
}

async fn credential(state: &State, name: &str) -> Result<Option<Credential>, AccountsError> {
    // Nor has one U+0000, which not every database can look for.
    if name.len() > NAME_BYTES_MAX || name.contains('\0') {
        return Ok(None);
    }
    credentials::find(state.database.reader(), name).await
}

/// Does the same work, and gives the same reply, for a wrong password and for a name that
/// nobody has; also for a password that is longer than any, in whose place another is checked.
async fn check(
    state: &State,
    context: &Context,
    line: Line,
    name: &str,
    password: Password,
) -> Result<Checked, AccountsError> {
    let found = credential(state, name).await?;
    let decoy = || state.passwords.decoy().to_owned();
    let hash = found
        .as_ref()
        .map_or_else(decoy, |credential| credential.password_hash.clone());
    let fit = state
        .passwords
        .verify(context, line, password.clone(), hash.clone())
        .await?;
    let Some(credential) = found.filter(|_| fit != Fit::No) else {
        return Err(AccountsError::WrongCredentials);
    };
    // Only of a right password, so that the time it takes tells nobody whether a guess was near.
    let better_hash = if fit == Fit::AsTyped || state.passwords.is_outdated(&hash) {
        Some(state.passwords.hash(context, line, password).await?)
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
    state: &State,
    checked: Checked,
    browser: Browser,
) -> Result<SignInReply, AccountsError> {
    let (secret, browser_secret) = (Secret::fresh(), Secret::fresh());
    let account_id = checked.account_id;
    let now = state.clock.now();
    let expires_at = now.plus(state.settings.session_lifetime());
    let session = NewSession {
        id: state.ids.next(),
        secret_hash: secret.hash(),
        account_id: Some(account_id),
        application_id: None,
        scopes: Scopes::USER,
        user_agent: browser.user_agent,
        now,
        expires_at: Some(expires_at),
    };
    let (known_by, known_as) = (browser.known_by, browser_secret.hash());
    state
        .change(
            move |connection| {
                Box::pin(async move {
                    confirm(connection, &checked, now).await?;
                    known_browsers::note(connection, known_by, known_as, account_id, now).await?;
                    sessions::insert(connection, &session).await
                })
            },
            |caches, removed| {
                removed
                    .iter()
                    .for_each(|hash| caches.grants.invalidate(hash));
            },
        )
        .await?;
    Ok(SignInReply {
        session_secret: secret.reveal(),
        account_id: account_id.get(),
        expires_at_us: expires_at.microseconds(),
        browser_secret: browser_secret.reveal(),
        browser_expires_at_us: now.plus(BROWSER_KNOWN_FOR).microseconds(),
    })
}

pub(super) async fn sign_out(
    state: &State,
    request: SignOutRequest,
) -> Result<SignOutReply, AccountsError> {
    let secret = Secret::given(request.session_secret);
    // What cannot be a session is over already.
    if !secret.is_well_formed() {
        return Ok(SignOutReply {});
    }
    let hash = secret.hash();
    state
        .change(
            move |connection| Box::pin(sessions::remove(connection, hash, None)),
            move |caches, ()| caches.grants.invalidate(&hash),
        )
        .await?;
    Ok(SignOutReply {})
}

/// The password may have been set again since it was checked; then anyone who knew the old one is
/// not let in any more.
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
