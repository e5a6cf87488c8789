//! The connections to an object store, and how long anything may take there.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use infra_kernel::{Clock as _, SystemClock};
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum, S3ConditionalPut};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService,
};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};

use super::{S3Credentials, S3Location};
use crate::{BlobError, Result};

/// How long a request for somebody who waits may take, with all its tries: less than most clients
/// wait. What is sent or asked for in it has the time that it takes besides ([`request_max`]).
pub(super) const ASKED_MAX: Duration = Duration::from_secs(10);
/// After so long nothing is retried for somebody who waits: a server that cannot be reached is
/// reported after one wait for it.
const ASKED_RETRY_MAX: Duration = Duration::from_secs(2);
/// How long anything else may take that is one request, with all its tries: the library's own bound
/// is three minutes.
pub(super) const WORK_MAX: Duration = Duration::from_secs(60);
/// The slowest line that is waited for, in bytes a second.
const SLOWEST_LINE: u64 = 400_000;
/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// How long what was sent may remain without an acknowledgement of its arrival: on a line that is
/// cut there is none, and a server that only takes its time acknowledges at once.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(4);
/// When a silent server is asked for such an acknowledgement, and how often then.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(1);
/// How long a server may be silent: the largest body that is sent takes as long at 0.4 MB a second.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// How often a request is retried.
const RETRIES_MAX: usize = 3;
/// Connections that are kept though nobody uses them: as many as requests are concurrent.
const IDLE_CONNECTIONS_MAX: usize = 128;
/// How long they are kept: less than the minute after which most servers end them.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// How long a request may try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Somebody waits for it, and can come again.
    Asked,
    /// It is this server's own work, or an operator's.
    Work,
}

/// A bucket, in three manners.
pub(super) struct Clients {
    /// Retries what failed and may be repeated.
    pub(super) retrying: AmazonS3,
    /// Does so for a moment only.
    asked: AmazonS3,
    /// Tries once. What deletes is not retried before the first try has certainly ended: late,
    /// it would delete what was put there since.
    pub(super) once: AmazonS3,
    /// How far the server's clock was ahead in its last response.
    pub(super) clock: Arc<ServerClock>,
}

impl Clients {
    /// # Errors
    /// When the system's certificates cannot be read.
    pub(super) fn new(location: &S3Location, credentials: &S3Credentials) -> Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_MAX)
            .read_timeout(SILENCE_MAX)
            .tcp_user_timeout(UNACKNOWLEDGED_MAX)
            .tcp_keepalive(KEEP_ALIVE)
            .tcp_keepalive_interval(KEEP_ALIVE_INTERVAL)
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            // Reported, not followed: a setting is wrong then (`Failure::advice`).
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent("heliograph")
            .https_only(!location.is_plain_http())
            .http1_only()
            .build()
            .map_err(|error| io::Error::other(error.without_url()))
            .map_err(BlobError::io("prepare its connections"))?;
        let clock = Arc::new(ServerClock::default());
        let connector = Connector(HttpClient::new(Dated {
            http,
            clock: Arc::clone(&clock),
        }));
        let build = |retries_max, retry_max| {
            builder(location, credentials, retries_max, retry_max)
                .with_http_connector(connector.clone())
                .build()
                .map_err(io::Error::other)
                .map_err(BlobError::io("prepare its connections"))
        };
        Ok(Self {
            retrying: build(RETRIES_MAX, WORK_MAX)?,
            asked: build(RETRIES_MAX, ASKED_RETRY_MAX)?,
            once: build(0, WORK_MAX)?,
            clock,
        })
    }

    /// The one that retries for as long as that.
    pub(super) const fn of(&self, patience: Patience) -> &AmazonS3 {
        match patience {
            Patience::Asked => &self.asked,
            Patience::Work => &self.retrying,
        }
    }
}

fn builder(
    location: &S3Location,
    credentials: &S3Credentials,
    retries_max: usize,
    retry_max: Duration,
) -> AmazonS3Builder {
    AmazonS3Builder::new()
        .with_bucket_name(&location.bucket)
        .with_region(&location.region)
        // With the bucket in it: the library takes it as it is.
        .with_endpoint(location.base_url())
        .with_virtual_hosted_style_request(true)
        .with_allow_http(location.is_plain_http())
        .with_access_key_id(&credentials.access_key_id)
        .with_secret_access_key(credentials.secret_access_key.expose())
        // The server compares what has come with it.
        .with_checksum_algorithm(Checksum::SHA256)
        // For `claim`, which makes its object only where there is none.
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // Some servers have no request that deletes many.
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(2),
                base: 2.0,
            },
            max_retries: retries_max,
            retry_timeout: retry_max,
        })
}

/// How long a request may take, with all its tries, in which so many bytes travel.
pub(super) const fn request_max(patience: Patience, bytes: u64) -> Duration {
    match patience {
        Patience::Asked => Duration::from_secs(ASKED_MAX.as_secs() + bytes / SLOWEST_LINE),
        Patience::Work => WORK_MAX,
    }
}

/// Waits for requests, and no longer than this.
pub(super) async fn within<T>(
    bound: Duration,
    operation: &'static str,
    requests: impl Future<Output = Result<T>>,
) -> Result<T> {
    let done = tokio::time::timeout(bound, requests).await;
    done.unwrap_or_else(|_| {
        let silent = format!("it took longer than {} s", bound.as_secs());
        let slow = io::Error::new(io::ErrorKind::TimedOut, silent);
        Err(BlobError::Away {
            operation,
            // It may have been asked: only its response is known not to have come in time.
            sent: true,
            source: slow,
        })
    })
}

/// How far a server's clock is ahead of this machine's, by the dates of its responses.
pub(super) struct ServerClock(AtomicI64);

/// No response with a date has come yet.
const NOT_KNOWN: i64 = i64::MIN;

impl Default for ServerClock {
    fn default() -> Self {
        Self(AtomicI64::new(NOT_KNOWN))
    }
}

impl ServerClock {
    /// In seconds, of which dates have whole ones.
    pub(super) fn ahead_s(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|ahead| *ahead != NOT_KNOWN)
    }

    fn note(&self, date: &str) {
        let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date);
        if let Ok(date) = parsed {
            let now = SystemClock.now().microseconds() / 1_000_000;
            self.0.store(date.as_second() - now, Ordering::Relaxed);
        }
    }
}

/// Requests that are sent, and the dates of their responses.
#[derive(Clone)]
struct Dated {
    http: reqwest::Client,
    clock: Arc<ServerClock>,
}

impl std::fmt::Debug for Dated {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Dated").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpService for Dated {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = self.http.call(request).await?;
        let date = response.headers().get(http::header::DATE);
        if let Some(date) = date.and_then(|date| date.to_str().ok()) {
            self.clock.note(date);
        }
        Ok(response)
    }
}

#[derive(Debug, Clone)]
struct Connector(HttpClient);

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(self.0.clone())
    }
}
