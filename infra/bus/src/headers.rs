//! What an event carries beside its payload, as one JSON object in the column `headers` of every
//! table that holds events.
//!
//! A header never holds an event back. A text that cannot be read is reported and stands for no
//! headers at all ([`Headers::read`]); what is too long to be written goes without the headers that
//! this version does not know ([`Headers::text`]).

use infra_kernel::{Context, EventId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The headers of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Headers {
    /// The version of the payload's schema within its topic. It is raised when a payload means
    /// something that an older reader would misunderstand; a new optional field does not need it.
    #[serde(default = "unnamed_version")]
    pub schema_version: u32,
    /// The trace: the name of the operation that caused the event, in its log lines and in those of
    /// everything that follows from it.
    #[serde(default)]
    pub correlation_id: String,
    /// Headers of a later version, which this one passes on as they are.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// What payloads had before the version was named.
const fn unnamed_version() -> u32 {
    1
}

#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("they have {0} bytes, and {max} are read", max = Headers::BYTES_MAX)]
    TooLong(usize),
    #[error("they are not the expected JSON")]
    Malformed(#[from] serde_json::Error),
}

impl Headers {
    /// The most bytes of the JSON text. More is neither written nor read.
    pub const BYTES_MAX: usize = 4_096;
    /// The newest version of payloads that [`crate::Event::decode`] takes, and what events are
    /// published with.
    pub const SCHEMA_VERSION_MAX: u32 = 1;

    /// The headers of an event that the operation of this context causes.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        Self {
            schema_version: Self::SCHEMA_VERSION_MAX,
            correlation_id: context.correlation_id().as_str().to_owned(),
            others: Map::new(),
        }
    }

    /// What stands in a row. A row of before there were headers has an empty object, and its
    /// correlation id only in a column of its own; so does a row whose text is damaged.
    pub(crate) fn read(text: &[u8], correlation_id: String, event: EventId) -> Self {
        match Self::parse(text) {
            Ok(headers) if headers.correlation_id.is_empty() => Self {
                correlation_id,
                ..headers
            },
            Ok(headers) => headers,
            Err(error) => {
                tracing::warn!(
                    event_id = event.get(),
                    correlation_id,
                    error = crate::causes::chain(&error),
                    "an event's headers cannot be read; it is handled without them"
                );
                Self {
                    schema_version: unnamed_version(),
                    correlation_id,
                    others: Map::new(),
                }
            }
        }
    }

    fn parse(text: &[u8]) -> Result<Self, Unreadable> {
        if text.len() > Self::BYTES_MAX {
            return Err(Unreadable::TooLong(text.len()));
        }
        Ok(serde_json::from_slice(text)?)
    }

    /// The text for a row. Without the headers that this version does not know when it would be
    /// longer than may be read again: a number may be written longer than it was read.
    pub(crate) fn text(&self) -> String {
        let text = self.to_string();
        if text.len() <= Self::BYTES_MAX {
            return text;
        }
        tracing::warn!(
            correlation_id = self.correlation_id,
            bytes = text.len(),
            "an event's headers are too long; those that are not known are dropped"
        );
        let known = Self {
            others: Map::new(),
            ..self.clone()
        };
        known.to_string()
    }
}

impl std::fmt::Display for Headers {
    /// As the JSON object that stands in a row.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| std::fmt::Error)?;
        formatter.write_str(&text)
    }
}
