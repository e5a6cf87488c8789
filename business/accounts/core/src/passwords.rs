//! Passwords: argon2id, away from the threads that serve requests, in memory of a fixed size that
//! is allocated once, and in turns that are fair between addresses, so that a flood of sign-ins can
//! neither take all memory nor all processors nor keep everyone else out.

mod buffers;

use std::sync::Arc;

use argon2::password_hash::{self, Output, PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use infra_kernel::{Context, Error};
use infra_resilience::{FairQueue, Turn};
use subtle::ConstantTimeEq as _;

use crate::Settings;
use crate::error::AccountsError;
use crate::limits::Line;
use crate::rules::password::Password;
use buffers::Buffers;

/// Bytes of the salt, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;
/// Bytes of the hash itself.
const HASH_BYTES: usize = 32;
/// Whether a hash is that of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is neither that of the normalised password nor of the one that was typed.
    No,
    /// It is that of the normalised password.
    Yes,
    /// It is that of the password as it was typed: made before passwords were normalised.
    AsTyped,
}

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// The start that every hash with the parameters of today has: "$argon2id$v=19$m=…,t=…,p=…$".
    prefix: String,
    /// A hash that no password has, with the parameters of today.
    decoy: String,
    /// One for each check that runs.
    buffers: Arc<Buffers>,
    queue: FairQueue<Line>,
}

