//! Who may try how many passwords: see `docs/adr` on signing in.
//!
//! A try is counted by the name as it was typed, whether anyone has it or not, and never by the
//! account behind it: so a limit reveals neither who is here nor whose an e-mail address is.

use infra_kernel::{AccountId, Uptime};
use infra_resilience::Grant;
use sha2::{Digest as _, Sha256};

use super::address::first_eight;
use super::{Address, AddressLimit, Asked, Counter, NamedLimit, Network};
use crate::Settings;
use crate::error::AccountsError;
use crate::rules::registration::email_key;
use crate::secret::SecretHash;

/// How many times the wrong passwords of one subscriber a site may try for one name. A site has 256
/// subscribers' networks and is often one person's; four homes in it may still mistype.
const SITE_TIMES: u32 = 4;

/// A name or e-mail address as it was typed, without regard to case.
type Name = [u8; 8];

/// The limits on signing in. All are guarded: a client that guesses passwords gains nothing by a
/// loss of what is counted elsewhere.
pub(crate) struct SignInLimits {
    counter: Counter,
    /// Tries from an address, right and wrong.
    tries: AddressLimit,
    /// Wrong passwords for a name from one subscriber.
    failures: NamedLimit,
    /// Wrong passwords for a name from one site, whose subscribers' networks one person may have
    /// all of.
    failures_of_site: NamedLimit,
    /// Wrong passwords for a name from all unknown clients together: against guesses from many
    /// addresses.
    failures_of_all: NamedLimit,
    /// Tries, right and wrong, from one browser that is known to an account. By browser, so that
    /// who sits at one of them (a library's) holds up none of the others.
    tries_of_known: NamedLimit,
    /// Wrong passwords for an account from one browser that is known to it.
    failures_of_known: NamedLimit,
}

/// A try to sign in whose failure is counted already.
pub(crate) struct Attempt {
    pub(crate) client: Client,
    grant: Grant,
}

/// Who tries to sign in, as far as it decides which limits count the try.
#[derive(Clone, Copy)]
pub(crate) enum Client {
    /// A browser of which the account knows nothing.
    Stranger(Name, Option<Address>),
    /// A browser that has signed in to the account before.
    Known(AccountId, SecretHash),
}

impl SignInLimits {
    pub(super) fn new(settings: &Settings, counter: &Counter) -> Self {
        let (tries, tries_window) = (settings.sign_ins_per_address, settings.sign_in_window_s);
        let (failures, failures_window) = (
            settings.sign_in_failures_per_account,
            settings.sign_in_failures_per_account_window_s,
        );
        let of_site = failures.saturating_mul(SITE_TIMES);
        let limit =
            |name, what, count, window_s| NamedLimit::new(name, what, count, window_s).guarded();
        Self {
            counter: counter.clone(),
            tries: AddressLimit::new(
                counter,
                &limit(
                    "sign-ins",
                    "attempts to sign in from this address",
                    tries,
                    tries_window,
                ),
            ),
            failures: limit(
                "sign-in-failures",
                "wrong passwords for this name from this address",
                failures,
                failures_window,
            ),
            failures_of_site: limit(
                "sign-in-failures-site",
                "wrong passwords for this name from this network",
                of_site,
                failures_window,
            ),
            failures_of_all: limit(
                "sign-in-failures-all",
                "wrong passwords for this name from many addresses, and this browser has not signed in to it before",
                settings.sign_in_failures_max,
                settings.sign_in_failures_window_s,
            ),
            tries_of_known: limit(
                "sign-ins-known",
                "attempts to sign in to this account",
                tries,
                tries_window,
            ),
            failures_of_known: limit(
                "sign-in-failures-known",
                "wrong passwords for this account from this browser",
                failures,
                failures_window,
            ),
        }
    }

    /// Counts the try of an unknown client, as if it failed.
    pub(crate) async fn begin(
        &self,
        name: &str,
        address: Option<Address>,
        now: Uptime,
    ) -> Result<Attempt, AccountsError> {
        // Not released when the limits of the name refuse: it was a try from this address all the
        // same.
        self.tries.take(address, now).await?;
        // Eight bytes of a hash: two names that had the same would share a limit, and nothing more.
        let name = first_eight(&Sha256::digest(email_key(name)));
        let client = Client::Stranger(name, address);
        let grant = self.counter.take(&self.failures_of(client), now).await?;
        Ok(Attempt { client, grant })
    }

    /// Counts the try of a browser that is known to the account, as if it failed. What unknown
    /// clients do does not hold it up, and none at all when its own tries are spent: then it counts
    /// as an unknown client, who it is never worse off than.
    pub(crate) async fn begin_known(
        &self,
        account_id: AccountId,
        browser: SecretHash,
        now: Uptime,
    ) -> Option<Attempt> {
        // By the account: whichever of its names was typed, the browser is known to it.
        let client = Client::Known(account_id, browser);
        let mut asked = self.failures_of(client);
        asked.push(ask_known(&self.tries_of_known, account_id, browser));
        let grant = self.counter.take(&asked, now).await.ok()?;
        Some(Attempt { client, grant })
    }

    /// It did not fail: neither a right password counts as a wrong one, nor a server too busy to
    /// tell.
    pub(crate) async fn release(&self, attempt: &Attempt, now: Uptime) {
        let failures = self.failures_of(attempt.client);
        self.counter.release(attempt.grant, &failures, now).await;
    }

    /// Where a wrong password of this client counts.
    fn failures_of(&self, client: Client) -> Vec<Asked<'_>> {
        match client {
            Client::Stranger(name, address) => {
                let of = |network: fn(Address) -> Network| {
                    // Those without an address share one place.
                    address.map_or([0; 10], |address| network(address).bytes())
                };
                vec![
                    self.failures.ask(&[&name, &of(Address::subscriber)]),
                    self.failures_of_site.ask(&[&name, &of(Address::site)]),
                    self.failures_of_all.ask(&[&name]),
                ]
            }
            Client::Known(account_id, browser) => {
                vec![ask_known(&self.failures_of_known, account_id, browser)]
            }
        }
    }

    pub(super) fn forget_full(&self, now: Uptime) {
        self.tries.forget_full(now);
        for limit in [
            &self.failures,
            &self.failures_of_site,
            &self.failures_of_all,
            &self.tries_of_known,
            &self.failures_of_known,
        ] {
            limit.forget_full(now);
        }
    }
}

/// Half of the browser's hash is enough to distinguish it.
fn ask_known(limit: &NamedLimit, account_id: AccountId, browser: SecretHash) -> Asked<'_> {
    limit.ask(&[&account_id.get().to_be_bytes(), &browser.first_half()])
}
