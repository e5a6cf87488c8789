//! Passwords: argon2id, away from the threads that serve requests, and so few at a time that a flood of sign-ins can
//! neither take all memory nor all processors.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use infra_kernel::{Context, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Settings;
use crate::error::AccountsError;
use crate::secret::Secret;

/// Bytes of the salt, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;
/// Bytes of the hash itself.
const HASH_BYTES: usize = 32;

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    /// The start that every hash with the parameters of today has: "$argon2id$v=19$m=…,t=…,p=…$".
    prefix: String,
    /// A hash that no password has, with the parameters of today.
    decoy: String,
    /// Checks that run or wait.
    admitted: Arc<Semaphore>,
    /// Checks that run.
    running: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        let (memory, iterations, lanes) = (
            settings.password_memory_kib,
            settings.password_iterations,
            settings.password_lanes,
        );
        let params = Params::new(memory, iterations, lanes, Some(HASH_BYTES)).map_err(|error| {
            Error::invalid(
                "password_memory_kib",
                format!(
                    "The settings password_memory_kib = {memory}, password_iterations = {iterations} and \
                     password_lanes = {lanes} do not go together: {error}."
                ),
            )
        })?;
        let prefix = format!("$argon2id$v=19$m={memory},t={iterations},p={lanes}$");
        let decoy = format!(
            "{prefix}{}${}",
            STANDARD_NO_PAD.encode(rand::random::<[u8; SALT_BYTES]>()),
            STANDARD_NO_PAD.encode(rand::random::<[u8; HASH_BYTES]>()),
        );
        let running = settings.password_checks_max.max(1) as usize;
        let waiting = settings.password_waiting_max as usize;
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            prefix,
            decoy,
            admitted: Arc::new(Semaphore::new(running + waiting)),
            running: Arc::new(Semaphore::new(running)),
        })
    }

    /// A hash to check against when there is no account, so that the answer takes as long.
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
        password: Secret,
    ) -> Result<String, AccountsError> {
        let argon2 = self.argon2.clone();
        self.run(context, move || {
            let salt = SaltString::encode_b64(&rand::random::<[u8; SALT_BYTES]>())?;
            let hash = argon2.hash_password(password.as_bytes(), &salt)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the hash is that of the password.
    pub(crate) async fn verify(
        &self,
        context: &Context,
        password: Secret,
        hash: String,
    ) -> Result<bool, AccountsError> {
        let argon2 = self.argon2.clone();
        self.run(context, move || {
            let hash = PasswordHash::new(&hash)?;
            match argon2.verify_password(password.as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::Password) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        context: &Context,
        work: impl FnOnce() -> Result<T, argon2::password_hash::Error> + Send + 'static,
    ) -> Result<T, AccountsError> {
        let places = self.place(context).await?;
        // The places go with the work, not with the caller: a caller that went away frees nothing early.
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(places);
            result
        })
        .await?
        .map_err(|error| AccountsError::Password(Box::new(error)))
    }

    async fn place(
        &self,
        context: &Context,
    ) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), AccountsError> {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| AccountsError::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned();
        match tokio::time::timeout(context.remaining(), turn).await {
            Ok(Ok(running)) => Ok((admitted, running)),
            Ok(Err(_)) | Err(_) => Err(AccountsError::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn cheap(waiting: u32) -> Passwords {
        Passwords::new(&Settings {
            password_memory_kib: 8,
            password_iterations: 1,
            password_checks_max: 1,
            password_waiting_max: waiting,
            ..Settings::default()
        })
        .unwrap()
    }

    fn secret(text: &str) -> Secret {
        Secret::given(text.to_owned())
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_alone_and_is_salted() {
        let (passwords, context) = (cheap(4), Context::background(Duration::from_secs(10)));
        let hash = passwords.hash(&context, secret("dark room")).await.unwrap();
        let again = passwords.hash(&context, secret("dark room")).await.unwrap();
        assert_ne!(hash, again);
        assert!(hash.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{hash}");
        assert!(!passwords.is_outdated(&hash));
        for (text, fits) in [("dark room", true), ("dark roon", false), ("", false)] {
            let verified = passwords.verify(&context, secret(text), hash.clone()).await;
            assert_eq!(verified.unwrap(), fits, "`{text}`");
        }
    }

    #[tokio::test]
    async fn nothing_fits_the_decoy_and_it_is_a_whole_hash() {
        let (passwords, context) = (cheap(4), Context::background(Duration::from_secs(10)));
        let decoy = passwords.decoy().to_owned();
        assert!(!passwords.is_outdated(&decoy));
        let verified = passwords.verify(&context, secret("anything"), decoy).await;
        assert!(!verified.unwrap());
    }

    #[tokio::test]
    async fn a_flood_is_turned_away_and_the_rest_is_served() {
        let passwords = Arc::new(cheap(1));
        let context = Context::background(Duration::from_secs(10));
        let running = passwords.place(&context).await.unwrap();
        let waiting = tokio::spawn({
            let (passwords, context) = (Arc::clone(&passwords), context.clone());
            async move { passwords.hash(&context, secret("12345678")).await }
        });
        while passwords.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = passwords.hash(&context, secret("12345678")).await;
        assert!(matches!(refused, Err(AccountsError::Busy)));
        drop(running);
        assert!(waiting.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn nobody_waits_beyond_the_deadline() {
        let passwords = cheap(1);
        let _running = passwords
            .place(&Context::background(Duration::from_secs(10)))
            .await;
        let late = Context::background(Duration::ZERO);
        assert!(matches!(
            passwords.place(&late).await,
            Err(AccountsError::Busy)
        ));
    }

    #[test]
    fn impossible_parameters_are_refused_by_name() {
        let settings = Settings {
            password_memory_kib: 1,
            ..Settings::default()
        };
        let error = Passwords::new(&settings).err().unwrap();
        assert!(
            error.public().contains("password_memory_kib = 1"),
            "{error}"
        );
    }
}
