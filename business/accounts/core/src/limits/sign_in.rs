//! Who may try how many passwords: see `docs/adr` on signing in.
//!
//! A try is counted by the name as it was typed, whether anyone has it or not, and never by the
//! account behind it: so a limit reveals neither who is here nor whose an e-mail address is.

use infra_kernel::{AccountId, Uptime};
use sha2::{Digest as _, Sha256};

use super::address::first_eight;
use super::{Address, AddressLimit, Limit, Network};
use crate::Settings;
use crate::error::AccountsError;
use crate::rules::registration::email_key;
use crate::secret::SecretHash;

/// How many times the wrong passwords of one subscriber a site may try for one name. A site has 256
/// subscribers' networks and is often one person's; four homes in it may still mistype.
const SITE_TIMES: u32 = 4;

/// A name or e-mail address as it was typed, without regard to case.
type Name = [u8; 8];

/// The limits on signing in.
pub(crate) struct SignInLimits {
    /// Tries from an address, right and wrong.
    tries: AddressLimit,
    /// Wrong passwords for a name from one subscriber.
    failures: Limit<(Name, Option<Network>)>,
    /// Wrong passwords for a name from one site, whose subscribers' networks one person may have
    /// all of.
    failures_of_site: Limit<(Name, Option<Network>)>,
    /// Wrong passwords for a name from all unknown clients together: against guesses from many
    /// addresses.
    failures_of_all: Limit<Name>,
    /// Tries, right and wrong, from one browser that is known to an account. By browser, so that
    /// who sits at one of them (a library's) holds up none of the others.
    tries_of_known: Limit<(AccountId, SecretHash)>,
    /// Wrong passwords for an account from one browser that is known to it.
    failures_of_known: Limit<(AccountId, SecretHash)>,
}

/// A try to sign in whose failure is counted already.
pub(crate) enum Attempt {
    /// By a browser of which the account knows nothing.
    Stranger(Name, Option<Address>),
    /// By a browser that has signed in to the account before.
    Known(AccountId, SecretHash),
}

impl SignInLimits {
    pub(super) fn new(settings: &Settings) -> Self {
        let (tries, tries_window) = (settings.sign_ins_per_address, settings.sign_in_window_s);
        let (failures, failures_window) = (
            settings.sign_in_failures_per_account,
            settings.sign_in_failures_per_account_window_s,
        );
        Self {
            tries: AddressLimit::new("attempts to sign in from this address", tries, tries_window),
            failures: Limit::new(
                "wrong passwords for this name from this address",
                failures,
                failures_window,
            ),
            failures_of_site: Limit::new(
                "wrong passwords for this name from this network",
                failures.saturating_mul(SITE_TIMES),
                failures_window,
            ),
            failures_of_all: Limit::new(
                "wrong passwords for this name from many addresses, and this browser has not signed in to it before",
                settings.sign_in_failures_max,
                settings.sign_in_failures_window_s,
            ),
            tries_of_known: Limit::new("attempts to sign in to this account", tries, tries_window),
            failures_of_known: Limit::new(
                "wrong passwords for this account from this browser",
                failures,
                failures_window,
            ),
        }
    }

    /// Counts the try of an unknown client, as if it failed.
    pub(crate) fn begin(
        &self,
        name: &str,
        address: Option<Address>,
        now: Uptime,
    ) -> Result<Attempt, AccountsError> {
        self.tries.take(address, now)?;
        let name = first_eight(&Sha256::digest(email_key(name)));
        let subscriber = (name, address.map(Address::subscriber));
        let site = (name, address.map(Address::site));
        self.failures.take(Some(subscriber), now)?;
        self.failures_of_site
            .take(Some(site), now)
            .inspect_err(|_| self.failures.release(subscriber))?;
        self.failures_of_all
            .take(Some(name), now)
            .inspect_err(|_| {
                self.failures.release(subscriber);
                self.failures_of_site.release(site);
            })?;
        Ok(Attempt::Stranger(name, address))
    }

    /// Counts the try of a browser that is known to the account, as if it failed. What unknown
    /// clients do does not hold it up, and none at all when its own tries are spent: then it counts
    /// as an unknown client, who it is never worse off than.
    pub(crate) fn begin_known(
        &self,
        account_id: AccountId,
        browser: SecretHash,
        now: Uptime,
    ) -> Option<Attempt> {
        let known = (account_id, browser);
        self.tries_of_known.take(Some(known), now).ok()?;
        self.failures_of_known
            .take(Some(known), now)
            .inspect_err(|_| self.tries_of_known.release(known))
            .ok()?;
        Some(Attempt::Known(account_id, browser))
    }

    /// It did not fail: neither a right password counts as a wrong one, nor a server too busy to
    /// tell.
    pub(crate) fn release(&self, attempt: &Attempt) {
        match *attempt {
            Attempt::Stranger(name, address) => {
                self.failures
                    .release((name, address.map(Address::subscriber)));
                self.failures_of_site
                    .release((name, address.map(Address::site)));
                self.failures_of_all.release(name);
            }
            Attempt::Known(account_id, browser) => {
                self.failures_of_known.release((account_id, browser));
            }
        }
    }

    pub(super) fn forget_full(&self, now: Uptime) {
        self.tries.forget_full(now);
        self.failures.forget_full(now);
        self.failures_of_site.forget_full(now);
        self.failures_of_all.forget_full(now);
        self.tries_of_known.forget_full(now);
        self.failures_of_known.forget_full(now);
    }
}
