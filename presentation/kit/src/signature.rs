//! Signed addresses: what not everyone may see is served only under an address that was made for
//! somebody who may.
//!
//! A signature says that this installation made the address, for what, and until when. It does not
//! say for whom: it is made where a card is shown that has passed [`crate::rules`], and anyone who
//! is given the address can use it until it expires, as anyone who is given a picture can pass it
//! on.
//!
//! The moment at which an address expires is rounded, so that the same picture keeps the same
//! address for hours and a browser can keep it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use infra_kernel::{CallerKey, Clock};
use sha2::Sha256;

/// The length of a secret, in bytes.
pub const SECRET_BYTES: usize = 32;
/// How many bytes of the code an address carries: 128 bits, which nobody can guess.
const SIGNATURE_BYTES: usize = 16;
/// The block of SHA-256, to which HMAC fills up a key with zeros.
const BLOCK_BYTES: usize = 64;
/// The shortest lifetime, however little is set: it is counted in halves of whole seconds.
const LIFETIME_SECONDS_MIN: u64 = 2;
/// The fields of a query that carry a signature.
const UNTIL: &str = "until";
const SIGNATURE: &str = "signature";

/// What an address is for. A signature for one is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A rendition, by its key.
    Rendition,
    /// An upload without its metadata, by its item's id.
    Original,
    /// An upload as it arrived, for its owner, by its item's id.
    OwnOriginal,
}

impl Purpose {
    // Part of what is signed: another name would break every address already handed out.
    const fn name(self) -> &'static str {
        match self {
            Self::Rendition => "rendition",
            Self::Original => "original",
            Self::OwnOriginal => "own-original",
        }
    }
}

/// What an address's signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureStatus {
    /// The query has neither field of one.
    Absent,
    /// Ours, and good for so long.
    Valid(Duration),
    /// Ours, but its time is over.
    Expired,
    /// Not ours, or not for this.
    Broken,
}

/// Makes and checks signatures. Cheap to clone.
#[derive(Clone)]
pub struct Signer {
    keyed: Hmac<Sha256>,
    lifetime_s: u64,
    callers: CallerKey,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out of every log.
        formatter
            .debug_struct("Signer")
            .field("lifetime_s", &self.lifetime_s)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer with this installation's secret, whose addresses are good for at most `lifetime`
    /// and at least half of it.
    #[must_use]
    pub fn new(secret: &[u8; SECRET_BYTES], lifetime: Duration, clock: Arc<dyn Clock>) -> Self {
        // HMAC would add the same zeros; but with a whole block the constructor cannot fail.
        let mut block = [0; BLOCK_BYTES];
        block[..SECRET_BYTES].copy_from_slice(secret);
        Self {
            keyed: hmac::digest::KeyInit::new(&block.into()),
            lifetime_s: lifetime.as_secs().max(LIFETIME_SECONDS_MIN),
            callers: CallerKey::new(secret, Arc::clone(&clock)),
            clock,
        }
    }

    /// Makes the callers of requests, with the same secret. What it signs is distinguished from
    /// addresses by how it begins.
    #[must_use]
    pub const fn callers(&self) -> &CallerKey {
        &self.callers
    }

    /// The query of a signed address: `until=…&signature=…`.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, subject: &str) -> String {
        let step = self.lifetime_s / 2;
        // Two steps after the beginning of this one: at least half the lifetime is left, at most
        // all.
        let until = (self.now_s() / step + 2) * step;
        let code = self.code(purpose, subject, until).finalize().into_bytes();
        let signature = URL_SAFE_NO_PAD.encode(&code[..SIGNATURE_BYTES]);
        format!("{UNTIL}={until}&{SIGNATURE}={signature}")
    }

    /// What the query of an address is worth for this.
    #[must_use]
    pub fn check(&self, purpose: Purpose, subject: &str, query: Option<&str>) -> SignatureStatus {
        let query = query.unwrap_or_default();
        let (until, signature) = (field(query, UNTIL), field(query, SIGNATURE));
        if until.is_none() && signature.is_none() {
            return SignatureStatus::Absent;
        }
        let until = until.and_then(plain_number);
        let signature = signature.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let (Some(until), Some(signature)) = (until, signature) else {
            return SignatureStatus::Broken;
        };
        // `verify_truncated_left` takes a beginning of any length, a single byte's, too.
        if signature.len() != SIGNATURE_BYTES {
            return SignatureStatus::Broken;
        }
        // Compared in constant time.
        let code = self.code(purpose, subject, until);
        if code.verify_truncated_left(&signature).is_err() {
            return SignatureStatus::Broken;
        }
        match until.checked_sub(self.now_s()) {
            None | Some(0) => SignatureStatus::Expired,
            Some(left) => SignatureStatus::Valid(Duration::from_secs(left)),
        }
    }

    /// The parts are distinguished by line breaks, which none of them can hold: names and numbers
    /// do not, and a subject is checked before it is signed or asked about.
    fn code(&self, purpose: Purpose, subject: &str, until: u64) -> Hmac<Sha256> {
        let mut code = self.keyed.clone();
        code.update(purpose.name().as_bytes());
        code.update(b"\n");
        code.update(subject.as_bytes());
        code.update(b"\n");
        code.update(until.to_string().as_bytes());
        code
    }

    fn now_s(&self) -> u64 {
        let now = self.clock.now().milliseconds();
        u64::try_from(now).unwrap_or(0) / 1_000
    }
}

