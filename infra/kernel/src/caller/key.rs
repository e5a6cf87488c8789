//! The installation's key, which makes callers and proves them to other processes.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{Authenticated, Caller, Identity, Kind};
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, ErrorCode};
use crate::id::{AccountId, ApplicationId};

/// The length of the installation's secret, in bytes.
pub const SECRET_BYTES: usize = 32;
/// The block of SHA-256, to which HMAC fills up a key with zeros.
const BLOCK_BYTES: usize = 64;
/// How long a caller is good for: longer than any one operation may take, and no longer than that.
pub const CALLER_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How far the clocks of two processes may be apart.
const CLOCK_SKEW_MAX: Duration = Duration::from_secs(60);
/// What is signed begins with this, so that nothing else signed with the same secret is a caller.
const PURPOSE: &[u8] = b"heliograph caller 1\n";

/// A caller that is taken for nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallerRefused {
    /// It is not signed with this installation's key, or not a caller at all.
    #[error("the caller is not signed with this installation's key")]
    Forged,
    /// Its time is over.
    #[error("the caller's time is over")]
    Expired,
}

impl From<CallerRefused> for Error {
    fn from(refused: CallerRefused) -> Self {
        let text = match refused {
            CallerRefused::Forged => "Who is asking cannot be verified. Please sign in again.",
            CallerRefused::Expired => "This took too long. Please try again.",
        };
        Self::new(ErrorCode::Unauthenticated, text).with_source(refused)
    }
}

/// Makes callers, signs those that leave this process and verifies those that enter it. Anyone who
/// holds one can act for every account: surfaces and transports do, domains do not. Cheap to clone.
#[derive(Clone)]
pub struct CallerKey {
    keyed: Hmac<Sha256>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for CallerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of every log.
        formatter.debug_struct("CallerKey").finish_non_exhaustive()
    }
}

impl CallerKey {
    /// The key of an installation with this secret.
    #[must_use]
    pub fn new(secret: &[u8; SECRET_BYTES], clock: Arc<dyn Clock>) -> Self {
        let mut block = [0; BLOCK_BYTES];
        block[..SECRET_BYTES].copy_from_slice(secret);
        let mut keyed: Hmac<Sha256> = hmac::digest::KeyInit::new(&block.into());
        // Once: each code begins from a copy that has taken the key and the purpose in.
        keyed.update(PURPOSE);
        Self { keyed, clock }
    }

    /// The caller of a request whose sender was authenticated just now.
    #[must_use]
    pub fn mint(&self, identity: Identity) -> Caller {
        self.mint_for(identity, CALLER_LIFETIME)
    }

    /// The same, for less time.
    #[must_use]
    pub fn mint_for(&self, identity: Identity, lifetime: Duration) -> Caller {
        // By this process's own clock, so that setting the time of day lengthens no caller's time.
        let expires_at = Instant::now() + lifetime.min(CALLER_LIFETIME);
        Caller(Kind::Authenticated(Arc::new(Authenticated {
            identity,
            expires_at,
        })))
    }

    /// The caller as it is shown to another process, good until the same moment as here; nothing
    /// for nobody.
    #[must_use]
    pub fn sign(&self, caller: &Caller) -> Option<String> {
        let (kind, identity, left) = match &caller.0 {
            Kind::Anonymous => return None,
            Kind::System => ("system", &Identity::default(), CALLER_LIFETIME),
            Kind::Authenticated(authenticated) => {
                let left = authenticated
                    .expires_at
                    .saturating_duration_since(Instant::now());
                ("account", &authenticated.identity, left)
            }
        };
        let claims = format!(
            "{kind} {} {} {} {}",
            identity.account_id.map_or(0, AccountId::get),
            identity.application_id.map_or(0, ApplicationId::get),
            // By the time of day, since another process has another `Instant`.
            self.clock.now().plus(left).microseconds(),
            identity.scopes,
        );
        let code = self.code(claims.as_bytes()).finalize().into_bytes();
        let (claims, code) = (URL_SAFE_NO_PAD.encode(claims), URL_SAFE_NO_PAD.encode(code));
        Some(format!("{claims}.{code}"))
    }

    /// The caller that another process has signed.
    ///
    /// # Errors
    /// When it is not signed with this key, or its time is over.
    pub fn verify(&self, signed: &str) -> Result<Caller, CallerRefused> {
        let claims = self.claims(signed).ok_or(CallerRefused::Forged)?;
        let (kind, identity, expires_at) = parse(&claims).ok_or(CallerRefused::Forged)?;
        let left_us = expires_at.microseconds() - self.clock.now().microseconds();
        let left = u64::try_from(left_us).map(Duration::from_micros);
        let left = left.map_err(|_| CallerRefused::Expired)?;
        // Too far ahead is as wrong as past: no key of ours makes callers that last so long.
        if left.is_zero() || left > CALLER_LIFETIME + CLOCK_SKEW_MAX {
            return Err(CallerRefused::Expired);
        }
        match kind {
            "system" => Ok(Caller::system()),
            // For what is left, and not for a time of its own: passing a caller on lengthens
            // nothing.
            "account" => Ok(self.mint_for(identity, left)),
            _ => Err(CallerRefused::Forged),
        }
    }

    /// What was signed, if it was signed with this key.
    fn claims(&self, signed: &str) -> Option<String> {
        let (claims, code) = signed.split_once('.')?;
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        let code = URL_SAFE_NO_PAD.decode(code).ok()?;
        // Compared in constant time.
        self.code(&claims).verify_slice(&code).ok()?;
        String::from_utf8(claims).ok()
    }

    fn code(&self, claims: &[u8]) -> Hmac<Sha256> {
        let mut code = self.keyed.clone();
        code.update(claims);
        code
    }
}

fn parse(claims: &str) -> Option<(&str, Identity, Timestamp)> {
    // The scopes come last, for they have blanks themselves.
    let mut parts = claims.splitn(5, ' ');
    let kind = parts.next()?;
    let account_id: u64 = parts.next()?.parse().ok()?;
    let application_id: u64 = parts.next()?.parse().ok()?;
    let expires_at_us = parts.next()?.parse().ok()?;
    let identity = Identity {
        account_id: (account_id != 0).then(|| AccountId::new(account_id)),
        application_id: (application_id != 0).then(|| ApplicationId::new(application_id)),
        scopes: parts.next()?.to_owned(),
    };
    Some((kind, identity, Timestamp::from_microseconds(expires_at_us)))
}