impl Passwords {
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        let (memory, iterations, lanes) = (
            settings.password_memory_kib(),
            settings.password_iterations,
            settings.password_lanes,
        );
        let bytes = settings.password_memory_bytes;
        let params = Params::new(memory, iterations, lanes, Some(HASH_BYTES)).map_err(|error| {
            Error::invalid(
                "password_memory_bytes",
                format!(
                    "The settings password_memory_bytes = {bytes}, password_iterations = {iterations} and \
                     password_lanes = {lanes} do not go together: {error}."
                ),
            )
        })?;
        let prefix = format!("$argon2id$v=19$m={memory},t={iterations},p={lanes}$");
        let decoy = phc(&prefix, &rand::random(), &rand::random());
        Ok(Self {
            buffers: Arc::new(Buffers::new(params.block_count())),
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            prefix,
            decoy,
            queue: FairQueue::new(
                settings.password_checks_max as usize,
                settings.password_waiting_max as usize,
            ),
        })
    }

    /// A hash to check against when there is no account, so that the reply takes as long.
    pub(crate) fn decoy(&self) -> &str {
        &self.decoy
    }

    /// Whether a hash was made with other parameters than those of today.
    pub(crate) fn is_outdated(&self, hash: &str) -> bool {
        !hash.starts_with(&self.prefix)
    }

    /// The hash to keep of a password.
    pub(crate) async fn hash(
        &self,
        context: &Context,
        line: Line,
        password: Password,
    ) -> Result<String, AccountsError> {
        let (argon2, prefix) = (self.argon2.clone(), self.prefix.clone());
        self.run(context, line, move |buffers| {
            let salt = rand::random::<[u8; SALT_BYTES]>();
            let mut hash = [0; HASH_BYTES];
            buffers.with(argon2.params().block_count(), |blocks| {
                argon2.hash_password_into_with_memory(
                    password.normalised(),
                    &salt,
                    &mut hash,
                    blocks,
                )
            })?;
            Ok(phc(&prefix, &salt, &hash))
        })
        .await
    }

    /// Whether the hash is that of the password. The work depends on the password's text alone, so
    /// that the time reveals nothing of the hash: one check, and a second when its text is changed
    /// by normalising.
    pub(crate) async fn verify(
        &self,
        context: &Context,
        line: Line,
        password: Password,
        hash: String,
    ) -> Result<Fit, AccountsError> {
        self.run(context, line, move |buffers| {
            let hash = PasswordHash::new(&hash)?;
            if fits(buffers, password.normalised(), &hash)? {
                return Ok(Fit::Yes);
            }
            match password.as_typed() {
                Some(typed) if fits(buffers, typed, &hash)? => Ok(Fit::AsTyped),
                _ => Ok(Fit::No),
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        context: &Context,
        line: Line,
        work: impl FnOnce(&Buffers) -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T, AccountsError> {
        let turn = self.turn(context, line).await?;
        let buffers = Arc::clone(&self.buffers);
        // The turn goes with the work, not with the caller: a caller that went away frees nothing
        // early.
        tokio::task::spawn_blocking(move || {
            let result = work(&buffers);
            drop(turn);
            result
        })
        .await?
        .map_err(|error| AccountsError::Password(Box::new(error)))
    }

    async fn turn(&self, context: &Context, line: Line) -> Result<Turn<Line>, AccountsError> {
        // No longer than the caller waits: a turn for one that has gone is one fewer for the
        // others.
        let turn = tokio::time::timeout(context.remaining(), self.queue.turn(line)).await;
        turn.ok().and_then(Result::ok).ok_or(AccountsError::Busy)
    }
}

/// A hash in PHC format.
fn phc(prefix: &str, salt: &[u8; SALT_BYTES], hash: &[u8; HASH_BYTES]) -> String {
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    format!("{prefix}{salt}${hash}")
}

/// Whether the hash is that of these bytes, with the parameters that the hash names.
fn fits(
    buffers: &Buffers,
    password: &[u8],
    hash: &PasswordHash<'_>,
) -> Result<bool, password_hash::Error> {
    let (Some(salt), Some(stored)) = (hash.salt, hash.hash) else {
        return Ok(false);
    };
    let algorithm = Algorithm::try_from(hash.algorithm)?;
    let version = hash
        .version
        .map_or(Ok(Version::default()), Version::try_from)?;
    let params = Params::try_from(hash)?;
    let blocks = params.block_count();
    let mut salt_bytes = [0; password_hash::Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut salt_bytes)?;
    let argon2 = Argon2::new(algorithm, version, params);
    let computed = Output::init_with(stored.len(), |computed| {
        let filled = buffers.with(blocks, |memory| {
            argon2.hash_password_into_with_memory(password, salt, computed, memory)
        });
        Ok(filled?)
    })?;
    // In a time that does not depend on where they differ.
    Ok(computed.as_bytes().ct_eq(stored.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::Address;
    use crate::secret::Secret;

    const HERE: Line = Line::Local;

    fn settings() -> Settings {
        Settings {
            password_memory_bytes: 8 * 1024,
            password_iterations: 1,
            password_checks_max: 1,
            ..Settings::default()
        }
    }

    fn cheap(waiting: u32) -> Passwords {
        Passwords::new(&Settings {
            password_waiting_max: waiting,
            ..settings()
        })
        .unwrap()
    }

    fn context() -> Context {
        Context::background(Duration::from_secs(10))
    }

    fn password(text: &str) -> Password {
        Password::typed(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_alone_and_is_salted() {
        let (passwords, context) = (cheap(4), context());
        let hash = || passwords.hash(&context, HERE, password("dark room"));
        let (hash, again) = (hash().await.unwrap(), hash().await.unwrap());
        assert_ne!(hash, again);
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert!(!passwords.is_outdated(&hash));
        for (text, fit) in [
            ("dark room", Fit::Yes),
            ("dark roon", Fit::No),
            ("", Fit::No),
        ] {
            let verified = passwords.verify(&context, HERE, password(text), hash.clone());
            assert_eq!(verified.await.unwrap(), fit, "`{text}`");
        }
    }

    #[tokio::test]
    async fn hashes_of_other_parameters_and_of_the_library_itself_are_verified() {
        use argon2::password_hash::{PasswordHasher as _, SaltString};

        let (passwords, context) = (cheap(4), context());
        for (memory, iterations, lanes) in [(8, 1, 1), (64, 3, 2), (1_024, 1, 1)] {
            let params = Params::new(memory, iterations, lanes, None).unwrap();
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let salt = SaltString::encode_b64(&[7; SALT_BYTES]).unwrap();
            let hash = argon2.hash_password(b"dark room", &salt).unwrap();
            let verify = |text| passwords.verify(&context, HERE, password(text), hash.to_string());
            assert_eq!(verify("dark room").await.unwrap(), Fit::Yes, "{hash}");
            assert_eq!(verify("dark roon").await.unwrap(), Fit::No, "{hash}");
        }
    }

    #[tokio::test]
    async fn a_hash_of_the_text_as_it_was_typed_still_fits() {
        let (passwords, context) = (cheap(4), context());
        let composed = passwords.hash(&context, HERE, password("d\u{fc}nkel"));
        let composed = composed.await.unwrap();
        let salt = [7; SALT_BYTES];
        let mut bytes = [0; HASH_BYTES];
        let decomposed = "du\u{308}nkel";
        passwords
            .argon2
            .hash_password_into(decomposed.as_bytes(), &salt, &mut bytes)
            .unwrap();
        let old = phc(&passwords.prefix, &salt, &bytes);
        for (text, hash, fit) in [
            (decomposed, &composed, Fit::Yes),
            (decomposed, &old, Fit::AsTyped),
            ("d\u{fc}nkel", &old, Fit::No),
        ] {
            let verified = passwords.verify(&context, HERE, password(text), hash.clone());
            assert_eq!(verified.await.unwrap(), fit, "`{text}`");
        }
    }

    #[tokio::test]
    async fn nothing_fits_the_decoy_and_it_is_a_whole_hash() {
        let (passwords, context) = (cheap(4), context());
        let decoy = passwords.decoy().to_owned();
        assert!(!passwords.is_outdated(&decoy));
        let verified = passwords.verify(&context, HERE, password("anything"), decoy);
        assert_eq!(verified.await.unwrap(), Fit::No);
    }

    #[tokio::test]
    async fn a_flood_is_turned_away_and_the_rest_is_served() {
        let passwords = Arc::new(cheap(1));
        let context = context();
        let running = passwords.turn(&context, HERE).await.unwrap();
        let waiting = tokio::spawn({
            let (passwords, context) = (Arc::clone(&passwords), context.clone());
            async move { passwords.hash(&context, HERE, password("12345678")).await }
        });
        while passwords.queue.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        let refused = passwords.hash(&context, HERE, password("12345678")).await;
        assert!(matches!(refused, Err(AccountsError::Busy)));
        drop(running);
        assert!(waiting.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_known_browser_finds_a_place_while_every_network_tries() {
        let (passwords, context) = (cheap(3), context());
        let network = |n| Line::of(Address::parse(&format!("192.0.2.{n}")));
        let known = Line::Browser(Secret::fresh().hash());
        let running = passwords.turn(&context, network(0)).await.unwrap();
        let waits = |n| Box::pin(passwords.turn(&context, network(n)));
        let mut crowd: Vec<_> = (1..=3).map(waits).collect();
        for turn in &mut crowd {
            assert!(futures::poll!(turn).is_pending());
        }
        let newcomer = passwords.turn(&context, network(4)).await;
        assert!(matches!(newcomer, Err(AccountsError::Busy)));
        let mut known = Box::pin(passwords.turn(&context, known));
        assert!(futures::poll!(&mut known).is_pending());
        let latest = crowd.pop().unwrap().await;
        assert!(matches!(latest, Err(AccountsError::Busy)), "it made room");
        drop(running);
        for turn in crowd {
            drop(turn.await.unwrap());
        }
        assert!(known.await.is_ok());
    }

    #[tokio::test]
    async fn nobody_waits_beyond_the_deadline() {
        let passwords = cheap(1);
        let _running = passwords.turn(&context(), HERE).await;
        let late = Context::background(Duration::ZERO);
        assert!(matches!(
            passwords.turn(&late, HERE).await,
            Err(AccountsError::Busy)
        ));
    }

    #[test]
    fn impossible_parameters_are_refused_by_name() {
        let settings = Settings {
            password_memory_bytes: 1024,
            ..Settings::default()
        };
        let error = Passwords::new(&settings).err().unwrap();
        assert!(
            error.public().contains("password_memory_bytes = 1024"),
            "{error}"
        );
    }
}