/// A field of a query; nothing when it is not there once.
fn field<'query>(query: &'query str, name: &str) -> Option<&'query str> {
    let mut values = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(field, _)| *field == name)
        .map(|(_, value)| value);
    let first = values.next();
    first.filter(|_| values.next().is_none())
}

/// Digits without a sign or a leading zero, so that a moment is written in one way only.
fn plain_number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use infra_kernel::{ManualClock, Timestamp};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    const KEY: &str = "0a1b.jpg";

    fn signer(secret: u8, clock: &Arc<ManualClock>) -> Signer {
        Signer::new(&[secret; SECRET_BYTES], HOUR * 24, clock.clone())
    }

    fn clock() -> Arc<ManualClock> {
        Arc::new(ManualClock::at(Timestamp::from_milliseconds(
            1_790_000_000_000,
        )))
    }

    #[test]
    fn an_address_is_good_for_what_it_was_made_and_nothing_else() {
        let clock = clock();
        let signer = signer(1, &clock);
        let query = signer.sign(Purpose::Rendition, KEY);
        assert!(matches!(
            signer.check(Purpose::Rendition, KEY, Some(&query)),
            SignatureStatus::Valid(_)
        ));
        for (purpose, subject) in [
            (Purpose::Original, KEY),
            (Purpose::OwnOriginal, KEY),
            (Purpose::Rendition, "0a1c.jpg"),
        ] {
            assert_eq!(
                signer.check(purpose, subject, Some(&query)),
                SignatureStatus::Broken
            );
        }
        let own = signer.sign(Purpose::OwnOriginal, "7");
        assert_eq!(
            signer.check(Purpose::Original, "7", Some(&own)),
            SignatureStatus::Broken
        );
        let other = self::signer(2, &clock);
        assert_eq!(
            other.check(Purpose::Rendition, KEY, Some(&query)),
            SignatureStatus::Broken
        );
    }

    #[test]
    fn what_was_altered_is_refused() {
        let signer = signer(1, &clock());
        let query = signer.sign(Purpose::Rendition, KEY);
        let (until, signature) = query.split_once('&').unwrap();
        let later: u64 = until.strip_prefix("until=").unwrap().parse().unwrap();
        let short = &query[..query.len() - 4];
        for altered in [
            until.to_owned(),
            signature.to_owned(),
            format!("until={}&{signature}", later + 1),
            format!("until=0{later}&{signature}"),
            format!("until=+{later}&{signature}"),
            format!("until=&{signature}"),
            format!("{query}&{until}"),
            format!("{query}A"),
            short.to_owned(),
            format!("{until}&signature="),
            format!("{until}&signature=%00"),
        ] {
            let signature_status = signer.check(Purpose::Rendition, KEY, Some(&altered));
            assert_eq!(signature_status, SignatureStatus::Broken, "{altered}");
        }
        for none in [None, Some(""), Some("width=100")] {
            let signature_status = signer.check(Purpose::Rendition, KEY, none);
            assert_eq!(signature_status, SignatureStatus::Absent, "{none:?}");
        }
    }

    #[test]
    fn an_address_stays_the_same_for_hours_and_lasts_at_least_half_its_lifetime() {
        let clock = clock();
        let signer = signer(1, &clock);
        let mut addresses = Vec::new();
        for _ in 0..240 {
            let query = signer.sign(Purpose::Rendition, KEY);
            let SignatureStatus::Valid(left) = signer.check(Purpose::Rendition, KEY, Some(&query))
            else {
                panic!("a new address is not good");
            };
            assert!(left > HOUR * 12 - Duration::from_secs(1) && left <= HOUR * 24);
            addresses.push(query);
            clock.advance(HOUR / 10);
        }
        addresses.dedup();
        assert!(addresses.len() <= 3, "{} addresses a day", addresses.len());
    }

    #[test]
    fn an_address_expires() {
        let clock = clock();
        let signer = signer(1, &clock);
        let query = signer.sign(Purpose::Rendition, KEY);
        let SignatureStatus::Valid(left) = signer.check(Purpose::Rendition, KEY, Some(&query))
        else {
            panic!("a new address is not good");
        };
        clock.advance(left - Duration::from_secs(1));
        assert!(matches!(
            signer.check(Purpose::Rendition, KEY, Some(&query)),
            SignatureStatus::Valid(_)
        ));
        clock.advance(Duration::from_secs(2));
        assert_eq!(
            signer.check(Purpose::Rendition, KEY, Some(&query)),
            SignatureStatus::Expired
        );
    }

    #[test]
    fn the_secret_is_in_no_log() {
        let text = format!("{:?}", signer(7, &clock()));
        assert_eq!(text, "Signer { lifetime_s: 86400, .. }");
    }
}
