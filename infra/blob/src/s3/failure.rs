//! What an object store's errors mean.

use std::error::Error;
use std::io::{self, ErrorKind};

use object_store::client::{HttpError, HttpErrorKind};

use crate::BlobError;

/// The most of a server's response that is shown in an error, in bytes: some send whole pages.
const SHOWN_BYTES_MAX: usize = 600;

/// What a request failed with.
pub(super) struct Failure {
    error: object_store::Error,
    /// The code that the server names in its response.
    code: Option<String>,
    status: Option<u16>,
}

impl Failure {
    pub(super) fn of(error: object_store::Error) -> Self {
        // The library has the server's words and its status in the text of the error, and nowhere
        // else.
        let text = error.to_string();
        let code = text.split_once("<Code>").and_then(|(_, rest)| {
            let (code, _) = rest.split_once("</Code>")?;
            Some(code.to_owned())
        });
        let status = text.split_once("status code: ").and_then(|(_, rest)| {
            let digits = rest.get(..3)?;
            digits.parse().ok()
        });
        Self {
            error,
            code,
            status,
        }
    }

    /// Whether there is no such object, or no such bucket.
    pub(super) const fn is_not_found(&self) -> bool {
        matches!(self.error, object_store::Error::NotFound { .. })
    }

    /// Whether there is no such object in a bucket that is there.
    pub(super) fn is_missing_object(&self) -> bool {
        self.is_not_found() && !self.names("NoSuchBucket")
    }

    /// Whether somebody else has put the object there before.
    pub(super) const fn is_there_already(&self) -> bool {
        matches!(self.error, object_store::Error::AlreadyExists { .. })
    }

    /// Whether the range begins where the object has ended.
    pub(super) fn is_beyond_the_end(&self) -> bool {
        // The library wants a response in part, which an empty object is not.
        self.status == Some(416) || self.error.to_string().contains("non-partial response")
    }

    /// Whether the server or the way to it failed, or has too much to do, and did not refuse.
    pub(super) fn is_transient(&self) -> bool {
        let is_temporary = |status| status >= 500 || status == 408 || status == 429;
        // Without a status there was no response at all.
        self.status.is_none_or(is_temporary)
    }

    /// Whether there was no connection to ask over.
    fn is_unsent(&self) -> bool {
        let is_unconnected = |cause: &(dyn Error + 'static)| {
            let http = cause.downcast_ref::<reqwest::Error>();
            http.is_some_and(reqwest::Error::is_connect)
        };
        self.causes().any(is_unconnected)
    }

    fn causes(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        std::iter::successors(self.error.source(), |cause: &&(dyn Error + 'static)| {
            (*cause).source()
        })
    }

    fn names(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// What the operator has to look at.
    fn advice(&self) -> Option<&'static str> {
        let by_code = match self.code.as_deref().unwrap_or_default() {
            "NoSuchBucket" => Some(
                "there is no such bucket: make it, or set media_url to the one that holds the photos",
            ),
            "InvalidAccessKeyId" => {
                Some("the server does not know the key: look at s3.access_key_id")
            }
            "SignatureDoesNotMatch" => {
                Some("the signature is wrong: look at s3.secret_access_key, and at s3.region")
            }
            "RequestTimeTooSkewed" => Some(
                "the clocks differ: let this machine and the server follow the same time server",
            ),
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException" => {
                Some("the bucket is in another region: look at s3.region and s3.endpoint")
            }
            _ => None,
        };
        if by_code.is_some() {
            return by_code;
        }
        match self.status {
            Some(401 | 403) => Some(
                "the account may not do this: it needs s3:GetObject, s3:PutObject, s3:DeleteObject, \
                 s3:AbortMultipartUpload and s3:ListBucket on the bucket and its objects",
            ),
            Some(300..=399) => Some(
                "the server sends requests elsewhere: look at s3.region, s3.endpoint and s3.style",
            ),
            _ if self.is_not_found() => Some("what media_url names is not there"),
            _ => None,
        }
    }

    fn kind(&self) -> ErrorKind {
        let is_full = [
            "QuotaExceeded",
            "XMinioStorageFull",
            "XMinioAdminBucketQuotaExceeded",
        ]
        .iter()
        .any(|code| self.names(code));
        if is_full || self.status == Some(507) {
            return ErrorKind::StorageFull;
        }
        let http = self
            .causes()
            .find_map(|cause| cause.downcast_ref::<HttpError>());
        match http.map(HttpError::kind) {
            Some(HttpErrorKind::Timeout) => ErrorKind::TimedOut,
            Some(HttpErrorKind::Connect) => ErrorKind::NotConnected,
            Some(_) => ErrorKind::ConnectionAborted,
            None => ErrorKind::Other,
        }
    }

    /// The same as an error of the store, which could not do this.
    pub(super) fn during(self, operation: &'static str) -> BlobError {
        let (advice, kind) = (self.advice(), self.kind());
        let source = io::Error::new(kind, self.shown());
        match advice {
            // Some servers refuse what they have no room for as if it were forbidden.
            _ if kind == ErrorKind::StorageFull => BlobError::Io { operation, source },
            Some(advice) => BlobError::Refused {
                operation,
                advice,
                source,
            },
            None if self.is_transient() => BlobError::Away {
                operation,
                sent: !self.is_unsent(),
                source,
            },
            // With a status, or it would be transient: the server has decided.
            None => BlobError::Refused {
                operation,
                advice: "the server refuses it, for a reason of its own",
                source,
            },
        }
    }

    /// The error with its causes on one line.
    fn shown(&self) -> String {
        let mut text = self.error.to_string();
        for cause in self.causes() {
            let cause_text = cause.to_string();
            // Most errors here show their causes already.
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
        }
        let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let end = line.floor_char_boundary(SHOWN_BYTES_MAX);
        line.truncate(end);
        line
    }
}
