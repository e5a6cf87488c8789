//! Logs: structured, on standard error, each line with the correlation id of the operation it
//! belongs to. And counts of the calls between domains ([`CallMetrics`]), kept in memory; nothing
//! exports them yet.
//!
//! Traces are not here yet. No secret is ever given to a log: this crate cannot know one when it
//! sees it, so the crates that hold secrets keep them in types that do not print.

mod calls;
mod log_throttle;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

pub use calls::{CallMetrics, CallTimer, MethodMetrics, MethodSummary};
pub use log_throttle::LogThrottle;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line, for a collector.
    Json,
}

/// A filter that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{filter}` is not a log filter; write a level (error, warn, info, debug, trace) or directives like `info,infra_bus=debug`"
)]
pub struct FilterError {
    filter: String,
    #[source]
    source: tracing_subscriber::filter::ParseError,
}

/// Begins to write logs for the whole process. Called once, by the binary; a second call changes
/// nothing. On a terminal they are coloured, if `colours` are wanted.
///
/// # Errors
/// When the filter cannot be understood.
pub fn begin(format: LogFormat, filter: &str, colours: bool) -> Result<(), FilterError> {
    let directives = EnvFilter::builder()
        .parse(filter)
        .map_err(|source| FilterError {
            filter: filter.to_owned(),
            source,
        })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(directives)
        .with_writer(std::io::stderr)
        // Its complaint goes to standard error too, and panics where that is closed: nobody who
        // reads logs is left, and serving continues.
        .log_internal_errors(false)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(colours && std::io::stderr().is_terminal());
    let begun = match format {
        LogFormat::Text => builder.compact().try_init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init(),
    };
    // Tests of one process begin it more than once.
    if begun.is_err() {
        tracing::debug!("logs had begun before");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_is_named() {
        let error = begin(LogFormat::Text, "info,=,=", true).unwrap_err();
        assert!(error.to_string().contains("info,=,="), "{error}");
    }
}
